"""Resubmitting: a new workflow from an old one, with or without its results (§6.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from argotui.engine.operations.drafts import nodes_of
from argotui.engine.operations.parameters import override_parameters
from argotui.engine.operations.refusal import OperationRefused
from argotui.model import documents
from argotui.model.documents import Document, clone
from argotui.model.keys import (
    API_VERSION,
    LABEL_ARCHIVING_STATUS,
    LABEL_COMPLETED,
    LABEL_CREATOR,
    LABEL_CREATOR_EMAIL,
    LABEL_CREATOR_PREFERRED_USERNAME,
    LABEL_PHASE,
    LABEL_RESUBMITTED_FROM,
)
from argotui.model.names import node_id
from argotui.model.phase import NodeType, Phase, failed_or_error, node_failed
from argotui.model.times import format_time

SUFFIX_LENGTH = 5
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_NOT_CARRIED = frozenset(
    {
        LABEL_CREATOR,
        LABEL_CREATOR_EMAIL,
        LABEL_CREATOR_PREFERRED_USERNAME,
        LABEL_PHASE,
        LABEL_COMPLETED,
        LABEL_ARCHIVING_STATUS,
    }
)


def resubmit(
    workflow: Document,
    *,
    now: datetime,
    entropy: bytes = b"",
    memoized: bool = False,
    parameters: Sequence[str] = (),
) -> Document:
    """The Workflow to create.

    memoized: what succeeded is taken over instead of run again; needs a Failed or Errored workflow, and at least
    five bytes of entropy for the name, because node ids depend on it.  parameters: `NAME=VALUE` texts.
    """
    name = documents.name(workflow)
    generate_name = documents.generate_name(workflow) or f"{name}-"
    labels = {k: v for k, v in documents.labels(workflow).items() if k not in _NOT_CARRIED}
    metadata: Document = {
        "generateName": generate_name,
        "labels": {**labels, LABEL_RESUBMITTED_FROM: name},
    }
    for key in ("namespace", "annotations", "ownerReferences"):
        if found := (workflow.get("metadata") or {}).get(key):
            metadata[key] = clone(found)
    result: Document = {
        "apiVersion": workflow.get("apiVersion") or API_VERSION,
        "kind": workflow.get("kind") or "Workflow",
        "metadata": metadata,
        "spec": _spec(workflow, parameters),
    }
    if memoized:
        metadata["name"] = generate_name + _suffix(entropy)
        result["status"] = _memoized_status(workflow, metadata["name"], now)
    return result


def _spec(workflow: Document, parameters: Sequence[str]) -> Document:
    spec: Document = clone(workflow.get("spec") or {})
    spec.pop("shutdown", None)
    if spec.get("activeDeadlineSeconds") == 0:
        del spec["activeDeadlineSeconds"]
    override_parameters(spec, parameters)
    return spec


def _suffix(entropy: bytes) -> str:
    if len(entropy) < SUFFIX_LENGTH:
        raise ValueError(f"{SUFFIX_LENGTH} bytes of entropy are needed to name the workflow")
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in entropy[:SUFFIX_LENGTH])


def _memoized_status(workflow: Document, new_name: str, now: datetime) -> Document:
    status = workflow.get("status") or {}
    if not failed_or_error(status.get("phase") or ""):
        raise OperationRefused("workflow must be Failed/Error to resubmit in memoized mode")
    result: Document = {
        "nodes": _Renamed(documents.name(workflow), new_name, nodes_of(workflow)).taken_over(now),
        "conditions": [{"type": "Completed", "status": "False"}],
    }
    if status.get("storedTemplates"):
        result["storedTemplates"] = clone(status["storedTemplates"])
    return result


class _Renamed:
    """The nodes of the old workflow under the new one's name."""

    def __init__(self, old: str, new: str, nodes: Mapping[str, Document]) -> None:
        self.old = old
        self.new = new
        self.nodes = nodes

    def taken_over(self, now: datetime) -> dict[str, Document]:
        """The new node map."""
        result = {}
        for node in self.nodes.values():
            if str(node.get("name") or "").startswith(f"{self.old}.onExit") or self._is_fruitless(node):
                continue
            renamed = self._node(node, now)
            result[renamed["id"]] = renamed
        return result

    def _is_fruitless(self, node: Document) -> bool:
        return node.get("type") == NodeType.SKIPPED and not self._succeeded_below(node)

    def _succeeded_below(self, node: Document) -> bool:
        seen: set[str] = set()
        stack = list(node.get("children") or ())
        while stack:
            current = stack.pop()
            found = self.nodes.get(current)
            if found is None:
                raise OperationRefused(f"couldn't obtain child {current}")
            if found.get("phase") == Phase.SUCCEEDED:
                return True
            if current not in seen:
                seen.add(current)
                stack.extend(found.get("children") or ())
        return False

    def _node(self, node: Document, now: datetime) -> Document:
        result: Document = clone(node)
        result["name"] = self._name(str(node.get("name") or ""))
        result["id"] = node_id(self.new, result["name"])
        if node.get("boundaryID"):
            result["boundaryID"] = self._id(node["boundaryID"])
        for key in ("children", "outboundNodes"):
            if node.get(key):
                result[key] = [self._id(other) for other in node[key]]
        is_pod = node.get("type") == NodeType.POD
        runs_again = is_pod and node_failed(node)
        moment = None if runs_again else format_time(now)
        result |= {"startedAt": moment, "finishedAt": moment, "phase": str(Phase.PENDING)}
        result.pop("message", None)
        if is_pod and not runs_again:
            result |= {"type": str(NodeType.SKIPPED), "phase": str(Phase.SKIPPED)}
            result["message"] = f"original pod: {node.get('id')}"
        return result

    def _name(self, name: str) -> str:
        return self.new + name.removeprefix(self.old) if name.startswith(self.old) else name

    def _id(self, old_id: str) -> str:
        return node_id(self.new, self._name(str((self.nodes.get(old_id) or {}).get("name") or "")))
