"""Watches: what is told, in which form, from where, and until when."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.cluster.apiserver import (
    CONFIGMAPS,
    MERGE,
    ApiServer,
    configmap,
    running,
    until,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("apiserver")) as started:
        yield started


@pytest.fixture
def room(server: ApiServer) -> str:
    """The ConfigMaps of a namespace of the test's own."""
    made = server.ok("POST", "/api/v1/namespaces", {"metadata": {"generateName": "room-"}})
    return f"/api/v1/namespaces/{made['metadata']['name']}/configmaps"


def told(events: list[dict]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


def here(server: ApiServer, room: str) -> str:
    return str(server.ok("GET", room)["metadata"]["resourceVersion"])


def test_a_version_from_another_life_is_gone(server: ApiServer, room: str) -> None:
    watch = server.watch(room, resourceVersion=10**9)
    events = watch.rest()
    assert [event["type"] for event in events] == ["ERROR"]
    assert (events[0]["object"]["code"], events[0]["object"]["reason"]) == (410, "Expired")


def test_history_ends_with_compaction(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("short"), "--history-seconds", "0.1") as server:
        page = server.ok("POST", CONFIGMAPS, configmap("a")) and server.ok("POST", CONFIGMAPS, configmap("b"))
        old = page["metadata"]["resourceVersion"]
        token = server.ok("GET", CONFIGMAPS, limit=1)["metadata"]["continue"]
        server.ok("PATCH", f"{CONFIGMAPS}/a", {"data": {"x": "1"}}, content_type=MERGE)
        until(lambda: _touch_and_watch(server, old), 30)
        code, refusal = server.ask("GET", CONFIGMAPS, limit=1, **{"continue": token})
        assert (code, refusal["reason"]) == (410, "Expired")
        rest = server.ok("GET", CONFIGMAPS, **{"continue": refusal["metadata"]["continue"]})
        assert [item["metadata"]["name"] for item in rest["items"]] == ["b", "workflow-controller-configmap"]
        code, refusal = server.ask("GET", CONFIGMAPS, resourceVersion=old, resourceVersionMatch="Exact")
        assert (code, refusal["reason"]) == (410, "Expired")
        assert {"a", "b"} <= {item["metadata"]["name"] for item in server.ok("GET", CONFIGMAPS)["items"]}


def _touch_and_watch(server: ApiServer, version: str) -> bool:
    """Writes something and tells whether a watch from `version` is refused by now."""
    present = server.ok("GET", f"{CONFIGMAPS}/b")["metadata"]["resourceVersion"]
    server.ok("PATCH", f"{CONFIGMAPS}/b", {"data": {"n": present}}, content_type=MERGE)
    watch = server.watch(CONFIGMAPS, resourceVersion=version)
    event = watch.next()
    watch.close()
    return bool(event["type"] == "ERROR" and event["object"]["code"] == 410)


def test_a_watcher_that_does_not_read_is_dropped(server: ApiServer, room: str) -> None:
    watch = server.watch(room, resourceVersion=here(server, room))
    assert watch.answer.status == 200
    filler = {"x": "y" * 500_000}
    for number in range(120):
        server.ok("POST", room, configmap(f"fill-{number}", filler))
        server.ok("DELETE", f"{room}/fill-{number}")
    # 120 MB were said; what the socket holds comes first, then the refusal
    last = watch.rest()[-1]
    assert last["type"] == "ERROR"
    assert last["object"]["code"] == 410


def test_watches_end_when_the_server_ends(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("ending")) as server:
        watch = server.watch(CONFIGMAPS)
        assert server.end() == 0
        assert {event["type"] for event in watch.rest()} <= {"ADDED"}  # what there is from the start


def test_a_client_that_hangs_up_is_forgotten(server: ApiServer, room: str) -> None:
    for _ in range(30):
        watch = server.watch(room)
        raw = watch.answer.fp.raw._sock if hasattr(watch.answer.fp, "raw") else None  # type: ignore[attr-defined]
        if isinstance(raw, socket.socket):
            raw.shutdown(socket.SHUT_RDWR)
        watch.close()
    assert json.dumps(server.ok("POST", room, configmap("after")))
