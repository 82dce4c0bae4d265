"""The templates that can be submitted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.widget import Widget

from argotui.engine.filters import FilterError
from argotui.services.desk import Desk, OpenTemplates
from argotui.store.freshness import Freshness, Link
from argotui.store.logs import search_pattern
from argotui.store.templates import TemplateRow, TemplateTable
from argotui.ui import messages
from argotui.ui.bindings import COPY
from argotui.ui.paint import fit, width_of
from argotui.ui.room import Room
from argotui.ui.scene import Scene
from argotui.ui.spans import age
from argotui.ui.widgets.bars import Piece
from argotui.ui.widgets.columns import Column, ColumnTitles, laid_out
from argotui.ui.widgets.empty import EmptyNote
from argotui.ui.widgets.rowlist import RowList


class TemplateList(RowList):
    """Rows of a `TemplateTable`."""

    def __init__(self, table: TemplateTable, scene: Scene) -> None:
        super().__init__(scene, id="templates")
        self.table = table

    @property
    def row(self) -> TemplateRow | None:
        """The row under the cursor."""
        return self.table.rows[self.cursor] if self.cursor < len(self.table.rows) else None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that fit, with their widths."""
        longest = max((width_of(row.name) for row in self.table.rows), default=0)
        columns = [Column("name", "NAME", max(16, min(longest, self.size.width // 2))), Column("age", "AGE", 5)]
        if self.scene.all_namespaces:
            columns.insert(0, Column("ns", "NAMESPACE", 14))
        columns.append(Column("parameters", "PARAMETERS", max(12, self.size.width // 4)))
        return laid_out([*columns, Column("description", "DESCRIPTION", 0)], self.size.width)

    def row_count(self) -> int:
        return len(self.table.rows)

    def key_at(self, number: int) -> Hashable:
        return self.table.rows[number].key

    def number_of(self, key: Hashable) -> int | None:
        return self.table.number_of(key)  # type: ignore[arg-type]

    def signature(self, number: int) -> tuple[Any, ...]:
        row = self.table.rows[number]
        return row, age(row.created, self.scene.clock()), self.columns

    def segments(self, number: int, width: int) -> list[Segment]:
        row = self.table.rows[number]
        cells = {
            "ns": row.namespace,
            "name": row.name,
            "age": age(row.created, self.scene.clock()),
            "parameters": row.parameters,
            "description": row.description,
        }
        dim = self.look("row--dim")
        return [
            Segment(fit(cells[c.name], c.width, self.scene.ellipsis) + " ", None if c.name == "name" else dim)
            for c in self.columns
        ]


class TemplatesScreen(Room):
    """Templates; `enter` or `t` opens the form of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,t", "submit", "Submit", id="template.submit", tooltip="Fill in the parameters and run it"),
        Binding("f", "file", "Submit a file", id="workflow.submit", tooltip="Run a manifest from this machine"),
        Binding("y", "yaml", "YAML", id="template.yaml"),
        COPY,
    ]

    def __init__(self, desk: Desk, scene: Scene) -> None:
        super().__init__(desk, scene)
        self.opened: OpenTemplates = desk.open_templates()

    def body(self) -> Iterable[Widget]:
        self.list = TemplateList(self.opened.table, self.scene)
        self.titles = ColumnTitles()
        self.empty = EmptyNote()
        return (self.titles, self.list, self.empty)

    def on_unmount(self) -> None:
        """Nobody looks at the templates any more."""
        self.opened.close()

    def freshnesses(self) -> tuple[Freshness, ...]:
        return (self.opened.freshness,)

    def title_pieces(self) -> tuple[Piece, ...]:
        return (("Templates ", "bar--strong"), (f"{len(self.opened.table)}  ", ""))

    def refresh_rows(self) -> None:
        self.list.sync()
        self.titles.show(self.list.columns)
        self.empty.show(self._why_empty())

    def _why_empty(self) -> str:
        freshness = self.opened.freshness
        if len(self.opened.table) or freshness.link is Link.CONNECTING:
            return ""
        if freshness.error:
            return f"Nothing could be read: {freshness.error}"
        return "No templates here. f submits a file; `argotui apply` (or kubectl) brings templates in."

    def subject(self) -> messages.Subject | None:
        row = self.list.row
        return messages.Subject(row.document, kind="WorkflowTemplate") if row else None

    def apply_filter(self, text: str) -> None:
        if text.startswith(("!", "-")):
            raise FilterError("templates are found by name only")
        pattern = search_pattern(text.strip())
        found = next((row.key for row in self.opened.table.rows if pattern.search(row.name)), None)
        if found is not None:
            self.list.select(found)

    def action_submit(self) -> None:
        """Opens the form of the template under the cursor."""
        if self.list.row is not None:
            self.post_message(messages.Act("template.submit", self.subject()))

    def action_file(self) -> None:
        """Asks for a file."""
        self.post_message(messages.Act("workflow.submit", None))

    def action_yaml(self) -> None:
        """The object as the cluster has it."""
        if row := self.list.row:
            self.post_message(messages.ShowObject("WorkflowTemplate", row.key))

    def action_copy(self) -> None:
        """Copies the name under the cursor."""
        if row := self.list.row:
            self.post_message(messages.Copy(row.name, "name"))
