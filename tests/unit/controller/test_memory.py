"""Remembered results in ConfigMaps (§2.12)."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest

from argotui.controller import clock
from argotui.controller.forgetting import Forgetting
from argotui.controller.memory import CacheRefused, Memory
from argotui.controller.requests import Requests
from argotui.engine.effects import LoadCache, SaveCache
from argotui.engine.facts import CacheLoaded
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.resources import CONFIG_MAPS
from argotui.model.times import format_time
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

LABEL = {"workflows.argoproj.io/configmap-type": "Cache"}
OUTPUTS = {"exitCode": "0", "parameters": [{"valueFrom": {"path": "/tmp/r"}, "value": "a<b", "name": "r"}]}
SAVE = SaveCache("w-1", "cache", "k", OUTPUTS)
LOAD = LoadCache("w-2", "cache", "k")


class Scene:
    def __init__(self) -> None:
        self.api = MemoryApi()
        self.memory = Memory(cast(Client, self.api), Requests(Permit()), lambda: "argo")
        self.given_up = asyncio.Event()

    async def save(self, effect: SaveCache = SAVE) -> None:
        await self.memory.save(effect, self.given_up)

    async def load(self) -> CacheLoaded:
        return await self.memory.load(LOAD, self.given_up)

    def config_map(self, labels: Any, data: Any) -> None:
        self.api.put(CONFIG_MAPS, {"metadata": {"name": "cache", "namespace": "argo", "labels": labels}, "data": data})

    def stored(self) -> Any:
        return self.api.objects["configmaps", "argo", "cache"]


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_what_is_saved_is_found(scene: Scene) -> None:
    assert await scene.load() == CacheLoaded("w-2", None)
    await scene.save()
    assert scene.stored()["metadata"]["labels"] == LABEL
    found = await scene.load()
    assert found.entry is not None
    assert (found.entry["nodeID"], found.entry["outputs"]["parameters"][0]["value"]) == ("w-1", "a<b")


async def test_the_entry_is_as_go_writes_it(scene: Scene) -> None:
    await scene.save()
    text = scene.stored()["data"]["k"]
    outputs = '{"parameters":[{"name":"r","value":"a\\u003cb","valueFrom":{"path":"/tmp/r"}}],"exitCode":"0"}'
    assert text.startswith(f'{{"nodeID":"w-1","outputs":{outputs},"creationTimestamp":"')


async def test_a_hit_is_noted_and_others_are_kept(scene: Scene) -> None:
    old = {"nodeID": "n", "outputs": None, "creationTimestamp": "2020-01-01T00:00:00Z", "lastHitTimestamp": None}
    scene.config_map(LABEL, {"k": json.dumps(old), "other": "text"})
    assert (await scene.load()).error == ""
    entry = json.loads(scene.stored()["data"]["k"])
    assert entry["creationTimestamp"] == "2020-01-01T00:00:00Z"
    assert entry["lastHitTimestamp"] > "2020"
    assert scene.stored()["data"]["other"] == "text"


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (None, "doesn't have workflows.argoproj.io/configmap-type label, refusing to use it"),
        ({"workflows.argoproj.io/configmap-type": "Parameter"}, "configmap-type = Cache, refusing to use it"),
    ],
)
async def test_a_config_map_that_is_no_cache_is_refused(scene: Scene, labels: Any, reason: str) -> None:
    scene.config_map(labels, {"k": "{}"})
    assert (await scene.load()).error.endswith(reason)
    with pytest.raises(CacheRefused, match="refusing to use it"):
        await scene.save()
    assert scene.stored()["data"] == {"k": "{}"}


@pytest.mark.parametrize("text", ["{", "[]", '"x"', '{"outputs": 3}', "[" * 100_000])
async def test_an_entry_that_is_none(scene: Scene, text: str) -> None:
    scene.config_map(LABEL, {"k": text})
    assert (await scene.load()).error.startswith("malformed cache entry: could not unmarshal JSON")


async def test_somebody_else_is_faster(scene: Scene) -> None:
    scene.config_map(LABEL, {})
    times = iter(range(100))

    async def before(verb: str, name: str) -> None:
        if verb == "replace" and next(times) < 3:
            scene.config_map(LABEL, {"theirs": "1"})

    scene.api.before = before
    await scene.save()
    assert sorted(scene.stored()["data"]) == ["k", "theirs"]


async def test_two_at_once_lose_nothing(scene: Scene) -> None:
    await asyncio.gather(*(scene.save(SaveCache(f"n{i}", "cache", f"k{i}", None)) for i in range(20)))
    assert sorted(scene.stored()["data"]) == sorted(f"k{i}" for i in range(20))
    assert json.loads(scene.stored()["data"]["k3"])["outputs"] is None


async def test_a_server_that_says_no(scene: Scene) -> None:
    async def before(verb: str, name: str) -> None:
        raise ApiError(403, "Forbidden", "not for you")

    scene.api.before = before
    assert "could not load config map cache: " in (await scene.load()).error
    with pytest.raises(CacheRefused):
        await scene.save()


async def test_entries_that_nobody_asks_for_are_forgotten(scene: Scene) -> None:
    def entry(asked: str | None) -> str:
        return json.dumps({"nodeID": "n", "outputs": None, "creationTimestamp": asked, "lastHitTimestamp": asked})

    now = clock.now()
    data = {"old": entry("2020-01-01T00:00:00Z"), "new": entry(format_time(now)), "never": entry(None), "odd": "text"}
    scene.config_map(LABEL, data)
    forgetting = Forgetting(cast(Client, scene.api), scene.memory, "argo", 1, 30)
    await forgetting.look()
    assert set(scene.stored()["data"]) == {"new", "never", "odd"}
    written = len(scene.api.made("replace"))
    await forgetting.look()
    assert len(scene.api.made("replace")) == written == 1


async def test_somebody_who_asks_meanwhile_is_not_overtaken(scene: Scene) -> None:
    scene.config_map(LABEL, {"k": json.dumps({"nodeID": "n", "lastHitTimestamp": "2020-01-01T00:00:00Z"})})

    async def ask(verb: str, name: str) -> None:
        if verb == "replace":
            scene.api.before = None
            await scene.api.patch(CONFIG_MAPS, "cache", {"data": {"another": "x"}}, "argo")

    scene.api.before = ask
    await Forgetting(cast(Client, scene.api), scene.memory, "argo", 1, 30).look()
    assert set(scene.stored()["data"]) == {"k", "another"}
