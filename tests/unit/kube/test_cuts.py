"""The connection is cut in the middle of every kind of call: it is said, and nothing is done twice.

Which requests are sent again is written at the top of argotui/kube/transport.py.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import Silent, Unreachable
from argotui.kube.reflector import Delta, Reflector
from argotui.model.resources import PODS
from tests.unit.kube.fake import FakeApi, event, exec_server, page, pod, reply, stream
from tests.unit.kube.relay import Relay

PATH = "/api/v1/namespaces/ns/pods"
ONE = f"{PATH}/a"
BIG = pod("a", 1, padding="x" * 5000)
OUTPUT = exec_server(b"\x01" + b"x" * 5000, b'\x03{"status": "Success"}')

Call = Callable[[Client], Awaitable[object]]


async def _watch(client: Client) -> object:
    return [e async for e in client.watch(PODS, "ns", resource_version="1")]


async def _logs(client: Client) -> object:
    return [c async for c in client.logs("ns", "a", container="main", follow=True)]


CALLS: dict[str, tuple[str, str, Call, int]] = {
    "get": ("GET", ONE, lambda c: c.get(PODS, "a", "ns"), 2),
    "list": ("GET", PATH, lambda c: c.list(PODS, "ns"), 2),
    "watch": ("WATCH", PATH, _watch, 2),
    "logs": ("GET", f"{ONE}/log", _logs, 2),
    "exec": ("GET", f"{ONE}/exec", lambda c: c.exec("ns", "a", "main", ["x"]), 2),
    "create": ("POST", PATH, lambda c: c.create(PODS, BIG), 1),
    "patch": ("PATCH", ONE, lambda c: c.patch(PODS, "a", {}, "ns"), 1),
    "replace": ("PUT", ONE, lambda c: c.replace(PODS, BIG), 2),
    "delete": ("DELETE", ONE, lambda c: c.delete(PODS, "a", "ns"), 2),
}
"""Method, path, the call, and how often it may be sent at most."""


@pytest.fixture
async def relay(api: FakeApi) -> AsyncIterator[Relay]:
    async with Relay("127.0.0.1", urlsplit(api.url).port or 0) as made:
        yield made


@pytest.fixture
async def behind(relay: Relay) -> AsyncIterator[Client]:
    async with Client(ClusterConfig(server=f"http://127.0.0.1:{relay.port}")) as made:
        yield made


def _serve(api: FakeApi, method: str, path: str) -> None:
    if method == "WATCH":
        api.script(method, path, stream(event("ADDED", BIG)))
    elif path.endswith("/exec"):
        api.script(method, path, OUTPUT)
    else:
        api.script(method, path, reply({"items": [], "metadata": {}, **BIG}))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("answered", [0, 600])
async def test_a_cut_is_said_and_nothing_is_done_twice(
    api: FakeApi, relay: Relay, behind: Client, name: str, answered: int
) -> None:
    """Cut before a byte of the answer came, or in the middle of it."""
    method, path, call, most = CALLS[name]
    _serve(api, method, path)
    relay.cut_after = answered
    told = await _outcome(call(behind))
    if answered == 0 and most == 2:
        assert told == ""  # sent again, and answered
        assert len(api.seen(method, path)) == 2
    else:
        assert any(word in told for word in ("was cut", "was closed", "without saying how", "cut off")), told
        assert len(api.seen(method, path)) == 1


async def _outcome(call: Awaitable[object]) -> str:
    """What is said about a failure; "" for a success."""
    try:
        async with asyncio.timeout(5):
            await call
    except Unreachable as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["get", "create", "exec"])
async def test_a_dead_wire_is_given_up_after_the_silence(
    api: FakeApi, relay: Relay, behind: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, path, call, _ = CALLS[name]
    _serve(api, method, path)
    api.script("GET", "/version", reply({}))
    await behind.server_version()  # the connection is open and kept
    relay.freeze()
    if name == "get":
        with pytest.raises(Silent, match=r"silent for 0.1 s"):
            await behind.raw("GET", path, silence=0.1)
    else:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await call(behind)
    relay.thaw()
    await call(behind)
    assert len(api.seen(method, path)) == 1


async def test_a_reflector_over_a_wire_that_goes_dead_and_comes_back(
    api: FakeApi, relay: Relay, behind: Client
) -> None:
    """No reset and no end is seen, only silence; what happened meanwhile is caught up with, once each."""
    api.script("GET", PATH, page(pod("a", 1), version=1))
    api.script(
        "WATCH",
        PATH,
        stream(event("MODIFIED", pod("a", 2)), then="silence"),
        stream(event("MODIFIED", pod("a", 3)), event("ADDED", pod("b", 4)), then="silence"),
    )
    seen: list[tuple[str, str]] = []

    def note(delta: Delta) -> None:
        metadata = delta.object["metadata"]
        seen.append((metadata["name"], metadata["resourceVersion"]))

    reflector = Reflector(behind, PODS, "ns", on_change=note, silence=0.3)
    task = asyncio.create_task(reflector.run())
    async with asyncio.timeout(10):
        while len(seen) < 2:
            await asyncio.sleep(0.005)
        relay.freeze()
        while "silent" not in reflector.freshness.last_error:
            await asyncio.sleep(0.005)
        assert not reflector.freshness.connected
        relay.thaw()
        while len(seen) < 4:
            await asyncio.sleep(0.005)
    task.cancel()
    assert seen == [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")]
    assert [request.query["resourceVersion"] for request in api.seen("WATCH", PATH)][-1] == "2"
