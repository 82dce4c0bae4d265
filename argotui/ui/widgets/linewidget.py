"""A widget that knows what is on screen and repaints only the cells that differ from it.

Textual repaints whole regions without looking: one changed cell of its table costs 27 kB, a cell of ours 100 bytes.
So this one makes all its lines again after each change, from a cache where nothing about them is new, compares them
with what it painted last, and asks for a repaint of what differs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from argotui.ui.paint import difference
from argotui.ui.scene import Scene

CACHE = 2000
"""Lines that are kept."""


class Nothing(Message):
    """A key found nothing to do; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class LineWidget(Widget, can_focus=True):
    """Base of lists and logs. A subclass says what a line is (`line`) and how far the view has scrolled (`extent`)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--bar"}

    def __init__(self, scene: Scene, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.scene = scene
        self._painted: dict[int, Strip] = {}
        self._kept: dict[tuple[Any, ...], Strip] = {}
        self._looks: dict[str, Style] = {}
        self._thumb: range | None = None

    def line(self, y: int, width: int) -> Strip:
        """The line at screen row `y`, exactly `width` cells."""
        raise NotImplementedError

    def extent(self) -> tuple[int, int]:
        """(first row on screen, rows in all), for the scroll bar."""
        raise NotImplementedError

    def look(self, *names: str) -> Style:
        """The look of component classes, as far as the stylesheet says something about them."""
        key = " ".join(names)
        if key not in self._looks:
            style = Style()
            for name in names:
                style += self.get_component_rich_style(name, partial=True, default=Style())
            self._looks[key] = style
        return self._looks[key]

    def kept(self, key: tuple[Any, ...]) -> Strip | None:
        """A line made before for the same key."""
        return self._kept.get(key)

    def keep(self, key: tuple[Any, ...], strip: Strip) -> Strip:
        """Remembers a line."""
        if len(self._kept) >= CACHE:
            self._kept.clear()
        self._kept[key] = strip
        return strip

    def repaint(self) -> None:
        """Asks for a repaint of the cells that look different now."""
        width = self.size.width
        if not width or not self.is_attached:
            return
        self._thumb = self._thumb_rows()
        for y in range(self.size.height):
            new = self._whole(y)
            old = self._painted.get(y)
            self._painted[y] = new
            if old is new:
                continue
            if old is None or old.cell_length != new.cell_length:
                self.refresh(Region(0, y, width, 1))
            elif found := difference(old, new):
                self.refresh(Region(found[0], y, found[1], 1))

    def forget(self) -> None:
        """What was painted is not right any more (colours, size)."""
        self._kept.clear()
        self._painted.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        strip = self._whole(y)
        self._painted[y] = strip
        return strip

    def _whole(self, y: int) -> Strip:
        if self._thumb is None:
            return self.line(y, self.size.width)
        thumb, track = ("#", "|") if self.scene.ascii else ("█", "│")
        sign = thumb if y in self._thumb else track
        inner = self.line(y, self.size.width - 1)
        return Strip([*inner, Segment(sign, self.rich_style + self.look("line--bar"))], inner.cell_length + 1)

    def _thumb_rows(self) -> range | None:
        """Screen rows of the scroll bar's thumb; None when everything fits."""
        (top, count), height = self.extent(), self.size.height
        if count <= height or height < 2:
            return None
        length = max(1, height * height // count)
        start = min(height - length, round(top * (height - length) / max(1, count - height)))
        return range(start, start + length)

    def notify_style_update(self) -> None:
        """Colours changed."""
        self.forget()
        self._looks.clear()
        super().notify_style_update()

    def on_resize(self, event: events.Resize) -> None:
        """Another size: all lines anew."""
        self.forget()
        self.resized(event.size.width, event.size.height)
        self._thumb = self._thumb_rows()
        self.refresh()

    def resized(self, width: int, height: int) -> None:
        """The widget has a new size; a subclass brings its view in order."""
