"""Watches that keep the store like the cluster. They run until cancelled and heal themselves.

Each feed owns one table of the store and one `Freshness`, and calls `changed` after each change of either. Nothing here
waits for a screen, and no screen waits for anything here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from argotui.engine.tree import Changed
from argotui.kube.backoff import Backoff
from argotui.kube.client import Client, WatchEvent
from argotui.kube.errors import ApiError, BrokenStream, KubeError
from argotui.kube.freshness import Link, link_after, pause_after, reason_of
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import WORKFLOWS, Resource
from argotui.services.details import DetailReader
from argotui.store.freshness import Freshness
from argotui.store.named import Key, NamedTable, R
from argotui.store.nodes import NodeTable
from argotui.store.text import one_line
from argotui.store.workflows import WorkflowRow, WorkflowTable, row_of_cells, row_of_metadata

log = logging.getLogger(__name__)

PAGE = 200
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
BEAT = 0.5
"""Seconds between looks at a reflector's freshness."""

OnChange = Callable[[Changed], None]


async def supervised(
    freshness: Freshness,
    work: Callable[[], Awaitable[None]],
    changed: OnChange,
    reason: Callable[[KubeError], str] = str,
) -> NoReturn:
    """Does `work` again and again, with growing pauses after errors. What went wrong is told by `freshness`.

    reason: an error in words.
    """
    backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
    clock = asyncio.get_running_loop().time
    while True:
        began, at_least = clock(), 0.0
        try:
            await work()
        except KubeError as error:
            at_least = pause_after(error)
            freshness.lost(one_line(reason(error)), link_after(error))
        except Exception as error:
            log.exception("a feed failed")
            freshness.lost(one_line(f"internal error: {error!r}"))
        if clock() - began > LONGEST_PAUSE:
            backoff.reset()
        pause = backoff.next(at_least)
        if freshness.link is not Link.LIVE:
            freshness.retry_at = clock() + pause
        changed(Changed())
        await asyncio.sleep(pause)
        freshness.retry_at = None


