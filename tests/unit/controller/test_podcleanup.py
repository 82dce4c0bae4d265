import asyncio
from typing import cast

from argotui.controller.metrics.counting import Counting
from argotui.controller.metrics.queues import POD_CLEANUP
from argotui.controller.podcleanup import PodCleanup
from argotui.engine.effects import CollectPod
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.resources import PODS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit


def pod(api: MemoryApi, name: str, uid: str) -> None:
    api.put(PODS, {"metadata": {"name": name, "namespace": "ns", "uid": uid}})


async def gone(api: MemoryApi, name: str) -> None:
    async with asyncio.timeout(5):
        while ("pods", "ns", name) in api.objects:
            await asyncio.sleep(0)


def cleaner(api: MemoryApi) -> PodCleanup:
    return PodCleanup(cast(Client, api), Permit(), Counting().book.queues[POD_CLEANUP])


async def test_a_pod_asked_for_twice_is_deleted_once_with_its_grace() -> None:
    api = MemoryApi()
    pod(api, "p", "u")
    cleanup = cleaner(api)
    for _ in range(3):
        cleanup.put("ns", CollectPod("p", "u", 0.01, 7))
    await gone(api, "p")
    assert api.calls == [("delete", "p", {"uid": "u", "grace_seconds": 7, "propagation": "Background"})]


async def test_a_newer_pod_of_that_name_is_left_alone() -> None:
    api = MemoryApi()
    pod(api, "p", "newer")
    pod(api, "q", "u")
    cleanup = cleaner(api)
    cleanup.put("ns", CollectPod("p", "older", 0))
    cleanup.put("ns", CollectPod("q", "u", 0))
    await gone(api, "q")
    assert ("pods", "ns", "p") in api.objects


async def test_a_pod_that_is_gone_and_a_term_that_ends_are_waited_for_no_longer() -> None:
    api = MemoryApi()
    cleanup = cleaner(api)
    cleanup.put("ns", CollectPod("p", "u", 0))
    cleanup.put("ns", CollectPod("q", "v", 0))
    cleanup.forget("u")
    await cleanup.stop()
    await asyncio.sleep(0)
    assert api.calls == []


async def test_a_refusal_ends_the_attempt_and_the_next_load_may_ask_again() -> None:
    api = MemoryApi()
    pod(api, "p", "u")
    refusals = 1

    async def before(_verb: str, _name: str) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise ApiError(403, "Forbidden", "no")

    api.before = before
    cleanup = cleaner(api)
    cleanup.put("ns", CollectPod("p", "u", 0))
    async with asyncio.timeout(5):
        while ("pods", "ns", "p") in api.objects:
            cleanup.put("ns", CollectPod("p", "u", 0))
            await asyncio.sleep(0)
    assert len(api.calls) == 2
