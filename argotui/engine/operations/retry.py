"""Retrying a workflow: what runs again, what stays, and the object that says so (§6.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from argotui.engine.operations.drafts import draft_of, packed
from argotui.engine.operations.parameters import override_parameters
from argotui.engine.operations.refusal import OperationRefused
from argotui.engine.operations.retrygraph import Selection, select
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import ANNOTATION_POD_NAME_FORMAT, LABEL_ARCHIVING_STATUS, LABEL_COMPLETED
from argotui.model.names import pod_name
from argotui.model.phase import Phase, failed_or_error
from argotui.model.selectors import NodeSelector, SelectorError, node_selector
from argotui.model.times import format_time


@dataclass(frozen=True)
class RetryPlan:
    """What a retry writes and deletes.  Node ids are sorted."""

    workflow: Document
    """The object to PUT, after the pods are gone."""
    delete_pods: tuple[str, ...]
    """Names of the pods to delete first; those that do not exist are no error."""
    reset: tuple[str, ...]
    """Nodes set back to Running, because something below them runs again."""
    deleted: tuple[str, ...]
    """Nodes that are forgotten, and made anew if they are reached again."""
    kept: tuple[str, ...]
    """Nodes that stay as they are."""


def plan_retry(
    workflow: Document,
    *,
    now: datetime,
    restart_successful: bool = False,
    selector: str = "",
    parameters: Sequence[str] = (),
) -> RetryPlan:
    """Plans to run again what failed; with restart_successful, also the nodes that `selector` matches.

    parameters: `NAME=VALUE` texts that replace workflow parameters.  Raises OperationRefused.
    """
    _check_phase(workflow, restart_successful, selector)
    chosen = _parsed(selector) if restart_successful and selector else None
    draft = draft_of(workflow)
    nodes: dict[str, Document] = draft["status"].get("nodes") or {}
    selection = select(documents.name(workflow), nodes, chosen, overridden=bool(parameters))
    _reopen(draft, now, parameters)
    draft["status"]["nodes"] = _surviving(nodes, selection, now)
    return RetryPlan(
        workflow=packed(draft),
        delete_pods=tuple(_pods(workflow, (nodes[node_id] for node_id in selection.pods))),
        reset=tuple(sorted(selection.reset)),
        deleted=tuple(sorted(selection.deleted)),
        kept=tuple(sorted(set(nodes) - selection.reset - selection.deleted)),
    )


def _check_phase(workflow: Document, restart_successful: bool, selector: str) -> None:
    phase = (workflow.get("status") or {}).get("phase") or ""
    if failed_or_error(phase):
        return
    if phase != Phase.SUCCEEDED:
        raise OperationRefused(f"Cannot retry a workflow in phase {phase}")
    if not (restart_successful and selector):
        raise OperationRefused("To retry a succeeded workflow, set the options restartSuccessful and nodeFieldSelector")


def _parsed(selector: str) -> NodeSelector:
    try:
        return node_selector(selector)
    except SelectorError as error:
        raise OperationRefused(str(error)) from error


def _reopen(draft: Document, now: datetime, parameters: Sequence[str]) -> None:
    """Takes away everything that says the workflow is over."""
    labels = draft["metadata"].get("labels") or {}
    for key in (LABEL_COMPLETED, LABEL_ARCHIVING_STATUS):
        labels.pop(key, None)
    status = draft["status"]
    for key in ("phase", "message", "persistentVolumeClaims"):
        status.pop(key, None)
    status |= {"startedAt": format_time(now), "finishedAt": None}
    status["conditions"] = _not_completed(status.get("conditions") or [])
    spec, stored = draft["spec"], status.get("storedWorkflowTemplateSpec")
    if spec.get("activeDeadlineSeconds") == 0:
        del spec["activeDeadlineSeconds"]
    for holder in (spec, stored):
        if holder:
            holder.pop("shutdown", None)
            override_parameters(holder, parameters)


def _not_completed(conditions: Iterable[Document]) -> list[Document]:
    rest = [condition for condition in conditions if condition.get("type") != "Completed"]
    return [*rest, {"type": "Completed", "status": "False"}]


def _surviving(nodes: dict[str, Document], selection: Selection, now: datetime) -> dict[str, Document]:
    result = {}
    for node_id, node in nodes.items():
        if node_id in selection.deleted:
            continue
        for key in ("children", "outboundNodes"):
            if key in node:
                node[key] = [other for other in node[key] if other not in selection.deleted]
        if node_id in selection.reset:
            _reset(node, now)
        result[node_id] = node
    return result


def _reset(node: Document, now: datetime) -> None:
    """A skipped group stays skipped: set to Running it would wait for ever."""
    if node.get("phase") != Phase.SKIPPED:
        node["phase"] = str(Phase.RUNNING)
    node.pop("message", None)
    node |= {"startedAt": format_time(now), "finishedAt": None}


def _pods(workflow: Document, nodes: Iterable[Document]) -> list[str]:
    version = documents.annotations(workflow).get(ANNOTATION_POD_NAME_FORMAT, "v2")
    name = documents.name(workflow)
    return list(dict.fromkeys(pod_name(name, n.get("name") or "", template_of(n), version) for n in nodes))


def template_of(node: Document) -> str:
    """Name of the template that the node's pod was named after."""
    reference = node.get("templateRef")
    return str((reference or {}).get("template") or "") if reference else str(node.get("templateName") or "")