@dataclass
class WorkflowFeed:
    """Follows the workflows of a namespace (None: of all) as Table rows; whole objects are read by `details`."""

    client: Client
    namespace: str | None
    table: WorkflowTable
    changed: OnChange
    freshness: Freshness = field(default_factory=Freshness)
    details: DetailReader = field(init=False)

    def __post_init__(self) -> None:
        self.details = DetailReader(self.client, self.table, self.changed)
        self._version = ""
        self._verb = "list"
        self._page = PAGE
        self._columns: list[str] = []
        self._is_sketched = False
        """Whether every row of the first list has been shown, if only by its cells."""

    async def run(self) -> None:
        """Follows until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(supervised(self.freshness, self._follow, self.changed, self._reason))
            group.create_task(self.details.run())

    async def _follow(self) -> None:
        try:
            if not self._version:
                await self._list()
            await self._watch()
        except KubeError as error:
            gone = isinstance(error, ApiError) and error.is_gone
            link = link_after(error)
            if gone or isinstance(error, BrokenStream) or link is Link.DENIED:
                self._version = ""  # resuming would meet the same answer again; who may only list, lists again
            if gone and self._verb == "list":
                self._page = 0  # the list changes faster than its pages are read: all of it at once
            if not gone:
                raise

    def _reason(self, error: KubeError) -> str:
        return reason_of(error, self._verb, WORKFLOWS, self.namespace)

    async def _list(self) -> None:
        self._verb = "list"
        rows: dict[Key, WorkflowRow] = {}
        token = ""
        while True:
            page = await self.client.table(
                WORKFLOWS, self.namespace, include_object="Metadata", limit=self._page, continue_token=token
            )
            self._heard()
            found = self._rows(page)
            rows.update((row.key, row) for row in found)
            metadata = page.get("metadata") or {}
            is_first, token = not token, str(metadata.get("continue") or "")
            await self._show_early(found, has_more=is_first and bool(token))
            if not token:
                break
        self._version = str(metadata.get("resourceVersion") or "")
        self.changed(self.table.replace_all(rows))
        self.details.wake()

    async def _show_early(self, page: list[WorkflowRow], *, has_more: bool) -> None:
        """Shows rows of the first list while the rest is on its way.

        A Table without objects is much cheaper than pages with metadata (0.04 s for 3,000 rows), so after the first
        page the names, phases and ages of all the others are shown at once. It does not say of which namespace a row
        is, so it serves one namespace only.
        """
        if self.table.is_listed:
            return
        if has_more or not self._is_sketched:
            self.changed(self.table.put_all(page))
        if has_more and self.namespace is not None:
            known = {row.key for row in page}
            rest = [row for row in await self._sketched(self.namespace) if row.key not in known]
            self.changed(self.table.put_all(rest))
            self._is_sketched = True

    async def _sketched(self, namespace: str) -> list[WorkflowRow]:
        table = await self.client.table(WORKFLOWS, namespace, include_object="None")
        self._heard()
        columns = [str(c.get("name")).lower() for c in table.get("columnDefinitions") or ()]
        now = datetime.now(UTC)
        cells = (dict(zip(columns, row.get("cells") or (), strict=False)) for row in table.get("rows") or ())
        return [row_of_cells(namespace, each, now) for each in cells if each.get("name")]

    async def _watch(self) -> None:
        self._verb = "watch"
        events = self.client.watch(
            WORKFLOWS,
            self.namespace,
            resource_version=self._version,
            table="Metadata",
            opened=self._heard,
        )
        async with aclosing(events):
            async for event in events:
                self._heard()
                self._take(event)

    def _take(self, event: WatchEvent) -> None:
        version = documents.resource_version(event.object)
        for row in self._rows(event.object):
            version = version or row.version
            if event.type == "DELETED":
                self.changed(self.table.remove(row.key))
            elif event.type != "BOOKMARK":
                self.changed(self.table.put(row))
                self.details.wake()
        self._version = version or self._version

    def _rows(self, table: Document) -> list[WorkflowRow]:
        columns = [str(c.get("name")).lower() for c in table.get("columnDefinitions") or ()]
        self._columns = columns or self._columns  # a watch names them once
        rows = []
        for row in table.get("rows") or ():
            metadata = (row.get("object") or {}).get("metadata")
            if isinstance(metadata, dict) and metadata.get("name"):
                metadata.pop("managedFields", None)
                cells: Mapping[str, Any] = dict(zip(self._columns, row.get("cells") or (), strict=False))
                rows.append(row_of_metadata(metadata, cells))
        return rows

    def _heard(self) -> None:
        self.freshness.said(asyncio.get_running_loop().time())


@dataclass
class ReflectorFeed:
    """Follows whole objects with a reflector and keeps a `Freshness` in step with it."""

    reflector: Reflector
    changed: OnChange
    freshness: Freshness = field(default_factory=Freshness)

    async def run(self) -> None:
        """Follows until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.reflector.run())
            group.create_task(self._beat())

    async def _beat(self) -> NoReturn:
        while True:
            self._look()
            await asyncio.sleep(BEAT)

    def _look(self) -> None:
        seen = self.reflector.freshness
        before = (self.freshness.link, self.freshness.error, self.freshness.retry_at)
        if seen.connected and seen.last_contact is not None:
            self.freshness.said(seen.last_contact)
        elif seen.last_error:
            self.freshness.heard = seen.last_contact
            self.freshness.lost(one_line(seen.last_error), seen.link, seen.retry_at)
        if before != (self.freshness.link, self.freshness.error, self.freshness.retry_at):
            self.changed(Changed())


def open_workflow(client: Client, table: NodeTable, changed: OnChange) -> ReflectorFeed:
    """A feed that keeps one workflow whole."""

    def on_change(delta: Delta) -> None:
        if delta.type is DeltaType.DELETED:
            table.lost()
            changed(Changed((), 0))
        else:
            changed(table.take(delta.object))

    namespace, name = table.key
    reflector = Reflector(
        client, WORKFLOWS, namespace or None, field_selector=f"metadata.name={name}", on_change=on_change
    )
    return ReflectorFeed(reflector, changed)


def open_named(
    client: Client, res: Resource, namespace: str | None, table: NamedTable[R], changed: OnChange
) -> ReflectorFeed:
    """A feed of all objects of one kind (templates, CronWorkflows)."""

    def on_change(delta: Delta) -> None:
        if delta.type is DeltaType.DELETED:
            changed(table.remove(documents.key(delta.object)))
        else:
            changed(table.take(delta.object))

    return ReflectorFeed(Reflector(client, res, namespace, on_change=on_change), changed)
