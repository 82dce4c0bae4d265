import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from argotui.kube import freshness
from argotui.kube import reflector as module
from argotui.kube.client import Client
from argotui.kube.freshness import Link
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model.resources import PODS
from tests.unit.kube.fake import FakeApi, cut, event, page, pod, refuse, stream

LIST = "/api/v1/namespaces/ns/pods"
QUIET = stream(then="silence")


class Follower:
    def __init__(self, client: Client, silence: float = 60) -> None:
        self.deltas: list[tuple[str, str, str]] = []
        self.reflector = Reflector(client, PODS, "ns", on_change=self._note, silence=silence)

    def _note(self, delta: Delta) -> None:
        metadata = delta.object["metadata"]
        self.deltas.append((delta.type.value, metadata["name"], metadata["resourceVersion"]))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.reflector.run())
        try:
            yield
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def follower(client: Client) -> Follower:
    return Follower(client)


async def test_lists_all_pages_then_follows(api: FakeApi, follower: Follower) -> None:
    api.script("GET", LIST, page(pod("a", 1), version=3, token="t"), page(pod("b", 2), version=3))
    api.script(
        "WATCH",
        LIST,
        stream(
            event("MODIFIED", pod("a", 4)),
            event("DELETED", pod("b", 5)),
            event("ADDED", pod("c", 6)),
            then="silence",
        ),
    )
    async with follower.running():
        await asyncio.wait_for(follower.reflector.synced(), 5)
        await until(lambda: len(follower.deltas) == 5)
    assert follower.deltas == [
        ("ADDED", "a", "1"),
        ("ADDED", "b", "2"),
        ("MODIFIED", "a", "4"),
        ("DELETED", "b", "5"),
        ("ADDED", "c", "6"),
    ]
    assert set(follower.reflector.cache) == {("ns", "a"), ("ns", "c")}
    assert api.seen("GET", LIST)[1].query["continue"] == "t"
    assert api.seen("WATCH", LIST)[0].query["resourceVersion"] == "3"


@pytest.mark.parametrize("how", ["end", "cut"])
async def test_resumes_after_the_last_version_seen(api: FakeApi, follower: Follower, how: str) -> None:
    api.script("GET", LIST, page(version=1))
    bookmark = event("BOOKMARK", {"metadata": {"resourceVersion": "8"}})
    api.script("WATCH", LIST, stream(event("ADDED", pod("a", 5)), bookmark, then=how), QUIET)
    async with follower.running():
        await until(lambda: len(api.seen("WATCH", LIST)) == 2)
        await until(lambda: follower.reflector.freshness.connected)
    # an abort may overtake what was written just before it; what counts is that nothing is skipped
    assert api.seen("WATCH", LIST)[1].query["resourceVersion"] in {"8"} | ({"1", "5"} if how == "cut" else set())
    assert len(api.seen("GET", LIST)) == 1


@pytest.mark.parametrize("as_event", [True, False])
async def test_410_lists_again_and_reports_only_the_difference(
    api: FakeApi, follower: Follower, as_event: bool
) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    failing = stream(event("ERROR", gone)) if as_event else refuse(410, "Expired", "too old")
    changed = pod("d", 8)
    changed["metadata"]["uid"] = "another"
    api.script(
        "GET",
        LIST,
        page(pod("a", 1), pod("b", 1), pod("c", 1), pod("d", 1), version=1),
        page(pod("a", 1), pod("c", 7), changed, pod("e", 9), version=9),
    )
    api.script("WATCH", LIST, failing, QUIET)
    async with follower.running():
        await until(lambda: len(api.seen("WATCH", LIST)) == 2)
        await until(lambda: follower.reflector.freshness.connected)
    assert follower.deltas[4:] == [
        ("DELETED", "b", "1"),
        ("MODIFIED", "c", "7"),
        ("DELETED", "d", "1"),
        ("ADDED", "d", "8"),
        ("ADDED", "e", "9"),
    ]
    assert api.seen("WATCH", LIST)[1].query["resourceVersion"] == "9"
    assert follower.reflector.freshness.lists == 2


async def test_a_continue_token_that_expired_starts_the_list_anew(api: FakeApi, follower: Follower) -> None:
    api.script(
        "GET",
        LIST,
        page(pod("a", 1), version=1, token="old"),
        refuse(410, "Expired", "continue token too old"),
        page(pod("b", 2), version=2),
    )
    api.script("WATCH", LIST, QUIET)
    async with follower.running():
        await asyncio.wait_for(follower.reflector.synced(), 5)
    assert follower.deltas == [("ADDED", "b", "2")]
    assert "continue" not in api.seen("GET", LIST)[2].query


async def test_a_line_that_is_no_event_lists_again(api: FakeApi, follower: Follower) -> None:
    api.script("GET", LIST, page(version=1), page(pod("a", 5), version=5))
    api.script("WATCH", LIST, stream(b"<html>\n"), QUIET)
    async with follower.running():
        await until(lambda: len(follower.deltas) == 1)
    assert follower.deltas == [("ADDED", "a", "5")]


async def test_a_silent_stream_is_given_up(api: FakeApi, client: Client) -> None:
    follower = Follower(client, silence=0.05)
    api.script("GET", LIST, page(version=1))
    api.script("WATCH", LIST, QUIET, stream(event("ADDED", pod("a", 2)), then="silence"))
    async with follower.running():
        await until(lambda: len(follower.deltas) >= 1)
    assert "silent" in follower.reflector.freshness.last_error or follower.reflector.freshness.connected


