"""Reads whole workflows for rows that know too little, a few at a time.

Those on screen come first, then those that have not ended. Each version of a workflow is read at most once, and never
two of the same workflow at once; a workflow that changes all the time is read as often as answers come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from argotui.engine.tree import Changed
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.resources import WORKFLOWS
from argotui.store.named import Key
from argotui.store.workflows import WorkflowRow, WorkflowTable, row_of_workflow

AT_ONCE = 3
_PAUSE = 1.0


class DetailReader:
    """Keep `run()` in a task; `wake()` when rows changed, `look_at()` when others came into view."""

    def __init__(self, client: Client, table: WorkflowTable, changed: Callable[[Changed], None]) -> None:
        self._client = client
        self._table = table
        self._changed = changed
        self._seen: tuple[Key, ...] = ()
        self._busy: set[Key] = set()
        self._read: dict[Key, str] = {}
        """The version that was read (or could not be read) of each workflow."""
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Something may be missing now."""
        self._wanted.set()

    def look_at(self, keys: Iterable[Key]) -> None:
        """These rows are on screen."""
        seen = tuple(keys)
        if seen != self._seen:
            self._seen = seen
            self.wake()

    async def run(self) -> None:
        """Reads until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            row = self._next()
            if row is None:
                self._wanted.clear()
                await self._wanted.wait()
                continue
            self._busy.add(row.key)
            try:
                await self._look_up(row)
            except KubeError:
                # the list's own freshness tells that the server is away; the same row is tried again
                await asyncio.sleep(_PAUSE)
            finally:
                self._busy.discard(row.key)
                self.wake()

    def _next(self) -> WorkflowRow | None:
        return next((row for row in self._missing() if row.key not in self._busy), None)

    def _missing(self) -> Iterator[WorkflowRow]:
        on_screen = (self._table.get(key) for key in self._seen)
        live = (row for row in self._table.all() if not row.is_completed)
        for row in (*on_screen, *live):
            if row is not None and not row.known and self._read.get(row.key) != row.version:
                yield row

    async def _look_up(self, row: WorkflowRow) -> None:
        namespace, name = row.key
        try:
            workflow = await self._client.get(WORKFLOWS, name, namespace or None)
        except ApiError as error:
            if error.is_not_found or error.is_forbidden:
                self._read[row.key] = row.version  # the watch says what became of it; asking again would not help
                return
            raise
        self._read[row.key] = row.version
        if self._table.get(row.key) is not None:
            self._changed(self._table.put(row_of_workflow(workflow)))
