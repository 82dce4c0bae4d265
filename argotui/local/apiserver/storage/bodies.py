"""Bodies of objects by their seq: recently used ones in memory, all of them in the file.

A version never changes, so the cache needs no invalidation.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from argotui.local.apiserver.storage.database import connect

_CHUNK = 200
"""seqs in one SELECT."""


class Bodies:
    """Reads bodies; `limit` bytes of them are kept in memory."""

    def __init__(self, path: Path, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._connection = connect(path)
        self._path = path
        self._of_thread = threading.local()
        self.pool = ThreadPoolExecutor(2, "reader")

    def close(self) -> None:
        """Ends the reading threads and closes the file."""
        self.pool.shutdown()
        self._connection.close()

    def keep(self, seq: int, body: bytes) -> None:
        """Puts a body into the cache (event loop only)."""
        if seq in self._cache or len(body) > self._limit // 8:
            return
        self._cache[seq] = body
        self._size += len(body)
        while self._size > self._limit:
            self._size -= len(self._cache.popitem(last=False)[1])

    def forget(self, seq: int) -> None:
        """Drops a version that is not the newest any more."""
        body = self._cache.pop(seq, None)
        if body is not None:
            self._size -= len(body)

    def cached(self, seq: int) -> bytes | None:
        """The body when it is in memory."""
        body = self._cache.get(seq)
        if body is not None:
            self._cache.move_to_end(seq)
        return body

    def read(self, seq: int) -> bytes:
        """One body, from memory or from the file (event loop only). Raises KeyError when compacted."""
        body = self.cached(seq)
        if body is None:
            row = self._connection.execute("SELECT body FROM event WHERE seq=?", (seq,)).fetchone()
            if row is None:
                raise KeyError(seq)
            body = row[0]
            self.keep(seq, body)
        return body

    def read_many(self, seqs: Iterable[int]) -> dict[int, bytes]:
        """Bodies from the file, in a reading thread. Compacted ones are missing."""
        found: dict[int, bytes] = {}
        for chunk in _chunks(list(seqs)):
            marks = ",".join("?" * len(chunk))
            found.update(self._own().execute(f"SELECT seq, body FROM event WHERE seq IN ({marks})", chunk))
        return found

    def query(self, sql: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
        """Any SELECT, in a reading thread."""
        return self._own().execute(sql, parameters).fetchall()

    def _own(self) -> sqlite3.Connection:
        """The reading thread's own connection."""
        found: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if found is None:
            found = self._of_thread.connection = connect(self._path)
        return found

    def connection(self) -> sqlite3.Connection:
        """The event loop's own connection, for short reads."""
        return self._connection


def _chunks(seqs: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(seqs), _CHUNK):
        yield seqs[start : start + _CHUNK]
