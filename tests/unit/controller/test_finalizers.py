"""Pods that upstream's controller made with its finalizer."""

from typing import Any, cast

import pytest

from argotui.controller.finalizers import is_held, release
from argotui.controller.requests import Requests
from argotui.kube.client import Client
from argotui.model.resources import PODS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

OURS = "workflows.argoproj.io/status"


def pod(phase: str, *finalizers: str, **metadata: Any) -> dict[str, Any]:
    meta = {"name": "p", "namespace": "ns", "finalizers": list(finalizers), **metadata}
    return {"metadata": meta, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("found", "held"),
    [
        (pod("Succeeded", OURS), True),
        (pod("Failed", "x", OURS), True),
        (pod("Failed", "x"), False),
        (pod("Running", OURS), False),
        (pod("Running", OURS, deletionTimestamp="2026-01-01T00:00:00Z"), False),
        (pod("Pending", OURS), False),
        (pod("Pending", OURS, deletionTimestamp="2026-01-01T00:00:00Z"), True),
    ],
)
def test_held(found: dict[str, Any], held: bool) -> None:
    assert is_held(found) is held


async def test_others_stay_and_a_newer_pod_is_left_to_the_next_look() -> None:
    api = MemoryApi()
    seen = api.put(PODS, pod("Succeeded", "x", OURS))
    client, requests = cast(Client, api), Requests(Permit())
    await release(client, requests, seen)
    assert api.objects["pods", "ns", "p"]["metadata"]["finalizers"] == ["x"]
    changed = api.put(PODS, pod("Succeeded", OURS, "y"))
    await release(client, requests, seen)
    assert api.objects["pods", "ns", "p"]["metadata"]["finalizers"] == changed["metadata"]["finalizers"]
