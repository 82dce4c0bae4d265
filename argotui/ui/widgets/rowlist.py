"""A list with a cursor. The cursor stays on its row, not on its line, and a view that was scrolled keeps its place
when rows come in above it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from argotui.ui.paint import strip_of
from argotui.ui.scene import Scene
from argotui.ui.widgets.linewidget import LineWidget


class RowList(LineWidget):
    """Base of the lists. Rows scroll by themselves, without a scrollable container: a new row costs no layout."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="list.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="list.up", show=False),
        Binding("g,home", "edge(-1)", "First row", id="list.top", show=False),
        Binding("G,end", "edge(1)", "Last row", id="list.bottom", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Next page", id="list.page-down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Previous page", id="list.page-up", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row--cursor", "row--dim"}

    class Moved(Message):
        """The cursor stands on another row, or other rows are on screen. Carries nothing: ask the list."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RowList.Moved)

    def __init__(self, scene: Scene, *, id: str | None = None) -> None:
        super().__init__(scene, id=id)
        self.top = 0
        self.cursor = 0
        self.cursor_key: Hashable | None = None
        self._top_key: Hashable | None = None

    # rows: what a subclass provides

    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def key_at(self, number: int) -> Hashable:
        """The stable key of a row."""
        raise NotImplementedError

    def number_of(self, key: Hashable) -> int | None:
        """Where a key stands now."""
        raise NotImplementedError

    def signature(self, number: int) -> tuple[Any, ...]:
        """All that the row's look depends on, beside width and cursor."""
        raise NotImplementedError

    def segments(self, number: int, width: int) -> list[Segment]:
        """The row as styled text; it is cut or padded to the width."""
        raise NotImplementedError

    # view

    @property
    def window(self) -> range:
        """Row numbers on screen."""
        return range(self.top, min(self.row_count(), self.top + self.size.height))

    def sync(self) -> None:
        """The rows may have changed: keep cursor and view where they belong, repaint what differs."""
        before, was_on = self.cursor, self.cursor_key
        found = None if was_on is None else self.number_of(was_on)
        self.cursor = max(0, min(before if found is None else found, self.row_count() - 1))
        if self.top > 0:
            at = None if self._top_key is None else self.number_of(self._top_key)
            self.top = self.top + self.cursor - before if at is None else at
        self._settle()
        self.repaint()
        if self.cursor_key != was_on:
            self.post_message(self.Moved())

    def move_to(self, number: int) -> None:
        """Puts the cursor on a row, scrolling as little as needed."""
        self.cursor = max(0, min(number, self.row_count() - 1))
        self._into_view(self.size.height)
        self._settle()
        self.repaint()
        self.post_message(self.Moved())

    def select(self, key: Hashable) -> bool:
        """Puts the cursor on a key; False when it is not shown."""
        number = self.number_of(key)
        if number is None:
            return False
        self.move_to(number)
        return True

    def resized(self, width: int, height: int) -> None:
        """Keeps the cursor in view."""
        self._into_view(height)
        self._settle()

    def _into_view(self, height: int) -> None:
        self.top = max(min(self.top, self.cursor), self.cursor - max(1, height) + 1)

    def _settle(self) -> None:
        """Keeps the view inside the rows, and remembers the keys that it and the cursor stand on."""
        count = self.row_count()
        self.top = max(0, min(self.top, count - max(1, self.size.height)))
        self.cursor_key = self.key_at(self.cursor) if count else None
        self._top_key = self.key_at(self.top) if count else None

    def extent(self) -> tuple[int, int]:
        """For the scroll bar."""
        return self.top, self.row_count()

    # painting

    def line(self, y: int, width: int) -> Strip:
        """A row, or a blank line below the last one."""
        number = self.top + y
        if number >= self.row_count():
            return self._blank(width)
        at_cursor = number == self.cursor
        key = (self.signature(number), width, at_cursor)
        return self.kept(key) or self.keep(key, self._row(number, width, at_cursor))

    def _blank(self, width: int) -> Strip:
        key = ("blank", width)
        return self.kept(key) or self.keep(key, strip_of([], width, self.rich_style))

    def _row(self, number: int, width: int, at_cursor: bool) -> Strip:
        ground = self.rich_style
        over = Style()
        if at_cursor:
            chosen = self.look("row--cursor")
            ground += chosen
            # the colours of the cells stay, on the cursor's background
            over = Style(bgcolor=chosen.bgcolor, reverse=chosen.reverse, bold=chosen.bold)
        cells = [
            Segment(cell.text, ground + cell.style + over if cell.style else ground)
            for cell in self.segments(number, width)
            if cell.text
        ]
        return strip_of(cells, width, ground)

    # keys

    def action_move(self, step: int) -> None:
        """One row up or down."""
        self.move_to(self.cursor + step)

    def action_edge(self, side: int) -> None:
        """The first or the last row."""
        self.move_to(0 if side < 0 else self.row_count() - 1)

    def action_page(self, side: int) -> None:
        """One screen up or down."""
        step = max(1, self.size.height - 1)
        self.top = max(0, min(self.top + side * step, self.row_count() - self.size.height))
        self.move_to(self.cursor + side * step)

    def on_mouse_scroll_down(self) -> None:
        """Three rows down (only with --mouse)."""
        self.move_to(self.cursor + 3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows up (only with --mouse)."""
        self.move_to(self.cursor - 3)
