"""The nodes of a run: changed in one place, so that every change is known.

Documents are copied when a step first touches them; whoever holds an older one keeps it as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from argotui.model.documents import Document
from argotui.model.names import node_id
from argotui.model.phase import NodeType, completed, failed_or_error, fulfilled, is_waiting_for_lock
from argotui.model.times import format_time

_SEPARATOR: Final = re.compile(r"^(\[\d+\])?\.")
_COUNTED: Final = frozenset({NodeType.POD, NodeType.STEPS, NodeType.DAG})
_ACTIVE: Final = frozenset({"Pending", "Running"})


@dataclass(slots=True)
class Tally:
    """Direct children of one boundary: pods, steps and DAGs that are active, that failed, and active pods (those that
    wait for a lock are not counted among the latter)."""

    active: int = 0
    failed: int = 0
    pods: int = 0


class Nodes:
    """All nodes by id, with the indexes that scheduling needs."""

    def __init__(self, workflow: str, documents: Mapping[str, Document]) -> None:
        self.workflow = workflow
        self.documents: dict[str, Document] = dict(documents)
        self.before: dict[str, Document | None] = {}
        """What the nodes that this step changed were before it; None for a new one."""
        self.created = 0
        """How many nodes this step added."""
        self.unsynced: set[str] = set()
        """Ended nodes and others whose executor has not finished reporting."""
        self.active_pods: set[str] = set()
        self.estimates: Mapping[str, int] = {}
        """Probable seconds of nodes, by what follows the workflow's name in theirs."""
        """Pods that are active and do not wait for a lock."""
        self.waiting: set[str] = set()
        """Nodes that wait for a lock."""
        self.parents: dict[str, list[str]] = {}
        self._stirred: dict[str, None] = {}
        self._tallies: dict[str, Tally] = {}
        self._children: dict[str, set[str]] = {}
        self._own_lists: set[str] = set()
        for identifier, node in self.documents.items():
            self._index(identifier, node)

    def _index(self, identifier: str, node: Document) -> None:
        self._count(identifier, node, 1)
        for child in node.get("children") or ():
            self.parents.setdefault(child, []).append(identifier)

    # --- reading ------------------------------------------------------------------------------

    def id_of(self, name: str) -> str:
        """The id of the node with that name, whether it exists or not."""
        return node_id(self.workflow, name)

    def get(self, identifier: str) -> Document | None:
        """The node's document, not to be changed."""
        return self.documents.get(identifier)

    def __getitem__(self, identifier: str) -> Document:
        return self.documents[identifier]

    def phase(self, identifier: str) -> str | None:
        """The node's phase, None when it does not exist."""
        node = self.documents.get(identifier)
        return None if node is None else node.get("phase") or ""

    def is_fulfilled(self, identifier: str) -> bool:
        """The node exists and nothing more will happen to it."""
        node = self.documents.get(identifier)
        return node is not None and fulfilled(node.get("phase") or "", node.get("taskResultSynced"))

    def tally(self, boundary: str) -> Tally:
        """The counters of a boundary node's direct children."""
        return self._tallies.get(boundary) or Tally()

    def take_stirred(self) -> list[str]:
        """Boundaries whose tallies have changed since this was last asked."""
        stirred, self._stirred = self._stirred, {}
        return list(stirred)

    def is_alive(self, boundary: str) -> bool:
        """Whether what happens in a boundary still matters: neither it nor one around it is over."""
        node = self.documents.get(boundary)
        while node is not None:
            if fulfilled(node.get("phase") or "", node.get("taskResultSynced")):
                return False
            node = self.documents.get(node.get("boundaryID") or "")
        return True

    # --- writing ------------------------------------------------------------------------------

    def edit(self, identifier: str) -> Document:
        """The node's document for changing top-level fields; values inside are replaced, never changed."""
        node = self.documents[identifier]
        if identifier not in self.before:
            self.before[identifier] = node
            node = dict(node)
            self.documents[identifier] = node
        return node

    def create(
        self,
        name: str,
        kind: str,
        phase: str,
        now: datetime,
        fields: Mapping[str, Any],
        parents: Iterable[str] = (),
    ) -> Document:
        """Add a node and link it below its parents. fields: further fields, None left out."""
        identifier = self.id_of(name)
        written = format_time(now)
        node: Document = {"id": identifier, "name": name, "type": str(kind), "phase": str(phase), "startedAt": written}
        node |= {key: value for key, value in fields.items() if value is not None and value != ""}
        estimate = self.estimates.get(name.removeprefix(self.workflow))
        if estimate:
            node["estimatedDuration"] = estimate
        node["displayName"] = self._display_name(name, node.get("boundaryID") or "")
        node["finishedAt"] = written if fulfilled(phase, node.get("taskResultSynced")) else None
        self.documents[identifier] = node
        self.before.setdefault(identifier, None)
        self.created += 1
        self._count(identifier, node, 1)
        for parent in parents:
            self.link(parent, identifier)
        return node

    def _display_name(self, name: str, boundary: str) -> str:
        node = self.documents.get(boundary)
        return name if node is None else _SEPARATOR.sub("", name.removeprefix(node["name"]))

    def link(self, parent: str, child: str) -> None:
        """Make a node the child of another one, once."""
        known = self._known_children(parent)
        if child in known:
            return
        known.add(child)
        node = self.edit(parent)
        if parent not in self._own_lists:
            self._own_lists.add(parent)
            node["children"] = list(node.get("children") or ())
        node["children"].append(child)
        self.parents.setdefault(child, []).append(parent)

    def _known_children(self, parent: str) -> set[str]:
        known = self._children.get(parent)
        if known is None:
            known = self._children[parent] = set(self.documents[parent].get("children") or ())
        return known

    def set_phase(self, identifier: str, phase: str, now: datetime, message: str | None = None) -> None:
        """Give a node a phase, and a message unless None.

        A node that was never running and ends badly will not report: it counts as synced at once (§1.5).
        """
        node = self.edit(identifier)
        self._count(identifier, node, -1)
        if failed_or_error(phase) and node.get("phase") != "Running" and node.get("taskResultSynced") is not None:
            node["taskResultSynced"] = True
        node["phase"] = str(phase)
        if message is not None and message != (node.get("message") or ""):
            set_text(node, "message", message)
        if not node.get("finishedAt") and (fulfilled(phase, node.get("taskResultSynced"))):
            node["finishedAt"] = format_time(now)
        self._count(identifier, node, 1)

    def set_synced(self, identifier: str, synced: bool, now: datetime) -> None:
        """Whether the executor has reported everything; a node that ended is over with it."""
        if self.documents[identifier].get("taskResultSynced") is synced:
            return
        node = self.edit(identifier)
        self._count(identifier, node, -1)
        node["taskResultSynced"] = synced
        if synced and completed(node.get("phase") or "") and not node.get("finishedAt"):
            node["finishedAt"] = format_time(now)
        self._count(identifier, node, 1)

    def set_waiting(self, identifier: str, lock: str | None) -> None:
        """Which lock the node waits for; None for none."""
        if ((self.documents[identifier].get("synchronizationStatus") or {}).get("waiting") or None) == lock:
            return
        node = self.edit(identifier)
        self._count(identifier, node, -1)
        if lock is None:
            del node["synchronizationStatus"]
        else:
            node["synchronizationStatus"] = {"waiting": lock}
        self._count(identifier, node, 1)

    def update(self, identifier: str, fields: Mapping[str, Any]) -> None:
        """Set fields that no index depends on; None and empty text remove a field. Nothing happens when
        all of them are so already."""
        current = self.documents[identifier]
        changed = {key: value for key, value in fields.items() if (current.get(key) or None) != (value or None)}
        if not changed:
            return
        node = self.edit(identifier)
        for key, value in changed.items():
            if value is None or value == "":
                node.pop(key, None)
            else:
                node[key] = value

    def _count(self, identifier: str, node: Document, by: int) -> None:
        if node.get("taskResultSynced") is False:
            (self.unsynced.add if by > 0 else self.unsynced.discard)(identifier)
        waits = is_waiting_for_lock(node)
        if waits:
            (self.waiting.add if by > 0 else self.waiting.discard)(identifier)
        if node.get("type") not in _COUNTED:
            return
        phase = node.get("phase") or ""
        active, is_pod = phase in _ACTIVE, node.get("type") == NodeType.POD
        is_busy = active and is_pod and not waits
        if is_busy:
            (self.active_pods.add if by > 0 else self.active_pods.discard)(identifier)
        boundary = node.get("boundaryID") or ""
        self._stirred[boundary] = None
        tally = self._tallies.setdefault(boundary, Tally())
        tally.active += by * active
        tally.failed += by * failed_or_error(phase)
        tally.pods += by * is_busy

    def start_step(self) -> None:
        """Forget what the last step changed."""
        self.before = {}
        self.created = 0
        self._own_lists.clear()

    # --- shape --------------------------------------------------------------------------------

    def outbound(self, identifier: str) -> list[str]:
        """The nodes to which successors of a node are attached (§1.3), in order."""
        found: list[str] = []
        waiting = [identifier]
        seen: set[str] = set()  # containers may be reached in many ways
        while waiting:
            current = waiting.pop()
            if self.documents[current].get("type") == NodeType.CONTAINER:
                if current in seen:
                    continue
                seen.add(current)
            leaf, below = self._outbound_step(current)
            if leaf is not None:
                found.append(leaf)
            waiting.extend(reversed(below))
        return found

    def _outbound_step(self, identifier: str) -> tuple[str | None, list[str]]:
        """The node itself when it is where successors go, else the nodes to look at instead."""
        node = self.documents[identifier]
        kind, children = node.get("type"), node.get("children") or []
        if (node.get("memoizationStatus") or {}).get("hit"):
            return identifier, []
        if kind == NodeType.RETRY:
            return (children[-1] if children else None), []
        if kind == NodeType.TASK_GROUP:
            return (None, children) if children else (identifier, [])
        if kind in (NodeType.STEPS, NodeType.DAG, NodeType.STEP_GROUP):
            return None, node.get("outboundNodes") or []
        if kind in (NodeType.POD, NodeType.CONTAINER) and children:
            containers = self._containers(node, identifier if kind == NodeType.POD else node.get("boundaryID") or "")
            return (None, containers) if containers else (identifier, [])
        return identifier, []

    def _containers(self, node: Document, pod_node: str) -> list[str]:
        """The children of a node that are containers of that pod."""
        found = ((child, self.documents.get(child) or {}) for child in node.get("children") or ())
        return [
            child
            for child, document in found
            if document.get("type") == NodeType.CONTAINER and document.get("boundaryID") == pod_node
        ]


def set_text(node: Document, key: str, text: str) -> None:
    """Set a text field, or remove it when empty, as upstream leaves it out."""
    if text:
        node[key] = text
    else:
        node.pop(key, None)
