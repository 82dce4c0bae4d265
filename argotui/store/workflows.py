"""The live list of workflows: rows in order, filtered, each change naming the rows it touched.

Rows come in two steps. A server-side Table gives name, phase and age of all workflows at once; the whole object,
fetched later for those that run or are on screen, gives the derived state, progress and the reason of a failure.
Until then `known` is False and the missing cells are shown as not known. The object itself is not kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from argotui.engine.digest import ENDED, Gate, WorkflowState, digest, state_of_phase
from argotui.engine.tree import Changed
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.duration import seconds_of_age
from argotui.model.keys import (
    LABEL_CLUSTER_WORKFLOW_TEMPLATE,
    LABEL_COMPLETED,
    LABEL_CRON_WORKFLOW,
    LABEL_PHASE,
    LABEL_WORKFLOW_TEMPLATE,
)
from argotui.store.named import Key, Named
from argotui.store.text import one_line

_ORIGINS: Final = (LABEL_WORKFLOW_TEMPLATE, LABEL_CLUSTER_WORKFLOW_TEMPLATE, LABEL_CRON_WORKFLOW)


@dataclass(frozen=True, slots=True)
class WorkflowRow(Named):
    """One workflow. Texts are clean; times are RFC 3339 or empty. `metadata` is the object's own, for actions."""

    key: Key
    metadata: Document = field(compare=False)
    version: str = ""
    state: WorkflowState = WorkflowState.PENDING
    message: str = ""
    progress: str = ""
    created: str = ""
    started: str = ""
    finished: str = ""
    origin: str = ""
    """The template or cron workflow that it was made from."""
    gates: tuple[Gate, ...] = ()
    is_completed: bool = False
    known: bool = False
    """Whether the whole object of this version has been looked at."""

    @property
    def labels(self) -> Mapping[str, str]:
        """As the cluster has them, not cleaned."""
        return documents.labels(self.document)

    @property
    def document(self) -> Document:
        """As much of the object as is kept: what an action starts from."""
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": self.metadata}

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


def row_of_metadata(metadata: Document, cells: Mapping[str, Any]) -> WorkflowRow:
    """A row from a Table row: its metadata, and its cells by lower-case column name."""
    held: Document = {"metadata": metadata}
    labels = documents.labels(held)
    phase = labels.get(LABEL_PHASE) or str(cells.get("status") or cells.get("phase") or "")
    return WorkflowRow(
        key=documents.key(held),
        metadata=metadata,
        version=documents.resource_version(held),
        state=WorkflowState.DELETING if documents.deleted(held) else state_of_phase(phase),
        message=one_line(cells.get("message")),
        created=one_line(documents.created(held)),
        origin=_origin(labels),
        is_completed=labels.get(LABEL_COMPLETED) == "true",
    )


