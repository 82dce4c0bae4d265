"""How much of the past is kept, and removing the rest.

A watch resumes within the last minutes; a page of a list is continued within them. Old versions are
kept for five minutes, or less when they take too much room, but always for some seconds, so that
what a request is just reading does not vanish.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from dataclasses import dataclass

from argotui.local.apiserver.storage.database import DELETED
from argotui.local.apiserver.storage.store import Change, Store

log = logging.getLogger(__name__)

_ROWS = 500


@dataclass(frozen=True)
class Keep:
    """Limits of the history: seconds, bytes and number of superseded versions; `least` seconds are kept always."""

    seconds: float = 300.0
    bytes: int = 256 << 20
    versions: int = 100_000
    least: float = 10.0


@dataclass(slots=True)
class _Span:
    """Consecutive changes: until `seq`, ended at `when` (monotonic)."""

    seq: int
    when: float
    bytes: int = 0
    versions: int = 0


class Compaction:
    """Counts what is superseded and removes it when it is over the limits."""

    def __init__(self, store: Store, keep: Keep) -> None:
        self._store = store
        self.keep = keep
        # of what is left from before the start only the size is known
        before = max(store.path.stat().st_size - store.head.size(), 0)
        self._spans: deque[_Span] = deque([_Span(store.revision, time.monotonic(), before)])
        self._busy = False

    def observe(self, change: Change) -> None:
        """Counts a committed change."""
        now = time.monotonic()
        span = self._spans[-1]
        if now - span.when > min(1.0, self.keep.seconds) or len(self._spans) == 1:
            span = _Span(change.entry.seq, now)
            self._spans.append(span)
        span.seq = change.entry.seq
        if change.previous is not None:
            span.bytes += change.previous.size
            span.versions += 1

    def horizon(self, now: float) -> int:
        """The seq up to which history may go; forgets the spans before it."""
        total, versions = sum(s.bytes for s in self._spans), sum(s.versions for s in self._spans)
        reached = self._store.compacted
        while len(self._spans) > 1:
            first = self._spans[0]
            age = now - first.when
            over = age > self.keep.seconds or total > self.keep.bytes or versions > self.keep.versions
            if age < self.keep.least or not over:
                break
            self._spans.popleft()  # if a pin keeps it now, it goes with the next one
            total, versions = total - first.bytes, versions - first.versions
            reached = max(reached, first.seq)
        return reached

    def run(self) -> None:
        """Removes what is over the limits, in the writer thread, a bit at a time."""
        pin = self._store.oldest_pin()
        until = min(self.horizon(time.monotonic()), self._store.revision - 1)
        until = until if pin is None else min(until, pin)
        if self._busy or until <= self._store.compacted:
            return
        after = self._store.compacted
        # from here on nobody may start to read what is about to go
        self._store.compacted = until
        self._busy = True
        self._store.writer.run(lambda connection: self._step(connection, after, until))

    def _step(self, connection: sqlite3.Connection, after: int, until: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR REPLACE INTO fact(name, value) VALUES('compacted', ?)", (until,))
        rows = connection.execute(
            "SELECT seq, type, previous FROM event WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (after, until, _ROWS),
        ).fetchall()
        gone = [previous for _, _, previous in rows if previous]
        gone += [seq for seq, type_, _ in rows if type_ == DELETED]
        connection.executemany("DELETE FROM event WHERE seq = ?", [(seq,) for seq in gone])
        connection.execute("COMMIT")
        if len(rows) == _ROWS:
            self._store.writer.run(lambda again: self._step(again, rows[-1][0], until))
            return
        self._busy = False
        log.debug("history up to %d removed", until)
