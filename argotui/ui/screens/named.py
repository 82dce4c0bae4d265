"""What the screens share that list all objects of one kind: templates, CronWorkflows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic

from textual.widget import Widget

from argotui.engine.filters import FilterError
from argotui.services.desk import Desk, OpenNamed
from argotui.store.freshness import Freshness, Link
from argotui.store.logs import search_pattern
from argotui.store.named import R
from argotui.ui import messages
from argotui.ui.room import Room
from argotui.ui.scene import Scene
from argotui.ui.widgets.bars import Piece
from argotui.ui.widgets.columns import ColumnTitles
from argotui.ui.widgets.empty import EmptyNote
from argotui.ui.widgets.tablelist import TableList


class NamedScreen(Room, Generic[R]):
    """A subclass names what it shows, and makes the list."""

    KIND: ClassVar[str]
    PLURAL: ClassVar[str]
    """As the title has it."""
    NONE: ClassVar[str]
    """What is said when there are none: how they come in."""

    def __init__(self, desk: Desk, scene: Scene, opened: OpenNamed[R]) -> None:
        super().__init__(desk, scene)
        self.opened = opened

    def make_list(self) -> TableList[R]:
        """The list of what is opened."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        self.list = self.make_list()
        self.titles = ColumnTitles(lambda: self.list.columns)
        self.empty = EmptyNote()
        return (self.titles, self.list, self.empty)

    def on_unmount(self) -> None:
        """Nobody looks at them any more."""
        self.opened.close()

    def freshnesses(self) -> tuple[Freshness, ...]:
        return (self.opened.freshness,)

    def title_pieces(self) -> tuple[Piece, ...]:
        return ((f"{self.PLURAL} ", "bar--strong"), (f"{len(self.opened.table)}  ", ""))

    def refresh_rows(self) -> None:
        self.list.sync()
        self.titles.sync()
        self.empty.show(self._why_empty())

    def _why_empty(self) -> str:
        freshness = self.opened.freshness
        if len(self.opened.table) or freshness.link is Link.CONNECTING:
            return ""
        return f"Nothing could be read: {freshness.error}" if freshness.error else self.NONE

    def subject(self) -> messages.Subject | None:
        row = self.list.row
        return messages.Subject(row.document, kind=self.KIND) if row else None

    def apply_filter(self, text: str) -> None:
        if text.startswith(("!", "-")):
            raise FilterError(f"{self.PLURAL.lower()} are found by name only")
        pattern = search_pattern(text.strip())
        found = next((row.key for row in self.opened.table.rows if pattern.search(row.name)), None)
        if found is not None:
            self.list.select(found)

    def action_submit(self) -> None:
        """Opens the form of the one under the cursor."""
        if self.list.row is not None:
            self.post_message(messages.Act("template.submit", self.subject()))

    def action_yaml(self) -> None:
        """The object as the cluster has it."""
        if row := self.list.row:
            self.post_message(messages.ShowObject(self.KIND, row.key))

    def action_copy(self) -> None:
        """Copies the name under the cursor."""
        if row := self.list.row:
            self.post_message(messages.Copy(row.name, "name"))
