"""How long a workflow and its nodes will probably take: as long as in the last good run of the same kind (§1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.nodemap import NodesUnreadable, node_map
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import LABEL_CLUSTER_WORKFLOW_TEMPLATE, LABEL_CRON_WORKFLOW, LABEL_WORKFLOW_TEMPLATE
from argotui.model.phase import Phase
from argotui.model.times import parse_time

ORIGINS: Final = (LABEL_WORKFLOW_TEMPLATE, LABEL_CLUSTER_WORKFLOW_TEMPLATE, LABEL_CRON_WORKFLOW)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Whole seconds of the last good run; of its nodes by what follows the workflow's name in theirs."""

    seconds: int
    nodes: Mapping[str, int]

    @classmethod
    def of(cls, workflow: Document) -> Baseline:
        """From a whole workflow that has succeeded. One whose nodes cannot be read says nothing of nodes."""
        name = documents.name(workflow)
        try:
            nodes = node_map(workflow)
        except NodesUnreadable:
            nodes = {}
        found = {str(node.get("name") or "").removeprefix(name): _seconds(node) for node in nodes.values()}
        return cls(_seconds(workflow.get("status") or {}), {key: value for key, value in found.items() if value})


def origin(workflow: Document) -> tuple[str, str] | None:
    """Label and value by which runs of the same kind are found; None for a workflow that has no such kin."""
    labels = dict(documents.labels(workflow))
    reference = dig(workflow, "spec", "workflowTemplateRef")
    if isinstance(reference, dict) and reference.get("name"):
        key = LABEL_CLUSTER_WORKFLOW_TEMPLATE if reference.get("clusterScope") else LABEL_WORKFLOW_TEMPLATE
        labels.setdefault(key, str(reference["name"]))
    return next(((key, labels[key]) for key in ORIGINS if key in labels), None)


def is_kin(candidate: Document, workflow: Document, kind: tuple[str, str]) -> bool:
    """Whether the candidate is a good run of the same kind."""
    return (
        documents.labels(candidate).get(kind[0]) == kind[1]
        and documents.namespace(candidate) == documents.namespace(workflow)
        and dig(candidate, "status", "phase") == Phase.SUCCEEDED
    )


def _seconds(thing: Mapping[str, Any]) -> int:
    started, finished = parse_time(thing.get("startedAt")), parse_time(thing.get("finishedAt"))
    return max(0, int((finished - started).total_seconds())) if started and finished else 0
