"""The tree of one workflow."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from rich.segment import Segment
from textual.binding import Binding, BindingType

from argotui.engine.glyphs import BROKEN, State
from argotui.engine.tree_rows import Fold, TreeRow
from argotui.store.nodes import NodeTable
from argotui.ui.paint import fit, width_of
from argotui.ui.scene import Scene
from argotui.ui.spans import duration
from argotui.ui.widgets.columns import Column, laid_out
from argotui.ui.widgets.linewidget import Nothing
from argotui.ui.widgets.tablelist import TableList
from argotui.ui.widgets.workflowlist import STATE_CLASSES

NAME_MOST: Final = 70
GATE_HINT: Final = "a approves, x rejects"


class NodeTree(TableList[TreeRow]):
    """Rows of a `NodeTable`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "unfold", "Unfold", id="tree.unfold", show=False),
        Binding("left,h", "fold", "Fold, or go to what this lies in", id="tree.fold", show=False),
        Binding("e", "error(1)", "Next error", id="tree.next-error"),
        Binding("E", "error(-1)", "Previous error", id="tree.previous-error", show=False),
        Binding("z", "fold_all(True)", "Fold all", id="tree.fold-all", show=False),
        Binding("Z", "fold_all(False)", "Unfold all", id="tree.unfold-all", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = STATE_CLASSES | {"tree--guide"}

    table: NodeTable

    def __init__(self, table: NodeTable, scene: Scene, *, id: str | None = None) -> None:
        super().__init__(table, scene, id=id)
        self._name_width = 24

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that fit, with their widths."""
        width = self.size.width
        columns = [Column("name", "STEP", min(self._name_width, width // 2)), Column("state", "STATE", 9)]
        columns += [Column("duration", "TOOK", 6)]
        if width >= 100:
            columns += [Column("progress", "DONE", 5), Column("template", "TEMPLATE", 16)]
        return laid_out([*columns, Column("message", "MESSAGE", 0)], width)

    def sync(self) -> None:
        """As in every list; the name column only grows."""
        rows = self.table.rows[self.top : self.top + 200]
        longest = max((width_of(self._label(row)) for row in rows), default=0)
        self._name_width = max(self._name_width, min(longest, NAME_MOST))
        super().sync()

    def signature(self, number: int) -> tuple[Any, ...]:
        row = self.table.rows[number]
        return row, self._took(row), self._name_width

    def segments(self, number: int, width: int) -> list[Segment]:
        row = self.table.rows[number]
        columns = self.columns
        look, dim = self.look(f"state--{row.state.value.lower()}"), self.look("row--dim")
        cells = {
            "state": row.state.value,
            "duration": self._took(row),
            "progress": row.progress,
            "template": row.template,
            "message": row.message or (GATE_HINT if row.state is State.WAITING else ""),
        }
        styles = {"state": look, "message": look if row.state in BROKEN or row.state is State.WAITING else dim}
        styles["template"] = dim
        rest = [
            Segment(fit(cells[column.name], column.width, self.scene.ellipsis) + " ", styles.get(column.name))
            for column in columns[1:]
        ]
        return [*self._name_cell(row, columns[0].width), *rest]

    def _name_cell(self, row: TreeRow, width: int) -> list[Segment]:
        glyphs = self.scene.glyphs
        look = self.look(f"state--{row.state.value.lower()}")
        guides = row.guides(glyphs, levels=max(2, width // 4))
        sign = f"{glyphs.state(row.state)} "
        room = max(0, width - width_of(guides) - width_of(sign))
        name, summary = row.name, self._after_name(row)
        is_quiet = row.state in (State.PLANNED, State.SKIPPED, State.OMITTED)
        name_look = self.look("row--dim") if is_quiet else None
        if width_of(name) + width_of(summary) > room:  # the counts are worth more than the end of a name
            name = fit(name, max(4, room - width_of(summary)), self.scene.ellipsis)
        text = fit(name + summary, room, self.scene.ellipsis)
        return [
            Segment(guides, self.look("tree--guide")),
            Segment(sign, look),
            Segment(text[: len(name)], name_look),
            Segment(text[len(name) :] + " ", look),
        ]

    def _label(self, row: TreeRow) -> str:
        glyphs = self.scene.glyphs
        return f"{row.guides(glyphs)}{glyphs.state(row.state)} {row.name}{self._after_name(row)}"

    def _after_name(self, row: TreeRow) -> str:
        summary = row.summary(self.scene.glyphs)
        folded = f" {self.scene.glyphs.folded}" if row.fold is Fold.CLOSED else ""
        return f"{folded} {summary}" if summary else folded

    def _took(self, row: TreeRow) -> str:
        return duration(row.started, row.finished, self.scene.clock())

    # keys

    def toggle(self) -> bool:
        """Opens or closes the row under the cursor; False when there is nothing to open."""
        row = self.row
        if row is None or row.fold is Fold.NONE:
            return False
        self.table.tree.toggle(row.key)
        self.sync()
        return True

    def action_unfold(self) -> None:
        """Opens the row, or goes into it when it is open."""
        row = self.row
        if row is not None and row.fold in (Fold.CLOSED, Fold.MORE):
            self.toggle()
        elif row is not None and row.fold is Fold.OPEN:
            self.move_to(self.cursor + 1)

    def action_fold(self) -> None:
        """Closes the row; a row that has nothing to close goes to what it lies in."""
        row = self.row
        if row is None:
            return
        if row.fold is Fold.OPEN and row.depth:
            self.toggle()
            return
        above = range(self.cursor - 1, -1, -1)
        self.move_to(next((n for n in above if self.table.rows[n].depth < row.depth), self.cursor))

    def action_fold_all(self, folded: bool) -> None:
        """Folds or unfolds everything."""
        self.table.tree.fold_all(folded)
        self.sync()

    def action_error(self, step: int) -> None:
        """Goes to the next or previous step that broke by itself, opening what hides it."""
        found = self.table.tree.next_error(str(self.cursor_key) if self.cursor_key else None, step)
        if found is None:
            self.post_message(Nothing("nothing has failed here"))
            return
        self.table.tree.reveal(found)
        self.sync()
        self.select(found)
