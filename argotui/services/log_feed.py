"""The log on screen: lines of one pod, or of all pods of a workflow, into a buffer of the store.

Lines are never taken back: when a pod vanishes, what was read stays. What could not be read is told as a note.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum

from argotui.engine.tree import Changed
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.services.feed import supervised
from argotui.services.logs import LogLine, LogRequest, workflow_logs
from argotui.services.streams import closing
from argotui.store.freshness import Freshness
from argotui.store.logs import LogBuffer, RawLine
from argotui.store.text import one_line

BATCH = 500
"""Lines that are taken over at once."""
AHEAD = 2 * BATCH
LATENCY = 0.1
"""Seconds for which lines are gathered, so that a fast log costs a few repaints a second."""


class LogState(Enum):
    """What the badge says."""

    WAITING = "waiting"
    FOLLOWING = "following"
    ENDED = "ended"


@dataclass
class LogFeed:
    """Follows the log of `workflow`; only of one pod where the request names it."""

    client: Client
    workflow: Callable[[], Document]
    request: LogRequest
    label: Callable[[str, str], str | None]
    """From a node id and a pod name to what the gutter shows; None leaves the line out."""
    changed: Callable[[Changed], None]
    buffer: LogBuffer = field(default_factory=LogBuffer)
    freshness: Freshness = field(default_factory=Freshness)
    state: LogState = LogState.WAITING
    notes: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Reads until the log ends, then stays silent; cancelled when the view closes."""
        await supervised(self.freshness, self._read, self.changed)

    async def _read(self) -> None:
        if self.state is LogState.ENDED:
            await asyncio.Event().wait()  # nothing more will come
        self.buffer.clear()  # the log is read again from its beginning
        lines = workflow_logs(self.client, self.workflow(), self.request, on_note=self._note)
        try:
            async with closing(_batches(self._raw(lines))) as batches:
                async for batch in batches:
                    self.state = LogState.FOLLOWING
                    self.freshness.said(asyncio.get_running_loop().time())
                    self.buffer.append(batch)
                    self.changed(Changed())
        except ApiError as error:
            if not error.is_forbidden:
                raise
            self._note(f"not allowed: {error.message}")
        self.state = LogState.ENDED
        self.changed(Changed())

    async def _raw(self, lines: AsyncIterator[LogLine]) -> AsyncIterator[RawLine]:
        async with closing(lines) as arriving:
            async for line in arriving:
                label = self.label(line.source.node_id, line.source.pod)
                if label is not None:
                    yield RawLine(label, line.time, line.text)

    def _note(self, text: str) -> None:
        self.notes.append(one_line(text))
        self.changed(Changed())


async def _batches(lines: AsyncIterator[RawLine]) -> AsyncIterator[list[RawLine]]:
    """Lines gathered for `LATENCY` seconds, at most `BATCH` of them; no more than `AHEAD` are read in advance."""
    queue: asyncio.Queue[RawLine | None] = asyncio.Queue()
    drained = asyncio.Event()

    async def pump() -> None:
        try:
            async with closing(lines) as arriving:
                async for line in arriving:
                    queue.put_nowait(line)
                    if queue.qsize() > AHEAD:
                        drained.clear()
                        await drained.wait()
        finally:
            queue.put_nowait(None)

    task = asyncio.create_task(pump())
    try:
        ended = False
        while not ended:
            batch = [await queue.get()]
            await asyncio.sleep(0 if queue.qsize() > BATCH // 2 else LATENCY)
            while not queue.empty() and len(batch) < BATCH:
                batch.append(queue.get_nowait())
            drained.set()
            ended = None in batch
            kept = [line for line in batch if line is not None]
            if kept:
                yield kept
        await task
    finally:
        task.cancel()  # it closes its streams itself: one that is being read cannot be closed from outside
        await asyncio.gather(task, return_exceptions=True)
