"""GET with ?watch: the answer that does not end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator

from aiohttp import web

from argotui.local.apiserver import history, listoptions, requests, status, views
from argotui.local.apiserver.accept import Form
from argotui.local.apiserver.answers import hang_up, send
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import collect, selection_of
from argotui.local.apiserver.selection import Selection
from argotui.local.apiserver.storage.entry import Entry
from argotui.local.apiserver.watching import Happening, Subscription, line, transition, with_revision

_BOOKMARK_SECONDS = 50.0
_LONGEST_SECONDS = (1800.0, 3600.0)
_CHUNK_BYTES = 64 << 10
_BATCH_ENTRIES = 200
_BEGIN_SECONDS = 120.0
_INITIAL_END = "k8s.io/initial-events-end"


class _Watch:
    """One watch on its way: renders events and keeps the place."""

    def __init__(self, call: Call, subscription: Subscription, revision: int) -> None:
        self._call = call
        self._subscription = subscription
        self._view = call.view
        self._columns_due = self._view.form is Form.TABLE
        self.revision = revision
        """Everything up to here has been told."""

    @property
    def selection(self) -> Selection:
        """What is watched."""
        return self._subscription.selection

    def line(self, type_: str, entry: Entry, body: bytes) -> bytes:
        """One event. The first of a Table brings the columns."""
        columns, self._columns_due = self._columns_due, False
        return line(self._call.collection, type_, entry, body, self._view, columns=columns)

    def shared_line(self, type_: str, happening: Happening) -> bytes:
        """One live event, from the lines that other watchers have had made of it already."""
        if self._columns_due:
            return self.line(*self._told(type_, happening))
        key = (type_, self._view)
        found = happening.lines.get(key)
        if found is None:
            found = happening.lines[key] = self.line(*self._told(type_, happening))
        return found

    def _told(self, type_: str, happening: Happening) -> tuple[str, Entry, bytes]:
        change = happening.change
        if type_ != "LEFT":
            return type_, change.entry, change.body
        return "DELETED", change.entry, happening.left(self._call.context.store.bodies.read)

    def bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        """The place in the sequence, without an object."""
        metadata: dict[str, object] = {"resourceVersion": str(self.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        resource = self._call.collection.resource
        if self._view.form is Form.TABLE:
            form: dict[str, object] = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
            form |= {"columnDefinitions": None, "rows": []}
        elif self._view.form is Form.METADATA:
            form = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        else:
            form = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return views.event_line("BOOKMARK", views.encode(form))


def _error(error: status.StatusError) -> bytes:
    return views.event_line("ERROR", views.encode(error.body()))


async def serve(call: Call) -> web.StreamResponse:
    """Answers a watch until the client leaves, its time is over, or it falls too far behind."""
    selection = selection_of(call)
    listoptions.check_watch(call.query)
    asked = listoptions.revision_asked(call.query, listing=False)
    initial = listoptions.initial_events(call.query)
    bookmarks = requests.flag(call.query, "allowWatchBookmarks")
    seconds = requests.number(call.query, "timeoutSeconds") or random.uniform(*_LONGEST_SECONDS)
    deadline = time.monotonic() + seconds
    store, hub = call.context.store, call.context.hub
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    # the subscription, the revision and the present state have to be of one moment: nothing is awaited here
    subscription = hub.subscribe(call.collection, selection)
    watch = _Watch(call, subscription, store.revision)
    whole = not asked if initial is None else initial
    present = collect(call, selection) if whole else None
    try:
        # who does not take the present state within this time is given up, since it keeps old versions alive
        with store.pinned():
            async with asyncio.timeout(_BEGIN_SECONDS):
                await response.prepare(call.request)
                await _begin(call, watch, response, asked or 0, present)
        if initial and bookmarks:
            await response.write(watch.bookmark({_INITIAL_END: "true"}))
        await _follow(call, watch, subscription, response, deadline, bookmarks=bookmarks)
        await response.write_eof()
    except status.StatusError as error:
        await response.write(_error(error))
        await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        hang_up(call.request)  # there is nobody to tell
    finally:
        hub.unsubscribe(subscription)
    return response


async def _begin(
    call: Call, watch: _Watch, response: web.StreamResponse, asked: int, present: list[Entry] | None
) -> None:
    """What comes before the live events: the present state as ADDED, or the changes since `asked`."""
    start = watch.revision
    if asked > start:
        if present is not None:
            raise status.too_large(asked, start)
        raise status.expired(f"resource version {asked} is not known here, the newest is {start}")
    lines = _past(call, watch, asked or start) if present is None else _present(call, watch, present)
    waiting: list[bytes] = []
    size = 0
    async for line_ in lines:
        waiting.append(line_)
        size += len(line_)
        if size > _CHUNK_BYTES:
            await send(response, b"".join(waiting))
            waiting, size = [], 0
    if waiting:
        await send(response, b"".join(waiting))


async def _present(call: Call, watch: _Watch, entries: list[Entry]) -> AsyncIterator[bytes]:
    store = call.context.store
    for start in range(0, len(entries), _BATCH_ENTRIES):
        batch = entries[start : start + _BATCH_ENTRIES]
        bodies = await history.bodies(store, batch)
        for entry in batch:
            yield watch.line("ADDED", entry, bodies[entry.seq])


async def _past(call: Call, watch: _Watch, asked: int) -> AsyncIterator[bytes]:
    store, selection = call.context.store, watch.selection
    if asked < store.compacted:
        raise status.too_old(asked, store.compacted)
    async for change, before in history.changes(store, call.collection, asked, watch.revision):
        type_ = transition(change, selection)
        if type_ == "LEFT":
            yield watch.line("DELETED", change.entry, with_revision(before, change.entry.seq))
        elif type_:
            yield watch.line(type_, change.entry, change.body)


async def _follow(
    call: Call,
    watch: _Watch,
    subscription: Subscription,
    response: web.StreamResponse,
    deadline: float,
    *,
    bookmarks: bool,
) -> None:
    """Live events, with a bookmark whenever nothing was said for a while."""
    store, closing = call.context.store, call.context.closing
    while not closing.is_set():
        left = deadline - time.monotonic()
        if left <= 0:
            break
        if not await _woken(subscription, min(left, _BOOKMARK_SECONDS)):
            if bookmarks and left > _BOOKMARK_SECONDS:
                watch.revision = store.revision
                await response.write(watch.bookmark())
            continue
        for chunk in _chunks(watch, subscription.take()):
            await send(response, chunk)
        if subscription.overflowed:
            raise status.expired("the watch did not read its events fast enough; list again")
    if bookmarks:
        watch.revision = store.revision
        await response.write(watch.bookmark())


async def _woken(subscription: Subscription, seconds: float) -> bool:
    if subscription.wake.is_set():
        return True
    try:
        async with asyncio.timeout(seconds):
            return await subscription.wake.wait()
    except TimeoutError:
        return False


def _chunks(watch: _Watch, events: list[tuple[str, Happening]]) -> list[bytes]:
    """Events as pieces of about _CHUNK_BYTES, so that few writes carry many small events."""
    chunks: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    for type_, happening in events:
        lines.append(watch.shared_line(type_, happening))
        size += len(lines[-1])
        if size >= _CHUNK_BYTES:
            chunks.append(b"".join(lines))
            lines, size = [], 0
    if lines:
        chunks.append(b"".join(lines))
    return chunks
