"""Phases and types of nodes, and the predicates that decide when something is over (§1.4, §1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """Phase of a node.  Workflows use all but SKIPPED and OMITTED, and "" before the first pass."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    FAILED = "Failed"
    ERROR = "Error"
    OMITTED = "Omitted"


class NodeType(StrEnum):
    """What a node stands for (§1.3)."""

    POD = "Pod"
    CONTAINER = "Container"
    STEPS = "Steps"
    STEP_GROUP = "StepGroup"
    DAG = "DAG"
    TASK_GROUP = "TaskGroup"
    RETRY = "Retry"
    SKIPPED = "Skipped"
    SUSPEND = "Suspend"
    HTTP = "HTTP"
    PLUGIN = "Plugin"


TASK_SET_TYPES = frozenset({NodeType.HTTP, NodeType.PLUGIN})
"""Nodes whose work an agent does (§4.8)."""

_COMPLETED = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR})
_FAILED = frozenset({Phase.FAILED, Phase.ERROR})
_PASSED_OVER = frozenset({Phase.SKIPPED, Phase.OMITTED})


def completed(phase: str) -> bool:
    """Ran and ended: Succeeded, Failed or Error."""
    return phase in _COMPLETED


def failed_or_error(phase: str) -> bool:
    """Ended badly: Failed or Error."""
    return phase in _FAILED


def fulfilled(phase: str, synced: bool | None = None) -> bool:
    """Nothing more will happen: completed with its results seen, or passed over.

    `synced` is the node's `taskResultSynced`: None when no result is expected, False while the
    executor has not finished reporting.
    """
    return phase in _PASSED_OVER or (phase in _COMPLETED and synced is not False)


def node_completed(node: Mapping[str, Any]) -> bool:
    """The node ran, ended, and its results have arrived."""
    return completed(node.get("phase") or "") and node.get("taskResultSynced") is not False


def node_fulfilled(node: Mapping[str, Any]) -> bool:
    """Successors of the node may be looked at: fulfilled, or a daemon that has started."""
    phase = node.get("phase") or ""
    if fulfilled(phase, node.get("taskResultSynced")):
        return True
    return bool(node.get("daemoned")) and phase != Phase.PENDING


def node_failed(node: Mapping[str, Any]) -> bool:
    """The node's phase is Failed or Error."""
    return failed_or_error(node.get("phase") or "")


def is_active_suspend(node: Mapping[str, Any]) -> bool:
    """A gate that waits for a person (or its duration) right now."""
    return node.get("type") == NodeType.SUSPEND and node.get("phase") == Phase.RUNNING


def is_retried(node: Mapping[str, Any]) -> bool:
    """The node is an attempt below a Retry node."""
    return bool((node.get("nodeFlag") or {}).get("retried"))


def is_hooked(node: Mapping[str, Any]) -> bool:
    """The node is a hook or an exit handler of another node."""
    return bool((node.get("nodeFlag") or {}).get("hooked"))


def is_waiting_for_lock(node: Mapping[str, Any]) -> bool:
    """The node waits for a mutex or a semaphore (§2.13)."""
    return bool((node.get("synchronizationStatus") or {}).get("waiting"))
