"""One workflow: its steps, live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from argotui.engine.filters import EVERYTHING, parse_filter
from argotui.engine.glyphs import State
from argotui.engine.tree_rows import Fold, TreeRow
from argotui.model.phase import NodeType
from argotui.services.desk import Desk, OpenWorkflow
from argotui.store.freshness import Freshness
from argotui.store.named import Key
from argotui.store.text import one_line
from argotui.ui import messages
from argotui.ui.bindings import BROKEN, COPY, SUBMIT, WORKFLOW_ACTIONS
from argotui.ui.node_text import node_lines
from argotui.ui.room import Room
from argotui.ui.scene import Scene
from argotui.ui.spans import duration
from argotui.ui.widgets.bars import Piece
from argotui.ui.widgets.columns import ColumnTitles
from argotui.ui.widgets.empty import EmptyNote
from argotui.ui.widgets.nodetree import NodeTree
from argotui.ui.widgets.workflowlist import sign_of

_ON_THE_NODE = frozenset({"workflow.approve", "workflow.reject", "workflow.retry"})
"""Actions that mean the step under the cursor where that makes sense; the others mean the workflow."""
_LOGLESS = frozenset({NodeType.SUSPEND, NodeType.SKIPPED, NodeType.HTTP, NodeType.PLUGIN})


class TreeScreen(Room):
    """Steps of one workflow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Details", id="node.open", tooltip="Open or close the row, else the step's details"),
        Binding("d", "details", "Details", id="node.details", show=False),
        Binding("l", "log", "Log", id="node.log", tooltip="Log of the step under the cursor; follows while it runs"),
        Binding("L", "all_logs", "All logs", id="workflow.logs", tooltip="Logs of all steps, merged"),
        *WORKFLOW_ACTIONS,
        SUBMIT,
        BROKEN,
        COPY,
        Binding("y", "yaml", "YAML", id="workflow.yaml", show=False, tooltip="The object as the cluster has it"),
        Binding("w", "next_gate", "Next gate", id="tree.next-gate", show=False, tooltip="Go to a gate that waits"),
    ]
    HINTS = ("node.open", "node.log", "workflow.logs", "workflow.approve", "workflow.retry", "tree.next-error", "help")

    def __init__(self, desk: Desk, scene: Scene, key: Key) -> None:
        super().__init__(desk, scene)
        self.key = key
        self.opened: OpenWorkflow = desk.open_workflow(key)
        self._only_broken = False
        self._filter = EVERYTHING
        self._log_wanted = False

    def body(self) -> Iterable[Widget]:
        self.tree_list = NodeTree(self.opened.table, self.scene, id="tree")
        self.titles = ColumnTitles(lambda: self.tree_list.columns)
        self.empty = EmptyNote()
        return (self.titles, self.tree_list, self.empty)

    def on_unmount(self) -> None:
        """Nobody looks at this workflow any more."""
        self.opened.close()

    def freshnesses(self) -> tuple[Freshness, ...]:
        return (self.opened.freshness,)

    def title_pieces(self) -> tuple[Piece, ...]:
        row = self.opened.table.row
        pieces: list[Piece] = [("Workflow ", "bar--dim"), (f"{one_line(self.key[1])}  ", "bar--strong")]
        if self.opened.table.is_gone:
            pieces.append(("deleted; this is what was last seen  ", "bar--danger"))
        elif row is not None:
            tone = {State.SUCCEEDED: "bar--live", State.FAILED: "bar--danger", State.ERROR: "bar--danger"}
            sign = sign_of(row.state)
            pieces.append((f"{self.scene.glyphs.state(sign)} {row.state.value}  ", tone.get(sign, "bar--stale")))
            took = duration(row.started, row.finished, self.now)
            pieces.append((f"{row.progress}  {took}  ".lstrip(), ""))
            if row.message:
                pieces.append((f"{row.message}  ", "bar--dim"))
        if self._only_broken:
            pieces.append(("! only broken or waiting  ", "bar--key"))
        return tuple(pieces)

    def refresh_rows(self) -> None:
        self.tree_list.sync()
        self.titles.sync()
        self.empty.show(self._why_empty())

    def _why_empty(self) -> str:
        table = self.opened.table
        if table.rows:
            return ""
        if table.problem:
            return f"The steps cannot be shown: {table.problem}"
        if table.document is None:
            return self.opened.freshness.error and f"The workflow could not be read: {self.opened.freshness.error}"
        if self._filter or self._only_broken:
            return "No step matches. esc clears the filter."
        return "No step has been created yet: the workflow controller has not looked at it."

    @property
    def row(self) -> TreeRow | None:
        """The row under the cursor."""
        return self.tree_list.row

    def subject(self) -> messages.Subject | None:
        document = self.opened.table.document
        return None if document is None else messages.Subject(document, None)

    def action_act(self, action_id: str) -> None:
        """Does an action with the step under the cursor where the action can mean a step, else with the workflow."""
        document = self.opened.table.document
        subject = None if document is None else messages.Subject(document, self._node_for(action_id))
        self.post_message(messages.Act(action_id, subject))

    def _node_for(self, action_id: str) -> str | None:
        row = self.row
        if row is None or action_id not in _ON_THE_NODE or not row.depth:
            return None
        if action_id == "workflow.retry":
            return row.node_id if row.state is State.SUCCEEDED and row.node_id else None
        # a gate elsewhere is meant when the cursor stands on no gate and only one waits
        return row.node_id if row.state is State.WAITING else None

    def apply_filter(self, text: str) -> None:
        self._filter = parse_filter(text)
        self.opened.table.keep(self._filter, only_broken=self._only_broken)

    def action_open(self) -> None:
        """Opens or closes the row; a row without members shows its details."""
        row = self.row
        if row is not None and row.depth and row.fold is not Fold.NONE:
            self.tree_list.toggle()
        else:
            self.action_details()

    def action_details(self) -> None:
        """All that is known of the step under the cursor."""
        row, table = self.row, self.opened.table
        if row is not None:
            lines = node_lines(row, table.tree.node(row.key) or {}, self.now)
            self.post_message(messages.ShowText(f"Step {row.name}", lines))

    def action_log(self) -> None:
        """The log of the step under the cursor; on the workflow's own row that of all steps."""
        row = self.row
        if row is None:
            return
        if row.state is State.PLANNED:
            self.tell(f"{row.name} has not started: there is no log yet")
        elif row.type in _LOGLESS:
            self.tell(f"{row.name} is a {row.type} step: it runs nothing and has no log")
        else:
            everything = not row.depth and not row.pod
            self.post_message(messages.OpenLog(self.opened.table, None if everything else row.key))

    def action_all_logs(self) -> None:
        """The logs of all steps."""
        self.post_message(messages.OpenLog(self.opened.table, None))

    def action_yaml(self) -> None:
        """The whole object."""
        self.post_message(messages.ShowObject("Workflow", self.key))

    def action_submit(self) -> None:
        """Chooses what to submit."""
        self.post_message(messages.ChooseTemplate())

    def action_copy(self) -> None:
        """Copies the pod's name of the step, else its name."""
        row = self.row
        if row is not None:
            self.post_message(messages.Copy(row.pod or row.name, "pod name" if row.pod else "name"))

    def action_only_broken(self) -> None:
        """Shows only what failed or waits, or all again."""
        self._only_broken = not self._only_broken
        self.opened.table.keep(self._filter, only_broken=self._only_broken)
        self.pulse()

    def action_next_gate(self) -> None:
        """Goes to a gate that waits."""
        gates = [row.key for row in self.opened.table.tree.waiting()]
        if not gates:
            self.tell("no gate waits here")
            return
        here = self.tree_list.cursor_key
        target = gates[(gates.index(str(here)) + 1) % len(gates)] if here in gates else gates[0]
        self.opened.table.tree.reveal(target)
        self.tree_list.sync()
        self.tree_list.select(target)
