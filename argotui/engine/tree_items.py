"""Where each node of a workflow lies: containment, order among siblings, counts. See `tree` for the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import Any, Final

from argotui.engine.glyphs import BROKEN, State
from argotui.engine.nodemap import Nodes
from argotui.engine.outline import Outline, Planned
from argotui.model.phase import NodeType, Phase, is_active_suspend, node_fulfilled

Order = tuple[int, int, int, str, str]
"""hooks last, step group, place in the template or loop, start, name"""
_HOOKS: Final = 1

_HOOK: Final = re.compile(r"(.*)\.(?:onExit|hooks\.[^.]+)\Z", re.DOTALL)
_ATTEMPT: Final = re.compile(r"(.*)\((\d+)\)\Z", re.DOTALL)
_LOOP_ITEM: Final = re.compile(r"(.*)\((\d+):[^()]*\)\Z", re.DOTALL)
_IN_STEPS: Final = re.compile(r"\[(\d+)\]\.", re.DOTALL)
_UNPLANNED: Final = 1_000_000
_LIVE: Final = (State.RUNNING, State.PENDING, State.WAITING)
_NOTHING: Final[Mapping[str, Any]] = {}


_STATES: Final[Mapping[str, State]] = {phase.value: State(phase.value) for phase in Phase}


class Kind(Enum):
    """How an item is shown."""

    NODE = "node"
    LOOP = "loop"
    RETRY = "retry"
    PLANNED = "planned"


_KINDS: Final[Mapping[str, Kind]] = {NodeType.RETRY.value: Kind.RETRY, NodeType.TASK_GROUP.value: Kind.LOOP}


@dataclass(slots=True)
class Item:
    """One entry of the tree. `version` is a new number whenever its row may look different."""

    kind: Kind
    parent: str | None = None
    order: Order = (0, 0, 0, "", "")
    group: int = -1
    """Step group within a steps node; -1 elsewhere."""
    label: str = ""
    """Name of a loop without a node, or of a planned task."""
    template: str = ""
    state: State = State.PENDING
    members: set[str] = field(default_factory=set)
    counts: dict[State, int] = field(default_factory=dict)
    """States of the members, hooks not counted: of a loop, how its items are."""
    hook_counts: dict[State, int] = field(default_factory=dict)
    planned: tuple[str, ...] = ()
    ordered: list[str] | None = None
    version: int = 0

    @property
    def is_hook(self) -> bool:
        return self.order[0] == _HOOKS


class Items:
    """All items of one workflow by key: a node's id, or `loop:…` and `plan:…` for what has no node."""

    def __init__(self, workflow: str) -> None:
        self.workflow = workflow
        self.nodes: Nodes = {}
        self.roots: list[str] = []
        self._items: dict[str, Item] = {}
        self._ids: dict[str, str] = {}
        self._outline = Outline({})
        self._unplanned: set[str] = set()
        self._has_orphans = False
        self._clock = count(1)

    def __getitem__(self, key: str) -> Item:
        return self._items[key]

    def get(self, key: str) -> Item | None:
        """The item, or None."""
        return self._items.get(key)

    def state(self, key: str) -> State:
        """State of an item that exists."""
        return self._items[key].state

    # taking over

    def update(self, nodes: Nodes, outline: Outline | None) -> None:
        """Takes over a node map. Only nodes that differ are looked at, unless nodes vanished, a node arrived that
        others had been waiting for, or the spec changed."""
        before, self.nodes = self.nodes, nodes
        self._outline = outline or self._outline
        new = [key for key in nodes if key not in before]
        if outline is not None or len(before) + len(new) > len(nodes) or (new and self._has_orphans):
            self._rebuild(nodes)
            return
        changed = [key for key, node in nodes.items() if before.get(key) is not node and before.get(key) != node]
        self._name(new)
        for key in changed:
            if key in before and _same_place(before[key], nodes[key]):
                self._set_state(key, self._node_state(nodes[key]))
                self._touch(key)
                self._unplanned.add(key)
            else:
                self._attach(key)
        self._plan()
        if new:
            self._find_roots()

    def _rebuild(self, nodes: Nodes) -> None:
        self._items = {}
        self._ids = {}
        self._has_orphans = False
        self._name(nodes)
        for key in nodes:
            self._attach(key)
        self._unplanned = set(nodes)
        self._plan()
        self._find_roots()

    def _name(self, keys: Iterator[str] | Nodes | list[str]) -> None:
        for key in keys:
            self._ids[str(self.nodes[key].get("name") or key)] = key

    def _attach(self, key: str) -> None:
        """Puts a node where it belongs; one that was somewhere else is taken out there first."""
        node = self.nodes[key]
        if node.get("type") == NodeType.STEP_GROUP:
            return
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = Item(_kind(node))
        else:
            self._detach(key, item)
        item.kind = _kind(node)
        item.state = self._node_state(node)
        item.parent, item.order, item.group = self._place(key, node)
        self._join(key, item)
        self._touch(key)
        self._unplanned.update((key, item.parent or key))

    def _detach(self, key: str, item: Item) -> None:
        parent = self._items.get(item.parent or "")
        if parent is not None and key in parent.members:
            parent.members.discard(key)
            _count(parent, item, -1)
            parent.ordered = None

    def _join(self, key: str, item: Item) -> None:
        if item.parent is None:
            return
        parent = self._items.get(item.parent)
        if parent is None:  # the parent's node is in the map, but its turn comes later
            parent = self._items[item.parent] = Item(_kind(self.nodes.get(item.parent, _NOTHING)))
        parent.members.add(key)
        _count(parent, item, 1)
        parent.ordered = None

    def _set_state(self, key: str, state: State) -> None:
        item = self._items.get(key)
        if item is None or item.state is state:
            return
        parent = self._items.get(item.parent or "")
        if parent is not None:
            _count(parent, item, -1)
        item.state = state
        if parent is not None:
            _count(parent, item, 1)

    def _touch(self, key: str) -> None:
        """Marks the row of an item, and of a loop or retry that sums it up."""
        item = self._items.get(key)
        if item is None:
            return
        item.version = next(self._clock)
        parent = self._items.get(item.parent or "")
        if parent is None or parent.kind not in (Kind.LOOP, Kind.RETRY):
            return
        parent.version = next(self._clock)
        if item.parent not in self.nodes:
            self._set_state(item.parent or "", _loop_state(parent.counts))

    def _node_state(self, node: Mapping[str, Any]) -> State:
        if is_active_suspend(node) and not self._outline.is_delay(node):
            return State.WAITING
        return _STATES.get(node.get("phase") or "", State.PENDING)

    # places

    def _place(self, key: str, node: Mapping[str, Any]) -> tuple[str | None, Order, int]:
        """(parent, order, step group) of a node."""
        name = str(node.get("name") or key)
        started = str(node.get("startedAt") or "")
        boundary = self._boundary(key, node)
        if (hook := _HOOK.match(name)) and (boundary or _flag(node, "hooked")):
            return self._owner(hook[1], boundary) if boundary else None, (_HOOKS, 0, 0, started, name), -1
        if name.endswith(")"):
            attempt = _ATTEMPT.match(name)
            if attempt and (_flag(node, "retried") or self._type(attempt[1]) == NodeType.RETRY):
                return self._owner(attempt[1], boundary), (0, 0, int(attempt[2]), "", name), -1
            if loop := _LOOP_ITEM.match(name):
                return self._loop(loop[1], boundary), (0, 0, int(loop[2]), "", name), -1
            self._has_orphans = True
        order, group = self._order(name, boundary, started)
        return boundary, order, group

    def _boundary(self, key: str, node: Mapping[str, Any]) -> str | None:
        boundary = node.get("boundaryID")
        if boundary and boundary not in self.nodes:
            self._has_orphans = True
        return boundary if boundary in self.nodes and boundary != key else None

    def _owner(self, name: str, boundary: str | None) -> str | None:
        """The node of that name, else the boundary until it comes."""
        owner = self._ids.get(name)
        if owner is None:
            self._has_orphans = True
        return owner or boundary

    def _type(self, name: str) -> str:
        return str(self.nodes.get(self._ids.get(name, ""), _NOTHING).get("type") or "")

    def _loop(self, name: str, boundary: str | None) -> str | None:
        """The item that holds the members of a loop: a TaskGroup's, or one of our own in a steps node."""
        if boundary is None or self.nodes[boundary].get("type") != NodeType.STEPS:
            return self._owner(name, boundary)
        key = f"loop:{boundary}:{name}"
        if key not in self._items:
            order, group = self._order(name, boundary, "")
            label = _task_name(name, self._name_of(boundary))
            self._items[key] = item = Item(Kind.LOOP, boundary, order, group, label)
            self._join(key, item)
            self._unplanned.add(boundary)
        return key

    def _name_of(self, key: str) -> str:
        return str(self.nodes.get(key, _NOTHING).get("name") or key)

    def _order(self, name: str, boundary: str | None, started: str) -> tuple[Order, int]:
        if boundary is None:
            return (0, 0, 0, started, name), -1
        outer = self._name_of(boundary)
        found = _IN_STEPS.match(name, len(outer)) if name.startswith(outer) else None
        group = int(found[1]) if found else -1
        plan = self._outline.tasks(self.nodes[boundary]).get(_task_name(name, outer))
        return (0, max(group, 0), plan.position if plan else _UNPLANNED, started, name), group

    # planned tasks

    def _plan(self) -> None:
        """Brings the planned tasks of the nodes that were touched up to date."""
        for key in self._unplanned:
            item = self._items.get(key)
            if item is None or key not in self.nodes:
                continue
            for ghost in item.planned:
                self._items.pop(ghost, None)
            if item.planned:
                item.ordered = None
            item.planned = tuple(self._ghosts(key, item))
        self._unplanned.clear()

    def _ghosts(self, key: str, item: Item) -> Iterator[str]:
        node = self.nodes[key]
        if node.get("type") not in (NodeType.STEPS, NodeType.DAG) or node_fulfilled(node):
            return
        outer = self._name_of(key)
        present = {
            self._items[member].label or _task_name(_base_name(self._name_of(member)), outer) for member in item.members
        }
        for plan in self._outline.tasks(node).values():
            if plan.name not in present:
                ghost = f"plan:{key}:{plan.name}"
                self._items[ghost] = made = _ghost(key, plan, is_steps=node.get("type") == NodeType.STEPS)
                made.version = next(self._clock)
                item.ordered = None
                yield ghost

    # reading

    def has_members(self, key: str) -> bool:
        """Whether something lies inside, planned tasks included."""
        item = self._items.get(key)
        return item is not None and bool(item.members or item.planned)

    def sorted_members(self, key: str) -> list[str]:
        """Keys inside an item, in the order in which they are shown."""
        item = self._items[key]
        if item.ordered is None:
            item.ordered = sorted((*item.members, *item.planned), key=lambda member: self._items[member].order)
        return item.ordered

    def ancestors(self, key: str) -> Iterator[str]:
        """Parents of a key, the nearest first."""
        seen = {key}
        item = self._items.get(key)
        while item is not None and item.parent is not None and item.parent not in seen:
            seen.add(item.parent)
            yield item.parent
            item = self._items.get(item.parent)

    def walk(self, key: str) -> Iterator[tuple[str, Item]]:
        """An item and everything inside it, in reading order."""
        stack = [key] if key in self._items else []
        while stack:
            here = stack.pop()
            yield here, self._items[here]
            stack.extend(reversed(self.sorted_members(here)))

    def walk_all(self) -> Iterator[tuple[str, Item]]:
        """Everything, in reading order."""
        for root in self.roots:
            yield from self.walk(root)

    def is_first_cause(self, key: str) -> bool:
        """Whether an item broke by itself: it failed, and nothing in it did, and no later try made it good."""
        item = self._items[key]
        if item.state not in BROKEN:
            return False
        retries = [self._items[p] for p in self.ancestors(key) if self._items[p].kind is Kind.RETRY]
        if any(retry.state not in BROKEN for retry in retries):
            return False
        parent = self._items.get(item.parent or "")
        is_plain_try = parent is not None and parent.kind is Kind.RETRY and not item.members
        if item.kind is Kind.RETRY and not any(self._items[m].members for m in item.members):
            return True
        return not is_plain_try and not any(self._items[m].state in BROKEN for m in item.members)

    def _find_roots(self) -> None:
        """Items without a parent; a ring of items that contain each other (damaged data) is cut open somewhere."""
        self.roots = [key for key, item in self._items.items() if item.parent is None]
        reached = {key for root in self.roots for key, _ in self.walk(root)}
        for key, item in self._items.items():
            if key not in reached:
                self._detach(key, item)
                item.parent = None
                self.roots.append(key)
                reached.update(inner for inner, _ in self.walk(key))
        self.roots.sort(key=lambda key: self._items[key].order)


