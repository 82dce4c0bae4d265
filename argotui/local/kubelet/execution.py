"""One command in a container, with its streams on a connection."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import struct
import termios
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from argotui.local.execframes import PIECE_BYTES, Channel, frame, read_frame
from argotui.local.runtime.beside import Beside, kill_session

_LINGER_SECONDS = 1.0
"""How long what the command has left behind may go on writing."""
_SIGNALLED = 128


@dataclass(frozen=True)
class Streams:
    """Which streams of the command the client wants. With a terminal stdout and stderr are one."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool


class Execution:
    """Runs the command until it ends or the other side has left; nothing of it runs any more then."""

    def __init__(
        self, beside: Beside, wanted: Streams, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._beside = beside
        self._wanted = wanted
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        """Returns when the end has been told."""
        running = _in_terminal(self._beside) if self._wanted.tty else self._with_pipes()
        try:
            async with running as command:
                await self._attend(command)
        except (OSError, ValueError) as error:
            with contextlib.suppress(ConnectionError):
                await self._send(Channel.ENDED, json.dumps({"error": f"the command could not be started: {error}"}))

    @contextlib.asynccontextmanager
    async def _with_pipes(self) -> AsyncIterator[_Command]:
        wanted = self._wanted
        try:
            process = await self._beside.start(
                PIPE if wanted.stdin else DEVNULL,
                PIPE if wanted.stdout else DEVNULL,
                PIPE if wanted.stderr else DEVNULL,
            )
        finally:
            self._beside.close()
        try:
            outputs = {Channel.STDOUT: process.stdout, Channel.STDERR: process.stderr}
            yield _Command(process, process.stdin, {c: reader for c, reader in outputs.items() if reader is not None})
        finally:
            await kill_session(process)

    async def _attend(self, command: _Command) -> None:
        """Carries the streams, and tells the exit code when all output is through."""
        outputs = [asyncio.create_task(self._carry(channel, reader)) for channel, reader in command.outputs.items()]
        client = asyncio.create_task(self._follow_client(command))
        ended = asyncio.create_task(command.process.wait())
        try:
            await asyncio.wait({ended, client}, return_when=asyncio.FIRST_COMPLETED)
            if client.done():
                return  # nobody is there to be told
            # a child that was left behind may hold the output open for ever
            await asyncio.wait(outputs, timeout=_LINGER_SECONDS) if outputs else None
            code = command.process.returncode or 0
            await self._send(Channel.ENDED, json.dumps({"code": code if code >= 0 else _SIGNALLED - code}))
        except ConnectionError:
            pass  # it has left meanwhile
        finally:
            for task in (*outputs, client, ended):
                task.cancel()
            await asyncio.gather(*outputs, client, ended, return_exceptions=True)

    async def _carry(self, channel: Channel, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):  # a terminal's other end ends so
            while data := await reader.read(PIECE_BYTES):
                self._writer.write(frame(channel, data))
                await self._writer.drain()

    async def _follow_client(self, command: _Command) -> None:
        """Takes what the client sends until it has left."""
        with contextlib.suppress(EOFError, ConnectionError, ValueError):
            while True:
                channel, data = await read_frame(self._reader)
                if channel is Channel.STDIN:
                    await command.feed(data)
                elif channel is Channel.STDIN_CLOSED:
                    command.no_more()
                elif channel is Channel.RESIZE:
                    command.resize(data)

    async def _send(self, channel: Channel, text: str) -> None:
        self._writer.write(frame(channel, text.encode()))
        await self._writer.drain()


@dataclass
class _Command:
    """The process with the ends of its streams; `terminal` is the descriptor of its terminal, -1 without one."""

    process: Process
    stdin: asyncio.StreamWriter | None
    outputs: dict[Channel, asyncio.StreamReader]
    terminal: int = -1

    async def feed(self, data: bytes) -> None:
        """Input for the command; dropped when it reads none."""
        if self.stdin is not None and not self.stdin.is_closing():
            with contextlib.suppress(ConnectionError, OSError):
                self.stdin.write(data)
                await self.stdin.drain()

    def no_more(self) -> None:
        """The end of the input; a terminal has none."""
        if self.stdin is not None and self.terminal < 0:
            self.stdin.close()

    def resize(self, data: bytes) -> None:
        """A new size of the client's window. Raises ValueError for what is none."""
        if self.terminal < 0:
            return
        size: Any = json.loads(data)
        if not isinstance(size, dict):
            raise ValueError("a size is an object")
        rows, columns = (min(max(int(size.get(name) or 0), 0), 0xFFFF) for name in ("Height", "Width"))
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextlib.asynccontextmanager
async def _in_terminal(beside: Beside) -> AsyncIterator[_Command]:
    """The command with a new terminal as all its streams."""
    master, slave = os.openpty()
    try:
        try:
            process = await beside.start(slave, slave, slave)
        finally:
            beside.close()
            os.close(slave)
        try:
            reader, writer = await _streams(master)
            yield _Command(process, writer, {Channel.STDOUT: reader}, master)
            writer.close()
        finally:
            await kill_session(process)
    finally:
        os.close(master)


async def _streams(master: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both directions of a terminal, each with a descriptor of its own."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(master), "rb", 0))
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(os.dup(master), "wb", 0)
    )
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)
