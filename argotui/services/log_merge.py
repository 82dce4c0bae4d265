"""Several logs as one, in the order of time."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator

from argotui.services.log_stream import LogLine, LogStream

QUIET_SECONDS = 0.2
"""A followed log that says nothing for so long does not hold back the lines of the others."""

MAX_OPEN = 64
"""Streams that are open at once; beyond it the order in time gives way to the order of starting."""

AHEAD = 8
"""Streams that may be open before the merge needs them, so that a slow link is not waited for at each of them."""

_BREATH = 256
"""Lines after which the other tasks of the loop get a turn."""


class _Reader:
    """One open stream. `lines` waits to be merged; while it is empty the reader is either loud (the merge waits
    for it, as its next line may be the oldest) or quiet."""

    def __init__(self, number: int, stream: LogStream) -> None:
        self.number = number
        self.stream = stream
        self.lines: deque[LogLine] = deque()
        self.wanted = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class LogMerge:
    """Streams are added while the merge runs; it ends when all of them have ended and no more can come."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, int, LogStream]] = []
        self._heads: list[tuple[str, int, _Reader]] = []
        self._loud: set[_Reader] = set()
        self._open: set[_Reader] = set()
        self._changed = asyncio.Event()
        self._count = 0
        self._error: BaseException | None = None

    def add(self, stream: LogStream, started: str) -> None:
        """A stream whose first line is not older than the sort key `started`."""
        self._count += 1
        heapq.heappush(self._waiting, (started, self._count, stream))
        self._changed.set()

    async def lines(self, feeder: asyncio.Task[None]) -> AsyncIterator[LogLine]:
        """All lines. `feeder` is the task that adds streams; its error, and that of a stream, is raised here."""
        feeder.add_done_callback(lambda _: self._changed.set())
        since = 0
        while True:
            self._changed.clear()
            self._raise(feeder)
            self._open_due()
            while self._heads and not self._loud:
                yield self._oldest()
                self._open_due()
                since += 1
                if since % _BREATH == 0:
                    await asyncio.sleep(0)
            if self._is_over(feeder):
                self._raise(feeder)
                return
            await self._wait()

    async def close(self) -> None:
        """Closes every stream."""
        tasks = [reader.task for reader in self._open if reader.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._open.clear()

    def _raise(self, feeder: asyncio.Task[None]) -> None:
        if self._error:
            raise self._error
        if feeder.done():
            feeder.result()

    def _is_over(self, feeder: asyncio.Task[None]) -> bool:
        return feeder.done() and not (self._open or self._waiting or self._heads)

    def _open_due(self) -> None:
        """Opens what may hold a line older than the oldest one at hand, and a few ahead of time."""
        while self._waiting and len(self._open) < MAX_OPEN:
            due = bool(self._heads) and self._waiting[0][0] <= self._heads[0][0]
            if not due and len(self._open) >= AHEAD:
                return
            _, number, stream = heapq.heappop(self._waiting)
            reader = _Reader(number, stream)
            self._open.add(reader)
            self._loud.add(reader)
            reader.task = asyncio.create_task(self._pump(reader))

    async def _pump(self, reader: _Reader) -> None:
        try:
            async for batch in reader.stream.batches():
                reader.lines.extend(batch)
                self._loud.discard(reader)
                heapq.heappush(self._heads, (batch[0].key, reader.number, reader))
                self._changed.set()
                reader.wanted.clear()
                await reader.wanted.wait()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to whoever reads the merged lines
            self._error = error
        finally:
            self._loud.discard(reader)
            self._open.discard(reader)
            self._changed.set()

    def _oldest(self) -> LogLine:
        _, _, reader = heapq.heappop(self._heads)
        line = reader.lines.popleft()
        if reader.lines:
            heapq.heappush(self._heads, (reader.lines[0].key, reader.number, reader))
        elif reader in self._open:
            self._loud.add(reader)
            reader.wanted.set()
        return line

    async def _wait(self) -> None:
        """Until something changes. Followed logs that stay silent meanwhile become quiet."""
        try:
            async with asyncio.timeout(QUIET_SECONDS if self._heads else None):
                await self._changed.wait()
        except TimeoutError:
            self._loud = {reader for reader in self._loud if not reader.stream.live}
