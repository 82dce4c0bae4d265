"""Events that say the same again, and bursts of those alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from argotui.controller import events
from argotui.controller.correlation import ALIKE, COMBINED, INTERVAL, Correlator
from argotui.controller.events import Events, event
from argotui.controller.requests import Requests
from argotui.engine.effects import EmitEvent
from argotui.kube.client import Client
from argotui.model.documents import Document
from argotui.model.resources import EVENTS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

ABOUT = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w", "namespace": "ns"}}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(message: str, number: int = 0, **annotations: str) -> Document:
    return event(ABOUT, "Normal", "WorkflowNodeRunning", message, annotations, NOW, 100 + number)


def test_the_same_again_is_counted() -> None:
    correlator = Correlator()
    first = correlator.take(made("a"), 0)
    assert (first.name, first.body["count"]) == ("", 1)
    correlator.sent(first)
    second = correlator.take(made("a", 1), 5000)
    assert (second.name, second.patch["count"]) == (first.body["metadata"]["name"], 2)
    assert second.body["firstTimestamp"] == first.body["firstTimestamp"]
    correlator.forget(second)
    assert correlator.take(made("a", 2), 5000).name == ""


def test_many_alike_become_one() -> None:
    correlator = Correlator()
    taken = []
    for number in range(ALIKE + 5):
        each = correlator.take(made(f"node {number}", number, node=str(number)), number)
        correlator.sent(each)
        taken.append(each)
    assert [each.name for each in taken[:ALIKE]] == [""] * ALIKE
    one = taken[ALIKE - 1].body
    assert one["message"] == f"{COMBINED}node {ALIKE - 1}"
    assert "annotations" not in one["metadata"]
    assert [each.name for each in taken[ALIKE:]] == [one["metadata"]["name"]] * 5
    assert taken[-1].patch["count"] == 6
    assert correlator.take(made("x"), INTERVAL * 3).name == "", "after a quiet time each is told again"


def test_annotations_tell_apart_where_they_are_to() -> None:
    correlator = Correlator(with_annotations=True)
    for number in range(ALIKE * 2):
        each = correlator.take(made(f"node {number}", number, node=str(number)), number)
        assert COMBINED not in each.body["message"]
        correlator.sent(each)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_QUIET_SECONDS", 0.0)


async def written(api: MemoryApi, requests: int, *messages: str) -> None:
    writer = Events(cast(Client, api), Requests(Permit()))
    running = asyncio.create_task(writer.run())
    for message in messages:
        writer.put(ABOUT, EmitEvent("Normal", "R", message, {}))
    async with asyncio.timeout(5):
        while len(api.calls) < requests or writer._waiting:
            await asyncio.sleep(0.001)
    running.cancel()


async def test_the_api_sees_one_event_and_its_count() -> None:
    api = MemoryApi()
    await written(api, 3, "a", "a", "a")
    (stored,) = api.objects.values()
    assert (stored["count"], stored["kind"]) == (3, EVENTS.kind)
    assert [verb for verb, _, _ in api.calls] == ["create", "patch", "patch"]


async def test_one_that_has_expired_begins_anew() -> None:
    api = MemoryApi()

    async def expire(verb: str, name: str) -> None:
        if verb == "patch":
            api.objects.clear()

    api.before = expire
    await written(api, 3, "a", "a")
    (stored,) = api.objects.values()
    assert stored["count"] == 1
    assert [verb for verb, _, _ in api.calls] == ["create", "patch", "create"]


async def test_a_burst_is_bounded() -> None:
    api = MemoryApi()
    messages: list[Any] = [f"m{number}" for number in range(200)]
    await written(api, 200, *messages)
    assert len(api.objects) == ALIKE
    assert sum(each["count"] for each in api.objects.values()) == 200
