"""The TaskSet as the API server sees it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

from argotui.controller.tasksets import TaskSetWork
from argotui.engine.effects import CompleteTaskSet, ForgetTasks, PutTasks
from argotui.engine.facts import Fact, TaskSetRefused
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, labels
from argotui.model.keys import LABEL_COMPLETED, LABEL_INSTANCE_ID
from argotui.model.resources import WORKFLOW_TASK_SETS
from tests.unit.controller.memory import MemoryApi

TASKS = {"w-1": {"name": "get", "http": {"url": "u"}}}


class Scene:
    def __init__(self, api: Any = None) -> None:
        self.api = api or MemoryApi()
        self.told: list[Fact] = []
        metadata = {"name": "w", "namespace": "ns", "uid": "w-uid", "labels": {LABEL_INSTANCE_ID: "me"}}
        self.work = TaskSetWork(self, cast(Client, self.api), {"metadata": metadata}, self.told.append, asyncio.Event())

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], _given_up: asyncio.Event) -> Document:
        return await request()

    @property
    def stored(self) -> Document:
        found: Document = self.api.objects["workflowtasksets", "ns", "w"]
        return found


async def test_made_changed_and_completed() -> None:
    scene = Scene()
    await scene.work.carry_out(PutTasks(TASKS))
    assert scene.stored["spec"]["tasks"] == TASKS
    assert labels(scene.stored) == {LABEL_COMPLETED: "false", LABEL_INSTANCE_ID: "me"}
    assert scene.stored["metadata"]["ownerReferences"][0]["uid"] == "w-uid"
    await scene.work.carry_out(PutTasks({"w-2": {"name": "b"}}))
    assert set(scene.stored["spec"]["tasks"]) == {"w-1", "w-2"}
    scene.api.put(WORKFLOW_TASK_SETS, {**scene.stored, "status": {"nodes": {"w-1": {"phase": "Succeeded"}}}})
    await scene.work.carry_out(ForgetTasks(("w-1", "not-there")))
    assert set(scene.stored["spec"]["tasks"]) == {"w-2"}
    assert scene.stored["status"]["nodes"] == {}
    await scene.work.carry_out(CompleteTaskSet())
    assert labels(scene.stored)[LABEL_COMPLETED] == "true"
    assert scene.told == []


async def test_results_of_an_earlier_life_are_taken_away() -> None:
    scene = Scene()
    await scene.work.carry_out(PutTasks(TASKS))
    scene.api.put(WORKFLOW_TASK_SETS, {**scene.stored, "status": {"nodes": {"w-1": {"phase": "Failed"}}}})
    await scene.work.carry_out(PutTasks(TASKS))
    assert scene.stored["status"]["nodes"] == {}


async def test_what_is_not_there_needs_no_end() -> None:
    scene = Scene()
    await scene.work.carry_out(ForgetTasks(("w-1",)))
    await scene.work.carry_out(CompleteTaskSet())
    assert scene.api.objects == {}


class Forbidding(MemoryApi):
    async def create(self, *_: Any, **__: Any) -> Document:
        raise ApiError(403, "Forbidden", "workflowtasksets is forbidden")


async def test_a_refusal_is_told() -> None:
    scene = Scene(Forbidding())
    await scene.work.carry_out(PutTasks(TASKS))
    assert scene.told == [TaskSetRefused("workflowtasksets is forbidden")]
