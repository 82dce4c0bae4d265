"""The two lines at the top (where one is, how fresh it is) and the line at the bottom (keys, or what just happened)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip

from argotui.ui.paint import cut, strip_of, width_of
from argotui.ui.scene import Scene
from argotui.ui.widgets.linewidget import LineWidget

Piece = tuple[str, str]
"""A text and the component class that it is drawn in (empty for the plain look)."""


@dataclass(frozen=True, slots=True)
class BarLine:
    """One line: what stands on the left, and the first of several wordings for the right for which there is room."""

    left: tuple[Piece, ...] = ()
    right: tuple[tuple[Piece, ...], ...] = ()


class Bar(LineWidget, can_focus=False):
    """One or more lines of pieces."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"bar--{name}" for name in ("strong", "dim", "live", "stale", "danger", "key")
    }

    def __init__(self, scene: Scene, *, id: str | None = None) -> None:
        super().__init__(scene, id=id)
        self._lines: tuple[BarLine, ...] = ()

    def show(self, *lines: BarLine) -> None:
        """Shows these lines; only what differs is painted."""
        if lines != self._lines:
            self._lines = lines
            self.repaint()

    def extent(self) -> tuple[int, int]:
        """A bar never scrolls."""
        return 0, 0

    def line(self, y: int, width: int) -> Strip:
        """One line."""
        shown = self._lines[y] if y < len(self._lines) else BarLine()
        key = (shown, width)
        return self.kept(key) or self.keep(key, self._made(shown, width))

    def _made(self, shown: BarLine, width: int) -> Strip:
        ground = self.rich_style
        left = self._fitting(shown.left, width)
        used = sum(cell.cell_length for cell in left)
        room = width - used - 1
        chosen = next((pieces for pieces in shown.right if sum(width_of(text) for text, _ in pieces) <= room), ())
        right = self._fitting(chosen, room)
        gap = width - used - sum(cell.cell_length for cell in right)
        return strip_of([*left, Segment(" " * gap, ground), *right], width, ground)

    def _fitting(self, pieces: Sequence[Piece], room: int) -> list[Segment]:
        cells = []
        for text, name in pieces:
            if room <= 0:
                break
            shown = cut(text, room, self.scene.ellipsis)
            cells.append(Segment(shown, self.rich_style + (self.look(name) if name else self.look())))
            room -= width_of(shown)
        return cells


class Tone(Enum):
    """How a notice is meant; the value is its component class."""

    PLAIN = ""
    GOOD = "bar--live"
    WARNING = "bar--stale"
    BAD = "bar--danger"


class HintBar(Bar):
    """Keys that matter here; a notice takes their place until it is dismissed."""

    def __init__(self, scene: Scene, *, id: str | None = None) -> None:
        super().__init__(scene, id=id)
        self._hints: tuple[tuple[str, str], ...] = ()
        self._notice: Piece | None = None

    def hint(self, hints: Sequence[tuple[str, str]]) -> None:
        """Key and what it does, the most important first: what does not fit is left out."""
        self._hints = tuple(hints)
        self._update()

    def notice(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Tells something; it stays until `dismiss`."""
        self._notice = (f" {text}", tone.value)
        self._update()

    @property
    def has_notice(self) -> bool:
        return self._notice is not None

    def dismiss(self) -> None:
        """Shows the keys again."""
        if self._notice is not None:
            self._notice = None
            self._update()

    def _update(self) -> None:
        if self._notice is not None:
            self.show(BarLine((self._notice,)))
            return
        room = self.size.width or 80
        pieces: list[Piece] = [(" ", "")]
        room -= 1
        for key, text in self._hints:
            width = width_of(key) + width_of(text) + 3
            if width > room:
                break
            pieces += [(f"{key} ", "bar--key"), (f"{text}  ", "bar--dim")]
            room -= width
        self.show(BarLine(tuple(pieces)))

    def resized(self, width: int, height: int) -> None:
        """More or fewer keys fit."""
        self.call_after_refresh(self._update)
