"""The controller under load: what is bounded stays so, and the small ones do not wait for the large one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from argotui.controller.options import Workers
from argotui.controller.slimming import slim_pod
from argotui.kube.errors import ApiError
from argotui.model.resources import CONFIG_MAPS, PODS, WORKFLOWS
from tests.unit.controller.world import World, workflow

WIDTH = 200


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


async def test_a_small_workflow_does_not_wait_for_a_large_one() -> None:
    """It gets its pod within so many of the large one's as are in flight at once, a few times over."""
    world = World()
    async with world.controlled():
        world.put(WORKFLOWS, workflow("large", WIDTH))
        await until(lambda: len(world.made("create", PODS)) >= 20)
        before = len(world.made("create", PODS))
        world.put(WORKFLOWS, workflow("small"))
        async with asyncio.timeout(60):
            found = await world.ended("small")
        assert found["status"]["phase"] == "Succeeded"
        pods = world.made("create", PODS)
        turn = next(position for position, pod in enumerate(pods) if pod.startswith("small-"))
        assert turn - before <= WIDTH // 4
        async with asyncio.timeout(60):
            assert (await world.ended("large"))["status"]["progress"] == f"{WIDTH}/{WIDTH}"
    assert sorted(pods) == sorted(set(pods)), "no pod is created twice"


async def test_requests_in_flight_are_bounded_and_an_overloaded_server_is_spared() -> None:
    """--workflow-workers bounds them; every answer 429 makes all wait."""
    world, refused, under_way, most = World(), 0, 0, 0

    async def slow(verb: str, plural: str, _name: str) -> None:
        nonlocal refused, under_way, most
        if (verb, plural) != ("create", "pods"):
            return
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        if refused < 5:
            refused += 1
            raise ApiError(429, "TooManyRequests", "later", retry_after=0.01)

    world.before = slow
    async with world.controlled(Workers(workflows=4)):
        for each in range(4):
            world.put(WORKFLOWS, workflow(f"w{each}", 25))
        for each in range(4):
            async with asyncio.timeout(60):
                assert (await world.ended(f"w{each}"))["status"]["phase"] == "Succeeded"
    assert refused == 5
    assert most == 4


async def test_parallelism_and_the_rate_of_pods_hold_under_load() -> None:
    world = World()
    data = {"parallelism": "3", "resourceRateLimit": "{limit: 200, burst: 10}"}
    world.put(CONFIG_MAPS, {"metadata": {"name": "workflow-controller-configmap"}, "data": data})
    running = 0
    started = asyncio.get_running_loop().time()
    async with world.controlled() as term:
        for each in range(12):
            world.put(WORKFLOWS, workflow(f"w{each}", 5))

        async def watch() -> None:
            nonlocal running
            while True:
                phases = [world.find(WORKFLOWS, f"w{each}").get("status", {}).get("phase") for each in range(12)]
                running = max(running, phases.count("Running"))
                await asyncio.sleep(0.002)

        watching = asyncio.create_task(watch())
        for each in range(12):
            async with asyncio.timeout(60):
                await world.ended(f"w{each}")
        watching.cancel()
        waited = term.counting.registry.text().partition("argo_workflows_resource_rate_limiter_latency_count ")[2]
    assert 1 <= running <= 3
    assert asyncio.get_running_loop().time() - started >= (60 - 10) / 200
    assert waited.startswith("60\n")


async def test_workflows_that_wait_cost_no_task_each() -> None:
    world = World()
    data = {"parallelism": "1"}
    world.put(CONFIG_MAPS, {"metadata": {"name": "workflow-controller-configmap"}, "data": data})
    world.pod_seconds = 3600
    for each in range(300):
        world.put(WORKFLOWS, workflow(f"w{each}"))

    def postponed() -> bool:
        found = [world.find(WORKFLOWS, f"w{each}").get("status", {}).get("phase") for each in range(300)]
        return found.count("Pending") == 299 and found.count("Running") == 1

    async with world.controlled():
        await until(postponed)
        await asyncio.sleep(0.2)
        assert len(asyncio.all_tasks()) < 60


def test_of_a_pod_only_what_matters_is_kept() -> None:
    main = {"name": "main", "image": "i", "args": ["a" * 1000], "resources": {"limits": {"cpu": "1"}}}
    pod = {
        "metadata": {"name": "p", "annotations": {"a": "b"}},
        "spec": {"nodeName": "n", "containers": [main], "volumes": [{}], "terminationGracePeriodSeconds": 5},
        "status": {"phase": "Running"},
    }
    assert slim_pod(pod) == {
        **pod,
        "spec": {
            "nodeName": "n",
            "terminationGracePeriodSeconds": 5,
            "containers": [{"name": "main", "resources": {"limits": {"cpu": "1"}}}],
        },
    }
    assert main["image"] == "i", "the pod that was given stays as it is"
