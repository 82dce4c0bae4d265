import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from argotui.controller import clock, collection
from argotui.controller.collection import Collection
from argotui.controller.metrics.counting import Counting
from argotui.controller.metrics.queues import TTL as TTL_QUEUE
from argotui.controller.scope import Scope
from argotui.engine.config import EngineConfig
from argotui.engine.retention import Retention
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType
from argotui.model.documents import Document
from argotui.model.resources import WORKFLOWS
from argotui.model.times import format_time
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

W = "workflows.argoproj.io/"


class Scene:
    def __init__(self, **environ: str) -> None:
        self.api = MemoryApi()
        self.config = EngineConfig()
        queue = Counting().book.queues[TTL_QUEUE]
        client = cast(Client, self.api)
        self.collection = Collection(client, Permit(), Scope(None, ""), lambda: self.config, queue, 4, environ)

    def workflow(
        self, name: str, *, age: float = 100, created: int = 0, phase: str = "Succeeded", **spec: Any
    ) -> Document:
        """A completed workflow, `age` seconds after its end, known to the collection."""
        metadata = {
            "name": name,
            "namespace": "ns",
            "uid": f"{name}-uid",
            "creationTimestamp": f"2030-01-01T00:00:{created:02}Z",
            "labels": {f"{W}completed": "true"},
        }
        status = {"phase": phase, "finishedAt": format_time(clock.now() - timedelta(seconds=age))}
        stored = self.api.put(WORKFLOWS, {"metadata": metadata, "spec": spec, "status": {**status, "nodes": {"a": {}}}})
        self.saw(stored)
        return stored

    def saw(self, workflow: Document, kind: DeltaType = DeltaType.ADDED) -> None:
        read = self.collection.reflector._read
        self.collection._changed(Delta(kind, read(workflow), None))

    @property
    def names(self) -> list[str]:
        return sorted(name for _, _, name in self.api.objects)

    def deletions(self) -> list[Any]:
        return [options for verb, _, options in self.api.calls if verb == "delete"]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(collection, "_GATHER_SECONDS", 0)
    scene = Scene()
    yield scene
    await scene.collection.stop()


TTL = {"ttlStrategy": {"secondsAfterCompletion": 10}}


async def test_what_is_due_is_deleted_and_nothing_else(scene: Scene) -> None:
    due = scene.workflow("due", **TTL)
    scene.workflow("later", age=0, **TTL)
    scene.workflow("never")
    await scene.until(lambda: scene.names == ["later", "never"])
    assert scene.deletions() == [
        {"uid": "due-uid", "resource_version": due["metadata"]["resourceVersion"], "propagation": "Background"}
    ]
    assert scene.collection._alarm.moment is not None


async def test_only_a_few_fields_are_held(scene: Scene) -> None:
    slim = scene.collection.reflector._read(scene.workflow("w", **TTL))
    assert slim["status"].keys() == {"phase", "finishedAt"}
    assert slim["spec"] == TTL


async def test_a_workflow_that_was_retried_meanwhile_is_left_alone(scene: Scene) -> None:
    retried = scene.workflow("w", **TTL)
    scene.api.put(WORKFLOWS, {**retried, "metadata": {**retried["metadata"], "labels": {}}})
    await scene.until(lambda: ("get", "w", None) in scene.api.calls)
    await scene.until(lambda: not scene.collection._going)
    assert (scene.names, scene.deletions()) == (["w"], [])


async def test_a_workflow_of_the_same_name_is_another_one(scene: Scene) -> None:
    old = scene.workflow("w", **TTL)
    scene.api.put(WORKFLOWS, {**old, "metadata": {**old["metadata"], "uid": "newer"}})
    await scene.until(lambda: ("get", "w", None) in scene.api.calls)
    await scene.until(lambda: not scene.collection._going)
    assert scene.deletions() == []


async def test_a_workflow_that_was_given_more_time_waits_for_it(scene: Scene) -> None:
    old = scene.workflow("w", **TTL)
    scene.api.put(WORKFLOWS, {**old, "spec": {"ttlStrategy": {"secondsAfterCompletion": 10_000}}})
    await scene.until(lambda: scene.collection._alarm.moment is not None and not scene.collection._going)
    assert scene.names == ["w"]


async def test_the_policy_keeps_the_newest_and_an_edit_counts_at_once(scene: Scene) -> None:
    for number in range(5):
        scene.workflow(f"w{number}", created=number)
    scene.collection.reflector._synced.set()
    scene.config = EngineConfig(retention=Retention(completed=2))
    scene.collection.reconfigured()
    await scene.until(lambda: scene.names == ["w3", "w4"])


async def test_a_refusal_is_tried_again_later(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "_AGAIN_SECONDS", 0)
    refused = 2

    async def before(verb: str, _name: str) -> None:
        nonlocal refused
        if verb == "delete" and refused:
            refused -= 1
            raise ApiError(403, "Forbidden", "no")

    scene.api.before = before
    scene.workflow("w", **TTL)
    await scene.until(lambda: scene.names == [])


async def test_what_is_gone_is_forgotten(scene: Scene) -> None:
    gone = scene.workflow("w", age=0, **TTL)
    scene.saw(gone, DeltaType.DELETED)
    await scene.until(lambda: scene.collection._waiting is None)
    assert scene.collection._alarm.moment is None


async def test_the_environment_says_what_becomes_of_dependents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "_GATHER_SECONDS", 0)
    scene = Scene(WF_DEL_PROPAGATION_POLICY="Foreground")
    scene.workflow("w", **TTL)
    await scene.until(lambda: scene.names == [])
    assert scene.deletions()[0]["propagation"] == "Foreground"
    await scene.collection.stop()
