"""Any text, line by line, with the keys of a log: details, YAML, help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from argotui.services.desk import Desk
from argotui.store.freshness import Freshness
from argotui.store.logs import LogBuffer, RawLine
from argotui.ui import messages
from argotui.ui.scene import Scene
from argotui.ui.searching import SEARCH_BINDINGS, LogSearch, Searching
from argotui.ui.widgets.bars import Piece
from argotui.ui.widgets.logview import LogView


class ViewerScreen(Searching):
    """A text that does not change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *SEARCH_BINDINGS,
        Binding("c", "copy", "Copy all", id="viewer.copy"),
    ]

    HINTS = ("back", "prompt.filter", "logs.wrap", "viewer.copy")

    def __init__(self, desk: Desk, scene: Scene, title: str, lines: Sequence[str]) -> None:
        super().__init__(desk, scene)
        self.shown_title = title
        self.lines = list(lines)

    def body(self) -> Iterable[Widget]:
        buffer = LogBuffer()
        buffer.append(RawLine("", "", line.encode("utf-8", "surrogatepass")) for line in self.lines)
        self.view = LogView(buffer, self.scene, merged=False, id="text")
        self.view.follows = False
        self.view.wraps = True
        self.search = LogSearch(self.view)
        return (self.view,)

    def title_pieces(self) -> tuple[Piece, ...]:
        return ((f"{self.shown_title}  ", "bar--strong"), (f"{self.search.said}  ", "bar--key"))

    def freshnesses(self) -> tuple[Freshness, ...]:
        return (self.desk.list_freshness,)

    def refresh_rows(self) -> None:
        self.view.sync()

    def action_copy(self) -> None:
        """Copies the whole text."""
        self.post_message(messages.Copy("\n".join(self.lines), "text"))
