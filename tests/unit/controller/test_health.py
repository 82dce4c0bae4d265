"""What probes are told, and by whom."""

import socket
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from argotui.controller import clock
from argotui.controller.clientlimit import ClientLimit
from argotui.controller.health import Health, HealthServer
from argotui.model.times import format_time


def workflow(age: float, **labels: str) -> dict[str, Any]:
    born = format_time(clock.now() - timedelta(seconds=age))
    return {"metadata": {"name": "w", "namespace": "ns", "creationTimestamp": born, "labels": labels}}


def test_a_leader_that_leaves_a_workflow_alone_is_ill() -> None:
    health = Health(300)
    health.leads(lambda: [workflow(900, **{"workflows.argoproj.io/phase": "Running"}), workflow(200)])
    assert health.illness() == ""
    health.leads(lambda: [workflow(200), workflow(400)])
    assert health.illness() == "workflow never reconciled: ns/w"
    health.stands_by()
    assert health.illness() == ""


def test_ready_when_it_waits_for_the_lease_or_has_read_everything() -> None:
    health = Health(300)
    assert health.unreadiness() == "waits for the configuration"
    health.stands_by()
    assert health.unreadiness() == ""
    health.begins()
    assert health.unreadiness() == "waits for the first lists"
    health.leads(list)
    assert health.unreadiness() == ""


async def test_the_probes_answers() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    health = Health(300)
    server = HealthServer(health, "127.0.0.1", port)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            for path, status in (("/healthz", 200), ("/readyz", 500), ("/", 404)):
                async with session.get(path) as answer:
                    assert answer.status == status
            health.leads(lambda: [workflow(400)])
            async with session.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (500, "workflow never reconciled: ns/w\n")
        with pytest.raises(OSError):
            await HealthServer(health, "127.0.0.1", port).start()
    finally:
        await server.stop()


async def test_requests_wait_for_their_turn_and_the_lease_does_not() -> None:
    waited: list[float] = []
    limit = ClientLimit(200, 2, waited.append)
    for _ in range(4):
        await limit("GET", "/api/v1/pods")
    await limit("PUT", "/apis/coordination.k8s.io/v1/namespaces/argo/leases/workflow-controller")
    assert waited[:2] == [0.0, 0.0]
    assert all(0 < each <= 0.005 for each in waited[2:])
    assert len(waited) == 4
    free = ClientLimit(0, 1, waited.append)
    await free("GET", "/x")
    assert waited[4] == 0.0
