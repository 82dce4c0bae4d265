"""One runner with an API of dictionaries and an engine that says what the test tells it to."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from argotui.controller import clock
from argotui.controller.acting import Acting
from argotui.controller.admission import Admission
from argotui.controller.caches import Caches
from argotui.controller.estimates import Estimates
from argotui.controller.lease import LeaseLost
from argotui.controller.locking import Locking
from argotui.controller.metrics.counting import Counting
from argotui.controller.pace import Pace
from argotui.controller.requests import Requests
from argotui.controller.runner import Runner
from argotui.controller.scope import Scope
from argotui.controller.term import Term
from argotui.controller.terminating import Terminations
from argotui.controller.turns import Turns
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CreatePod, Effect, LabelPodCompleted, WakeAt
from argotui.engine.facts import Fact, PodChanged, PodGone, TaskResultChanged, Tick
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, Unreachable
from argotui.kube.reflector import Delta, DeltaType
from argotui.model.documents import Document
from argotui.model.patching import merge_patch
from argotui.model.resources import PODS, WORKFLOWS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit


@dataclass
class Step:
    changes: Document
    effects: Sequence[Effect]


class FakeRun:
    def __init__(self, scene: "Scene", workflow: Document) -> None:
        self.scene = scene
        self.workflow = workflow

    def advance(self, facts: Sequence[Fact], now: datetime, entropy: bytes) -> Step:
        self.scene.facts.append(list(facts))
        step = self.scene.steps.pop(0) if self.scene.steps else Step({}, ())
        if isinstance(step, Exception):
            raise step
        self.workflow = merge_patch(self.workflow, step.changes)
        return step


class Scene:
    """Stands where a Term would."""

    def __init__(self) -> None:
        self.api = MemoryApi()
        self.client = cast(Client, self.api)
        self.lease = Permit()
        self.counting = Counting()
        self.estimates = Estimates(self.client, list)
        self.scope = Scope(None, "")
        self.config = EngineConfig()
        self.requests = Requests(self.lease)
        self.turns = Turns(self.lease.fresh)
        self.emitted: list[Any] = []
        self.events = self
        self.terminations = Terminations(self.client, self.requests)
        self.caches = Caches(self.client, self.scope, {})
        self.locks = Locking(self.client, self.requests)
        self.admission = Admission(dict, EngineConfig, lambda uid: None)
        self.pace = Pace(asyncio.get_running_loop().time)
        self.facts: list[list[Fact]] = []
        self.steps: list[Step | Exception] = []
        self.loads: list[Document] = []
        metadata = {"name": "w", "namespace": "ns", "uid": "w-uid"}
        self.workflow = self.api.put(WORKFLOWS, {"metadata": metadata, "status": {"phase": "Running"}})
        self.admission.add(self.workflow)
        self.runner = Runner(cast(Term, self), self.workflow)

    def load(self, workflow: Document, config: EngineConfig, caches: Caches) -> FakeRun:
        self.loads.append(workflow)
        return FakeRun(self, workflow)

    def loaded(self, runner: Runner) -> None:
        """A Term would count it."""

    def put(self, about: Document, effect: Any) -> None:
        self.emitted.append(effect)

    def stored(self) -> Document:
        return self.api.objects["workflows", "ns", "w"]

    def pod(self, name: str, version: str = "1") -> Document:
        labels = {"workflows.argoproj.io/workflow": "w"}
        metadata = {"name": name, "namespace": "ns", "uid": f"{name}-uid", "labels": labels, "resourceVersion": version}
        return {"metadata": {**metadata, "ownerReferences": [{"uid": "w-uid"}]}}

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.002)

    async def idle(self) -> None:
        await self.until(lambda: self.runner._is_idle)


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_the_first_facts_are_the_whole_picture(scene: Scene) -> None:
    scene.caches.pods.apply(Delta(DeltaType.ADDED, scene.pod("p"), None))
    scene.caches.results.apply(Delta(DeltaType.ADDED, scene.pod("r"), None))
    scene.runner.tell(PodGone("x", "x-uid"))
    await scene.idle()
    assert scene.facts == [[PodChanged(scene.pod("p")), TaskResultChanged(scene.pod("r")), Tick()]]


async def test_newer_facts_take_the_place_of_older_ones(scene: Scene) -> None:
    scene.runner.wake()
    await scene.idle()
    scene.runner.tell(PodChanged(scene.pod("p", "1")))
    scene.runner.tell(PodChanged(scene.pod("q", "2")))
    scene.runner.tell(PodChanged(scene.pod("p", "3")))
    await scene.idle()
    assert scene.facts[1] == [PodChanged(scene.pod("p", "3")), PodChanged(scene.pod("q", "2"))]


async def test_our_own_write_coming_back_is_no_reason_to_load(scene: Scene) -> None:
    scene.steps = [Step({"status": {"message": "one"}}, ())]
    scene.runner.wake()
    await scene.until(lambda: scene.stored()["status"].get("message") == "one")
    scene.runner.saw(dict(scene.stored()))
    scene.runner.saw(scene.workflow)  # older still
    await scene.idle()
    assert len(scene.loads) == 1


async def test_it_may_come_back_before_the_answer_to_the_write(scene: Scene) -> None:
    answer = asyncio.Event()
    patch = scene.api.patch

    async def slow(*arguments: Any, **options: Any) -> Document:
        stored = await patch(*arguments, **options)
        scene.runner.saw(stored)
        await answer.wait()
        return stored

    scene.api.patch = slow  # type: ignore[method-assign]
    scene.steps = [Step({"status": {"message": "one"}}, ())]
    scene.runner.wake()
    await scene.until(lambda: scene.stored()["status"].get("message") == "one")
    await asyncio.sleep(0.01)
    answer.set()
    await scene.idle()
    assert len(scene.loads) == 1


async def test_somebody_elses_edit_is_loaded(scene: Scene) -> None:
    scene.runner.wake()
    await scene.idle()
    edited = await scene.api.patch(WORKFLOWS, "w", {"spec": {"suspend": True}}, "ns")
    scene.runner.saw(edited)
    await scene.idle()
    assert [each.get("spec") for each in scene.loads] == [None, {"suspend": True}]


async def test_a_conflict_reads_again_and_loses_nothing(scene: Scene) -> None:
    await scene.api.patch(WORKFLOWS, "w", {"metadata": {"annotations": {"note": "kept"}}}, "ns")
    change = Step({"status": {"message": "mine"}}, (LabelPodCompleted("p"),))
    scene.steps = [change, change]
    scene.api.put(PODS, scene.pod("p"))
    scene.runner.wake()
    await scene.until(lambda: scene.stored()["status"].get("message") == "mine")
    await scene.idle()
    assert scene.stored()["metadata"]["annotations"] == {"note": "kept"}
    assert len(scene.loads) == 2
    labelled = [name for name, body in scene.api.made("patch") if name == "p"]
    assert labelled == ["p"], "what was to follow the write that failed must not happen before the one that succeeds"


async def test_pods_do_not_wait_for_the_status(scene: Scene) -> None:
    scene.steps = [Step({"status": {"message": "x"}}, (CreatePod("n", scene.pod("p")),))]
    scene.runner.wake()
    await scene.idle()
    verbs = [(verb, name) for verb, name, _ in scene.api.calls]
    assert verbs.index(("create", "p")) < verbs.index(("patch", "w"))


async def test_a_pod_the_watch_has_not_shown_is_told_of_after_a_load(scene: Scene) -> None:
    scene.steps = [Step({}, (CreatePod("n", scene.pod("p")),))]
    scene.runner.wake()
    await scene.idle()
    scene.runner.saw(await scene.api.patch(WORKFLOWS, "w", {"spec": {"x": 1}}, "ns"))
    await scene.idle()
    assert [type(fact) for fact in scene.facts[1]] == [PodChanged, Tick]
    scene.runner.shown(scene.pod("p"))
    scene.runner.reload()
    await scene.idle()
    assert [type(fact) for fact in scene.facts[2]] == [Tick]


async def test_a_failure_is_logged_told_and_tried_again(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.steps = [ValueError("a bug")] * 3
    scene.runner.wake()
    await scene.until(lambda: len(scene.facts) == 4)
    await scene.idle()
    assert [effect.reason for effect in scene.emitted] == ["OperationPanic"]
    assert "Traceback" in caplog.text
    assert "ValueError: a bug" in caplog.text


async def test_an_api_that_is_away_is_no_failure_of_the_workflow(scene: Scene) -> None:
    scene.runner.wake()
    await scene.idle()
    away = 3

    async def hook(verb: str, name: str) -> None:
        nonlocal away
        if away:
            away -= 1
            raise Unreachable("cut")

    scene.api.before = hook
    scene.steps = [Step({"status": {"message": "late"}}, ())]
    scene.runner.tell(Tick())
    await scene.until(lambda: scene.stored()["status"].get("message") == "late")
    await scene.idle()
    assert scene.emitted == []


async def test_a_write_that_is_always_refused_does_not_become_a_hot_loop(scene: Scene) -> None:
    async def refuse(verb: str, name: str) -> None:
        if verb == "patch":
            raise ApiError(422, "Invalid", "status.phase: no")

    scene.api.before = refuse
    scene.steps = [Step({"status": {"message": "x"}}, ())] * 100
    scene.runner.wake()
    await scene.until(lambda: len(scene.emitted) == 1)
    assert len(scene.loads) <= 4
    await scene.runner.stop()


async def test_a_timer_survives_being_unloaded(scene: Scene) -> None:
    scene.steps = [Step({}, (WakeAt(clock.now() + timedelta(seconds=0.1)),))]
    scene.runner.wake()
    await scene.idle()
    assert scene.runner.unload()
    assert not scene.runner.unload()
    await scene.until(lambda: len(scene.facts) == 2)
    assert len(scene.loads) == 2


async def test_what_is_over_or_deleted_is_left_alone(scene: Scene) -> None:
    scene.runner.saw(
        await scene.api.patch(WORKFLOWS, "w", {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, "ns")
    )
    await scene.idle()
    scene.runner.tell(Tick())
    await scene.idle()
    assert scene.loads == []


async def test_without_the_lease_nothing_is_written(scene: Scene) -> None:
    scene.steps = [Step({"status": {"message": "x"}}, (CreatePod("n", scene.pod("p")),))]
    scene.lease.lost = True
    scene.runner.wake()
    await asyncio.sleep(0.05)
    assert scene.api.made("create") == []
    assert scene.api.made("patch") == []
    with pytest.raises(LeaseLost):
        scene.lease.check()


async def test_leaving_by_our_own_last_write_finishes_what_follows_it(scene: Scene) -> None:
    done = {"metadata": {"labels": {"workflows.argoproj.io/completed": "true"}}, "status": {"phase": "Succeeded"}}
    scene.api.put(PODS, scene.pod("p"))
    scene.steps = [Step(done, (LabelPodCompleted("p"),))]
    scene.runner.wake()
    await scene.until(lambda: scene.stored()["status"]["phase"] == "Succeeded")
    assert await scene.runner.leave(scene.stored()["metadata"]["resourceVersion"])
    assert [name for name, _ in scene.api.made("patch")] == ["w", "p"]


async def test_leaving_otherwise_ends_at_once(scene: Scene) -> None:
    scene.runner.wake()
    await scene.idle()
    assert not await scene.runner.leave("999")
    with pytest.raises(RuntimeError):
        cast(Acting, scene.runner._acting).start(LabelPodCompleted("p"))
