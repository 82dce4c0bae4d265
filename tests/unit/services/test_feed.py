"""The list of workflows: what is asked for, in which order, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from argotui.engine.tree import Changed
from argotui.kube import freshness
from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig
from argotui.services.feed import WorkflowFeed
from argotui.store.freshness import Link
from argotui.store.workflows import WorkflowTable
from tests.unit.kube.fake import Answer, FakeApi, refuse, reply, stream

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"
EVERYWHERE = "/apis/argoproj.io/v1alpha1/workflows"
QUIET = stream(then="silence")


def metadata(name: str, version: int = 1, **labels: str) -> dict[str, Any]:
    created = "2026-03-01T11:50:00Z"
    found = {"name": name, "namespace": "argo", "uid": f"uid-{name}", "creationTimestamp": created, "labels": labels}
    return {**found, "resourceVersion": str(version)}


def table(*rows: tuple[list[str], dict[str, Any] | None], token: str = "") -> Answer:
    columns = [{"name": name} for name in ("Name", "Status", "Age")]
    listed = [{"cells": cells, "object": {"metadata": found} if found else None} for cells, found in rows]
    about = {"resourceVersion": "9", **({"continue": token} if token else {})}
    return reply({"kind": "Table", "metadata": about, "columnDefinitions": columns, "rows": listed})


def full(name: str, phase: str = "Running", **labels: str) -> tuple[list[str], dict[str, Any]]:
    return [name, phase, "5m"], metadata(name, **labels)


class Watched:
    """A feed, and the names on screen after each change."""

    def __init__(self, client: Client, namespace: str | None) -> None:
        self.table = WorkflowTable()
        self.shown: list[list[str]] = []
        self.feed = WorkflowFeed(client, namespace, self.table, self._note)

    def _note(self, _: Changed) -> None:
        self.shown.append([row.name for row in self.table.rows])


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as made:
        yield made


@asynccontextmanager
async def watched(api: FakeApi, namespace: str | None) -> AsyncIterator[Watched]:
    async with Client(ClusterConfig(server=api.url)) as client:
        made = Watched(client, namespace)
        task = asyncio.create_task(made.feed.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def asked(api: FakeApi, path: str) -> list[tuple[str | None, str | None]]:
    return [(r.query.get("includeObject"), r.query.get("continue")) for r in api.seen("GET", path)]


async def test_a_long_list_of_one_namespace_is_sketched_without_objects_first(api: FakeApi) -> None:
    sketch = table((["a", "Running", "5m"], None), (["b", "Failed", "2h"], None), (["c", "Pending", "10s"], None))
    rest = table(full("b", "Failed"), full("c", "Pending"))
    api.script("GET", ARGO, table(full("a"), token="t"), sketch, rest)
    api.script("WATCH", ARGO, QUIET)
    async with watched(api, "argo") as seen:
        await until(lambda: seen.table.is_listed)
        assert seen.shown[:2] == [["a"], ["c", "b", "a"]]  # all of them after the second request, the newest first
        assert asked(api, ARGO)[:3] == [("Metadata", None), ("None", None), ("Metadata", "t")]
        assert {row.metadata["uid"] for row in seen.table.all()} == {"uid-a", "uid-b", "uid-c"}
        await until(lambda: api.seen("WATCH", ARGO))
        assert api.seen("WATCH", ARGO)[0].query["includeObject"] == "Metadata"


async def test_a_short_list_and_that_of_all_namespaces_are_not(api: FakeApi) -> None:
    api.script("GET", ARGO, table(full("a")))
    api.script("WATCH", ARGO, QUIET)
    async with watched(api, "argo") as seen:
        await until(lambda: seen.table.is_listed)
    api.script("GET", EVERYWHERE, table(full("a"), token="t"), table(full("b")))
    api.script("WATCH", EVERYWHERE, QUIET)
    async with watched(api, None) as seen:
        await until(lambda: seen.table.is_listed)
        assert seen.shown[0] == ["a"]
        assert seen.shown[-1] == ["a", "b"]
    assert ("None", None) not in asked(api, ARGO) + asked(api, EVERYWHERE)


async def test_each_version_of_a_workflow_is_read_at_most_once(api: FakeApi) -> None:
    ended = "workflows.argoproj.io/completed"
    api.script("GET", ARGO, table(full("a"), full("b", "Succeeded", **{ended: "true"})))
    api.script("WATCH", ARGO, QUIET)
    one = {"metadata": metadata("a"), "status": {"phase": "Running", "progress": "1/2"}}
    api.script("GET", f"{ARGO}/a", reply(one))
    async with watched(api, "argo") as seen:
        await until(lambda: (row := seen.table.get(("argo", "a"))) is not None and row.known)
        for _ in range(5):
            seen.feed.details.wake()
            await asyncio.sleep(0)
        assert len(api.seen("GET", f"{ARGO}/a")) == 1
        assert api.seen("GET", f"{ARGO}/b") == []  # it has ended, and nobody looks at it
        row = seen.table.get(("argo", "b"))
        assert row is not None
        assert not row.known


async def test_workflows_that_are_not_installed_or_not_allowed(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "_ABSENT_SECONDS", 0.2)
    monkeypatch.setattr(freshness, "_DENIED_SECONDS", 0.2)
    api.script("GET", ARGO, refuse(404, "NotFound", "404 page not found"), refuse(403, "Forbidden", "no"))
    async with watched(api, "argo") as seen:
        state = seen.feed.freshness
        await until(lambda: state.retry_at is not None)
        assert (state.link, state.error) == (Link.ABSENT, "workflows.argoproj.io is not installed in this cluster")
        await until(lambda: state.link is Link.DENIED)
        assert state.error == "the right to list workflows.argoproj.io in namespace argo is missing (no)"
        api.script("GET", ARGO, table(full("a")))
        api.script("WATCH", ARGO, QUIET)
        await until(lambda: state.link is Link.LIVE and seen.table.is_listed)
        assert (state.error, state.retry_at) == ("", None)
