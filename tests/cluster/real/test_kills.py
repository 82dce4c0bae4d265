"""The controller killed -9 at random moments, another one standing by: nothing lost, nothing twice, soon back."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argotui.kube.client import Client
from tests.cluster.real.load import Load, fate
from tests.cluster.real.site import LEASE_SECONDS, Site, holder, site, until

NAMES = ("left", "right")
SECONDS = 5.0
"""What recovery may take beyond the lease, on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(Path(tmp_path_factory.mktemp("kills"))) as made:
        yield made


@pytest.fixture
def pair(place: Site) -> Iterator[Site]:
    """Two controllers, of which one leads."""
    for name in NAMES:
        place.controller(name).start(wait=False)
    yield place
    place.end_controllers()


async def _kill_the_leader(place: Site, client: Client) -> float:
    """Kills whoever holds the lease and starts it again; returns how long it took until the lease was renewed, beyond
    the lease itself and in seconds of a machine that has nothing else to do."""
    slowness = _slowness()
    found = await until(lambda: _led(client), words=place.words)
    await asyncio.to_thread(place.controllers[found[0]].kill)
    begun = time.monotonic()
    left = await holder(client)  # what it renewed last
    await asyncio.to_thread(place.controllers[found[0]].start, wait=False)
    await until(lambda: _renewed(client, left), words=place.words)
    beyond = time.monotonic() - begun - LEASE_SECONDS
    return beyond / max(slowness, _slowness())


def _slowness() -> float:
    """How many times longer than its processor time a thread takes just now; 1 on an idle machine."""
    wall, own = time.perf_counter(), time.thread_time()
    while time.thread_time() - own < 0.03:
        pass
    return max(1.0, (time.perf_counter() - wall) / (time.thread_time() - own))


async def _led(client: Client) -> tuple[str, str] | None:
    found = await holder(client)
    return found if found[0] else None


async def _renewed(client: Client, left: tuple[str, str]) -> bool:
    found = await holder(client)
    return bool(found[0]) and found[1] != left[1]


async def _run(place: Site, kills: int) -> None:
    seed = int(os.environ.get("ARGOTUI_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed} (ARGOTUI_TEST_SEED)")
    dice = random.Random(seed)
    pauses: list[float] = []
    async with place.client() as client, place.kubelet(client, fate) as kubelet:
        load = Load(client, "load", at_once=6)
        async with load.running():
            for _ in range(kills):
                await asyncio.sleep(dice.uniform(0.0, 1.2))
                pauses.append(await _kill_the_leader(place, client))
        await load.check(kubelet, place.words)
        print(f"{kills} kills, {len(load.names)} workflows, recovery {max(pauses):.1f} s after the lease at most")
    assert len(load.names) > 6, "no workflow came to its end between the kills"
    assert max(pauses) <= SECONDS


@pytest.mark.timeout(1200)
async def test_a_hundred_kills(pair: Site) -> None:
    await _run(pair, 100)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_five_hundred_kills(pair: Site) -> None:
    await _run(pair, 500)
