"""The templates that can be submitted."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from argotui.services.desk import Desk
from argotui.store.templates import TemplateRow
from argotui.ui import messages
from argotui.ui.bindings import COPY
from argotui.ui.paint import fit, width_of
from argotui.ui.scene import Scene
from argotui.ui.screens.named import NamedScreen
from argotui.ui.spans import age
from argotui.ui.widgets.columns import Column, laid_out
from argotui.ui.widgets.tablelist import TableList


class TemplateList(TableList[TemplateRow]):
    """Templates, one a line."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that fit, with their widths."""
        longest = max((width_of(row.name) for row in self.table.rows), default=0)
        columns = [Column("name", "NAME", max(16, min(longest, self.size.width // 2))), Column("age", "AGE", 5)]
        if self.scene.all_namespaces:
            columns.insert(0, Column("ns", "NAMESPACE", 14))
        columns.append(Column("parameters", "PARAMETERS", max(12, self.size.width // 4)))
        return laid_out([*columns, Column("description", "DESCRIPTION", 0)], self.size.width)

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


class TemplatesScreen(NamedScreen[TemplateRow]):
    """Templates; `enter` or `t` opens the form of the one under the cursor."""

    KIND = "WorkflowTemplate"
    PLURAL = "Templates"
    NONE = "No templates here. f submits a file; `argotui apply` (or kubectl) brings templates in."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,t", "submit", "Submit", id="template.submit", tooltip="Fill in the parameters and run it"),
        Binding("f", "file", "Submit a file", id="workflow.submit", tooltip="Run a manifest from this machine"),
        Binding("y", "yaml", "YAML", id="template.yaml"),
        COPY,
    ]

    def __init__(self, desk: Desk, scene: Scene) -> None:
        super().__init__(desk, scene, desk.open_templates())

    def make_list(self) -> TemplateList:
        return TemplateList(self.opened.table, self.scene, id="templates")

    def action_file(self) -> None:
        """Asks for a file."""
        self.post_message(messages.Act("workflow.submit", None))
