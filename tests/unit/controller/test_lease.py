import asyncio
from typing import cast

import pytest

from argotui.controller.lease import Lease, LeaseLost
from argotui.controller.options import LeaseTiming
from argotui.kube.client import Client
from argotui.kube.errors import Unreachable
from argotui.model.documents import Document
from argotui.model.resources import LEASES
from tests.unit.controller.memory import MemoryApi

FAST = LeaseTiming(lease=0.3, renew=0.2, retry=0.02)


class Scene:
    def __init__(self) -> None:
        self.api = MemoryApi()
        self.now = 1000.0

    def lease(self, identity: str, timing: LeaseTiming = FAST) -> Lease:
        client = cast(Client, self.api)
        return Lease(client, "argo", "workflow-controller", identity, timing, lambda: self.now)

    def held_by(self, identity: str, seconds: int = 15) -> None:
        spec = {"holderIdentity": identity, "leaseDurationSeconds": seconds, "leaseTransitions": 3}
        spec |= {"renewTime": "2026-01-01T00:00:00.000000Z", "acquireTime": "2026-01-01T00:00:00.000000Z"}
        self.api.put(LEASES, {"metadata": {"name": "workflow-controller", "namespace": "argo"}, "spec": spec})

    @property
    def spec(self) -> Document:
        return self.api.objects["leases", "argo", "workflow-controller"]["spec"]


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_a_new_lease_is_made(scene: Scene) -> None:
    lease = scene.lease("me")
    with pytest.raises(LeaseLost):
        lease.check()
    await lease.acquire()
    lease.check()
    assert scene.spec["holderIdentity"] == "me"
    assert scene.spec["leaseTransitions"] == 0
    assert scene.spec["renewTime"].endswith("Z")


@pytest.mark.parametrize("holder", ["me", ""])
async def test_ours_and_nobodys_are_taken_at_once(scene: Scene, holder: str) -> None:
    scene.held_by(holder)
    async with asyncio.timeout(1):
        await scene.lease("me").acquire()
    assert scene.spec["leaseTransitions"] == (3 if holder == "me" else 4)
    assert (scene.spec["acquireTime"] == "2026-01-01T00:00:00.000000Z") == (holder == "me")


async def test_anothers_is_taken_only_after_it_stood_still_for_its_whole_duration(scene: Scene) -> None:
    scene.held_by("other", seconds=15)
    task = asyncio.create_task(scene.lease("me").acquire())
    await asyncio.sleep(0.05)
    scene.now += 14
    await asyncio.sleep(0.05)
    assert not task.done()
    scene.api.put(
        LEASES,
        {
            "metadata": {"name": "workflow-controller", "namespace": "argo"},
            "spec": {**scene.spec, "renewTime": "later"},
        },
    )
    await asyncio.sleep(0.05)
    scene.now += 14
    await asyncio.sleep(0.05)
    assert not task.done(), "the holder renewed it meanwhile"
    scene.now += 2
    async with asyncio.timeout(1):
        await task
    assert scene.spec["holderIdentity"] == "me"
    assert scene.spec["leaseTransitions"] == 4


async def test_it_is_lost_when_somebody_else_has_it(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()
    scene.held_by("thief")
    with pytest.raises(LeaseLost, match="held by thief"):
        await asyncio.wait_for(lease.keep(), 1)
    with pytest.raises(LeaseLost):
        lease.check()


async def test_it_is_lost_when_it_cannot_be_renewed_in_time(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()

    async def away(verb: str, name: str) -> None:
        raise Unreachable("cut")

    scene.api.before = away
    with pytest.raises(LeaseLost, match="could not be renewed within"):
        await asyncio.wait_for(lease.keep(), 2)


async def test_a_short_cut_does_not_lose_it(scene: Scene) -> None:
    lease = scene.lease("me", LeaseTiming(lease=30, renew=20, retry=0.02))
    await lease.acquire()
    failures = 2

    async def away(verb: str, name: str) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise Unreachable("cut")

    scene.api.before = away
    keeping = asyncio.create_task(lease.keep())
    before = scene.spec["renewTime"]
    async with asyncio.timeout(5):
        while scene.spec["renewTime"] == before:
            await asyncio.sleep(0.01)
    assert not keeping.done()
    keeping.cancel()


async def test_a_request_that_hangs_does_not_lose_it(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    lease = scene.lease("me", LeaseTiming(lease=3, renew=1, retry=0.02))  # what is left is enough on a busy machine
    await lease.acquire()
    hung = 0

    async def hang_once(verb: str, name: str) -> None:
        nonlocal hung
        hung += 1
        if hung == 1:
            await asyncio.Event().wait()

    scene.api.before = hang_once
    keeping = asyncio.create_task(lease.keep())
    before = scene.spec["renewTime"]
    async with asyncio.timeout(5):
        while scene.spec["renewTime"] == before:
            await asyncio.sleep(0.01)
    assert not keeping.done()
    assert "GET was not answered within" in caplog.text
    keeping.cancel()


async def test_a_process_that_slept_may_not_write(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()
    scene.now += FAST.lease
    with pytest.raises(LeaseLost):
        lease.check()


async def test_a_process_that_was_kept_from_renewing_tries_once_more(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()
    scene.now += (FAST.renew + FAST.lease * 0.9) / 2
    keeping = asyncio.create_task(lease.keep())
    await asyncio.wait_for(lease.fresh(), 5)
    lease.check()
    assert not keeping.done()
    keeping.cancel()


async def test_one_that_somebody_else_may_have_is_not_renewed(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()
    before = scene.spec["renewTime"]
    scene.now += FAST.lease
    with pytest.raises(LeaseLost, match="could not be renewed within"):
        await asyncio.wait_for(lease.keep(), 5)
    assert scene.spec["renewTime"] == before


async def test_it_is_fresh_only_once_it_has_been_renewed(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()
    await lease.fresh()
    scene.now += 2 * FAST.retry + 0.01
    waiting = asyncio.create_task(lease.fresh())
    await asyncio.sleep(0)
    assert not waiting.done()
    await lease.acquire()
    await asyncio.wait_for(waiting, 5)


async def test_releasing_lets_the_next_one_in(scene: Scene) -> None:
    lease = scene.lease("me")
    await lease.acquire()
    await lease.release()
    async with asyncio.timeout(1):
        await scene.lease("next").acquire()
    await lease.release()
    assert scene.spec["holderIdentity"] == "next", "only its holder may release it"


async def test_of_two_that_want_it_one_gets_it(scene: Scene) -> None:
    tasks = [asyncio.create_task(scene.lease(each).acquire()) for each in ("a", "b")]
    done, pending = await asyncio.wait(tasks, timeout=0.2)
    assert (len(done), len(pending)) == (1, 1)
    pending.pop().cancel()
