"""The unix socket by which the API server asks for signals and for commands in containers.

A request is one JSON object on a line, and so is the answer to it. After the one to `exec` the connection belongs to
the command (see `argotui.local.execframes`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from argotui.local.kubelet.execution import Execution, Streams
from argotui.local.runtime.beside import Beside
from argotui.local.runtime.types import Refused, StartFailure

NAME = "kubelet.sock"
_MAX_PATH = 100
"""Bytes that a socket's address may have; longer ones are reached through /proc/self/fd."""
_MAX_LINE = 1 << 20


class Containers(Protocol):
    """Who runs the containers."""

    async def signal(self, uid: str, container: str, number: int) -> str:
        """ "" when the signal was delivered, else why not."""

    async def execution(self, uid: str, container: str, command: list[str], *, tty: bool) -> Beside:
        """How a command is started in a container. Raises Refused, StartFailure or OSError."""


@contextlib.asynccontextmanager
async def serving(run_directory: Path, containers: Containers) -> AsyncIterator[None]:
    """Serves while the block runs."""
    directory = os.open(run_directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        path = run_directory / NAME
        path.unlink(missing_ok=True)
        address = str(path) if len(str(path)) < _MAX_PATH else f"/proc/self/fd/{directory}/{NAME}"

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _Connection(reader, writer, containers).serve()

        server = await asyncio.start_unix_server(serve, address, limit=_MAX_LINE)
        path.chmod(0o600)
        async with server:
            yield
    finally:
        os.close(directory)


class _Connection:
    """One connection of the API server's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, containers: Containers) -> None:
        self._reader = reader
        self._writer = writer
        self._containers = containers

    async def serve(self) -> None:
        """Answers requests until the other side leaves."""
        with contextlib.suppress(ConnectionError, EOFError, ValueError):
            while line := await self._reader.readline():
                execution = await self._answer(line)
                if execution is not None:
                    await execution.run()
                    break
        self._writer.close()

    async def _answer(self, line: bytes) -> Execution | None:
        """Answers one request; the command that is to run on this connection, if it was one."""
        execution = None
        try:
            asked = json.loads(line)
            operation, uid, container = str(asked["op"]), str(asked["uid"]), str(asked["container"])
            if operation == "exec":
                execution = await self._execution(uid, container, asked)
                answer: dict[str, object] = {"ok": True}
            else:
                answer = await self._signal(operation, uid, container, asked)
        except (Refused, StartFailure, OSError) as refusal:
            answer = {"error": str(refusal)}
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": f"not a request: {error}"}
        self._writer.write(json.dumps(answer).encode() + b"\n")
        await self._writer.drain()
        return execution

    async def _execution(self, uid: str, container: str, asked: Any) -> Execution:
        command = [str(word) for word in asked["command"]]
        wanted = Streams(*(bool(asked.get(name)) for name in ("stdin", "stdout", "stderr", "tty")))
        beside = await self._containers.execution(uid, container, command, tty=wanted.tty)
        return Execution(beside, wanted, self._reader, self._writer)

    async def _signal(self, operation: str, uid: str, container: str, asked: Any) -> dict[str, object]:
        number = int(asked["signal"])
        signal.Signals(number)
        if operation != "signal":
            return {"error": f"unknown operation {operation}"}
        problem = await self._containers.signal(uid, container, number)
        return {"error": problem} if problem else {"ok": True}
