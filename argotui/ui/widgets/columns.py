"""Columns of a list: which there are at a given width, and the line with their titles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from argotui.ui.paint import fit, strip_of


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is at the moment: its title and its width in cells, the gap after it not counted."""

    name: str
    title: str
    width: int


def laid_out(columns: Sequence[Column], width: int) -> tuple[Column, ...]:
    """The columns with what is left of the width given to the last one."""
    used = sum(column.width + 1 for column in columns[:-1])
    last = columns[-1]
    return (*columns[:-1], Column(last.name, last.title, max(0, width - used)))


class ColumnTitles(Widget):
    """The line above a list."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"titles--text"}

    def __init__(self, columns: Callable[[], tuple[Column, ...]]) -> None:
        """columns: those of the list, asked for at each painting, so that both are as wide as the window is by then."""
        super().__init__()
        self._columns = columns
        self._painted: tuple[Column, ...] = ()

    def sync(self) -> None:
        """The columns may have changed; nothing is painted when they are the same."""
        if self._columns() != self._painted:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The titles."""
        self._painted = self._columns()
        style = self.rich_style + self.get_component_rich_style("titles--text", partial=True)
        text = " ".join(fit(column.title, column.width) for column in self._painted)
        return strip_of([Segment(text, style)], self.size.width, style)
