"""A log of any length. Only the lines on screen are drawn.

Without wrapping a line is a row. With wrapping the view stands on (line, part of it) and walks from there, so nothing
has to be counted beforehand. While it follows, the last line is at the bottom; scrolling up ends that, reaching the
end starts it again. Following never changes the horizontal position.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Final

from rich.cells import chop_cells
from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from argotui.store.ansi import Span, Style
from argotui.store.logs import LogBuffer, LogEntry
from argotui.store.logwindow import LogWindow, Position
from argotui.store.nodes import when
from argotui.ui.paint import fit, strip_of, width_of
from argotui.ui.scene import Scene
from argotui.ui.widgets.linewidget import LineWidget

GUTTERS: Final = 6
"""Colours that tell the sources of a merged log apart, beside their names."""
GUTTER_MOST: Final = 24
TIMES: Final = ("off", "utc", "local", "ago")
_SCROLL_STEP: Final = 16


class LogView(LineWidget):
    """Draws a `LogBuffer`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_rows(1)", "Down", id="logs.down", show=False),
        Binding("up,k", "scroll_rows(-1)", "Up", id="logs.up", show=False),
        Binding("space,pagedown,ctrl+f", "scroll_pages(1)", "Next page", id="logs.page-down", show=False),
        Binding("b,pageup,ctrl+b", "scroll_pages(-1)", "Previous page", id="logs.page-up", show=False),
        Binding("g,home", "edge(-1)", "Beginning", id="logs.top", show=False),
        Binding("G,end", "edge(1)", "End", id="logs.bottom", show=False),
        Binding("right", "aside(1)", "Scroll right", id="logs.right", show=False),
        Binding("left", "aside(-1)", "Scroll left", id="logs.left", show=False),
        Binding("s,F", "toggle_follow", "Follow", id="logs.follow", show=False),
        Binding("w", "toggle_wrap", "Wrap", id="logs.wrap", show=False),
        Binding("t", "next_time", "Times", id="logs.times", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--time",
        "log--match",
        "log--found",
        "log--continued",
        *(f"log--source-{number}" for number in range(GUTTERS)),
    }

    class Scrolled(Message):
        """The view, or what it says about itself, has changed."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Scrolled)

    def __init__(self, buffer: LogBuffer, scene: Scene, *, merged: bool, id: str | None = None) -> None:
        super().__init__(scene, id=id)
        self.buffer = buffer
        self.merged = merged
        self.follows = True
        self.wraps = False
        self.times = TIMES[0]
        self.pattern: re.Pattern[str] | None = None
        self.found: int | None = None
        """The line that the search stands on."""
        self.window = LogWindow(buffer, lambda number: len(self._parts(number)))
        self._rows: list[Position] = []
        self._aside = 0
        self._gutter = 0

    # geometry

    def _parts(self, number: int) -> Sequence[str]:
        """The rows of a line."""
        text = self.buffer.entry(number).line.text
        if not self.wraps or width_of(text) <= self._text_width:
            return (text,)
        return chop_cells(text, self._text_width)

    @property
    def _text_width(self) -> int:
        return max(8, self.size.width - 1 - self._left_width)

    @property
    def _left_width(self) -> int:
        times = {"off": 0, "utc": 9, "local": 9, "ago": 8}[self.times]
        return times + (self._gutter + 1 if self.merged else 0)

    # changes

    def sync(self) -> None:
        """Lines may have come or gone."""
        if self.merged:
            longest = max((width_of(source) for source in self.buffer.sources), default=0)
            self._gutter = max(self._gutter, min(longest, GUTTER_MOST, max(8, self.size.width // 4)))
        bottom = self.window.bottom(self.size.height)
        self.window.top = bottom if self.follows else min(self.window.top, bottom)
        self._rows = self.window.rows(self.size.height)
        self.repaint()
        self.post_message(self.Scrolled())

    def show_line(self, number: int) -> None:
        """Scrolls so that a line can be seen, a third down the screen when it could not."""
        self.follows = False
        self.found = number
        if number not in {line for line, _ in self._rows}:
            self.window.top = self.window.above((number, 0), self.size.height // 3)
        self.sync()

    def show_only(self, numbers: list[int] | None) -> None:
        """Shows only these lines, or all again."""
        self.window.only = numbers
        self.sync()

    def resized(self, width: int, height: int) -> None:
        """Rows may break elsewhere."""
        self.window.top = (self.window.top[0], 0)
        self.call_after_refresh(self.sync)

    def extent(self) -> tuple[int, int]:
        """For the scroll bar; with wrapping an estimate."""
        return self.window.extent()

    # painting

    def line(self, y: int, width: int) -> Strip:
        """One row of a line."""
        if y >= len(self._rows) or not self.buffer.first <= self._rows[y][0] < self.buffer.end:
            return self.kept(("blank", width)) or self.keep(("blank", width), strip_of([], width, self.rich_style))
        number, part = self._rows[y]
        shape = (width, self._aside, self.wraps, self.times, self._gutter)
        key = (number, part, shape, self.pattern, number == self.found)
        made = None if self.times == "ago" else self.kept(key)
        return made or self.keep(key, self._row(number, part, width))

    def _row(self, number: int, part: int, width: int) -> Strip:
        ground = self.rich_style
        entry = self.buffer.entry(number)
        return strip_of([*self._left(entry, part, ground), *self._text(number, part, ground)], width, ground)

    def _left(self, entry: LogEntry, part: int, ground: RichStyle) -> list[Segment]:
        cells = []
        first = part == 0
        if self.times != "off":
            text = self._time(entry.time) if first else ""
            cells.append(Segment(fit(text, 7 if self.times == "ago" else 8) + " ", ground + self.look("log--time")))
        if self.merged:
            label = self.buffer.sources[entry.source] if first else ""
            look = self.look(f"log--source-{entry.source % GUTTERS}")
            cells.append(Segment(fit(label, self._gutter, self.scene.ellipsis) + " ", ground + look))
        return cells

    def _time(self, text: str) -> str:
        moment = when(text)
        if moment is None:
            return ""
        if self.times == "ago":
            from_now = (self.scene.clock() - moment).total_seconds()
            return f"-{from_now:.0f}s" if from_now < 10_000 else f"-{from_now / 3600:.0f}h"
        return f"{(moment.astimezone() if self.times == 'local' else moment):%H:%M:%S}"

    def _text(self, number: int, part: int, ground: RichStyle) -> list[Segment]:
        line = self.buffer.entry(number).line
        cells = _coloured(line.text, line.spans, ground)
        if self.pattern is not None:
            look = self.look("log--found" if number == self.found else "log--match")
            cells = _marked(cells, self.pattern, line.text, look)
        start = sum(width_of(piece) for piece in self._parts(number)[:part]) if self.wraps else self._aside
        return list(Strip(cells).crop(start, start + self._text_width))

    # keys

    def action_scroll_rows(self, rows: int) -> None:
        """Scrolls by rows. Upwards ends following; reaching the end begins it."""
        self.follows = self.window.scroll(rows, self.size.height) and rows > 0
        self.sync()

    def action_scroll_pages(self, pages: int) -> None:
        """Scrolls by screens, one row of overlap."""
        self.action_scroll_rows(pages * max(1, self.size.height - 1))

    def action_edge(self, side: int) -> None:
        """The beginning (which ends following) or the end (which begins it)."""
        self.follows = side > 0
        self.window.top = (self.buffer.first, 0)
        self.sync()

    def action_aside(self, step: int) -> None:
        """Scrolls sideways; wrapped lines have no side."""
        self._aside = 0 if self.wraps else max(0, self._aside + step * _SCROLL_STEP)
        self.sync()

    def action_toggle_follow(self) -> None:
        """Follows the end, or stands still."""
        self.follows = not self.follows
        self.sync()

    def action_toggle_wrap(self) -> None:
        """Breaks long lines, or cuts them."""
        self.wraps = not self.wraps
        self._aside = 0
        self.window.top = (self.window.top[0], 0)
        self.sync()

    def action_next_time(self) -> None:
        """No times, UTC, local time, seconds ago."""
        self.times = TIMES[(TIMES.index(self.times) + 1) % len(TIMES)]
        self.sync()

    def on_mouse_scroll_down(self) -> None:
        """Three rows down (only with --mouse)."""
        self.action_scroll_rows(3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows up (only with --mouse)."""
        self.action_scroll_rows(-3)


