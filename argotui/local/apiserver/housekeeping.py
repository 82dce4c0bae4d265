"""What has to be done every second or minute: compaction, checkpoints of the write-ahead log, old events."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
import time
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

    async def run(self) -> None:
        """Works until cancelled."""
        loop = asyncio.get_running_loop()
        copied = self._context.store.revision
        for tick in itertools.count(1):
            await asyncio.sleep(min(_TICK_SECONDS, self._compaction.keep.seconds))
            self._compaction.run()
            if tick % _EVENT_TICKS == 0:
                await self._expire_events()
            revision = self._context.store.revision
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

    async def _expire_events(self) -> None:
        """Events are kept for an hour after their last change (or after the server's start)."""
        limit = time.monotonic() - _EVENT_SECONDS
        store = self._context.store
        old = [e for e in store.head.shelf("events").select() if self._compaction.written_at(e.seq) < limit]
        for entry in old:
            newest = store.latest(entry.key)
            if newest is not None and newest.seq == entry.seq:
                try:
                    await deleting.remove(self._context, newest, {})
                except StatusError as error:
                    log.warning("an old event could not be removed: %s", error)
                    return
