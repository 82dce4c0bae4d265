"""The parts of one cluster put together: store, served resources, and those who act on changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from argotui.local.apiserver import bootstrap, served
from argotui.local.apiserver.access.access import Access
from argotui.local.apiserver.access.users import User
from argotui.local.apiserver.cleaner import Cleaner
from argotui.local.apiserver.collector import Collector
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.housekeeping import Housekeeping
from argotui.local.apiserver.storage.compaction import Compaction, Keep
from argotui.local.apiserver.storage.store import Change, Store
from argotui.local.apiserver.watching import Hub


class Cluster:
    """One cluster, without its HTTP server."""

    def __init__(self, directory: Path, tokens: Mapping[str, User], keep: Keep, max_bytes: int = 0) -> None:
        hub = Hub()
        store = Store(directory / "db.sqlite", served.field_paths(), self._publish, max_bytes)
        access = Access(directory, store, tokens)
        self.context = Context(directory, access, store, served.Served(), hub)
        self._collector = Collector(self.context)
        self._cleaner = Cleaner(self.context)
        self._definitions = served.Definitions(self.context.served, store)
        self._compaction = Compaction(store, keep)
        self._observers: tuple[Callable[[Change], None], ...] = (
            self._definitions.observe,
            *access.observers,
            hub.publish,
            self._compaction.observe,
            self._collector.observe,
            self._cleaner.observe,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def _publish(self, change: Change) -> None:
        for observe in self._observers:
            observe(change)

    async def start(self) -> None:
        """Makes what a cluster has from the start, and begins to clean up."""
        self._definitions.start()
        self.context.access.load()
        await bootstrap.prepare(self.context)
        self._collector.start()
        self._cleaner.start()
        housekeeping = Housekeeping(self.context, self._compaction)
        for work in (self._collector.run, self._cleaner.run, housekeeping.run, self.context.access.aggregator.run):
            self._tasks.append(asyncio.create_task(work(), name=work.__qualname__))

    async def until_closing(self) -> None:
        """Waits for the end. Raises what a part failed with: the supervisor starts the server again."""
        closing = asyncio.create_task(self.context.closing.wait())
        done, _ = await asyncio.wait([closing, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Ends the parts and closes the file."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.context.store.close()
