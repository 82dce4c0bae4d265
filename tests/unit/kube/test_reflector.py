import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from argotui.kube import reflector as module
from argotui.kube.client import Client
from argotui.kube.reflector import Delta, Reflector
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


async def test_streams_that_end_at_once_do_not_become_a_hot_loop(api: FakeApi, follower: Follower) -> None:
    api.script("GET", LIST, page(version=1))
    api.script("WATCH", LIST, stream(event("MODIFIED", pod("a", 2))))
    async with follower.running():
        await until(lambda: len(api.seen("WATCH", LIST)) >= 3)
        assert follower.reflector._pause >= module._FIRST_PAUSE * 4


async def test_an_error_of_the_consumer_is_not_swallowed(api: FakeApi, client: Client) -> None:
    def explode(delta: Delta) -> None:
        raise KeyError("bug")

    api.script("GET", LIST, page(pod("a", 1), version=1))
    with pytest.raises(KeyError, match="bug"):
        await asyncio.wait_for(Reflector(client, PODS, "ns", on_change=explode).run(), 5)
