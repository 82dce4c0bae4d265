"""Reads and writes of objects, on the event loop.

A write is decided and numbered at once on the loop and acknowledged when its row is in the file.
Between the two it lives in `pending`: later writes build on it, readers and watchers do not see it,
so nobody ever learns of a change that a crash could take back. When storing fails, everything that
is pending fails with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from argotui.local.apiserver import status
from argotui.local.apiserver.storage import database
from argotui.local.apiserver.storage.bodies import Bodies
from argotui.local.apiserver.storage.entry import Entry, Key, entry_of, entry_of_body
from argotui.local.apiserver.storage.head import Head
from argotui.model.documents import Document

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_CACHE_BYTES = 32 << 20


@dataclass(slots=True, eq=False)
class Change:
    """One committed change. `previous` is the version before it, None for a new object."""

    type: int
    entry: Entry
    previous: Entry | None
    body: bytes

    @property
    def deleted(self) -> bool:
        """Whether the object is gone now; `body` is then its last state."""
        return self.type == database.DELETED


@dataclass(slots=True, eq=False)
class _Pending:
    change: Change
    stored: asyncio.Future[Change]


class Store:
    """The objects of one cluster. `field_paths` names the selectable fields of each collection."""

    def __init__(
        self,
        path: Path,
        field_paths: Mapping[str, Sequence[str]],
        publish: Callable[[Change], None],
        max_bytes: int = 0,
    ) -> None:
        database.prepare(path)
        self.path = path
        self.head = Head()
        self.bodies = Bodies(path, _CACHE_BYTES)
        self._field_paths = field_paths
        self._publish = publish
        self._pending: dict[Key, _Pending] = {}
        self._pins: Counter[int] = Counter()
        self._epoch = 0
        self.revision, self.compacted = _load(self.bodies.connection(), self.head, field_paths)
        self._last_seq = self.revision
        self.writer = database.Writer(path, asyncio.get_running_loop(), self._stored, self._failed, max_bytes)

    def close(self) -> None:
        """Stores what is queued and closes the file."""
        self.writer.close()
        self.bodies.close()

    @contextlib.contextmanager
    def pinned(self) -> Iterator[None]:
        """Keeps the versions that are newest now until the block is left, whatever is compacted meanwhile."""
        self._pins[self.revision] += 1
        pin = self.revision
        try:
            yield
        finally:
            self._pins[pin] -= 1
            if not self._pins[pin]:
                del self._pins[pin]

    def oldest_pin(self) -> int | None:
        """The revision up to which history may go at most; None when nothing is pinned."""
        return min(self._pins, default=None)

    def fact(self, name: str) -> int:
        """A number that was remembered beside the objects; 0 when it was not."""
        found = self.bodies.connection().execute("SELECT value FROM fact WHERE name=?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def remember(self, name: str, value: int) -> None:
        """Remembers a number; written behind what is queued."""
        sql = "INSERT OR REPLACE INTO fact(name, value) VALUES(?, ?)"
        self.writer.run(lambda connection: connection.execute(sql, (name, value)))

    # reads of the committed state

    def get(self, key: Key) -> Entry | None:
        """The newest committed version."""
        return self.head.get(key)

    def body(self, entry: Entry) -> bytes:
        """The JSON of a committed entry."""
        return self.bodies.read(entry.seq)

    def document(self, entry: Entry) -> Document:
        """The decoded body; the caller's own copy."""
        return _decode(self.body(entry))  # type: ignore[no-any-return]

    # writes

    def latest(self, key: Key) -> Entry | None:
        """What the next write of this object builds on: also what is not committed yet."""
        pending = self._pending.get(key)
        if pending is None:
            return self.head.get(key)
        return None if pending.change.deleted else pending.change.entry

    def latest_document(self, entry: Entry) -> Document:
        """The decoded body of what `latest` returned; the caller's own copy."""
        pending = self._pending.get(entry.key)
        if pending is not None and pending.change.entry is entry:
            return _decode(pending.change.body)  # type: ignore[no-any-return]
        return self.document(entry)

    async def settled(self, entry: Entry) -> bytes:
        """The body of what `latest` returned, once it is durable."""
        pending = self._pending.get(entry.key)
        if pending is not None and pending.change.entry is entry:
            # shielded: this caller may leave without taking the writer's answer away
            return (await asyncio.shield(pending.stored)).body
        return self.body(entry)

    def put(self, key: Key, document: Document) -> asyncio.Future[Change]:
        """Creates or replaces; sets `metadata.resourceVersion` in `document`. Done when durable."""
        previous = self.latest(key)
        return self._write(key, document, previous, database.MODIFIED if previous else database.ADDED)

    def delete(self, key: Key, document: Document) -> asyncio.Future[Change]:
        """Removes; `document` is the last state that watchers are told."""
        return self._write(key, document, self.latest(key), database.DELETED)

    def _write(self, key: Key, document: Document, previous: Entry | None, type_: int) -> asyncio.Future[Change]:
        self._last_seq += 1
        seq = self._last_seq
        document["metadata"]["resourceVersion"] = str(seq)
        body = _encode(document)
        entry = entry_of(key, seq, document, len(body), self._field_paths.get(key.collection, ()))
        change = Change(type_, entry, previous, body)
        pending = _Pending(change, asyncio.get_running_loop().create_future())
        self._pending[key] = pending
        row = database.Row(seq, *key, type_, previous.seq if previous else 0, body)
        self.writer.put(database.Write(row, self._epoch, pending))
        return pending.stored

    def _stored(self, writes: list[database.Write]) -> None:
        for write in writes:
            pending: _Pending = write.token
            self._commit(pending.change)
            if self._pending.get(pending.change.entry.key) is pending:
                del self._pending[pending.change.entry.key]
            self._publish(pending.change)
            if not pending.stored.done():
                pending.stored.set_result(pending.change)

    def _commit(self, change: Change) -> None:
        entry = change.entry
        self.revision = entry.seq
        if change.previous is not None:
            self.bodies.forget(change.previous.seq)
        if change.deleted:
            self.head.drop(entry.key, entry.seq)
        else:
            self.head.put(entry)
            self.bodies.keep(entry.seq, change.body)

    def _failed(self, writes: list[database.Write], why: str) -> None:
        # a write that was computed from one that failed must fail as well: the new epoch marks the line
        if writes[-1].epoch == self._epoch:
            self._epoch += 1
            self._pending.clear()
        for write in writes:
            pending: _Pending = write.token
            if not pending.stored.done():
                pending.stored.set_exception(status.storage_failed(why))


def _load(connection: sqlite3.Connection, head: Head, field_paths: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """Fills `head` from the file; returns (newest seq, compacted seq)."""
    newest_of: dict[Key, tuple[int, int]] = {}
    for seq, collection, namespace, name, type_ in connection.execute(
        "SELECT seq, collection, namespace, name, type FROM event ORDER BY seq"
    ):
        newest_of[Key(collection, namespace, name)] = seq, type_
    for key, (seq, type_) in sorted(newest_of.items(), key=lambda item: item[1]):
        if type_ != database.DELETED:
            (body,) = connection.execute("SELECT body FROM event WHERE seq=?", (seq,)).fetchone()
            head.put(entry_of_body(key, seq, body, field_paths.get(key.collection, ())))
    newest = connection.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
    head.floor = newest  # deletions leave nothing to see, so every collection may have changed until here
    fact = connection.execute("SELECT value FROM fact WHERE name='compacted'").fetchone()
    return newest, fact[0] if fact else 0