async def test_a_server_that_is_away_is_waited_for_and_the_reason_kept(api: FakeApi, follower: Follower) -> None:
    api.script("GET", LIST, cut(), refuse(503, "ServiceUnavailable", "starting up"), page(pod("a", 1), version=1))
    api.script("WATCH", LIST, QUIET)
    async with follower.running():
        await until(lambda: "starting up" in follower.reflector.freshness.last_error)
        assert not follower.reflector.is_synced
        await asyncio.wait_for(follower.reflector.synced(), 5)
        await until(lambda: follower.reflector.freshness.connected)
        assert follower.reflector.freshness.last_error == ""


async def test_a_list_that_changes_faster_than_its_pages_are_read_is_read_at_once(
    api: FakeApi, follower: Follower
) -> None:
    gone = refuse(410, "Expired", "the continue token is too old")
    api.script("GET", LIST, page(pod("a", 1), version=1, token="t"), gone, page(pod("b", 2), version=2))
    api.script("WATCH", LIST, QUIET)
    async with follower.running():
        await until(lambda: follower.reflector.freshness.connected)
    assert follower.deltas == [("ADDED", "b", "2")]  # nothing of the first, half list
    assert [request.query.get("limit") for request in api.seen("GET", LIST)] == ["500", "500", None]


async def test_a_kind_that_is_not_installed_is_looked_for_until_it_is(
    api: FakeApi, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "_ABSENT_SECONDS", 0.2)
    state = follower.reflector.freshness
    api.script("GET", LIST, refuse(404, "NotFound", "404 page not found"))
    async with follower.running():
        await until(lambda: state.retry_at is not None)
        assert (state.link, state.last_error) == (Link.ABSENT, "pods is not installed in this cluster")
        api.script("GET", LIST, page(pod("a", 1), version=1))
        api.script("WATCH", LIST, QUIET)
        await until(lambda: state.link is Link.LIVE)
        assert (state.last_error, state.retry_at) == ("", None)
        assert len(api.seen("GET", LIST)) == 2


async def test_a_missing_right_is_named_and_looked_for_seldom(
    api: FakeApi, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may list and not watch gets lists, as often as it is looked for."""
    monkeypatch.setattr(freshness, "_DENIED_SECONDS", 0.2)
    state = follower.reflector.freshness
    api.script("GET", LIST, refuse(403, "Forbidden", "no"), page(pod("a", 1), version=1))
    api.script("WATCH", LIST, refuse(403, "Forbidden", "no"))
    async with follower.running():
        await until(lambda: state.retry_at is not None)
        assert (state.link, state.last_error) == (Link.DENIED, "the right to list pods in namespace ns is missing (no)")
        await until(lambda: "right to watch pods" in state.last_error)
        assert follower.deltas == [("ADDED", "a", "1")]
        api.script("GET", LIST, page(pod("a", 1), pod("b", 2), version=2))
        await until(lambda: len(follower.deltas) == 2)


async def test_the_next_try_is_not_sooner_than_the_server_asks(api: FakeApi, follower: Follower) -> None:
    busy = refuse(429, "TooManyRequests", "busy", {"Retry-After": "1"})
    api.script("GET", LIST, page(version=1))
    api.script("WATCH", LIST, busy, QUIET)
    async with follower.running():
        state = follower.reflector.freshness
        await until(lambda: state.retry_at is not None)
        assert state.retry_at is not None
        assert state.retry_at - asyncio.get_running_loop().time() > 0.9
        assert state.link is Link.STALE
        assert len(api.seen("WATCH", LIST)) == 1


async def test_a_slow_consumer_slows_the_stream_and_fills_no_memory(api: FakeApi, client: Client) -> None:
    """The server is kept from writing; nothing between it and the consumer grows."""
    written = 0
    enough = asyncio.Event()

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(2, 4000):
            await response.write(json.dumps(event("MODIFIED", pod("a", number, padding="x" * 10_000))).encode() + b"\n")
            written += 1
        return response

    api.script("GET", LIST, page(pod("a", 1), version=1))
    api.script("WATCH", LIST, pour)
    seen: list[int] = []

    def consume(delta: Delta) -> None:
        seen.append(written)
        if len(seen) > 20:
            enough.set()

    stream = client.watch(PODS, "ns", resource_version="1")
    async with contextlib.aclosing(stream):
        async for change in stream:
            consume(Delta(DeltaType.MODIFIED, change.object, None))
            if enough.is_set():
                break
            await asyncio.sleep(0.005)  # the consumer is at work
    assert max(seen) < 2000  # 20 MB of 40 would mean that somebody hoards


async def test_streams_that_end_at_once_do_not_become_a_hot_loop(api: FakeApi, follower: Follower) -> None:
    api.script("GET", LIST, page(version=1))
    api.script("WATCH", LIST, stream(event("MODIFIED", pod("a", 2))))
    async with follower.running():
        await until(lambda: len(api.seen("WATCH", LIST)) >= 3)
        assert follower.reflector._backoff.next() >= module._FIRST_PAUSE * 4 / 2


async def test_an_error_of_the_consumer_is_not_swallowed(api: FakeApi, client: Client) -> None:
    def explode(delta: Delta) -> None:
        raise KeyError("bug")

    api.script("GET", LIST, page(pod("a", 1), version=1))
    with pytest.raises(KeyError, match="bug"):
        await asyncio.wait_for(Reflector(client, PODS, "ns", on_change=explode).run(), 5)
