"""The past: what happened since a resourceVersion, and lists as they were at one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from argotui.local.apiserver import status
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.database import DELETED
from argotui.local.apiserver.storage.entry import Entry, Key, entry_of_body
from argotui.local.apiserver.storage.store import Change, Store

_CHUNK = 500

_SINCE = (
    "SELECT e.seq, e.namespace, e.name, e.type, e.body, p.seq, p.body FROM event e"
    " LEFT JOIN event p ON p.seq = e.previous"
    " WHERE e.seq > ? AND e.seq <= ? AND e.collection = ? ORDER BY e.seq LIMIT ?"
)
_AT = (
    "SELECT seq, namespace, name FROM (SELECT max(seq) AS seq, namespace, name, type FROM event"
    " WHERE seq <= ? AND collection = ? AND (namespace, name) > (?, ?) GROUP BY namespace, name)"
    " WHERE type != ? ORDER BY namespace, name"
)


def _entry(collection: Collection, seq: int, namespace: str, name: str, body: bytes) -> Entry:
    key = Key(collection.id, namespace, name)
    return entry_of_body(key, seq, body, collection.field_paths)


async def _query(store: Store, sql: str, *parameters: object) -> list[Any]:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(store.bodies.pool, store.bodies.query, sql, parameters)


async def changes(store: Store, collection: Collection, after: int, until: int) -> AsyncIterator[tuple[Change, bytes]]:
    """Changes with after < seq <= until, in order, each with the body of the version before (or b"")."""
    while True:
        rows = await _query(store, _SINCE, after, until, collection.id, _CHUNK)
        if after < store.compacted:
            raise status.too_old(after, store.compacted)  # removed while it was being read
        for seq, namespace, name, type_, body, old_seq, old_body in rows:
            previous = _entry(collection, old_seq, namespace, name, old_body) if old_seq else None
            yield Change(type_, _entry(collection, seq, namespace, name, body), previous, body), old_body or b""
        if len(rows) < _CHUNK:
            return
        after = rows[-1][0]


async def at(
    store: Store, collection: Collection, seq: int, after: tuple[str, str]
) -> AsyncIterator[tuple[Entry, bytes]]:
    """The collection as it was at `seq`, behind the place `after`, in the order of lists.

    Raises StatusError 410 when that is compacted.
    """
    places = await _query(store, _AT, seq, collection.id, *after, DELETED)
    for start in range(0, len(places), _CHUNK):
        chunk = places[start : start + _CHUNK]
        found = await _read(store, [s for s, _, _ in chunk])
        if seq < store.compacted:
            raise status.too_old(seq, store.compacted)
        for s, namespace, name in chunk:
            yield _entry(collection, s, namespace, name, found[s]), found[s]


async def _read(store: Store, seqs: list[int]) -> dict[int, bytes]:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(store.bodies.pool, store.bodies.read_many, seqs)


async def bodies(store: Store, entries: list[Entry]) -> dict[int, bytes]:
    """The bodies of committed versions by seq, from memory where they are."""
    # collected first: what is in memory now may be pushed out while a thread reads the rest
    found = {entry.seq: body for entry in entries if (body := store.bodies.cached(entry.seq)) is not None}
    missing = [entry.seq for entry in entries if entry.seq not in found]
    if missing:
        found.update(await _read(store, missing))
    return found
