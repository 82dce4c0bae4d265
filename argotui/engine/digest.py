"""What a list says about a workflow: the state in which it really is, and why. Computed from one object.

A phase of `Running` covers a gate that waits for a person, a pod that finds no node and a lock held by somebody else.
The digest tells them apart, and names the first thing that broke instead of "child failed".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from argotui.engine.lockwaits import told_message, told_nodes
from argotui.engine.nodemap import Nodes, NodesUnreadable, node_map
from argotui.engine.outline import Outline
from argotui.model.documents import Document, deleted, dig
from argotui.model.phase import NodeType, Phase, completed, is_active_suspend, node_failed, node_fulfilled


class WorkflowState(StrEnum):
    """The word in the state column."""

    PENDING = "Pending"
    RUNNING = "Running"
    WAITING_APPROVAL = "Waiting approval"
    WAITING_POD = "Waiting pod"
    WAITING_LOCK = "Waiting lock"
    SUSPENDED = "Suspended"
    STOPPING = "Stopping"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"


ENDED: Final = frozenset({WorkflowState.SUCCEEDED, WorkflowState.FAILED, WorkflowState.ERROR})
BROKEN: Final = frozenset({WorkflowState.FAILED, WorkflowState.ERROR})
_WAITS: Final = frozenset(
    {
        WorkflowState.WAITING_APPROVAL,
        WorkflowState.WAITING_POD,
        WorkflowState.WAITING_LOCK,
        WorkflowState.SUSPENDED,
    }
)
_GROUPS: Final = frozenset({NodeType.STEPS, NodeType.STEP_GROUP, NodeType.DAG, NodeType.TASK_GROUP, NodeType.RETRY})
_NOTHING: Final[Mapping[str, Any]] = {}


def state_of_phase(phase: str) -> WorkflowState:
    """The state as far as the phase alone tells it; Pending before the first pass."""
    try:
        return WorkflowState(phase)
    except ValueError:
        return WorkflowState.PENDING


def needs_somebody(state: WorkflowState) -> bool:
    """Broken, or waiting for something that may never come."""
    return state in BROKEN or state in _WAITS


@dataclass(frozen=True, slots=True)
class Gate:
    """A suspend node that waits for a person."""

    node_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The texts are as the cluster has them, not cleaned."""

    state: WorkflowState
    message: str
    gates: tuple[Gate, ...] = ()


def digest(workflow: Document) -> Digest:
    """State and reason of a whole workflow object. A node map that cannot be read is told in the message."""
    phase = str(dig(workflow, "status", "phase") or "")
    try:
        nodes = told_nodes(workflow, node_map(workflow))
    except NodesUnreadable as error:
        return Digest(state_of_phase(phase), str(error))
    said = str(dig(workflow, "status", "message") or "")
    if deleted(workflow):
        return Digest(WorkflowState.DELETING, said)
    if completed(phase):
        return Digest(state_of_phase(phase), _why_ended(said, phase, nodes, bool(_shutdown(workflow))))
    if _shutdown(workflow):
        return Digest(WorkflowState.STOPPING, f"{_shutdown(workflow)} was asked for")
    return _live(workflow, phase, nodes, said)


def _shutdown(workflow: Document) -> str:
    return str(dig(workflow, "spec", "shutdown") or "")


def _live(workflow: Document, phase: str, nodes: Nodes, said: str) -> Digest:
    outline = Outline(workflow)
    gates = tuple(
        Gate(key, str(node.get("displayName") or key))
        for key, node in sorted(nodes.items(), key=lambda entry: str(entry[1].get("startedAt") or ""))
        if is_active_suspend(node) and not outline.is_delay(node)
    )
    if gates:
        also = " (suspended as well)" if dig(workflow, "spec", "suspend") else ""
        return Digest(WorkflowState.WAITING_APPROVAL, f"gate: {', '.join(g.name for g in gates)}{also}", gates)
    if dig(workflow, "spec", "suspend"):
        return Digest(WorkflowState.SUSPENDED, said or "running steps finish first, no new ones start")
    if phase == Phase.PENDING and said:
        if "lock" in said:
            return Digest(WorkflowState.WAITING_LOCK, told_message(workflow, nodes, said))
        return Digest(WorkflowState.PENDING, said)
    live = [node for node in nodes.values() if node.get("type") not in _GROUPS and not node_fulfilled(node)]
    if any(node.get("phase") == Phase.RUNNING for node in live) or not live:
        return Digest(state_of_phase(phase), _first_failure(nodes) or said)
    return _stuck(live) or Digest(state_of_phase(phase), _first_failure(nodes) or said)


def _stuck(pending: list[Document]) -> Digest | None:
    """Nothing runs, so what the first pending node waits for is what the workflow waits for."""
    for node in pending:
        if dig(node, "synchronizationStatus", "waiting"):
            return Digest(WorkflowState.WAITING_LOCK, _told(node))
    waiting = [node for node in pending if node.get("message")]
    return Digest(WorkflowState.WAITING_POD, _told(waiting[0])) if waiting else None


def _why_ended(said: str, phase: str, nodes: Nodes, was_shut_down: bool) -> str:
    if phase == Phase.SUCCEEDED or was_shut_down:
        return said
    return _first_failure(nodes) or said


def _first_failure(nodes: Nodes) -> str:
    """The message of the node that broke first and was not made good by another try."""
    failed = [node for node in nodes.values() if node_failed(node) and node.get("type") not in _GROUPS]
    if not failed:
        return ""
    made_good = set(_tries_made_good(nodes.values()))
    causes = [node for node in failed if node.get("id") not in made_good]
    if not causes:
        return ""
    return _told(min(causes, key=lambda node: (str(node.get("finishedAt") or "~"), str(node.get("name")))))


def _tries_made_good(nodes: Iterable[Document]) -> Iterable[str]:
    for node in nodes:
        if node.get("type") == NodeType.RETRY and not node_failed(node):
            yield from node.get("children") or ()


def _told(node: Mapping[str, Any]) -> str:
    """The step's name and message, without the name of the container that everybody means."""
    name = str(node.get("displayName") or node.get("name") or "")
    message = str(node.get("message") or node.get("phase"))
    return f"{name}: {message.removeprefix('main: ')}"
