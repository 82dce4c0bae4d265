import asyncio
from collections.abc import Callable, Sequence

import pytest

from argotui.controller import writer as module
from argotui.controller.writer import StatusWriter
from argotui.engine.effects import Effect, LabelPodCompleted
from argotui.kube.errors import ApiError, KubeError, Unreachable
from argotui.model.documents import Document
from argotui.model.patching import merge_patch


class Owner:
    def __init__(self) -> None:
        self.current: Document = {"metadata": {"resourceVersion": "1"}, "status": {"nodes": {}}}
        self.answers: list[KubeError] = []
        self.bodies: list[Document] = []
        self.after: list[Effect] = []
        self.ended: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.writer = StatusWriter(self, self.send, self.current, lambda: self.current)

    def add(self, changes: Document, *after: Effect) -> None:
        self.current = merge_patch(self.current, changes)
        self.writer.add(changes, after)

    async def send(self, body: Document) -> Document:
        self.bodies.append(body)
        await self.gate.wait()
        if self.answers:
            raise self.answers.pop(0)
        return {"metadata": {"resourceVersion": str(int(body["metadata"]["resourceVersion"]) + 1)}}

    def written(self, after: Sequence[Effect], changes: Document) -> None:
        self.after.extend(after)

    def overtaken(self) -> None:
        self.ended.append("overtaken")

    def refused(self, error: Exception) -> None:
        self.ended.append(type(error).__name__)


@pytest.fixture
async def owner() -> Owner:
    return Owner()


async def test_changes_are_joined_while_a_write_is_in_flight(owner: Owner) -> None:
    owner.gate.clear()
    owner.add({"status": {"a": 1}})
    await asyncio.sleep(0.01)
    owner.add({"status": {"b": 1}}, LabelPodCompleted("p"))
    owner.add({"status": {"b": 2, "c": 3}})
    assert len(owner.bodies) == 1
    assert owner.writer.in_flight
    owner.gate.set()
    await owner.writer.drained()
    assert [body["status"] for body in owner.bodies] == [{"a": 1}, {"b": 2, "c": 3}]
    assert [body["metadata"]["resourceVersion"] for body in owner.bodies] == ["1", "2"]
    assert owner.writer.version == "3"
    assert owner.writer.idle


async def test_effects_follow_the_write_that_holds_their_changes(owner: Owner) -> None:
    owner.gate.clear()
    owner.add({"status": {"a": 1}}, LabelPodCompleted("first"))
    await asyncio.sleep(0.01)
    owner.add({"status": {"a": 2}}, LabelPodCompleted("second"))
    assert owner.after == []
    owner.gate.set()
    await owner.writer.drained()
    assert owner.after == [LabelPodCompleted("first"), LabelPodCompleted("second")]


async def test_effects_without_changes_wait_for_nothing(owner: Owner) -> None:
    owner.add({}, LabelPodCompleted("p"))
    await owner.writer.drained()
    assert owner.after == [LabelPodCompleted("p")]
    assert owner.bodies == []


async def test_effects_of_a_patch_that_takes_two_writes_follow_the_second(owner: Owner) -> None:
    owner.gate.clear()
    owner.add({"status": {"x": 1}})
    await asyncio.sleep(0.01)
    owner.add({"status": {"a": None}})
    owner.add({"status": {"a": {"b": 1}}}, LabelPodCompleted("p"))
    owner.gate.set()
    await owner.writer.drained()
    assert [body["status"] for body in owner.bodies] == [{"x": 1}, {"a": None}, {"a": {"b": 1}}]
    assert owner.after == [LabelPodCompleted("p")]


@pytest.mark.parametrize("error", [Unreachable("cut"), ApiError(429, "TooManyRequests", "slow"), ApiError(503, "", "")])
async def test_what_may_pass_is_tried_again_with_what_came_meanwhile(owner: Owner, error: KubeError) -> None:
    owner.answers = [error]
    owner.add({"status": {"a": 1}}, LabelPodCompleted("p"))
    await asyncio.sleep(0.01)
    owner.add({"status": {"b": 1}})
    await owner.writer.drained()
    assert owner.bodies[-1]["status"] == {"a": 1, "b": 1}
    assert owner.after == [LabelPodCompleted("p")]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ApiError(409, "Conflict", "modified"), "overtaken"),
        (ApiError(404, "NotFound", "gone"), "overtaken"),
        (ApiError(413, "RequestEntityTooLarge", "big"), "WorkflowTooLarge"),
        (ApiError(500, "", "etcdserver: request is too large"), "WorkflowTooLarge"),
        (ApiError(422, "Invalid", "no"), "ApiError"),
    ],
)
async def test_what_is_final_voids_all(owner: Owner, error: KubeError, told: str) -> None:
    owner.answers = [error]
    owner.add({"status": {"a": 1}}, LabelPodCompleted("p"))
    await owner.writer.drained()
    assert owner.ended == [told]
    assert owner.after == []
    assert owner.writer.idle


async def test_stop_waits_for_the_answer_and_drops_the_rest(owner: Owner) -> None:
    owner.gate.clear()
    owner.add({"status": {"a": 1}}, LabelPodCompleted("stored"))
    await asyncio.sleep(0.01)
    owner.add({"status": {"b": 1}}, LabelPodCompleted("dropped"))
    stopping = asyncio.create_task(owner.writer.stop())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    owner.gate.set()
    await stopping
    assert len(owner.bodies) == 1
    assert owner.writer.version == "2"
    assert owner.after == [LabelPodCompleted("stored")]
    with pytest.raises(RuntimeError):
        owner.add({"status": {"c": 1}})


async def test_stop_ends_a_write_that_waits_to_be_tried_again(owner: Owner) -> None:
    owner.answers = [Unreachable("cut")] * 100
    owner.add({"status": {"a": 1}})
    await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        await owner.writer.stop()
    assert len(owner.bodies) == 1


async def test_the_pause_grows_with_what_a_write_costs(owner: Owner) -> None:
    loop = asyncio.get_running_loop()
    owner.gate.clear()
    owner.add({"status": {"a": 1}})
    await asyncio.sleep(0.03)
    owner.gate.set()
    await owner.writer.drained()
    began = loop.time()
    owner.add({"status": {"a": 2}})
    await owner.writer.drained()
    assert loop.time() - began >= 0.03 * module._PLAIN_SHARE * 0.9


async def test_a_change_of_phase_does_not_wait(owner: Owner) -> None:
    loop = asyncio.get_running_loop()
    owner.gate.clear()
    owner.add({"status": {"a": 1}})
    await asyncio.sleep(0.05)
    owner.gate.set()
    await owner.writer.drained()
    began = loop.time()
    owner.add({"status": {"phase": "Succeeded"}})
    await owner.writer.drained()
    assert loop.time() - began < 0.05 * module._PLAIN_SHARE / 2


async def test_it_is_known_whether_a_write_may_still_be_stored(owner: Owner) -> None:
    owner.answers = [Unreachable("cut off")]
    owner.gate.clear()
    owner.add({"status": {"a": 1}})
    await asyncio.sleep(0)
    owner.gate.set()
    await asyncio.wait_for(_until(lambda: owner.writer.uncertain), 5)
    await owner.writer.drained()
    assert not owner.writer.uncertain, "the same write was stored at last"
    owner.answers = [Unreachable("cut off"), ApiError(409, "Conflict", "modified")]
    owner.add({"status": {"a": 2}})
    await owner.writer.drained()
    assert owner.ended == ["overtaken"]
    assert not owner.writer.uncertain, "no late write with the old version can be stored any more"


async def _until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)
