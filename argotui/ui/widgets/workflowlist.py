"""The list of workflows."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from rich.segment import Segment

from argotui.engine.digest import WorkflowState, needs_somebody
from argotui.engine.glyphs import State
from argotui.store.workflows import WorkflowRow, WorkflowTable
from argotui.ui.paint import fit, width_of
from argotui.ui.scene import Scene
from argotui.ui.spans import age, duration
from argotui.ui.widgets.columns import Column, laid_out
from argotui.ui.widgets.tablelist import TableList

STATE_WIDTH: Final = 18
NAME_MOST: Final = 60
_SIGNS: Final = {
    WorkflowState.PENDING: State.PENDING,
    WorkflowState.RUNNING: State.RUNNING,
    WorkflowState.WAITING_APPROVAL: State.WAITING,
    WorkflowState.WAITING_POD: State.PENDING,
    WorkflowState.WAITING_LOCK: State.PENDING,
    WorkflowState.SUSPENDED: State.WAITING,
    WorkflowState.STOPPING: State.ERROR,
    WorkflowState.DELETING: State.OMITTED,
    WorkflowState.SUCCEEDED: State.SUCCEEDED,
    WorkflowState.FAILED: State.FAILED,
    WorkflowState.ERROR: State.ERROR,
}
STATE_CLASSES: Final = {f"state--{state.value.lower()}" for state in State}


def sign_of(state: WorkflowState) -> State:
    """The node state whose sign and colour a workflow's state shares."""
    return _SIGNS[state]


class WorkflowList(TableList[WorkflowRow]):
    """Rows of a `WorkflowTable`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = STATE_CLASSES

    def __init__(self, table: WorkflowTable, scene: Scene, *, id: str | None = None) -> None:
        super().__init__(table, scene, id=id)
        self._name_width = 16

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that fit, with their widths."""
        width = self.size.width
        columns = [Column("state", "STATE", STATE_WIDTH), Column("name", "NAME", min(self._name_width, width * 2 // 5))]
        if self.scene.all_namespaces:
            columns.insert(0, Column("ns", "NAMESPACE", 14))
        columns += [Column("progress", "DONE", 5), Column("duration", "TOOK", 6)]
        if width >= 110:
            columns.append(Column("age", "AGE", 5))
        if width >= 150:
            columns.append(Column("origin", "TEMPLATE", 22))
        return laid_out([*columns, Column("message", "MESSAGE", 0)], width)

    def sync(self) -> None:
        """As in every list; the name column only grows, so that a coming row seldom repaints all others."""
        longest = max((width_of(row.name) for row in self.table.rows), default=0)
        self._name_width = max(self._name_width, min(longest, NAME_MOST))
        super().sync()

    def signature(self, number: int) -> tuple[Any, ...]:
        row = self.table.rows[number]
        return row, self._times(row), self._name_width, self.scene.all_namespaces

    def segments(self, number: int, width: int) -> list[Segment]:
        row = self.table.rows[number]
        took, old = self._times(row)
        sign = sign_of(row.state)
        cells = {
            "ns": row.namespace,
            "state": f"{self.scene.glyphs.state(sign)} {row.state.value}",
            "name": row.name,
            "progress": row.progress or (self.scene.ellipsis if not row.known else ""),
            "duration": took,
            "age": old,
            "origin": row.origin,
            "message": row.message,
        }
        look, dim = self.look(f"state--{sign.value.lower()}"), self.look("row--dim")
        styles = {"state": look, "message": look if needs_somebody(row.state) else dim}
        styles |= dict.fromkeys(("ns", "age", "origin"), dim)
        return [
            Segment(fit(cells[column.name], column.width, self.scene.ellipsis) + " ", styles.get(column.name))
            for column in self.columns
        ]

    def _times(self, row: WorkflowRow) -> tuple[str, str]:
        """(duration, age); not known before the whole object was read."""
        now = self.scene.clock()
        took = duration(row.started, row.finished, now)
        return took or (self.scene.ellipsis if not row.known else ""), age(row.created, now)
