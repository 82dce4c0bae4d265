"""The SQLite file and the one thread that writes to it.

Durability: WAL with synchronous=NORMAL. A commit is then a write() to the log file without fsync,
so it is in the kernel's hands before it is acknowledged and survives kill -9 of any process. Only
a power cut or a kernel crash can take the last commits away (never tear the file), and that ends
every process that could have seen the acknowledgement too: the server listens on loopback only.
synchronous=FULL would cost one fsync, milliseconds on most disks, at each step of each workflow.

There is one table and no index: which version of an object is the newest is known in memory, and an
index would cost every write some more pages of the log.

Checkpoints copy the log into the file. Housekeeping makes one each second beside the writer; what it
leaves over the writer makes itself each 16 MB, which is then little, so that the log can start anew.

Writers wait for each other's commit: what has queued up while one transaction was written goes
into the next one together.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event(
    seq INTEGER PRIMARY KEY,
    collection TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    type INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fact(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_FORMAT = 1
_INSERT = "INSERT INTO event(seq, collection, namespace, name, type, previous, body) VALUES(?,?,?,?,?,?,?)"
_BATCH_ROWS = 512
_LOG_PAGES = 4096

_SHRINK_BYTES = 64 << 20

DELETED, ADDED, MODIFIED = 0, 1, 2
"""Values of event.type."""


class Row(NamedTuple):
    """A row of the table `event`. `previous` is the seq of the version before, 0 for none."""

    seq: int
    collection: str
    namespace: str
    name: str
    type: int
    previous: int
    body: bytes


class UnknownFormat(Exception):
    """The file was written by a newer version of this program."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection for reading or writing; any thread may use it, one at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA busy_timeout=30000")
    return connection


def prepare(path: Path) -> None:
    """Makes the file and its tables when they are missing. Raises UnknownFormat."""
    path.touch(mode=0o600, exist_ok=True)
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _FORMAT:
            raise UnknownFormat(f"{path} has format {version}; this version of argotui knows {_FORMAT}")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version={_FORMAT}")
        _shrink(connection)
    finally:
        connection.close()


def _shrink(connection: sqlite3.Connection) -> None:
    """Gives the disk back what compaction has freed, when that is most of a large file."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    if free * size > _SHRINK_BYTES and free * 2 > pages:
        connection.execute("VACUUM")


class Write(NamedTuple):
    """A row on its way into the file. `epoch` tells it from writes that build on a failed one."""

    row: Row
    epoch: int
    token: Any
    """Handed back when the row is stored."""


Job = Callable[[sqlite3.Connection], object]


class Writer:
    """The writer thread. Calls `stored` and `failed` on the event loop, in the order of the writes."""

    def __init__(
        self,
        path: Path,
        loop: asyncio.AbstractEventLoop,
        stored: Callable[[list[Write]], None],
        failed: Callable[[list[Write], str], None],
        max_bytes: int = 0,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._loop = loop
        self._stored = stored
        self._failed = failed
        self._queue: queue.SimpleQueue[Write | Job | None] = queue.SimpleQueue()
        self._broken_epoch = -1
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def put(self, write: Write) -> None:
        """Queues a row; never blocks."""
        self._queue.put(write)

    def run(self, job: Job) -> None:
        """Queues work between two transactions, such as a compaction."""
        self._queue.put(job)

    def close(self) -> None:
        """Writes what is queued and ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection = connect(self._path)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        if self._max_bytes:
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={self._max_bytes // page}")
        while self._work(connection, self._take()):
            pass
        connection.close()

    def _take(self) -> list[Write | Job | None]:
        """Waits for work, and takes what has queued up behind it."""
        items = [self._queue.get()]
        while len(items) < _BATCH_ROWS:
            try:
                items.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return items

    def _work(self, connection: sqlite3.Connection, items: list[Write | Job | None]) -> bool:
        """Does the items in order, neighbouring writes in one transaction; False at the end marker."""
        batch: list[Write] = []
        for item in items:
            if isinstance(item, Write):
                batch.append(item)
                continue
            self._store(connection, batch)
            batch = []
            if item is None:
                return False
            self._run_job(connection, item)
        self._store(connection, batch)
        return True

    def _run_job(self, connection: sqlite3.Connection, job: Job) -> None:
        try:
            job(connection)
        except sqlite3.Error as error:
            log.warning("housekeeping of the database failed: %s", error)

    def _store(self, connection: sqlite3.Connection, batch: list[Write]) -> None:
        good = [write for write in batch if write.epoch > self._broken_epoch]
        bad = [write for write in batch if write.epoch <= self._broken_epoch]
        if bad:
            self._loop.call_soon_threadsafe(self._failed, bad, "an earlier write failed")
        if not good:
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [write.row for write in good])
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._broken_epoch = good[-1].epoch
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            log.error("storing %d changes failed: %s", len(good), error)
            self._loop.call_soon_threadsafe(self._failed, good, str(error))
            return
        self._loop.call_soon_threadsafe(self._stored, good)
