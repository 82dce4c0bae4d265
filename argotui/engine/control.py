"""Shutdown and the workflow's deadline: what ends nodes from outside (§2.10, §2.14)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from argotui.engine.effects import EmitEvent
from argotui.model.documents import Document, dig
from argotui.model.phase import (
    TASK_SET_TYPES,
    NodeType,
    Phase,
    completed,
    is_active_suspend,
    is_hooked,
    is_waiting_for_lock,
)

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

OVERTIME: Final = timedelta(seconds=2)
"""How long after the deadline a pod that has this deadline itself may take to end by it."""

_EXIT: Final = re.compile(r"\.onExit(?:\(\d+\))?\Z")
"""How the names of exit handlers end, and of their attempts; other hooks are not let off."""

_LATE: Final = "Step exceeded its deadline"
_ACTIVE: Final = (Phase.PENDING, Phase.RUNNING)


class Control:
    """Ends what may not go on. Called once per load; the deadline sets its own alarm."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex

    def enforce(self) -> None:
        """Before anything new is started."""
        ex = self._ex
        if ex.shutdown:
            for identifier in self._open_nodes():
                self._shut_down(identifier)
        deadline = ex.deadline
        if deadline is None:
            return
        if ex.now >= deadline:
            self._miss_deadline()
        else:
            ex.at(deadline, self._miss_deadline)
        ex.at(deadline + OVERTIME, self._miss_overtime)

    def _open_nodes(self) -> list[str]:
        return [identifier for identifier, node in self._ex.nodes.documents.items() if _is_open(node)]

    def _is_on_exit(self, identifier: str) -> bool:
        """The node belongs to an exit handler: it is one, or a node around it."""
        nodes = self._ex.nodes
        node = nodes.get(identifier)
        while node is not None:
            if is_hooked(node) and _EXIT.search(node["name"]):
                return True
            node = nodes.get(node.get("boundaryID") or "")
        return False

    # --- shutdown -----------------------------------------------------------------------------

    def _shut_down(self, identifier: str) -> None:
        ex = self._ex
        node = ex.nodes[identifier]
        if ex.may_run(self._is_on_exit(identifier)) or node.get("daemoned"):  # a daemon ends with what is around it
            return
        if is_waiting_for_lock(node):
            self._fail(identifier, f"Stopped with strategy '{ex.shutdown}'")
        elif node.get("type") == NodeType.POD:
            if identifier in ex.pods:
                self._fail_pod(identifier, f"workflow shutdown with strategy:  {ex.shutdown}")
        elif _waits_for_others(node) or (node.get("type") == NodeType.RETRY and not node.get("children")):
            self._fail(identifier, f"Stopped with strategy '{ex.shutdown}'")

    def _fail_pod(self, identifier: str, message: str) -> None:
        self._ex.terminate(identifier)
        self._fail(identifier, message)

    def _fail(self, identifier: str, message: str) -> None:
        self._ex.nodes.set_waiting(identifier, None)
        self._ex.set_phase(identifier, Phase.FAILED, message)
        if self._ex.nodes[identifier].get("type") in TASK_SET_TYPES:
            self._ex.task_set.drop(identifier)
        if self._ex.nodes.is_fulfilled(identifier):
            self._ex.ended(identifier)
        else:
            self._ex.look(identifier)  # sets the alarm for a report that never comes

    # --- deadline -----------------------------------------------------------------------------

    def _miss_deadline(self) -> None:
        """Gates and pods that do not run yet end at once; those that run have the deadline in their spec."""
        late = [identifier for identifier in self._open_nodes() if self._is_late(identifier)]
        for identifier in late:
            self._fail_pod(identifier, _LATE)
        if late:
            self._ex.effects.append(EmitEvent("Warning", "WorkflowTimedOut", "Workflow timed out"))

    def _is_late(self, identifier: str) -> bool:
        node = self._ex.nodes[identifier]
        if self._is_on_exit(identifier) or node.get("daemoned"):
            return False
        if node.get("type") == NodeType.POD:
            return node.get("phase") == Phase.PENDING or not self._ends_by_itself(identifier)
        if _waits_for_others(node):
            return is_active_suspend(node) or node.get("phase") == Phase.PENDING
        return is_waiting_for_lock(node)

    def _ends_by_itself(self, identifier: str) -> bool:
        pod = self._ex.pods.get(identifier)
        return pod is not None and dig(pod, "spec", "activeDeadlineSeconds") is not None

    def _miss_overtime(self) -> None:
        for identifier in sorted(self._ex.nodes.active_pods):
            if identifier in self._ex.pods and not self._is_on_exit(identifier):
                self._fail_pod(identifier, _LATE)


def _waits_for_others(node: Document) -> bool:
    """A gate, or something that an agent does."""
    return is_active_suspend(node) or node.get("type") in TASK_SET_TYPES


def _is_open(node: Document) -> bool:
    phase = node.get("phase") or ""
    return not completed(phase) and phase in (*_ACTIVE, "")
