"""Lines of a log, as many as fit: safe text, colours as data, numbered for good.

A line keeps its number while older ones are dropped, so a view that stands still shows the same lines. What counts
against the cap is an estimate of the memory that a line takes. One very long line is kept in pieces, and a line that
a program overwrites with carriage returns is kept as the lines that it showed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from argotui.store.ansi import PLAIN, AnsiLine, Style, parse_ansi
from argotui.store.text import one_line

MIB: Final = 1024 * 1024
PIECE: Final = 4096
"""Characters of a line that are kept in one piece."""
_OVERHEAD: Final = 250


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line. `source` indexes `LogBuffer.sources`; `time` is RFC 3339 or empty."""

    source: int
    time: str
    line: AnsiLine
    is_continued: bool = False
    """A later piece of a line that was too long."""

    @property
    def size(self) -> int:
        return len(self.line.text) + _OVERHEAD


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as it came: the label of its source, its time and its bytes."""

    source: str
    time: str
    text: bytes


class LogBuffer:
    """The newest lines, up to a cap. Line numbers run from `first` to `end` (exclusive)."""

    def __init__(self, max_bytes: int = 64 * MIB) -> None:
        self.sources: list[str] = []
        """Clean labels of where lines come from."""
        self.first = 0
        self.size = 0
        self._max_bytes = max_bytes
        self._entries: deque[LogEntry] = deque()
        self._numbers: dict[str, int] = {}
        self._styles: dict[int, Style] = {}

    @property
    def end(self) -> int:
        """One more than the number of the newest line."""
        return self.first + len(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_complete(self) -> bool:
        """Nothing was dropped."""
        return self.first == 0

    def entry(self, number: int) -> LogEntry:
        """The line with this number. Raises IndexError when it was dropped or has not come yet."""
        if not self.first <= number < self.end:
            raise IndexError(number)
        return self._entries[number - self.first]

    def slice(self, start: int, stop: int) -> Iterator[tuple[int, LogEntry]]:
        """Lines by number, those that are there."""
        start, stop = max(start, self.first), min(stop, self.end)
        if self.end - start < start - self.first:  # a deque is fast at both ends only
            tail = list(islice(reversed(self._entries), self.end - stop, max(0, self.end - start)))
            return zip(range(start, stop), reversed(tail), strict=False)
        found = islice(self._entries, start - self.first, max(0, stop - self.first))
        return zip(range(start, stop), found, strict=False)

    def append(self, lines: Iterable[RawLine]) -> None:
        """Adds lines at the end and drops what does not fit at the beginning."""
        for raw in lines:
            source = self._source(raw.source)
            style = self._styles.get(source, PLAIN)
            for piece, is_continued in _pieces(raw.text):
                line = parse_ansi(piece, style)
                style = line.after
                entry = LogEntry(source, one_line(raw.time, 64), line, is_continued)
                self._entries.append(entry)
                self.size += entry.size
            self._styles[source] = style
        self._drop()

    def clear(self) -> None:
        """Forgets all lines; numbers go on."""
        self.first = self.end
        self._entries.clear()
        self._styles.clear()
        self.size = 0

    def matches(self, pattern: re.Pattern[str], start: int, stop: int) -> list[int]:
        """Numbers of the lines in a range in which the pattern occurs."""
        return [number for number, entry in self.slice(start, stop) if pattern.search(entry.line.text)]

    def _source(self, label: str) -> int:
        if label not in self._numbers:
            self._numbers[label] = len(self.sources)
            self.sources.append(one_line(label, 200))
        return self._numbers[label]

    def _drop(self) -> None:
        while self.size > self._max_bytes and len(self._entries) > 1:
            self.size -= self._entries.popleft().size
            self.first += 1


def _pieces(text: bytes) -> Iterator[tuple[str, bool]]:
    """A line as texts of bounded length; the flag says that a text goes on with the one before."""
    decoded = text.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    shown = [part for part in decoded.split("\r") if part] if "\r" in decoded else [decoded]
    for part in shown or [""]:
        for start in range(0, max(1, len(part)), PIECE):
            yield part[start : start + PIECE], start > 0


def search_pattern(text: str) -> re.Pattern[str]:
    """What is typed after `/` in a log: a regular expression, or plain text where it is none. Case is ignored
    unless the text has a capital letter."""
    flags = 0 if any(c.isupper() for c in text) else re.IGNORECASE
    try:
        return re.compile(text, flags)
    except re.error:
        return re.compile(re.escape(text), flags)
