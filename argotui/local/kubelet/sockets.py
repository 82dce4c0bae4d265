"""The unix socket by which the API server passes on the executor's signals: one JSON object per line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

NAME = "kubelet.sock"
_MAX_PATH = 100
"""Bytes that a socket's address may have; longer ones are reached through /proc/self/fd."""

Deliver = Callable[[str, str, int], Awaitable[str]]


@contextlib.asynccontextmanager
async def serving(run_directory: Path, deliver: Deliver) -> AsyncIterator[None]:
    """Serves while the block runs. `deliver(uid, container, signal)` gives "" or why it could not."""
    directory = os.open(run_directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        path = run_directory / NAME
        path.unlink(missing_ok=True)
        address = str(path) if len(str(path)) < _MAX_PATH else f"/proc/self/fd/{directory}/{NAME}"
        server = await asyncio.start_unix_server(lambda reader, writer: _serve(reader, writer, deliver), address)
        path.chmod(0o600)
        async with server:
            yield
    finally:
        os.close(directory)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deliver: Deliver) -> None:
    with contextlib.suppress(ConnectionError):
        async for line in reader:
            answer = await _answer(line, deliver)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
    writer.close()


async def _answer(line: bytes, deliver: Deliver) -> dict[str, object]:
    try:
        asked = json.loads(line)
        operation, uid, container = str(asked["op"]), str(asked["uid"]), str(asked["container"])
        number = int(asked["signal"])
        signal.Signals(number)
    except (ValueError, KeyError, TypeError) as error:
        return {"error": f"not a request: {error}"}
    if operation != "signal":
        return {"error": f"unknown operation {operation}"}
    problem = await deliver(uid, container, number)
    return {"error": problem} if problem else {"ok": True}
