"""Progress and resource durations, kept up to date by differences (§1.8).

A node that runs something has a progress of its own; any other node shows the sum over everything that can
be reached through `children`, later groups included. When a pod changes, the difference is added to the
nodes above it; who these are never changes once a node exists, so it is worked out once per node and shared
between nodes that hang below the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from argotui.engine.nodes import Nodes
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase

_RUNS: Final = frozenset({NodeType.POD, NodeType.CONTAINER, NodeType.HTTP, NodeType.PLUGIN, NodeType.SUSPEND})
_DONE: Final = frozenset({Phase.SUCCEEDED, Phase.SKIPPED, Phase.OMITTED})
_NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(slots=True)
class Sum:
    """n of m, and seconds per resource."""

    n: int = 0
    m: int = 0
    seconds: dict[str, int] = field(default_factory=dict)

    def add(self, other: Sum, sign: int = 1) -> None:
        self.n += sign * other.n
        self.m += sign * other.m
        for resource, amount in other.seconds.items():
            self.seconds[resource] = self.seconds.get(resource, 0) + sign * amount

    @property
    def text(self) -> str:
        """`n/m`."""
        return f"{self.n}/{self.m}"

    @property
    def valid(self) -> bool:
        """Worth showing: there is something to do."""
        return self.m > 0 and 0 <= self.n <= self.m


def parse_progress(text: Any) -> tuple[int, int] | None:
    """(n, m) of a valid `n/m`, else None."""
    left, slash, right = str(text or "").partition("/")
    if not slash or not (left.isdigit() and right.isdigit() and left.isascii() and right.isascii()):
        return None
    n, m = int(left), int(right)
    return (n, m) if m > 0 and n <= m else None


def runs(node: Mapping[str, Any]) -> bool:
    """The node has a progress of its own."""
    return node.get("type") in _RUNS


def own_progress(node: Mapping[str, Any]) -> tuple[int, int]:
    """What the node itself contributes; a finished one counts in full."""
    n, m = parse_progress(node.get("progress")) or (0, 1)
    return (m, m) if node.get("phase") in _DONE else (n, m)


class Progress:
    """The sums of one run."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self.total = Sum()
        self._contributed: dict[str, Sum] = {}
        self._sums: dict[str, Sum] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._touched: set[str] = set()
        self.absorb(nodes.documents)

    def absorb(self, identifiers: Iterable[str]) -> None:
        """Take the difference that changed nodes make; new nodes must be linked to their parents."""
        for identifier in identifiers:
            node = self._nodes.get(identifier)
            if node is not None and runs(node):
                self._absorb(identifier, node)

    def _absorb(self, identifier: str, node: Document) -> None:
        n, m = own_progress(node)
        current = Sum(n, m, dict(node.get("resourcesDuration") or {}))
        last = self._contributed.get(identifier)
        if last == current:
            return
        self._contributed[identifier] = current
        difference = Sum()
        difference.add(current)
        if last is not None:
            difference.add(last, -1)
        self.total.add(difference)
        for above in self._all_above(identifier):
            self._sums.setdefault(above, Sum()).add(difference)
            self._touched.add(above)

    def _all_above(self, identifier: str) -> frozenset[str]:
        """The nodes without a progress of their own above a node; walked upwards without recursion."""
        waiting = [identifier]
        while waiting:
            current = waiting[-1]
            if current in self._above:
                waiting.pop()
                continue
            parents = self._nodes.parents.get(current) or ()
            unknown = [parent for parent in parents if parent not in self._above]
            if unknown:
                waiting.extend(unknown)
                continue
            self._above[current] = self._joined(parents)
            waiting.pop()
        return self._above[identifier]

    def _joined(self, parents: Iterable[str]) -> frozenset[str]:
        """What is above the parents, and the parents themselves; one shared set where they agree."""
        shared: dict[int, frozenset[str]] = {}
        own: set[str] = set()
        for parent in parents:
            above = self._above[parent]
            shared[id(above)] = above
            node = self._nodes.get(parent)
            if node is not None and not runs(node):
                own.add(parent)
        if not shared:
            return _NOBODY
        if len(shared) == 1 and len(own) == 1:
            return self._with(next(iter(shared.values())), next(iter(own)))
        if len(shared) == 1 and not own:
            return next(iter(shared.values()))
        return frozenset(own).union(*shared.values())

    def _with(self, above: frozenset[str], parent: str) -> frozenset[str]:
        """The same object for all children of one parent."""
        key = f"{parent}/children"
        found = self._above.get(key)
        if found is None:
            found = self._above[key] = above | {parent}
        return found

    def write(self, changed: Iterable[str]) -> None:
        """Write the progress of changed nodes that run something, and the sums that have moved."""
        for identifier in list(changed):
            node = self._nodes.get(identifier)
            if node is not None and runs(node):
                n, m = own_progress(node)
                self._nodes.update(identifier, {"progress": f"{n}/{m}"})
        for identifier in self._touched:
            self._write_sum(identifier)
        self._touched.clear()

    def _write_sum(self, identifier: str) -> None:
        found = self._sums[identifier]
        fields: Document = {}
        if found.valid:
            fields["progress"] = found.text
        seconds = {resource: amount for resource, amount in sorted(found.seconds.items()) if amount}
        if seconds or self._nodes[identifier].get("resourcesDuration"):
            fields["resourcesDuration"] = seconds or None
        if fields:
            self._nodes.update(identifier, fields)
