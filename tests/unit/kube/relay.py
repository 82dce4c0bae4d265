"""What lies between a client and its server: a wire that can be cut or go dead, and a proxy."""

import asyncio
import base64
import contextlib
import socket
import struct
from typing import Self


class Relay:
    """Passes bytes on to a server. `frozen` swallows them without a word, as a VPN does that went away."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.connections = 0
        self.cut_after: int | None = None
        """Bytes of answers, counted over all connections, after which everything is cut; once."""
        self.frozen = False
        self._thawed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.thaw()
        await asyncio.gather(*self._tasks)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Resets every connection."""
        for writer in list(self._open):
            made: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._open.clear()

    def freeze(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self.frozen = True
        self._thawed.clear()

    def thaw(self) -> None:
        """New connections pass; those from before are lost, as after a VPN came back with another address."""
        self.frozen = False
        self.cut()
        self._thawed.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        with contextlib.suppress(OSError):
            await self.handle(reader, writer)
        writer.close()
        self._open.discard(writer)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.join(reader, writer, *self.target)

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        """Connects to a server and passes bytes both ways until one of the two closes."""
        there, back = await asyncio.open_connection(host, port)
        self._open.add(back)
        ways = [asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass(there, writer, True))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.close()
            self._open.discard(back)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool = False) -> None:
        while data := await reader.read(2**16):
            if self.frozen:
                await self._thawed.wait()
                return
            if answers and self.cut_after is not None:
                if len(data) > self.cut_after:
                    writer.write(data[: self.cut_after])
                    await writer.drain()
                    self.cut_after = None
                    self.cut()
                    return
                self.cut_after -= len(data)
            writer.write(data)
            await writer.drain()


class ConnectProxy(Relay):
    """An HTTP proxy for CONNECT. It alone knows where names lead to: all of them to one server."""

    def __init__(self, host: str, port: int, *, password: str = "") -> None:
        super().__init__(host, port)
        self.asked: list[str] = []
        self.answer = b"200 Connection established"
        self._wanted = base64.b64encode(password.encode()).decode() if password else ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, name, _ = head.split(" ", 2)
        self.asked.append(f"{method} {name}")
        if self._wanted and f"Proxy-Authorization: Basic {self._wanted}\r\n" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 " + self.answer + b"\r\n\r\n")
        await writer.drain()
        if self.answer.startswith(b"200"):
            await self.join(reader, writer, *self.target)
