"""The first screen: the workflows of a namespace, or of all, live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.widget import Widget

from argotui.engine.digest import needs_somebody
from argotui.engine.filters import EVERYTHING, parse_filter
from argotui.store.freshness import Link
from argotui.store.nodes import when
from argotui.store.workflows import WorkflowRow, newest_first
from argotui.ui import messages
from argotui.ui.bindings import BROKEN, COPY, SUBMIT, WORKFLOW_ACTIONS
from argotui.ui.room import Room
from argotui.ui.scene import Scene
from argotui.ui.widgets.bars import Piece, Tone
from argotui.ui.widgets.columns import ColumnTitles
from argotui.ui.widgets.empty import EmptyNote
from argotui.ui.widgets.workflowlist import WorkflowList

_SORTINGS: Final = {
    "age": newest_first,
    "name": lambda row: (row.key[1], row.key[0]),
    "status": lambda row: (not needs_somebody(row.state), row.has_ended, row.state.value, newest_first(row)),
    "progress": lambda row: (row.has_ended, row.progress, newest_first(row)),
}
_WAITS: Final = {"Waiting approval": "approval", "Waiting pod": "pod", "Waiting lock": "lock"}


@dataclass(frozen=True, slots=True)
class WorkflowSubject:
    """A row as a filter sees it."""

    row: WorkflowRow
    scene: Scene

    @property
    def labels(self) -> Mapping[str, str]:
        return self.row.labels

    def text(self, field: str) -> str:
        """name, phase, ns, tmpl, msg and wait."""
        texts = {
            "name": self.row.name,
            "phase": self.row.state.value,
            "ns": self.row.namespace,
            "tmpl": self.row.origin,
            "msg": self.row.message,
            "wait": _WAITS.get(self.row.state.value, ""),
        }
        return texts.get(field, "")

    def seconds(self, field: str) -> float | None:
        """age since creation, dur so far."""
        begin = when(self.row.created if field == "age" else self.row.started)
        end = (when(self.row.finished) if field == "dur" else None) or self.scene.clock()
        return (end - begin).total_seconds() if begin else None


class WorkflowsScreen(Room):
    """Workflows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="workflow.open", tooltip="Show the steps of this workflow"),
        Binding("l,L", "logs", "Log", id="workflow.logs", tooltip="Log of all steps, merged"),
        *WORKFLOW_ACTIONS,
        SUBMIT,
        BROKEN,
        COPY,
        Binding("y", "yaml", "YAML", id="workflow.yaml", show=False, tooltip="The object as the cluster has it"),
        Binding("N", "sort('name')", "Sort by name", id="sort.name", show=False),
        Binding("A", "sort('age')", "Sort by age", id="sort.age", show=False),
        Binding("S", "sort('status')", "Sort by state, what needs you first", id="sort.status", show=False),
        Binding("P", "sort('progress')", "Sort by progress", id="sort.progress", show=False),
        Binding("0", "all_namespaces", "All namespaces", id="namespace.all", show=False),
    ]
    HINTS = ("workflow.open", "workflow.logs", "workflow.approve", "workflow.retry", "template.submit", "help")

    def body(self) -> Iterable[Widget]:
        self.list = WorkflowList(self.desk.workflows, self.scene, id="workflows")
        self.titles = ColumnTitles(lambda: self.list.columns)
        self.empty = EmptyNote()
        self._only_broken = False
        self._filter = EVERYTHING
        return (self.titles, self.list, self.empty)

    @property
    def can_leave(self) -> bool:
        return False

    def title_pieces(self) -> tuple[Piece, ...]:
        table = self.desk.workflows
        counted = f"{len(table)}" if len(table) == table.total else f"{len(table)} of {table.total}"
        pieces: list[Piece] = [("Workflows ", "bar--strong"), (f"{counted}  ", "")]
        gates = sum(len(row.gates) for row in table.all())
        if gates:
            pieces.append((f"{gates} waiting for approval  ", "bar--stale"))
        if self._only_broken:
            pieces.append(("! only broken or waiting  ", "bar--key"))
        return tuple(pieces)

    def refresh_rows(self) -> None:
        self.scene.all_namespaces = self.desk.session is not None and self.desk.namespace is None
        self.list.sync()
        self.titles.sync()
        self.empty.show(self._why_empty())
        self.desk.look_at([self.desk.workflows.rows[number].key for number in self.list.window])

    def _why_empty(self) -> str:
        table, freshness = self.desk.workflows, self.desk.list_freshness
        if len(table) or self.desk.session is None:
            return ""
        if table.total:
            return "No workflow matches. esc clears the filter."
        if freshness.state(self.app.clock_seconds()) is not Link.LIVE:  # type: ignore[attr-defined]
            return freshness.error and f"Nothing could be read: {freshness.error}"
        if not table.is_listed:
            return ""
        where = f"namespace {self.desk.namespace}" if self.desk.namespace else "any namespace"
        return f"No workflows in {where}. t submits one, :ns looks elsewhere."

    def subject(self) -> messages.Subject | None:
        row = self.list.row
        return messages.Subject(row.document) if row else None

    def apply_filter(self, text: str) -> None:
        self._filter = parse_filter(text)
        self._keep()

    def _keep(self) -> None:
        wanted, only_broken = self._filter, self._only_broken

        def keeps(row: WorkflowRow) -> bool:
            return (not only_broken or needs_somebody(row.state)) and wanted.matches(WorkflowSubject(row, self.scene))

        self.desk.workflows.keep(keeps if wanted or only_broken else None)

    def on_row_list_moved(self) -> None:
        """Other rows may be in view."""
        self.desk.look_at([self.desk.workflows.rows[number].key for number in self.list.window])

    def action_open(self) -> None:
        """The steps of the workflow under the cursor."""
        if row := self.list.row:
            self.post_message(messages.OpenWorkflow(row.key))

    def action_logs(self) -> None:
        """The log of the workflow under the cursor."""
        if row := self.list.row:
            self.post_message(messages.OpenWorkflow(row.key, log=True))

    def action_yaml(self) -> None:
        """The object under the cursor."""
        if row := self.list.row:
            self.post_message(messages.ShowObject("Workflow", row.key))

    def action_submit(self) -> None:
        """Chooses what to submit."""
        self.post_message(messages.ChooseTemplate())

    def action_copy(self) -> None:
        """Copies the name under the cursor."""
        if row := self.list.row:
            self.post_message(messages.Copy(row.name, "name"))

    def action_only_broken(self) -> None:
        """Shows only what failed or waits, or all again."""
        self._only_broken = not self._only_broken
        self._keep()
        self.pulse()

    def action_sort(self, by: str) -> None:
        """Orders the rows; the cursor stays on its row."""
        self.desk.workflows.sort(_SORTINGS[by])
        self.pulse()
        self.tell(f"sorted by {by}", Tone.PLAIN)

    def action_all_namespaces(self) -> None:
        """Shows all namespaces, or the context's own again."""
        self.desk.move(all_namespaces=self.desk.namespace is not None)
