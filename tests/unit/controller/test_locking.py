"""Locks in the controller: limits from ConfigMaps, lives of runs, restarts (§2.13)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from argotui.controller.locking import Locking
from argotui.controller.requests import Requests
from argotui.engine.effects import AcquireLocks, ConfirmLocks, ReleaseLocks
from argotui.engine.facts import Fact, LockGranted, LockRefused, LocksAwaited, LocksHeld
from argotui.kube.client import Client, ListPage
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

M, S = "ns/Mutex/m", "ns/ConfigMap/c/s"


class Api(MemoryApi):
    """With lists, and a watch that shows what is put."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: asyncio.Queue[Any] = asyncio.Queue()

    async def list(self, res: Any, namespace: str | None = None, **options: Any) -> ListPage:
        found = [each for key, each in self.objects.items() if key[0] == res.plural]
        return ListPage(found, "1", "")

    async def watch(self, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        options["opened"]()
        while True:
            yield await self.shown.get()


class Scene:
    def __init__(self) -> None:
        self.api = Api()
        self.locking = Locking(cast(Client, self.api), Requests(Permit()))
        self.told: dict[str, list[Fact]] = {}

    def workflow(self, name: str, **status: Any) -> Document:
        return {"metadata": {"name": name, "namespace": "ns", "uid": name}, "spec": {}, "status": status}

    def begin(self, name: str, *, certain: bool = True, **status: Any) -> None:
        self.told[name] = []
        self.locking.begin(self.workflow(name, **status), self.told[name].append, certain=certain)

    def ask(self, name: str, *locks: str) -> None:
        self.locking.start(self.workflow(name), AcquireLocks(f"ns/{name}", locks or (M,)))

    def limit(self, text: str) -> None:
        metadata = {"name": "c", "namespace": "ns"}
        self.api.put(CONFIG_MAPS, {"metadata": metadata, "data": {"s": text}})

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.002)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.locking.stop()


async def test_the_way_of_a_lock(scene: Scene) -> None:
    for name in "ab":
        scene.begin(name)
        scene.ask(name)
    assert scene.told["a"] == [LockGranted("ns/a")]
    assert isinstance(scene.told["b"][0], LocksAwaited)
    scene.locking.start(scene.workflow("a"), ConfirmLocks("ns/a"))
    assert scene.told["a"][-1] == LocksHeld("ns/a")
    scene.locking.start(scene.workflow("a"), ReleaseLocks("ns/a"))
    assert scene.told["b"][-1] == LockGranted("ns/b")
    scene.locking.start(scene.workflow("b"), ReleaseLocks())
    assert scene.locking.table.locks() == []


async def test_a_new_controller_knows_what_is_recorded(scene: Scene) -> None:
    holding = {"mutex": {"holding": [{"mutex": M, "holder": "ns/a"}]}}
    scene.locking.restore([scene.workflow("a", synchronization=holding)])
    scene.begin("b")
    scene.ask("b")
    assert isinstance(scene.told["b"][0], LocksAwaited)
    scene.locking.forget("a")
    assert scene.told["b"][-1] == LockGranted("ns/b")


async def test_a_lost_write_that_may_be_stored_keeps_the_lock(scene: Scene) -> None:
    for name in "ab":
        scene.begin(name)
        scene.ask(name)
    scene.begin("a", certain=False)
    assert not any(isinstance(fact, LockGranted) for fact in scene.told["b"])
    scene.locking.stored("a")
    assert scene.told["b"][-1] == LockGranted("ns/b")


async def test_a_semaphore_is_read_from_its_config_map(scene: Scene) -> None:
    scene.limit("1")
    for name in "ab":
        scene.begin(name)
        scene.ask(name, S)
    await scene.until(lambda: scene.told["a"] and scene.told["b"])
    assert scene.told["a"] == [LockGranted("ns/a")]
    assert cast(LocksAwaited, scene.told["b"][0]).message == f"Waiting for {S} lock. Lock status: 0/1"


@pytest.mark.parametrize("text", ["", "0", "-1", "many", "1.5", "9" * 30, None])
async def test_a_limit_that_is_none(scene: Scene, text: str | None) -> None:
    if text is not None:
        scene.limit(text)
    scene.begin("a")
    scene.ask("a", S)
    await scene.until(lambda: scene.told["a"])
    assert scene.told["a"] == [LockRefused("ns/a", f"failed to initialize semaphore {S} with limit")]


async def test_answers_to_an_earlier_life_are_dropped(scene: Scene) -> None:
    scene.limit("1")
    scene.begin("a")
    scene.ask("a", S)
    scene.begin("a")
    await asyncio.sleep(0)
    await scene.until(lambda: len(scene.locking._crew) == 0)
    assert scene.told["a"] == []
    assert scene.locking.table.locks() == []
