"""Commands in running containers, as `kubectl exec` asks for them: API server, kubelet and runtime together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from argotui.kube.errors import ApiError
from argotui.model.resources import PODS
from tests.cluster.localnode import NS, LocalNode, local_node
from tests.unit.kubelet.memory import plain

pytestmark = pytest.mark.timeout(120)
STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


@pytest.fixture(params=[pytest.param("sandbox", marks=pytest.mark.mounts), "process"])
async def node(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalNode]:
    """A node with one pod that runs."""
    async with local_node(tmp_path / "local", request.param) as started:
        sleeper = plain("p", "sh", "-c", "echo mine >file; ln -s /proc/self/exe link; exec sleep 600")
        sleeper["spec"]["containers"][0]["env"] = [{"name": "A", "value": "b c"}]
        sleeper["spec"]["terminationGracePeriodSeconds"] = 0
        await started.client.create(PODS, sleeper)
        await started.until("p", lambda pod: pod.get("status", {}).get("phase") == "Running")
        yield started


@contextlib.asynccontextmanager
async def channel(node: LocalNode, *command: str, **streams: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket with a running command at its other end."""
    token, url = ((node.directory / name).read_text().strip() for name in ("token", "endpoint"))
    query = urlencode([("container", "main"), *streams.items(), *(("command", word) for word in command)])
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.ws_connect(
            f"{url}/api/v1/namespaces/{NS}/pods/p/exec?{query}", ssl=False, protocols=("v5.channel.k8s.io",)
        ) as socket,
    ):
        yield socket


async def said(socket: aiohttp.ClientWebSocketResponse, until: bytes = b"") -> tuple[bytes, int | None]:
    """(output, exit code) until the end, or until the output has `until` in it."""
    output = b""
    async with asyncio.timeout(20):
        async for message in socket:
            if message.data[0] == STATUS:
                status = json.loads(message.data[1:])
                causes = status.get("details", {}).get("causes") or [{"message": "0"}]
                return output, int(causes[0]["message"])
            output += message.data[1:]
            if until and until in output:
                return output, None
    raise AssertionError("no end was told")


async def commands_run_where_the_containers_own_runs(node: LocalNode) -> None:
    script = 'cat file; echo "$A"; echo wrong >&2; touch other; exit 3'
    found = await node.client.exec(NS, "p", "main", ["sh", "-c", script])
    assert (found.exit_code, found.stdout, found.stderr) == (3, b"mine\nb c\n", b"wrong\n")
    found = await node.client.exec(NS, "p", "main", ["sh", "-c", "test -e other && kill -9 $$"])
    assert found.exit_code == 137
    large = await node.client.exec(NS, "p", "main", ["head", "-c", "3000000", "/dev/zero"])
    assert len(large.stdout) == 3_000_000
    if node.runtime == "sandbox":
        # a program that is a link to whoever enters leads to nothing of the host's
        link = await node.client.exec(NS, "p", "main", ["./link", "--version"])
        assert b"Python" not in link.stdout + link.stderr


async def input_ends_where_the_client_says_so(node: LocalNode) -> None:
    async with channel(node, "sh", "-c", "cat; echo; echo over", stdin="true", stdout="true") as socket:
        for piece in (b"one ", b"two"):
            await socket.send_bytes(bytes((STDIN,)) + piece)
        assert await said(socket, b"one two") == (b"one two", None)
        await socket.send_bytes(bytes((CLOSE, STDIN)))
        assert await said(socket) == (b"\nover\n", 0)


async def a_terminal_has_the_clients_size(node: LocalNode) -> None:
    async with channel(node, "sh", stdin="true", stdout="true", tty="true") as socket:
        await socket.send_bytes(bytes((RESIZE,)) + b'{"Width":91,"Height":17}')
        await socket.send_bytes(bytes((STDIN,)) + b"stty size\n")
        await said(socket, b"17 91")
        await socket.send_bytes(bytes((STDIN,)) + b"exit 4\n")
        assert (await said(socket))[1] == 4


async def a_command_ends_with_its_client(node: LocalNode) -> None:
    async with channel(node, "sh", "-c", "echo up; exec sleep 78.125", stdout="true") as socket:
        await said(socket, b"up")
        assert await asyncio.to_thread(running, b"78.125")
    async with asyncio.timeout(20):
        while await asyncio.to_thread(running, b"78.125"):
            await asyncio.sleep(0.02)


def running(word: bytes) -> bool:
    """Whether a process has the word on its command line."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if word in Path(f"/proc/{pid}/cmdline").read_bytes():
                return True
    return False


async def what_cannot_be_run_is_refused(node: LocalNode) -> None:
    with pytest.raises(ApiError):
        await node.client.exec(NS, "p", "nobody", ["true"])
    missing = await asyncio.gather(node.client.exec(NS, "p", "main", ["no-such-program"]), return_exceptions=True)
    assert isinstance(missing[0], ApiError) or missing[0].exit_code == 127
    await node.client.delete(PODS, "p", NS)
    with pytest.raises(ApiError):
        await node.client.exec(NS, "p", "main", ["true"])


async def test_commands_in_a_running_container(node: LocalNode) -> None:
    # one node for all: starting one takes longer than what is to be seen
    await commands_run_where_the_containers_own_runs(node)
    await input_ends_where_the_client_says_so(node)
    await a_terminal_has_the_clients_size(node)
    await a_command_ends_with_its_client(node)
    await what_cannot_be_run_is_refused(node)
