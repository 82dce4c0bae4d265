"""Container logs on disk: how the kubelet keeps track of when they grew, and how they are read.

`log` holds what the container wrote, stdout and stderr in the order of their arrival, up to its cap; a file that is
longer than the cap is shown up to the cap, then one line says that the rest was dropped. (Where the executor captures
stdout, the two streams come through two pipes, as upstream's do, so their order is approximate.) `log.times` holds
pairs (size, time): what lies before `size` was written no later than `time`. While the kubelet runs, a pair is written
at most 25 ms after the log has grown, so times of lines are that exact; what was written while it did not run carries
the time of the log's last change.
"""

from __future__ import annotations

import asyncio
import struct
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from argotui.local.inotify import MODIFIED, Inotify, Unavailable
from argotui.local.runtime.records import LOG, LOG_CAP_FILE, LOG_TIMES
from argotui.local.runtime.types import LOG_CAP

INDEX_SECONDS = 0.02
"""The kubelet looks at a growing log at most this often."""
_LOOK_SECONDS = 0.1
"""How long a follower waits for news before it looks whether the container has ended."""
_SETTLING_SECONDS = 0.5
"""How long a follower waits for the kubelet to note when a line was written."""
_CHUNK = 1 << 16
_PAIR = struct.Struct("<QQ")


class NoLog(Exception):
    """The container has no log: it has not started, or there is no such container."""


def container_directory(pods_dir: Path, pod_uid: str, container: str) -> Path:
    """Where a container's log and record lie."""
    return pods_dir / pod_uid / "containers" / container


def cut_line(cap: int) -> bytes:
    """The line that stands where the log was cut."""
    size = f"{cap // (1 << 20)} MiB" if cap >= 1 << 20 else f"{cap} bytes"
    return f"\n[argotui: this log has reached its limit of {size}; what came after was not kept]\n".encode()


def note_growth(directory: Path, known: int) -> int:
    """Writes down how far the log has grown since it was `known` bytes long; returns its length now."""
    try:
        status = (directory / LOG).stat()
    except OSError:
        return known
    if status.st_size > known:
        with (directory / LOG_TIMES).open("ab") as file:
            file.write(_PAIR.pack(status.st_size, status.st_mtime_ns))
    return max(known, status.st_size)


def noted(directory: Path) -> int:
    """How far a former kubelet has got with `note_growth`."""
    with suppress(OSError):
        pairs = _read_times(directory)
        return pairs[-1][0] if pairs else 0
    return 0


async def read_log(
    pods_dir: Path,
    pod_uid: str,
    container: str,
    *,
    follow: bool = False,
    tail_lines: int | None = None,
    since_time: datetime | None = None,
    timestamps: bool = False,
    limit_bytes: int | None = None,
    ended: Callable[[], bool],
    previous: bool = False,
) -> AsyncIterator[bytes]:
    """The log in chunks, cut anywhere. With `follow` it goes on until `ended()` and everything has been given.

    `tail_lines` counts from the end as it is now. Raises NoLog; also for `previous`, since nothing is ever restarted.
    """
    directory = container_directory(pods_dir, pod_uid, container)
    if previous:
        raise NoLog(f'previous terminated container "{container}" not found: the local cluster restarts none')
    if not (directory / LOG).exists():
        raise NoLog(f'container "{container}" has no log yet')
    log = _Log(directory)
    start = log.start(tail_lines, since_time)
    stream = _stamped(log, start, follow, ended) if timestamps else _plain(log, start, follow, ended)
    left = limit_bytes
    async for chunk in stream:
        if left is not None:
            chunk = chunk[:left]
            left -= len(chunk)
        if chunk:
            yield chunk
        if left == 0:
            return


@dataclass(frozen=True)
class _Log:
    """One log and its limit."""

    directory: Path

    @property
    def path(self) -> Path:
        return self.directory / LOG

    @property
    def cap(self) -> int:
        try:
            return int((self.directory / LOG_CAP_FILE).read_text())
        except (OSError, ValueError):
            return LOG_CAP

    def size(self) -> int:
        """What is shown of it, without the line that says it was cut."""
        return min(self.path.stat().st_size, self.cap)

    def is_cut(self) -> bool:
        return self.path.stat().st_size > self.cap

    def start(self, tail_lines: int | None, since: datetime | None) -> int:
        """Where to begin: the later of the two wishes."""
        begin = 0
        if since is not None:
            begin = self._at_line_start(_offset_at(self.directory, since))
        if tail_lines is not None:
            begin = max(begin, self._tail(tail_lines))
        return begin

    def _at_line_start(self, offset: int) -> int:
        """The start of the next line, unless a line starts right there."""
        if offset <= 0:
            return 0
        with self.path.open("rb") as file:
            file.seek(offset - 1)
            position = offset - 1
            while chunk := file.read(_CHUNK):
                found = chunk.find(b"\n")
                if found >= 0:
                    return position + found + 1
                position += len(chunk)
        return position

    def _tail(self, lines: int) -> int:
        """The offset of the last `lines` lines; an unfinished last line counts as one."""
        end = self.size()
        if lines <= 0:
            return end
        with self.path.open("rb") as file:
            position, wanted = end, lines
            file.seek(max(0, end - 1))
            if end and file.read(1) == b"\n":
                wanted += 1
            while position > 0:
                begin = max(0, position - _CHUNK)
                file.seek(begin)
                block = file.read(position - begin)
                found = len(block)
                while (found := block.rfind(b"\n", 0, found)) >= 0:
                    wanted -= 1
                    if wanted == 0:
                        return begin + found + 1
                position = begin
        return 0


