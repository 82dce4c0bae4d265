"""What one step tells the world: a merge patch, and events (§8.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.effects import EmitEvent
from argotui.engine.owners import owned_by
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.names import pod_name
from argotui.model.patching import create_merge_patch
from argotui.model.phase import NodeType, Phase, completed
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.nodes import Nodes
    from argotui.engine.validate import Finding

_PREFIX: Final = "workflows.argoproj.io/"
_MOST_FINDINGS: Final = 20
_NORMAL: Final = (Phase.SUCCEEDED, Phase.RUNNING)


def changes_of(before: Mapping[str, Any], after: Document, nodes: Nodes) -> Document:
    """The merge patch from before to after ({metadata, spec, status without nodes}), and of the nodes that changed."""
    patch: Document = create_merge_patch(_object(before), _object(after))
    changed = {}
    for identifier, old in nodes.before.items():
        difference = create_merge_patch(old or {}, nodes.documents[identifier])
        if difference:
            changed[identifier] = difference
    if changed:
        patch.setdefault("status", {})["nodes"] = changed
    return patch


def _object(workflow: Mapping[str, Any]) -> Document:
    metadata = workflow["metadata"]
    return {
        "metadata": {key: metadata.get(key) or {} for key in ("labels", "annotations")},
        "spec": workflow["spec"],
        "status": workflow["status"],
    }


About = Callable[[Document], Document | None]
"""The pod that a node's events are about; None for the workflow."""


def node_events(nodes: Nodes, about: About = lambda _node: None) -> Iterator[EmitEvent]:
    """One event for each change of a phase."""
    for identifier, old in nodes.before.items():
        node = nodes.documents[identifier]
        phase, before = node.get("phase") or "", None if old is None else old.get("phase")
        if phase == before or (before is None and phase != Phase.RUNNING and not completed(phase)):
            continue
        pod = about(node)
        if completed(phase) and before in (None, Phase.PENDING):
            yield _node_event(node, Phase.RUNNING, "", pod)
        yield _node_event(node, phase, str(node.get("message") or ""), pod)


def _node_event(node: Document, phase: str, message: str, pod: Document | None) -> EmitEvent:
    started = parse_time(node.get("startedAt"))
    annotations = {
        f"{_PREFIX}node-id": str(node["id"]),
        f"{_PREFIX}node-name": str(node["name"]),
        f"{_PREFIX}node-type": str(node["type"]),
        f"{_PREFIX}node-start-time": str(int(started.timestamp()) * 10**9) if started else "",
    }
    if pod is not None:
        owner = pod["metadata"]["ownerReferences"][0]
        annotations |= {f"{_PREFIX}workflow-name": owner["name"], f"{_PREFIX}workflow-uid": owner["uid"]}
    text = f"{phase} node {node['name']}" + (f": {message}" if message else "")
    kind = "Normal" if phase in _NORMAL else "Warning"
    return EmitEvent(kind, f"WorkflowNode{phase}", text, annotations, pod)


def pods_of(workflow: Document, uids: Mapping[str, str], version: str) -> About:
    """For `nodeEvents.sendAsPod`. uids: of the pods that were seen, by node id."""

    def about(node: Document) -> Document | None:
        if node.get("type") != NodeType.POD:
            return None
        template = str((node.get("templateRef") or {}).get("template") or node.get("templateName") or "")
        metadata = {
            "name": pod_name(documents.name(workflow), str(node["name"]), template, version),
            "namespace": documents.namespace(workflow),
            "uid": uids.get(str(node["id"]), ""),
            "ownerReferences": [owned_by(workflow)],
        }
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}

    return about


def invalid_events(findings: Sequence[Finding]) -> Iterator[EmitEvent]:
    """One event for each problem of the spec, with its field and what would be right: the status has room for one."""
    for finding in findings[:_MOST_FINDINGS]:
        text = ": ".join(filter(None, (finding.path, finding.reason or finding.message)))
        yield EmitEvent("Warning", "InvalidSpec", f"{text}; {finding.suggestion}" if finding.suggestion else text)


def workflow_event(phase: str, message: str) -> EmitEvent:
    """The event of a workflow's start or end."""
    if phase == Phase.RUNNING:
        return EmitEvent("Normal", "WorkflowRunning", "Workflow Running")
    if phase == Phase.SUCCEEDED:
        return EmitEvent("Normal", "WorkflowSucceeded", "Workflow completed")
    return EmitEvent("Warning", "WorkflowFailed", message)
