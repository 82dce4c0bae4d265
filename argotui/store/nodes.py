"""The workflow that is open: its object as the cluster has it, and its tree as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argotui.engine.filters import Filter
from argotui.engine.glyphs import BROKEN, State
from argotui.engine.lockwaits import told_nodes
from argotui.engine.nodemap import NodesUnreadable, node_map
from argotui.engine.outline import Outline
from argotui.engine.tree import Changed, Tree, pod_name_version
from argotui.engine.tree_rows import TreeRow
from argotui.model.documents import Document, dig, uid
from argotui.model.times import parse_time
from argotui.store.named import Key
from argotui.store.text import neutralise, one_line
from argotui.store.workflows import WorkflowRow, row_of_workflow

_SPEC_PATHS = (
    ("spec", "templates"),
    ("status", "storedTemplates"),
    ("status", "storedWorkflowTemplateSpec"),
)


class NodeTable:
    """Rows of one workflow. `document` is what actions and write-backs start from; nothing in it is cleaned."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.tree = Tree(key[1], clean=neutralise)
        self.document: Document | None = None
        self.row: WorkflowRow | None = None
        self.problem = ""
        """Why the nodes cannot be shown; empty when they can."""
        self.is_gone = False
        """The workflow was deleted; what was last seen stays on screen."""
        self._shape: tuple[Any, ...] = ()

    @property
    def rows(self) -> list[TreeRow]:
        return self.tree.rows

    def number_of(self, key: str) -> int | None:
        """The row number of a key; None when it is folded away or unknown."""
        return self.tree.number_of(key)

    def take(self, workflow: Document) -> Changed:
        """Takes over a newer state of the workflow."""
        is_other = self.document is not None and uid(self.document) != uid(workflow)
        if self.document is None or is_other:
            self.tree = Tree(self.key[1], clean=neutralise, pod_name_version=pod_name_version(workflow))
            self._shape = ()
        self.document = workflow
        self.row = row_of_workflow(workflow)
        self.is_gone = False
        changed = self._apply(workflow)
        return Changed((), 0) if is_other else changed

    def _apply(self, workflow: Document) -> Changed:
        try:
            nodes = told_nodes(workflow, node_map(workflow))
        except NodesUnreadable as error:
            self.problem = one_line(str(error))
            return Changed()
        self.problem = ""
        shape = tuple(dig(workflow, *path) for path in _SPEC_PATHS)
        if shape == self._shape:
            return self.tree.apply(nodes)
        self._shape = shape
        return self.tree.apply(nodes, Outline(workflow))

    def lost(self) -> None:
        """The workflow does not exist any more."""
        self.is_gone = True

    def keep(self, wanted: Filter | None, *, only_broken: bool = False) -> Changed:
        """Shows only rows that a filter lets through, or that are broken or waiting; None shows all."""
        if not wanted and not only_broken:
            return self.tree.keep(None)

        def keeps(row: TreeRow) -> bool:
            if only_broken and row.state not in BROKEN and row.state is not State.WAITING:
                return False
            return not wanted or wanted.matches(NodeSubject(row))

        return self.tree.keep(keeps)


@dataclass(frozen=True, slots=True)
class NodeSubject:
    """A tree row as a filter sees it."""

    row: TreeRow

    @property
    def labels(self) -> Mapping[str, str]:
        return {}

    def text(self, field: str) -> str:
        """name, phase, tmpl, msg, type and pod; nodes have no other texts."""
        texts = {
            "name": self.row.name,
            "phase": self.row.state.value,
            "tmpl": self.row.template,
            "msg": self.row.message,
            "type": self.row.type,
            "pod": self.row.pod,
        }
        return texts.get(field, "")

    def seconds(self, field: str) -> float | None:
        """The duration of a node that has ended."""
        started, ended = when(self.row.started), when(self.row.finished)
        return (ended - started).total_seconds() if field == "dur" and started and ended else None


def when(text: str) -> Any:
    """A time of a row, None for one that is missing or is no time (what the cluster says need not be true)."""
    try:
        return parse_time(text)
    except ValueError:
        return None
