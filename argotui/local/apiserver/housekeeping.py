"""What has to be done every second or minute: compaction, checkpoints of the write-ahead log, old events."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from argotui.local.apiserver import deleting
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.compaction import Compaction
from argotui.local.apiserver.storage.database import connect

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
_EVENT_TICKS = 60
_EVENT_SECONDS = 3600.0


class Housekeeping:
    """Runs as a task."""

    def __init__(self, context: Context, compaction: Compaction) -> None:
        self._context = context
        self._compaction = compaction
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._connection: sqlite3.Connection | None = None
        self._marks: deque[tuple[float, int]] = deque()
        self._hour_old = 0

    async def run(self) -> None:
        """Works until cancelled."""
        loop = asyncio.get_running_loop()
        copied = self._context.store.revision
        for tick in itertools.count(1):
            await asyncio.sleep(min(_TICK_SECONDS, self._compaction.keep.seconds))
            self._compaction.run()
            revision = self._context.store.revision
            if tick % _EVENT_TICKS == 0:
                await self._expire_events(self.hour_old(time.monotonic(), revision))
            if revision != copied:
                await loop.run_in_executor(self._thread, self._checkpoint)
                copied = revision

    def _checkpoint(self) -> None:
        """Copies the write-ahead log into the file, in a thread of its own: it waits for the disk."""
        try:
            if self._connection is None:
                self._connection = connect(self._context.store.path)
                self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            log.warning("checkpoint failed: %s", error)

    def hour_old(self, now: float, revision: int) -> int:
        """The revision of an hour ago, 0 when the server is younger. `now` is monotonic, `revision` the present one."""
        self._marks.append((now, revision))
        while self._marks[0][0] < now - _EVENT_SECONDS:
            self._hour_old = self._marks.popleft()[1]
        return self._hour_old

    async def _expire_events(self, until: int) -> None:
        """Removes events that were not written since the revision `until`."""
        store = self._context.store
        for entry in [entry for entry in store.head.shelf("events").select() if entry.seq <= until]:
            newest = store.latest(entry.key)
            if newest is not None and newest.seq == entry.seq:
                try:
                    await deleting.remove(self._context, newest, {})
                except StatusError as error:
                    log.warning("an old event could not be removed: %s", error)
                    return
