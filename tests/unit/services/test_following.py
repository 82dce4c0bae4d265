"""Following objects: the first failure ends it, later ones are healed without losing a change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from argotui.kube import freshness
from argotui.kube.client import WatchEvent
from argotui.kube.errors import ApiError, BrokenStream, Unreachable
from argotui.model.resources import WORKFLOWS
from argotui.services.following import ChangeType, follow, follow_object
from argotui.services.streams import closing
from argotui.services.waiting import WorkflowGone, wait_for_completion, wait_for_node, wait_until
from tests.unit.services.fake import FakeClient
from tests.unit.services.workflows import gate, workflow

SECONDS = 5


async def next_of(items: AsyncIterator[object]) -> object:
    async with asyncio.timeout(SECONDS):
        return await anext(items)


async def test_lists_then_tells_every_change() -> None:
    client = FakeClient((WORKFLOWS, workflow("a")))
    async with closing(follow(client, WORKFLOWS, "argo")) as changes:  # type: ignore[arg-type]
        first = await next_of(changes)
        assert (first.type, first.object["metadata"]["name"]) == (ChangeType.ADDED, "a")
        assert (await next_of(changes)).type is ChangeType.LISTED
        await client.put(WORKFLOWS, workflow("b"), "ADDED")
        assert (await next_of(changes)).object["metadata"]["name"] == "b"
        await client.delete(WORKFLOWS, "a", "argo")
        gone = await next_of(changes)
        assert (gone.type, gone.object["metadata"]["name"]) == (ChangeType.DELETED, "a")


async def test_a_cut_watch_is_taken_up_where_it_broke() -> None:
    client = FakeClient((WORKFLOWS, workflow("a")))
    told: list[str] = []
    async with closing(follow(client, WORKFLOWS, "argo", on_trouble=told.append)) as changes:  # type: ignore[arg-type]
        await next_of(changes), await next_of(changes)
        client.break_watch_after.append(Unreachable("cut"))
        await client.put(WORKFLOWS, workflow("a", "Succeeded"))
        change = await next_of(changes)
    assert change.object["status"]["phase"] == "Succeeded"
    assert told == ["cut"]
    assert client.watches == 2


async def test_a_version_that_is_too_old_is_listed_again_as_differences() -> None:
    client = FakeClient((WORKFLOWS, workflow("a")), (WORKFLOWS, workflow("b")))
    async with closing(follow(client, WORKFLOWS, "argo")) as changes:  # type: ignore[arg-type]
        [await next_of(changes) for _ in range(3)]
        client.events.clear()
        client.break_watch_after.append(ApiError(410, "Expired", "too old"))
        del client.objects[(WORKFLOWS.group_resource, "argo", "b")]
        await client.put(WORKFLOWS, workflow("c"), "ADDED")
        client.events.clear()
        found = [await next_of(changes) for _ in range(3)]
    told = [(c.type.value, c.object.get("metadata", {}).get("name", "")) for c in found]
    assert told == [("DELETED", "b"), ("ADDED", "c"), ("LISTED", "")]


class Hasty(FakeClient):
    """Ends every watch at once, as some proxies do."""

    async def watch(self, *_: object, **__: object) -> AsyncIterator[WatchEvent]:  # type: ignore[override]
        self.opened.append(asyncio.get_running_loop().time())
        if len(self.opened) == 4:
            yield WatchEvent("ADDED", workflow("b"))

    opened: list[float]


async def test_streams_that_end_at_once_are_not_opened_without_a_pause() -> None:
    client, told = Hasty((WORKFLOWS, workflow("a"))), []  # type: ignore[var-annotated]
    client.opened = []
    async with closing(follow(client, WORKFLOWS, "argo", on_trouble=told.append)) as changes:  # type: ignore[arg-type]
        names = [(await next_of(changes)).object.get("metadata", {}).get("name", "") for _ in range(3)]  # type: ignore[attr-defined]
    assert names == ["a", "", "b"]
    gaps = [after - before for before, after in pairwise(client.opened)]
    assert all(gap >= least for gap, least in zip(gaps, (0.024, 0.049, 0.099), strict=True))
    assert told == []


async def test_what_cannot_be_understood_is_not_asked_for_again() -> None:
    client = FakeClient((WORKFLOWS, workflow("a")))
    async with closing(follow(client, WORKFLOWS, "argo")) as changes:  # type: ignore[arg-type]
        await next_of(changes), await next_of(changes)
        client.break_watch_after.append(BrokenStream("no JSON"))
        await client.put(WORKFLOWS, workflow("b"), "ADDED")
        client.events.clear()  # only a list can tell it now
        assert (await next_of(changes)).object["metadata"]["name"] == "b"  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [Unreachable("refused"), ApiError(403, "Forbidden", "no")])
async def test_the_first_failure_is_raised(error: Exception) -> None:
    client = FakeClient()

    def fail(method: str, path: str, body: object) -> None:
        raise error

    client.before = fail
    with pytest.raises(type(error)):
        await next_of(follow(client, WORKFLOWS, "argo"))  # type: ignore[arg-type]


async def test_an_object_that_is_not_there_is_none() -> None:
    client = FakeClient()
    async with closing(follow_object(client, WORKFLOWS, "argo", "wf")) as states:  # type: ignore[arg-type]
        assert await next_of(states) is None
        await client.put(WORKFLOWS, workflow(), "ADDED")
        assert (await next_of(states))["metadata"]["name"] == "wf"
        await client.delete(WORKFLOWS, "wf", "argo")
        assert await next_of(states) is None


async def test_waiting_ends_with_the_completed_workflow() -> None:
    client = FakeClient((WORKFLOWS, workflow()))
    seen: list[str] = []
    waiting = asyncio.create_task(
        wait_for_completion(client, "argo", "wf", on_change=lambda w: seen.append(w["status"]["phase"]))  # type: ignore[arg-type]
    )
    while not seen:
        await asyncio.sleep(0)
    # phase alone is not the end: the label says that nothing follows
    half = workflow(phase="Failed")
    half["metadata"]["labels"]["workflows.argoproj.io/completed"] = "false"
    await client.put(WORKFLOWS, half)
    await client.put(WORKFLOWS, workflow(phase="Failed"))
    async with asyncio.timeout(SECONDS):
        assert (await waiting)["status"]["phase"] == "Failed"
    assert seen == ["Running", "Failed", "Failed"]


async def test_waiting_for_what_does_not_exist_or_vanishes() -> None:
    client = FakeClient()
    with pytest.raises(WorkflowGone) as missing:
        await wait_for_completion(client, "argo", "wf")  # type: ignore[arg-type]
    assert not missing.value.existed
    await client.put(WORKFLOWS, workflow(), "ADDED")
    waiting = asyncio.create_task(wait_for_completion(client, "argo", "wf"))  # type: ignore[arg-type]
    while not client.watches:
        await asyncio.sleep(0)
    await client.delete(WORKFLOWS, "wf", "argo")
    with pytest.raises(WorkflowGone) as gone:
        async with asyncio.timeout(SECONDS):
            await waiting
    assert gone.value.existed


async def test_waiting_for_a_node() -> None:
    client = FakeClient((WORKFLOWS, gate()))
    async with asyncio.timeout(SECONDS):
        assert await wait_for_node(client, "argo", "wf", "approve", "Running")  # type: ignore[arg-type]
        await client.put(WORKFLOWS, workflow(phase="Succeeded"))
        assert await wait_for_node(client, "argo", "wf", "deploy", "Running") is None  # type: ignore[arg-type]


async def test_waiting_until_has_a_deadline() -> None:
    client = FakeClient((WORKFLOWS, workflow()))
    with pytest.raises(TimeoutError):
        await wait_until(client, WORKFLOWS, "argo", "wf", lambda now: now is None, 0.01)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [401, 403, 404, 503])
async def test_a_refusal_later_on_is_told_once_and_asked_about_again(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials expire, a server starts again, a definition is replaced: nobody has to press a key."""
    monkeypatch.setattr(freshness, "_DENIED_SECONDS", 0.05)
    monkeypatch.setattr(freshness, "_ABSENT_SECONDS", 0.05)
    client = FakeClient((WORKFLOWS, workflow("a")))
    told: list[str] = []
    async with closing(follow(client, WORKFLOWS, "argo", on_trouble=told.append)) as changes:  # type: ignore[arg-type]
        await next_of(changes), await next_of(changes)
        client.break_watch_after += [ApiError(status, "", "no"), ApiError(status, "", "no")]
        await client.put(WORKFLOWS, workflow("b"), "ADDED")
        assert (await next_of(changes)).object["metadata"]["name"] == "b"  # type: ignore[attr-defined]
    assert told == ["no"]
