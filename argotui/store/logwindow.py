"""Where a view stands in a log: which rows fill the screen, and how to go up and down from there.

Positions are (line number, part): a wrapped line has several parts. Everything walks from a position that is known, so
the length of the log does not matter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from argotui.store.logs import LogBuffer

Position = tuple[int, int]


class LogWindow:
    """`parts` says in how many rows a line is shown."""

    def __init__(self, buffer: LogBuffer, parts: Callable[[int], int]) -> None:
        self.buffer = buffer
        self.top: Position = (0, 0)
        self.only: list[int] | None = None
        """Numbers of the lines that are shown; None shows all."""
        self._parts = parts

    def at_or_after(self, number: int) -> int | None:
        """The first shown line that is not before `number`."""
        if self.only is None:
            return max(number, self.buffer.first) if number < self.buffer.end else None
        place = bisect_left(self.only, max(number, self.buffer.first))
        return self.only[place] if place < len(self.only) else None

    def before(self, number: int) -> int | None:
        """The last shown line before `number`."""
        if self.only is None:
            return min(number, self.buffer.end) - 1 if number > self.buffer.first else None
        place = bisect_left(self.only, number) - 1
        return self.only[place] if place >= 0 and self.only[place] >= self.buffer.first else None

    def rows(self, height: int) -> list[Position]:
        """What fills the screen from the top on; fewer when the log ends before."""
        rows: list[Position] = []
        number = self.at_or_after(self.top[0])
        part = self.top[1] if number == self.top[0] else 0
        while number is not None and len(rows) < height:
            count = self._parts(number)
            rows += [(number, n) for n in range(min(part, count - 1), count)]
            number, part = self.at_or_after(number + 1), 0
        return rows[:height]

    def above(self, position: Position, rows: int) -> Position:
        """The position `rows` rows above, or the beginning."""
        number, part = position
        while rows > 0:
            if part:
                step = min(rows, part)
                part, rows = part - step, rows - step
                continue
            line = self.before(number)
            if line is None:
                break
            number, part, rows = line, self._parts(line) - 1, rows - 1
        return number, part

    def below(self, position: Position, rows: int) -> Position:
        """The position `rows` rows below, or the last row."""
        number = self.at_or_after(position[0])
        part = position[1]
        if number is None:
            return position
        while rows > 0:
            rest = self._parts(number) - 1 - part
            if rows <= rest:
                return number, part + rows
            line = self.at_or_after(number + 1)
            if line is None:
                break
            number, part, rows = line, 0, rows - rest - 1
        return number, part

    def bottom(self, height: int) -> Position:
        """The position at which the last row is at the bottom of the screen."""
        return self.above((self.buffer.end, 0), height)

    def scroll(self, rows: int, height: int) -> bool:
        """Moves the top; whether the end is on screen now."""
        bottom = self.bottom(height)
        self.top = self.above(self.top, -rows) if rows < 0 else min(self.below(self.top, rows), bottom)
        return self.top >= bottom

    def extent(self) -> tuple[int, int]:
        """(shown lines above the top, shown lines), for a scroll bar."""
        if self.only is not None:
            return bisect_left(self.only, self.top[0]), len(self.only)
        return max(0, self.top[0] - self.buffer.first), len(self.buffer)
