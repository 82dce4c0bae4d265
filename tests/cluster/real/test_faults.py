"""What goes wrong around a controller while it works, on the real API server: nothing lost, nothing made twice."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from argotui.kube.client import Client
from argotui.kube.reflector import Reflector
from argotui.model.documents import name
from argotui.model.resources import CONFIG_MAPS, LEASES
from argotui.model.times import format_micro_time
from tests.cluster.node.kubelet import ScriptedKubelet
from tests.cluster.real.load import Load, fate
from tests.cluster.real.site import LEASE_SECONDS, Site, holder, site, until
from tests.unit.kube.relay import Relay

pytestmark = pytest.mark.timeout(600)
LEASE_NAME = "workflow-controller"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(Path(tmp_path_factory.mktemp("faults"))) as made:
        yield made


@pytest.fixture
async def kubelet(place: Site, client: Client) -> AsyncIterator[ScriptedKubelet]:
    async with place.kubelet(client, fate) as made:
        yield made


async def _ended(load: Load, count: int, place: Site) -> None:
    """So many workflows more have been begun, each after another's end."""
    wanted = len(load.names) + count

    async def enough() -> bool:
        return len(load.names) >= wanted

    await until(enough, 120, place.words)


def _no_traceback(place: Site) -> None:
    for each in place.controllers.values():
        assert "Traceback" not in each.log.read_text(), each.words()


async def test_the_api_server_killed_and_started_again(ours: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    """Its memory of what was watched is gone with it; the second time etcd's history is gone as well."""
    await asyncio.to_thread(ours.controller("killed").start)
    load = Load(client, "killed", at_once=6)
    async with load.running():
        for turn in range(3):
            await _ended(load, 4, ours)
            await asyncio.to_thread(ours.plane.kill_apiserver)
            if turn:
                await asyncio.to_thread(ours.plane.compact)
            await asyncio.to_thread(ours.plane.start_apiserver)
        await _ended(load, 4, ours)
    await load.check(kubelet, ours.words)
    _no_traceback(ours)


async def test_an_api_server_that_says_nothing(ours: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    """For so long that the lease runs out: who cannot renew it does nothing until it holds it again."""
    controller = ours.controller("silent")
    await asyncio.to_thread(controller.start)
    load = Load(client, "silent", at_once=4)
    async with load.running():
        await _ended(load, 3, ours)
        ours.plane.signal("apiserver", signal.SIGSTOP)
        try:
            await until(lambda: _said(controller.log, "nothing is written until it is held again"), 30, ours.words)
        finally:
            ours.plane.signal("apiserver", signal.SIGCONT)
        await _ended(load, 4, ours)
    await load.check(kubelet, ours.words)
    _no_traceback(ours)


async def _said(log: Path, words: str) -> bool:
    return words in log.read_text()


async def test_connections_cut_in_the_middle_of_whatever_goes_on(
    ours: Site, client: Client, kubelet: ScriptedKubelet
) -> None:
    """Lists, watches, creations, patches, deletions: an answer may have been lost after it was carried out."""
    dice = random.Random(11)
    async with Relay("127.0.0.1", urlsplit(ours.plane.url).port or 0) as relay:
        controller = ours.controller("cut", "--kubeconfig", _behind(ours, relay))
        await asyncio.to_thread(controller.start)
        load = Load(client, "cut", at_once=5)
        async with load.running():
            for _ in range(60):
                relay.cut_after = dice.randint(1, 30_000)
                await until(lambda: _is_cut(relay), 60, ours.words)
        await load.check(kubelet, ours.words)
        _no_traceback(ours)
        await asyncio.to_thread(controller.stop)


async def _is_cut(relay: Relay) -> bool:
    return relay.cut_after is None


def _behind(place: Site, relay: Relay) -> str:
    """A kubeconfig that leads through the relay."""
    document = json.loads(Path(place.kubeconfig).read_text())
    document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{relay.port}"
    path = place.folder / "relay.kubeconfig"
    path.write_text(json.dumps(document))
    return str(path)


# --- the lease ----------------------------------------------------------------------------------


async def test_a_lease_that_is_stolen(ours: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    """Whoever lost it writes nothing more, and has it again when the thief no longer renews it."""
    controller = ours.controller("robbed")
    await asyncio.to_thread(controller.start)
    load = Load(client, "robbed", at_once=4)
    async with load.running():
        for turn in range(3):
            await _ended(load, 3, ours)
            await _take_the_lease(client, f"thief-{turn}", datetime.now(UTC))
            await until(lambda: _held_by(client, "robbed"), 30, ours.words)
    await load.check(kubelet, ours.words)
    _no_traceback(ours)


async def _take_the_lease(client: Client, who: str, when: datetime) -> None:
    spec = {"holderIdentity": who, "renewTime": format_micro_time(when), "acquireTime": format_micro_time(when)}
    await client.patch(LEASES, LEASE_NAME, {"spec": spec | {"leaseDurationSeconds": 2}}, "argo")


async def _held_by(client: Client, who: str) -> bool:
    return (await holder(client))[0] == who


@pytest.mark.parametrize("skew", [timedelta(hours=-3), timedelta(hours=3)], ids=["behind", "ahead"])
async def test_clocks_that_differ(ours: Site, client: Client, skew: timedelta) -> None:
    """A lease that another one keeps renewing is theirs, whatever its clock says; and so is its end."""
    controller = ours.controller("waiting")
    await asyncio.to_thread(controller.start)
    await _take_the_lease(client, "other", datetime.now(UTC) + skew)
    for _ in range(12):  # three times as long as a lease lasts
        await asyncio.sleep(LEASE_SECONDS / 4)
        assert await _held_by(client, "other"), ours.words()
        await _take_the_lease(client, "other", datetime.now(UTC) + skew)
    await until(lambda: _held_by(client, "waiting"), LEASE_SECONDS + 5, ours.words)


# --- watches ------------------------------------------------------------------------------------


async def test_a_watch_whose_history_was_compacted_away(place: Site, client: Client) -> None:
    """It is told of what it missed, whatever the server still knows of the time in between."""
    async with Relay("127.0.0.1", urlsplit(place.plane.url).port or 0) as relay:
        config = replace(client.config, server=f"https://127.0.0.1:{relay.port}")
        async with Client(config) as far:
            reflector = Reflector(far, CONFIG_MAPS, "argo", on_change=lambda _delta: None, silence=1.0)
            task = asyncio.create_task(reflector.run())
            await reflector.synced()
            for turn in range(2):
                relay.freeze()
                await _change(place, client, turn)
                relay.thaw()
                await until(lambda turn=turn: _sees(reflector, {f"new-{turn}"}, {f"old-{turn}"}), 30)
            assert not task.done()
            task.cancel()
            await asyncio.wait([task])


async def _change(place: Site, client: Client, turn: int) -> None:
    for each in (f"old-{turn}", f"new-{turn}"):
        await client.create(CONFIG_MAPS, {"metadata": {"name": each, "namespace": "argo"}})
    await client.delete(CONFIG_MAPS, f"old-{turn}", "argo")
    await asyncio.to_thread(place.plane.kill_apiserver)
    await asyncio.to_thread(place.plane.compact)
    await asyncio.to_thread(place.plane.start_apiserver)


async def _sees(reflector: Reflector, there: set[str], gone: set[str]) -> bool:
    names = {name(each) for each in reflector.cache.values()}
    return there <= names and not gone & names