def _kind(node: Mapping[str, Any]) -> Kind:
    return _KINDS.get(node.get("type") or "", Kind.NODE)


def _count(parent: Item, item: Item, change: int) -> None:
    counts = parent.hook_counts if item.is_hook else parent.counts
    counts[item.state] = counts.get(item.state, 0) + change


def _flag(node: Mapping[str, Any], flag: str) -> bool:
    return bool((node.get("nodeFlag") or _NOTHING).get(flag))


def _same_place(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return all(old.get(key) == new.get(key) for key in ("name", "boundaryID", "type", "startedAt", "nodeFlag"))


def _base_name(name: str) -> str:
    """A node's name without what loops and retries append."""
    while name.endswith(")") and (found := _ATTEMPT.match(name) or _LOOP_ITEM.match(name)):
        name = found[1]
    return name


def _task_name(name: str, outer: str) -> str:
    """The step's or task's name within the node `outer`; names never contain a dot (§3.4)."""
    rest = name[len(outer) :] if name.startswith(outer) else name
    return rest.rpartition(".")[2] if rest.startswith((".", "[")) else rest


def _ghost(parent: str, plan: Planned, *, is_steps: bool) -> Item:
    group = plan.group if is_steps else -1
    order = (0, plan.group, plan.position, "~", plan.name)
    return Item(Kind.PLANNED, parent, order, group, plan.name, plan.template, State.PLANNED)


def _loop_state(counts: Mapping[State, int]) -> State:
    """What a loop without a node of its own is doing."""
    if any(counts.get(state) for state in _LIVE):
        return State.RUNNING
    ended = (State.ERROR, State.FAILED, State.SUCCEEDED)
    return next((state for state in ended if counts.get(state)), State.SKIPPED)
