"""The keeper of one CronWorkflow with an API of dictionaries and a clock that the test sets."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from argotui.controller import rest
from argotui.controller.caches import Caches
from argotui.controller.cron import keeper as keeper_module
from argotui.controller.cron.children import Children, slim
from argotui.controller.cron.crons import Crons
from argotui.controller.cron.keeper import Keeper
from argotui.controller.events import Events
from argotui.controller.metrics.counting import Counting
from argotui.controller.options import Workers
from argotui.controller.requests import Requests
from argotui.controller.scope import Scope
from argotui.controller.term import Term
from argotui.engine.config import EngineConfig
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType
from argotui.model.documents import Document, clone
from argotui.model.patching import merge_patch
from argotui.model.resources import CRON_WORKFLOWS, WORKFLOWS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

NOON = datetime(2024, 3, 1, 12, 0, 0, tzinfo=UTC)
CHILD = f"c-{int(NOON.timestamp())}"
NEXT = f"c-{int(NOON.timestamp()) + 3600}"
SPEC: Document = {
    "schedules": ["0 * * * *"],
    "workflowSpec": {"entrypoint": "m", "templates": [{"name": "m", "container": {"image": "busybox"}}]},
}


class Scene:
    """What the keepers of a term share, and what the watches would tell them."""

    def __init__(self, **spec: Any) -> None:
        self.api = MemoryApi()
        self.client = cast(Client, self.api)
        self.requests = Requests(Permit())
        self.config = EngineConfig()
        self.book = Counting().book
        self.caches = Caches(self.client, Scope(None, ""), {})
        self.children = Children()
        self.turns = asyncio.Semaphore(1)
        self.told: list[tuple[str, str]] = []
        self.events = cast(Events, self)
        self.now = NOON + timedelta(seconds=1)
        metadata = {"name": "c", "namespace": "ns", "creationTimestamp": "2024-01-01T00:00:00Z"}
        self.cron = self.api.put(CRON_WORKFLOWS, {"metadata": metadata, "spec": {**clone(SPEC), **spec}})
        self.keeper = self.new_keeper()

    def new_keeper(self) -> Keeper:
        return Keeper(self, self.cron_now(), now=lambda: self.now)

    def put(self, about: Document, effect: Any) -> None:
        self.told.append((effect.reason, effect.message))

    def cron_now(self) -> Document:
        return self.api.objects["cronworkflows", "ns", "c"]

    def workflow(self, name: str) -> Document:
        return self.api.objects["workflows", "ns", name]

    def show_children(self) -> None:
        """The watch catches up."""
        for (plural, _, _), document in list(self.api.objects.items()):
            if plural == "workflows":
                self.children.apply(Delta(DeltaType.ADDED, slim(document), None))
        self.keeper.wake()

    def change(self, name: str, patch: Document) -> None:
        self.api.put(WORKFLOWS, merge_patch(self.workflow(name), patch))

    def edit(self, **spec: Any) -> None:
        self.keeper.saw(self.api.put(CRON_WORKFLOWS, merge_patch(self.cron_now(), {"spec": spec})))

    async def settled(self) -> None:
        async with asyncio.timeout(10):
            while not self.keeper.is_idle:
                await asyncio.sleep(0.001)

    async def look(self) -> None:
        self.keeper.wake()
        await self.settled()

    def writes(self) -> list[tuple[str, str]]:
        return [(verb, name) for verb, name, _ in self.api.calls if verb not in ("get", "list")]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_FIRST", 0.0)


async def test_it_creates_the_child_and_writes_the_books_once() -> None:
    scene = Scene()
    await scene.look()
    assert scene.writes() == [("patch", "c"), ("create", CHILD), ("patch", "c")]
    status = scene.cron_now()["status"]
    assert status["lastScheduledTime"] == "2024-03-01T12:00:00Z"
    assert [each["name"] for each in status["active"]] == [CHILD]
    scene.show_children()
    await scene.settled()
    assert len(scene.writes()) == 3
    await scene.keeper.stop()


async def test_it_waits_for_the_next_firing() -> None:
    scene = Scene()
    await scene.look()
    assert scene.keeper._alarm.moment == NOON + timedelta(hours=1)
    scene.now = NOON + timedelta(hours=1, milliseconds=3)
    await scene.look()
    assert ("create", NEXT) in scene.writes()
    await scene.keeper.stop()


@pytest.mark.parametrize("verb", ["create", "patch"])
@pytest.mark.parametrize("before", [True, False])
async def test_killed_at_any_write(verb: str, before: bool) -> None:
    """Whether the last request arrived or not, another process finds what is missing and makes nothing twice."""
    scene = Scene()
    died = asyncio.Event()
    answer = getattr(scene.api, verb)

    async def dying(*arguments: Any, **options: Any) -> Document:
        if not before:
            await answer(*arguments, **options)
        died.set()
        await asyncio.Event().wait()
        raise AssertionError

    setattr(scene.api, verb, dying)
    scene.keeper.wake()
    await died.wait()
    await scene.keeper.stop()
    setattr(scene.api, verb, answer)
    scene.children = Children()
    scene.now += timedelta(seconds=20)
    scene.keeper = scene.new_keeper()
    scene.show_children()
    await scene.settled()
    assert [key[2] for key in scene.api.objects if key[0] == "workflows"] == [CHILD]
    assert [each["name"] for each in scene.cron_now()["status"]["active"]] == [CHILD]
    assert scene.cron_now()["status"]["lastScheduledTime"] == "2024-03-01T12:00:00Z"
    await scene.keeper.stop()


async def test_a_child_that_the_watch_does_not_show_yet_stays_active() -> None:
    scene = Scene(concurrencyPolicy="Forbid")
    await scene.look()
    await scene.look()
    assert scene.cron_now()["status"]["active"]
    await scene.keeper.stop()


async def test_a_child_that_was_gone_before_the_watch_showed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    await scene.look()
    monkeypatch.setattr(keeper_module, "_CATCH_UP", -1.0)
    del scene.api.objects["workflows", "ns", CHILD]
    await scene.look()
    assert "active" not in scene.cron_now()["status"]
    await scene.keeper.stop()


async def test_a_strangers_workflow_of_that_name_is_left_alone() -> None:
    scene = Scene(startingDeadlineSeconds=3000)
    stranger = scene.api.put(WORKFLOWS, {"metadata": {"name": CHILD, "namespace": "ns"}})
    await scene.look()
    await scene.look()
    assert scene.workflow(CHILD) == stranger
    assert scene.writes().count(("create", CHILD)) == 1
    assert "status" not in scene.cron_now()
    await scene.keeper.stop()


async def test_refused_by_the_server() -> None:
    scene = Scene()

    async def refuse(verb: str, name: str) -> None:
        if verb == "create":
            raise ApiError(403, "Forbidden", "workflows is forbidden")

    scene.api.before = refuse
    await scene.look()
    await scene.look()
    status = scene.cron_now()["status"]
    assert status["failed"] == 1
    (condition,) = status["conditions"]
    assert condition == {
        "type": "SubmissionError",
        "status": "True",
        "message": "Failed to submit Workflow: workflows is forbidden",
    }
    await scene.keeper.stop()


async def test_replace_ends_the_one_that_runs() -> None:
    scene = Scene(concurrencyPolicy="Replace")
    await scene.look()
    scene.show_children()
    await scene.settled()
    scene.now = NOON + timedelta(hours=1)
    await scene.look()
    assert scene.workflow(CHILD)["spec"]["shutdown"] == "Terminate"
    assert NEXT in [name for verb, name in scene.writes() if verb == "create"]
    await scene.keeper.stop()


async def test_history_is_deleted_after_it_was_counted() -> None:
    scene = Scene(successfulJobsHistoryLimit=0)
    await scene.look()
    scene.change(CHILD, {"status": {"phase": "Succeeded", "finishedAt": "2024-03-01T12:00:09Z"}})
    scene.show_children()
    await scene.settled()
    assert scene.writes()[-2:] == [("patch", "c"), ("delete", CHILD)]
    assert scene.cron_now()["status"]["succeeded"] == 1
    await scene.keeper.stop()


async def test_an_edit_between_look_and_write() -> None:
    scene = Scene()
    await scene.look()
    scene.now = NOON + timedelta(hours=1)
    stale = scene.cron_now()
    scene.api.put(CRON_WORKFLOWS, merge_patch(stale, {"spec": {"suspend": True}}))  # the watch has not told yet
    await scene.look()
    status = scene.cron_now()["status"]
    assert [each["name"] for each in status["active"]] == [CHILD, NEXT]
    assert status["lastScheduledTime"] == "2024-03-01T13:00:00Z"
    assert scene.cron_now()["spec"]["suspend"] is True
    await scene.keeper.stop()


async def test_what_is_wrong_is_told_once_and_stands_in_the_status() -> None:
    scene = Scene(timezone="../../etc/passwd")
    await scene.look()
    await scene.look()
    reason = "provided bad location ../../etc/passwd: time: invalid location name"
    assert scene.told == [("Invalid", reason)]
    assert scene.cron_now()["status"]["conditions"][0]["message"] == reason
    scene.edit(timezone=None)
    await scene.settled()
    assert "conditions" not in scene.cron_now()["status"]
    scene.edit(schedules="* * * * *")
    await scene.settled()
    scene.edit(workflowSpec=["no"])
    await scene.settled()
    assert [reason for reason, _ in scene.told] == ["Invalid", "Malformed", "Malformed"]
    assert ("create", CHILD) not in scene.writes(), "it was invalid when it would have fired"
    await scene.keeper.stop()


async def test_the_older_schedule_runs() -> None:
    scene = Scene(schedules=None, schedule="0 * * * *")
    await scene.look()
    assert ("create", CHILD) in scene.writes()
    await scene.keeper.stop()


async def test_an_outage_that_ends_in_time_loses_nothing() -> None:
    scene = Scene()
    failures = iter(range(3))

    async def fail(verb: str, name: str) -> None:
        if verb == "create" and next(failures, None) is not None:
            raise ApiError(503, "ServiceUnavailable", "etcd is away")

    scene.api.before = fail
    await scene.look()
    assert scene.writes().count(("create", CHILD)) == 4
    assert [each["name"] for each in scene.cron_now()["status"]["active"]] == [CHILD]
    await scene.keeper.stop()


async def test_an_outage_that_lasts_too_long_is_not_followed_by_a_late_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "_PATIENCE", 0.02)
    scene = Scene()

    async def away(verb: str, name: str) -> None:
        if verb == "create":
            scene.now = NOON + timedelta(minutes=10)
            raise ApiError(503, "ServiceUnavailable", "etcd is away")

    scene.api.before = away
    await scene.look()
    scene.api.before = None
    await scene.look()
    assert "active" not in scene.cron_now().get("status", {})
    await scene.keeper.stop()


def test_children_are_told_apart_by_their_owner() -> None:
    def child(uid: str, owner: str, phase: str = "", kind: str = "CronWorkflow") -> Document:
        owners = [{"kind": kind, "uid": owner, "controller": True}]
        metadata = {"name": uid, "uid": uid, "ownerReferences": owners}
        nodes = {"n": {"phase": "Running"}}
        return slim({"metadata": metadata, "spec": {"templates": []}, "status": {"phase": phase, "nodes": nodes}})

    children = Children()
    assert children.apply(Delta(DeltaType.ADDED, child("a", "one"), None)) == "one"
    assert children.apply(Delta(DeltaType.MODIFIED, child("a", "one"), None)) == "", "nothing that matters"
    assert children.apply(Delta(DeltaType.MODIFIED, child("a", "one", "Failed"), None)) == "one"
    assert children.apply(Delta(DeltaType.ADDED, child("b", "two"), None)) == "two"
    assert children.apply(Delta(DeltaType.ADDED, child("c", "wf", kind="Workflow"), None)) == ""
    assert list(children.of("one")) == ["a"]
    assert children.of("one")["a"]["status"] == {"phase": "Failed"}
    assert children.apply(Delta(DeltaType.DELETED, child("a", "one"), None)) == "one"
    assert children.of("one") == {}


async def test_a_cluster_that_does_not_let_them_be_listed() -> None:
    class Client:
        async def list(self, *arguments: Any, **options: Any) -> Any:
            raise ApiError(403, "Forbidden", "cronworkflows is forbidden")

    term = SimpleNamespace(
        client=Client(), requests=None, events=None, caches=None, scope=Scope(None, ""), config=EngineConfig(),
        counting=Counting(), workers=Workers(),
    )  # fmt: skip
    crons = Crons(cast(Term, term))
    work = asyncio.create_task(crons.run())
    await asyncio.sleep(0.01)
    assert not work.done(), "the term goes on without them"
    work.cancel()
    await crons.stop()


async def test_a_condition_fits_into_the_object() -> None:
    scene = Scene(timezone="x" * 500_000)
    await scene.look()
    assert len(scene.cron_now()["status"]["conditions"][0]["message"]) == 1024
    await scene.keeper.stop()