async def _plain(log: _Log, start: int, follow: bool, ended: Callable[[], bool]) -> AsyncIterator[bytes]:
    position = start
    with log.path.open("rb") as file, _news(log.path) as news:
        file.seek(position)
        while True:
            over = not follow or ended()
            limit = log.size()
            while position < limit:
                chunk = file.read(min(_CHUNK, limit - position))
                if not chunk:
                    break
                position += len(chunk)
                yield chunk
                await asyncio.sleep(0)  # a long log must not keep the server from others
            if log.is_cut():
                yield cut_line(log.cap)
                return
            if over:
                return
            await news()


async def _stamped(log: _Log, start: int, follow: bool, ended: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Every line begins with the time at which its first byte was written, the same however often it is read."""
    position, fresh, times = start, True, _Times(log.directory)
    async for chunk in _plain(log, start, follow, ended):
        if follow:
            await times.settle(position + len(chunk))
        out = []
        for piece in _lines(chunk):
            if fresh:
                out.append(times.at(position))
            out.append(piece)
            position += len(piece)
            fresh = piece.endswith(b"\n")
        yield b"".join(out)


def _lines(chunk: bytes) -> list[bytes]:
    """At newlines only: a progress bar's carriage returns do not begin lines."""
    pieces = [piece + b"\n" for piece in chunk.split(b"\n")]
    last = pieces.pop()[:-1]
    return [*pieces, last] if last else pieces


class _Times:
    """When which part of a log was written; reads on as the kubelet adds to it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._sizes: list[int] = []
        self._moments: list[int] = []
        self._read = 0
        self._patient = True
        """Whether waiting for the kubelet is worth it: it answered the last time."""

    async def settle(self, end: int) -> None:
        """Waits until it is noted when the bytes before `end` were written.

        Who asks sooner is told when the log changed last, and later, of the same line, another time: a reader who
        takes the log up again after the last time it has seen would get lines twice. Without a kubelet nothing is
        noted; then the wait is short, and not repeated until there is one again.
        """
        looks = round(_SETTLING_SECONDS / INDEX_SECONDS) if self._patient else 1
        for _ in range(looks):
            if self._covers(end):
                break
            await asyncio.sleep(INDEX_SECONDS)  # a file that another process writes, perhaps not made yet
        self._patient = self._covers(end)

    def _covers(self, end: int) -> bool:
        if not self._sizes or self._sizes[-1] < end:
            self._more()
        return bool(self._sizes) and self._sizes[-1] >= end

    def at(self, offset: int) -> bytes:
        if not self._sizes or self._sizes[-1] <= offset:
            self._more()
        index = bisect_right(self._sizes, offset)
        if index < len(self._moments):
            return stamp(self._moments[index])
        return stamp((self._directory / LOG).stat().st_mtime_ns)

    def _more(self) -> None:
        pairs = _read_times(self._directory, self._read)
        self._read += len(pairs) * _PAIR.size
        self._sizes += [size for size, _ in pairs]
        self._moments += [moment for _, moment in pairs]


def stamp(nanoseconds: int) -> bytes:
    """`2026-11-22T12:00:00.123456789Z `, as the kubelet writes it."""
    seconds, fraction = divmod(nanoseconds, 10**9)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z ".encode()


def _read_times(directory: Path, position: int = 0) -> list[tuple[int, int]]:
    try:
        with (directory / LOG_TIMES).open("rb") as file:
            file.seek(position)
            data = file.read()
    except OSError:
        return []
    whole = len(data) - len(data) % _PAIR.size
    return list(_PAIR.iter_unpack(data[:whole]))


def _offset_at(directory: Path, since: datetime) -> int:
    """How much of the log was written before a moment."""
    wanted = since.timestamp() * 10**9
    before = 0
    for size, moment in _read_times(directory):
        if moment >= wanted:
            return before
        before = size
    return before if (directory / LOG).stat().st_mtime_ns >= wanted else (directory / LOG).stat().st_size


_notifiers: WeakKeyDictionary[asyncio.AbstractEventLoop, Inotify] = WeakKeyDictionary()


@contextmanager
def _news(path: Path) -> Iterator[Callable[[], Awaitable[None]]]:
    """Gives a function to wait with: until the file has grown, and not longer than a tenth of a second."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    notifier: Inotify | None = None
    with suppress(Unavailable):
        notifier = _notifiers.get(loop) or Inotify()
        watch = notifier.watch(path, MODIFIED, changed.set)
        _notifiers[loop] = notifier

    async def wait() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), _LOOK_SECONDS)
        changed.clear()

    try:
        yield wait
    finally:
        if notifier is not None and loop in _notifiers:
            notifier.forget(watch)
            if notifier.is_idle:
                # a user may have 128 of them; this process keeps one only while somebody follows a log
                notifier.close()
                del _notifiers[loop]