def row_of_cells(namespace: str, cells: Mapping[str, Any], now: datetime) -> WorkflowRow:
    """A first sketch of a row, from its cells alone: no uid, no labels, and its time as exact as the age is told."""
    age = seconds_of_age(str(cells.get("age") or ""))
    metadata: Document = {"name": str(cells["name"]), "namespace": namespace}
    if age is not None:
        metadata["creationTimestamp"] = (now - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return row_of_metadata(metadata, cells)


def row_of_workflow(workflow: Document) -> WorkflowRow:
    """A complete row from the whole object."""
    found = digest(workflow)
    status = workflow.get("status") or {}
    metadata = dict(workflow.get("metadata") or {})
    partial = row_of_metadata(metadata, {"status": status.get("phase")})
    return replace(
        partial,
        state=found.state,
        message=one_line(found.message),
        progress=one_line(status.get("progress")),
        started=one_line(status.get("startedAt")),
        finished=one_line(status.get("finishedAt")),
        gates=tuple(Gate(gate.node_id, one_line(gate.name)) for gate in found.gates),
        known=True,
    )


def _origin(labels: Mapping[str, str]) -> str:
    return next((one_line(labels[key]) for key in _ORIGINS if labels.get(key)), "")


Sorting = Callable[[WorkflowRow], Any]


def newest_first(row: WorkflowRow) -> tuple[str, Key]:
    """The order of the list unless another is chosen."""
    return "".join(chr(0x10FFFF - ord(c)) for c in row.created), row.key


class WorkflowTable:
    """All workflows, and the ordered rows of those that the filter lets through."""

    def __init__(self) -> None:
        self.rows: list[WorkflowRow] = []
        self.is_listed = False
        """Whether the first list is complete."""
        self._all: dict[Key, WorkflowRow] = {}
        self._sorting: Sorting = newest_first
        self._filter: Callable[[WorkflowRow], bool] | None = None
        self._numbers: dict[Key, int] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total(self) -> int:
        """Workflows with and without the filter."""
        return len(self._all)

    def all(self) -> Iterator[WorkflowRow]:
        """Every row, in no order."""
        return iter(self._all.values())

    def get(self, key: Key) -> WorkflowRow | None:
        """The row of a workflow, shown or not."""
        return self._all.get(key)

    def number_of(self, key: Key) -> int | None:
        """The row number of a workflow; None when it is not shown."""
        if self._numbers is None:
            self._numbers = {row.key: number for number, row in enumerate(self.rows)}
        return self._numbers.get(key)

    def put(self, row: WorkflowRow) -> Changed:
        """Takes over a row. One that knows less than what is shown of the same object keeps the details it has."""
        before = self._all.get(row.key)
        row = _merged(before, row)
        self._all[row.key] = row
        here = self.number_of(row.key)
        shown = self._filter is None or self._filter(row)
        if before is not None and here is not None and shown and self._sorting(before) == self._sorting(row):
            self.rows[here] = row
            return Changed() if before == row else Changed((here,))
        moved = self._take_out(here)
        if shown:
            moved = min(moved, self._insert(row))
        return Changed((), moved) if moved <= len(self.rows) else Changed()

    def remove(self, key: Key) -> Changed:
        """Takes a workflow out; nothing happens when it is unknown."""
        self._all.pop(key, None)
        here = self.number_of(key)
        return Changed() if here is None else Changed((), self._take_out(here))

    def replace_all(self, rows: Mapping[Key, WorkflowRow]) -> Changed:
        """Takes over a complete list: what is not in it is gone."""
        self.is_listed = True
        self._all = {key: _merged(self._all.get(key), row) for key, row in rows.items()}
        return self._rebuild()

    def put_all(self, rows: Iterable[WorkflowRow]) -> Changed:
        """Takes over many rows at once: a page of a list that is still on its way."""
        for row in rows:
            self._all[row.key] = _merged(self._all.get(row.key), row)
        return self._rebuild()

    def keep(self, predicate: Callable[[WorkflowRow], bool] | None) -> Changed:
        """Shows only rows for which `predicate` holds; None shows all."""
        self._filter = predicate
        return self._rebuild()

    def sort(self, sorting: Sorting) -> Changed:
        """Orders the rows by a key."""
        self._sorting = sorting
        return self._rebuild()

    def clear(self) -> Changed:
        """Forgets everything: another namespace or cluster is shown from now on."""
        self.is_listed = False
        self._all = {}
        return self._rebuild()

    def _rebuild(self) -> Changed:
        shown = (row for row in self._all.values() if self._filter is None or self._filter(row))
        self.rows = sorted(shown, key=self._sorting)
        self._numbers = None
        return Changed((), 0)

    def _take_out(self, number: int | None) -> int:
        """Removes a row; the number from which rows moved, or one beyond the end."""
        if number is None:
            return len(self.rows) + 2
        del self.rows[number]
        self._numbers = None
        return number

    def _insert(self, row: WorkflowRow) -> int:
        number = bisect_left(self.rows, self._sorting(row), key=self._sorting)
        self.rows.insert(number, row)
        self._numbers = None
        return number


def _merged(before: WorkflowRow | None, row: WorkflowRow) -> WorkflowRow:
    """Details outlive a newer Table row of the same object, so that cells do not flicker while they are fetched."""
    if before is None or row.known or not before.known or before.metadata.get("uid") != row.metadata.get("uid"):
        return row
    if before.version == row.version:
        return before
    same_phase = row.has_ended == before.has_ended
    return replace(
        row,
        state=before.state if same_phase and row.state is not WorkflowState.DELETING else row.state,
        message=row.message or (before.message if same_phase else ""),
        progress=before.progress,
        started=before.started,
        gates=before.gates if same_phase else (),
    )
