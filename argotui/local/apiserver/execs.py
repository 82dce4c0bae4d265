"""pods/NAME/exec: a command in a container, handed on to the kubelet.

The client speaks remotecommand over a WebSocket, as kubectl does: each message begins with the number of its stream.
The controller ends a step as upstream does, by running `argoexec kill SIGNAL 1`: that is understood here, since no
container of this cluster has that program, and becomes a signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from argotui.local.apiserver import requests, status, views
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import missing
from argotui.local.execframes import Channel, frame, read_frame
from argotui.model.documents import Document

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_KUBELET_SECONDS = 20.0
_MAX_LINE = 1 << 20
_MAX_MESSAGE = 1 << 20
_EXECUTORS = ("/var/run/argo/argoexec", "argoexec")
_SHELL_KILL = re.compile(r"kill -(\d+) 1\Z")
_FINISHED = ("Succeeded", "Failed")


def signal_of(command: Sequence[str]) -> int | None:
    """The signal that a command of the executor sends to the container's first process, None for any other command."""
    if len(command) == 4 and command[0] in _EXECUTORS and command[1] == "kill" and command[3] == "1":
        return int(command[2]) if re.fullmatch(r"\d{1,2}", command[2]) else None
    if len(command) == 3 and tuple(command[:2]) == ("/bin/sh", "-c"):
        found = _SHELL_KILL.match(command[2])
        return int(found[1]) if found and len(found[1]) < 3 else None
    return None


async def serve(call: Call) -> web.StreamResponse:
    """Answers an exec over a WebSocket. Raises StatusError before it when nothing can be run."""
    entry = call.context.store.get(call.key)
    if entry is None:
        raise missing(call)
    query = parse_qsl(call.request.raw_path.partition("?")[2], keep_blank_values=True)
    command = [value for name, value in query if name == "command"]
    streams = _streams(call, command)
    pod = call.context.store.document(entry)
    container = _container(pod, call.query.get("container", ""))
    number = signal_of(command)
    if number is None:
        _check_running(pod)
    if call.request.headers.get("Upgrade", "").lower() != "websocket":
        raise status.bad_request("exec is answered over WebSockets only")
    request: Document = {"uid": entry.uid, "container": container}
    if number is not None:
        return await _signalled(call, {**request, "op": "signal", "signal": number})
    return await _executed(call, {**request, "op": "exec", "command": command, **streams})


def _streams(call: Call, command: list[str]) -> dict[str, bool]:
    """Which streams the client wants. Raises StatusError 400."""
    if not command:
        raise status.bad_request("you must specify at least one command to execute")
    streams = {name: requests.flag(call.query, name) for name in ("stdin", "stdout", "stderr", "tty")}
    if not any(streams[name] for name in ("stdin", "stdout", "stderr")) and signal_of(command) is None:
        raise status.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    return streams


def _container(pod: Document, wanted: str) -> str:
    names = [str(container["name"]) for container in pod["spec"].get("containers", ())]
    if not wanted and names:
        annotations = pod["metadata"].get("annotations", {})
        return str(annotations.get("kubectl.kubernetes.io/default-container") or names[0])
    known = [*names, *(container["name"] for container in pod["spec"].get("initContainers", ()))]
    if wanted not in known:
        raise status.bad_request(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
    return wanted


def _check_running(pod: Document) -> None:
    phase = (pod.get("status") or {}).get("phase")
    if phase in _FINISHED:
        raise status.StatusError(
            400, "BadRequest", f"cannot exec into a container in a completed pod; current phase is {phase}"
        )


async def _signalled(call: Call, request: Document) -> web.StreamResponse:
    """Delivers a signal; what became of it is told as the end of a command is."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    await socket.prepare(call.request)
    try:
        async with _kubelet(call) as (reader, writer):
            answer = await _asked(reader, writer, request)
    except (OSError, ValueError, EOFError, TimeoutError) as error:
        answer = {"error": _silence(error)}
    await _end(socket, _ended(answer))
    await socket.close()
    return socket


async def _executed(call: Call, request: Document) -> web.StreamResponse:
    """Runs a command, once the kubelet has taken it. Raises StatusError 500 before."""
    try:
        async with _kubelet(call) as (reader, writer):
            answer = await _asked(reader, writer, request)
            if answer.get("error"):
                raise _failure(str(answer["error"]))
            socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=_MAX_MESSAGE)
            await socket.prepare(call.request)
            await _Bridge(socket, reader, writer).run()
            await socket.close()
            return socket
    except (OSError, ValueError, EOFError, TimeoutError) as error:
        raise _failure(_silence(error)) from error


def _silence(error: Exception) -> str:
    return f"the kubelet did not answer: {error or 'no answer in time'}"


@contextlib.asynccontextmanager
async def _kubelet(call: Call) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    path = call.context.directory / "run" / "kubelet.sock"
    # a socket's path may have 107 bytes only, so it is named from its open directory
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{path.name}", limit=_MAX_LINE)
    finally:
        os.close(folder)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Document) -> Document:
    async with asyncio.timeout(_KUBELET_SECONDS):
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        answer = json.loads(await reader.readline())
    if not isinstance(answer, dict):
        raise ValueError("its answer is no object")
    return answer


class _Bridge:
    """Carries the streams between the client and the kubelet until the command has ended or the client has left."""

    def __init__(
        self, socket: web.WebSocketResponse, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._socket = socket
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        """Returns when the end has been told, or nobody is there to be told."""
        tasks = [asyncio.create_task(self._to_client()), asyncio.create_task(self._to_kubelet())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _to_client(self) -> None:
        try:
            while True:
                channel, data = await read_frame(self._reader)
                if channel is Channel.ENDED:
                    await _end(self._socket, _ended(json.loads(data)))
                    return
                await self._socket.send_bytes(bytes((channel,)) + data)
        except (EOFError, ValueError):
            await _end(self._socket, _failure("the kubelet has ended").body())
        except ConnectionError:
            return

    async def _to_kubelet(self) -> None:
        with contextlib.suppress(ConnectionError):
            async for message in self._socket:
                data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
                if isinstance(data, bytes) and data:
                    await self._pass_on(data[0], data[1:])

    async def _pass_on(self, channel: int, data: bytes) -> None:
        if channel == Channel.STDIN_CLOSED:  # version 5: which stream is closed
            if data[:1] == bytes((Channel.STDIN,)):
                self._writer.write(frame(Channel.STDIN_CLOSED))
        elif channel in (Channel.STDIN, Channel.RESIZE):
            self._writer.write(frame(Channel(channel), data))
        await self._writer.drain()


async def _end(socket: web.WebSocketResponse, answer: Document) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send_bytes(bytes((Channel.ENDED,)) + views.encode(answer))


def _ended(answer: Any) -> Document:
    """The Status that tells how the command ended."""
    if answer.get("error"):
        return _failure(str(answer["error"])).body()
    code = answer.get("code") or 0
    if not code:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _failure(message: str) -> status.StatusError:
    return status.StatusError(500, "InternalError", message)
