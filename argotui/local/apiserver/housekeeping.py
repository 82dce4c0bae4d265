"""What has to be done every few seconds: compaction, checkpoints of the write-ahead log, old events."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time

from argotui.local.apiserver import deleting
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.compaction import Compaction
from argotui.local.apiserver.storage.database import connect

log = logging.getLogger(__name__)

_TICK_SECONDS = 5.0
_EVENT_SECONDS = 3600.0
_WAL_PASSIVE, _WAL_FORCED = 4 << 20, 64 << 20
"""Sizes of the log from which it is copied into the file, and from which writers wait for that."""


class Housekeeping:
    """Runs as a task."""

    def __init__(self, context: Context, compaction: Compaction) -> None:
        self._context = context
        self._compaction = compaction

    async def run(self) -> None:
        """Works until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(_TICK_SECONDS, self._compaction.keep.seconds))
            self._compaction.run()
            await loop.run_in_executor(self._context.store.bodies.pool, self._checkpoint)
            await self._expire_events()

    def _checkpoint(self) -> None:
        path = self._context.store.path
        try:
            size = path.with_name(path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return
        if size < _WAL_PASSIVE:
            return
        mode = "TRUNCATE" if size > _WAL_FORCED else "PASSIVE"
        connection = connect(path)
        try:
            connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        except sqlite3.Error as error:
            log.warning("checkpoint failed: %s", error)
        finally:
            connection.close()

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
