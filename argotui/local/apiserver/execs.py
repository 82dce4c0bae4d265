"""pods/NAME/exec: only the executor's own signals, handed on to the kubelet.

The controller ends a step as upstream does, by running `argoexec kill SIGNAL 1` in its containers.
That is understood here and becomes a request to the kubelet's socket; nothing is ever executed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from argotui.local.apiserver import status, views
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import missing
from argotui.model.documents import Document

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_ERROR_CHANNEL = b"\x03"
_KUBELET_SECONDS = 20.0
_EXECUTORS = ("/var/run/argo/argoexec", "argoexec")
_SHELL_KILL = re.compile(r"kill -(\d+) 1\Z")


def signal_of(command: Sequence[str]) -> int | None:
    """The signal that a command sends to the container's first process, None for any other command."""
    if len(command) == 4 and command[0] in _EXECUTORS and command[1] == "kill" and command[3] == "1":
        return int(command[2]) if re.fullmatch(r"\d{1,2}", command[2]) else None
    if len(command) == 3 and tuple(command[:2]) == ("/bin/sh", "-c"):
        found = _SHELL_KILL.match(command[2])
        return int(found[1]) if found and len(found[1]) < 3 else None
    return None


async def serve(call: Call) -> web.StreamResponse:
    """Answers an exec over a WebSocket. Raises StatusError before it when the command is refused."""
    entry = call.context.store.get(call.key)
    if entry is None:
        raise missing(call)
    query = parse_qsl(call.request.raw_path.partition("?")[2], keep_blank_values=True)
    number = signal_of([value for name, value in query if name == "command"])
    if number is None:
        raise status.forbidden(
            "pods/exec", "", call.target.name,
            "running commands in containers is not supported by this version of argotui's local cluster",
        )  # fmt: skip
    container = _container(call.context.store.document(entry), call.query.get("container", ""))
    if call.request.headers.get("Upgrade", "").lower() != "websocket":
        raise status.bad_request("exec is answered over WebSockets only")
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    await socket.prepare(call.request)
    answer = await _signal(call.context.directory, entry.uid, container, number)
    await socket.send_bytes(_ERROR_CHANNEL + views.encode(answer))
    await socket.close()
    return socket


def _container(pod: Document, wanted: str) -> str:
    names = [str(container["name"]) for container in pod["spec"].get("containers", ())]
    if not wanted and names:
        annotations = pod["metadata"].get("annotations", {})
        return str(annotations.get("kubectl.kubernetes.io/default-container") or names[0])
    known = [*names, *(container["name"] for container in pod["spec"].get("initContainers", ()))]
    if wanted not in known:
        raise status.bad_request(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
    return wanted


async def _signal(directory: Path, uid: str, container: str, number: int) -> Document:
    """The Status that tells how the command ended."""
    request = {"op": "signal", "uid": uid, "container": container, "signal": number}
    try:
        async with asyncio.timeout(_KUBELET_SECONDS):
            reply = await _ask(directory / "run" / "kubelet.sock", request)
    except (OSError, ValueError, TimeoutError) as error:
        return _failed(f"the kubelet did not answer: {error or 'no answer in time'}")
    if not isinstance(reply, dict) or reply.get("error"):
        return _failed(str(reply.get("error") if isinstance(reply, dict) else reply))
    return {"metadata": {}, "status": "Success"}


async def _ask(path: Path, request: Document) -> Any:
    # a socket's path may have 107 bytes only, so it is named from its open directory
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        return json.loads(await reader.readline())
    finally:
        writer.close()


def _failed(message: str) -> Document:
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "InternalError",
        "message": message,
        "code": 500,
    }
