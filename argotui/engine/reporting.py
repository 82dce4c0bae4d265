"""What one step tells the world: a merge patch, and events (§8.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.effects import EmitEvent
from argotui.model.documents import Document
from argotui.model.patching import create_merge_patch
from argotui.model.phase import Phase, completed
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.nodes import Nodes

_PREFIX: Final = "workflows.argoproj.io/"
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


def node_events(nodes: Nodes) -> Iterator[EmitEvent]:
    """One event for each change of a phase."""
    for identifier, old in nodes.before.items():
        node = nodes.documents[identifier]
        phase, before = node.get("phase") or "", None if old is None else old.get("phase")
        if phase == before or (before is None and phase != Phase.RUNNING and not completed(phase)):
            continue
        if completed(phase) and before in (None, Phase.PENDING):
            yield _node_event(node, Phase.RUNNING, "")
        yield _node_event(node, phase, str(node.get("message") or ""))


def _node_event(node: Document, phase: str, message: str) -> EmitEvent:
    started = parse_time(node.get("startedAt"))
    annotations = {
        f"{_PREFIX}node-id": str(node["id"]),
        f"{_PREFIX}node-name": str(node["name"]),
        f"{_PREFIX}node-type": str(node["type"]),
        f"{_PREFIX}node-start-time": str(int(started.timestamp()) * 10**9) if started else "",
    }
    text = f"{phase} node {node['name']}" + (f": {message}" if message else "")
    return EmitEvent("Normal" if phase in _NORMAL else "Warning", f"WorkflowNode{phase}", text, annotations)


def workflow_event(phase: str, message: str) -> EmitEvent:
    """The event of a workflow's start or end."""
    if phase == Phase.RUNNING:
        return EmitEvent("Normal", "WorkflowRunning", "Workflow Running")
    if phase == Phase.SUCCEEDED:
        return EmitEvent("Normal", "WorkflowSucceeded", "Workflow completed")
    return EmitEvent("Warning", "WorkflowFailed", message)
