"""Which nodes a retry forgets, resets or keeps: walks over the execution graph in `children` (§6.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from argotui.engine.operations.refusal import OperationRefused
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase, is_retried, node_failed
from argotui.model.selectors import NodeSelector

_GROUPS = frozenset({NodeType.DAG, NodeType.TASK_GROUP, NodeType.STEP_GROUP, NodeType.STEPS})
_EXECUTED = frozenset({NodeType.POD, NodeType.CONTAINER, NodeType.HTTP, NodeType.PLUGIN})
_EXPANDED = frozenset({NodeType.TASK_GROUP, NodeType.STEP_GROUP})


@dataclass
class Selection:
    """Ids of nodes by what happens to them, and of those whose pods go (in a stable order)."""

    reset: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    pods: list[str] = field(default_factory=list)


class Graph:
    """The nodes of one workflow with their parents."""

    def __init__(self, workflow: str, nodes: Mapping[str, Document]) -> None:
        self.workflow = workflow
        self.nodes = nodes
        self.exit_name = f"{workflow}.onExit"
        self._parents: dict[str, str] = {}
        for node_id in sorted(nodes):
            for child in self.children(node_id):
                self._parents[child] = node_id
        self._check()

    def _check(self) -> None:
        for node_id in sorted(self.nodes):
            name = self.name(node_id)
            attached = node_id in self._parents or name == self.workflow or name.startswith(self.exit_name)
            if not attached:
                raise OperationRefused(f"couldn't find parent node for {node_id}")
            for child in self.children(node_id):
                if child not in self.nodes:
                    raise OperationRefused(f"couldn't obtain child {child}")

    def name(self, node_id: str) -> str:
        """The node's name."""
        return str(self.nodes[node_id].get("name") or "")

    def type(self, node_id: str) -> str:
        """The node's type."""
        return str(self.nodes[node_id].get("type") or "")

    def children(self, node_id: str) -> list[str]:
        """Ids of what runs after or below the node."""
        return self.nodes[node_id].get("children") or []

    def parent(self, node_id: str) -> str | None:
        """The last node, by id, that has this one as a child."""
        return self._parents.get(node_id)

    def below(self, node_id: str) -> Iterator[str]:
        """Every descendant once, nearest first."""
        seen: set[str] = set()
        queue = deque(self.children(node_id))
        while queue:
            current = queue.popleft()
            if current not in seen:
                seen.add(current)
                yield current
                queue.extend(self.children(current))

    def climb(self, node_id: str) -> Iterator[str]:
        """The node and its parents, up to the entry node."""
        current: str | None = node_id
        while current is not None:
            yield current
            current = self.parent(current)


def select(workflow: str, nodes: Mapping[str, Document], chosen: NodeSelector | None, *, overridden: bool) -> Selection:
    """Sorts the nodes of a workflow for a retry.  `overridden`: workflow parameters change as well.

    Raises OperationRefused when the node map is not a whole graph.
    """
    graph = Graph(workflow, nodes)
    selection = Selection()
    root = next((node_id for node_id in nodes if graph.name(node_id) == workflow), None)
    if root is None:
        raise OperationRefused(f"couldn't find the entry node of {workflow}")
    seeds = _seeds(graph, chosen)
    # Breadth first from the top: what an upper seed deletes need not be looked at again.
    for node_id in (root, *graph.below(root)):
        if node_id in seeds and node_id not in selection.deleted:
            _Path(graph, selection).run(node_id, root)
    if overridden:
        for node_id in [i for i in selection.reset - selection.deleted if graph.type(i) in _EXPANDED]:
            selection.deleted.update(graph.below(node_id))
    selection.reset -= selection.deleted
    selection.pods = [i for i in sorted(selection.deleted) if graph.type(i) == NodeType.POD]
    _drop_exit_handler(graph, selection)
    return selection


def _drop_exit_handler(graph: Graph, selection: Selection) -> None:
    """The exit handler runs again in any case, at the end."""
    for node_id in sorted(graph.nodes):
        if graph.name(node_id) == graph.exit_name:
            selection.pods += [node_id, *graph.below(node_id)]
        if graph.name(node_id).startswith(graph.exit_name):
            selection.deleted.add(node_id)
            selection.reset.discard(node_id)


def _seeds(graph: Graph, chosen: NodeSelector | None) -> set[str]:
    """What the person chose, and what failed without anything below it having succeeded."""
    picked = {node_id for node_id, node in graph.nodes.items() if chosen is not None and chosen.matches(node)}
    overcome = _above_success(graph, picked)
    failed = set()
    for node_id, node in graph.nodes.items():
        if not node_failed(node) or graph.type(node_id) not in _EXECUTED:
            continue
        judged = (graph.parent(node_id) or node_id) if is_retried(node) else node_id
        if judged not in overcome:
            failed.add(node_id)
    return picked | failed


def _above_success(graph: Graph, picked: set[str]) -> set[str]:
    """Nodes with a descendant that succeeded and was not picked."""
    parents: dict[str, list[str]] = {}
    for node_id in graph.nodes:
        for child in graph.children(node_id):
            parents.setdefault(child, []).append(node_id)
    waiting = [i for i, n in graph.nodes.items() if n.get("phase") == Phase.SUCCEEDED and i not in picked]
    found: set[str] = set()
    while waiting:
        for parent in parents.get(waiting.pop(), ()):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


class _Path:
    """The way from one seed up to the entry node, and what has to be reset on it."""

    def __init__(self, graph: Graph, selection: Selection) -> None:
        self.graph = graph
        self.selection = selection

    def run(self, seed: str, root: str) -> None:
        """Deletes the seed with all below it, and resets what is on the way."""
        self._delete(seed)
        current: str | None = None if seed == root else seed
        while current is not None:
            current = self._pass(current)

    def _pass(self, node_id: str) -> str | None:
        """Does what one node on the way asks for; returns the next one."""
        kind = self.graph.type(node_id)
        if kind in _GROUPS:
            self.selection.reset.add(node_id)
            return self._leave_boundaries(node_id)
        if kind == NodeType.RETRY:
            self.selection.reset.add(node_id)
        elif kind == NodeType.CONTAINER:
            pod = self._seek(node_id, lambda other: self.graph.type(other) == NodeType.POD)
            self._delete(pod)
            return pod
        return self.graph.parent(node_id)

    def _delete(self, node_id: str) -> None:
        self.selection.deleted |= {node_id, *self.graph.below(node_id)}

    def _leave_boundaries(self, node_id: str) -> str | None:
        """Resets the enclosing steps and dag nodes one after the other, to the outermost."""
        current = node_id
        while True:
            above = self.graph.parent(current)
            if above is not None and self.graph.type(above) == NodeType.RETRY:
                self.selection.reset.add(above)
                current, above = above, self.graph.parent(above)
            if above is not None and self.graph.type(above) in _EXPANDED:
                self.selection.reset.add(above)
            boundary = self.graph.nodes[current].get("boundaryID") or ""
            if not boundary:
                return above
            current = self._seek(current, boundary.__eq__)
            self.selection.reset.add(current)

    def _seek(self, node_id: str, wanted: Callable[[str], bool]) -> str:
        for candidate in self.graph.climb(node_id):
            if wanted(candidate):
                return candidate
        raise OperationRefused("was seeking node but ran out of nodes to explore")