def _coloured(text: str, spans: Sequence[Span], ground: RichStyle) -> list[Segment]:
    cells = []
    position = 0
    for span in spans:
        cells.append(Segment(text[position : span.start], ground))
        cells.append(Segment(text[span.start : span.end], ground + rich_style(span.style)))
        position = span.end
    cells.append(Segment(text[position:], ground))
    return [cell for cell in cells if cell.text]


def rich_style(style: Style) -> RichStyle:
    """A log's own colours for the terminal."""
    return RichStyle(
        color=_color(style.fg),
        bgcolor=_color(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )


def _color(color: int | tuple[int, int, int] | None) -> Color | None:
    if color is None:
        return None
    return Color.from_rgb(*color) if isinstance(color, tuple) else Color.from_ansi(color)


def _marked(cells: list[Segment], pattern: re.Pattern[str], text: str, look: RichStyle) -> list[Segment]:
    """The cells with the matches of a pattern in another look."""
    cuts = [edge for match in pattern.finditer(text) if match.group() for edge in match.span()]
    if not cuts:
        return cells
    ranges = list(zip(cuts[::2], cuts[1::2], strict=True))
    made: list[Segment] = []
    position = 0
    for cell in cells:
        end = position + len(cell.text)
        edges = sorted({position, end, *(cut for cut in cuts if position < cut < end)})
        for left, right in pairwise(edges):
            inside = any(begin <= left < stop for begin, stop in ranges)
            style = (cell.style or RichStyle()) + look if inside else cell.style
            made.append(Segment(cell.text[left - position : right - position], style))
        position = end
    return made
