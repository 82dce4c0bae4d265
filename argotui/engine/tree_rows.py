"""Rows of the workflow tree and the lines that join them. See `tree` for the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from argotui.engine.glyphs import UNICODE, Glyphs, State
from argotui.engine.tree_items import Item, Items, Kind
from argotui.model.names import pod_name
from argotui.model.phase import NodeType

MANY_TRIES: Final = 8
_NOTHING: Final[Mapping[str, Any]] = {}
_CHILD: Final = re.compile(r"child '(.+)' failed\Z")


class Fold(Enum):
    """What `enter` does on a row."""

    NONE = "none"
    OPEN = "open"
    CLOSED = "closed"
    MORE = "more"


class Joint(Enum):
    """How a row hangs on its parent: alone, or beside others of its step group. Values index `Glyphs.joints`."""

    MIDDLE = 0
    LAST = 1
    BESIDE_FIRST = 2
    LAST_BESIDE_FIRST = 3
    BESIDE_MIDDLE = 4
    LAST_BESIDE_MIDDLE = 5
    BESIDE_LAST = 6
    LAST_BESIDE_LAST = 7


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: its depth (0 for a root), its joint, and two bits per outer level for the lines that pass
    it: bit 0 the line of the parent's members, bit 1 the line within a step group."""

    depth: int = 0
    bars: int = 0
    joint: Joint = Joint.LAST


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One line of the tree. Texts are clean; times are RFC 3339 or empty."""

    key: str
    """Stable over the life of the workflow: the node's id, or a key of the tree's own."""
    node_id: str
    """Empty for loops without a node and for planned tasks; for a row that asks for more, the key of its loop."""
    place: Place
    kind: Kind
    state: State
    name: str
    type: str = ""
    template: str = ""
    pod: str = ""
    """Name of the pod of a pod node (of the last try for a retry); empty for others."""
    phase: str = ""
    message: str = ""
    started: str = ""
    finished: str = ""
    progress: str = ""
    tries: tuple[State, ...] = ()
    """States of the attempts of a retry, oldest first."""
    counts: tuple[tuple[State, int], ...] = ()
    """Members of a loop by state, in the order of `State`."""
    fold: Fold = Fold.NONE

    @property
    def depth(self) -> int:
        return self.place.depth

    @property
    def size(self) -> int:
        """Members of a loop."""
        return sum(number for _, number in self.counts)

    def guides(self, glyphs: Glyphs = UNICODE, levels: int | None = None) -> str:
        """The lines before the sign; `levels` keeps only the innermost ones, two cells each."""
        if not self.place.depth:
            return ""
        first = 0 if levels is None else max(0, self.place.depth - levels)
        bars = self.place.bars >> 2 * first
        passed = "".join(glyphs.bars[bars >> 2 * level & 3] for level in range(self.place.depth - 1 - first))
        return passed + glyphs.joints[self.place.joint.value]

    def summary(self, glyphs: Glyphs = UNICODE) -> str:
        """`(3 tries ✗✗✔)` for a retry that was tried more than once, `×60 12✔ 3● 1✗` for a loop, else empty."""
        if self.counts:
            counts = " ".join(f"{number}{glyphs.state(state)}" for state, number in self.counts)
            return f"{glyphs.times}{self.size} {counts}"
        if len(self.tries) < 2:
            return ""
        signs = "".join(glyphs.state(state) for state in self.tries[-MANY_TRIES:])
        cut = glyphs.ellipsis if len(self.tries) > MANY_TRIES else ""
        return f"({len(self.tries)} tries {cut}{signs})"


def child_place(place: Place, members: Sequence[Item | None]) -> list[Place]:
    """Places of the members of an item; None stands for a row that is no item."""
    depth = place.depth + 1
    groups = [-1 if member is None else member.group for member in members]
    bars = place.bars | _passing(place) << 2 * (place.depth - 1) if place.depth else 0
    return [Place(depth, bars, _joint(groups, number)) for number in range(len(groups))]


def _passing(place: Place) -> int:
    """The two bits that a row leaves for what is inside it."""
    joint = place.joint
    if joint in (Joint.MIDDLE, Joint.LAST):
        return 1 if joint is Joint.MIDDLE else 0
    outer = 1 if joint in (Joint.BESIDE_FIRST, Joint.BESIDE_MIDDLE, Joint.BESIDE_LAST) else 0
    return outer | (0 if joint in (Joint.BESIDE_LAST, Joint.LAST_BESIDE_LAST) else 2)


def _joint(groups: Sequence[int], number: int) -> Joint:
    group = groups[number]
    before = group >= 0 and number > 0 and groups[number - 1] == group
    after = group >= 0 and number + 1 < len(groups) and groups[number + 1] == group
    outermost = groups[-1] == group if before or after else number + 1 == len(groups)
    if not before and not after:
        return Joint.LAST if outermost else Joint.MIDDLE
    base = Joint.BESIDE_FIRST if not before else Joint.BESIDE_MIDDLE if after else Joint.BESIDE_LAST
    return Joint(base.value + outermost)


class RowMaker:
    """Makes rows, and hands out the same object again while nothing about it has changed."""

    def __init__(self, workflow: str, items: Items, clean: Callable[[str], str], pod_name_version: str) -> None:
        self._workflow = workflow
        self._items = items
        self._clean = clean
        self._pod_name_version = pod_name_version
        self._cache: dict[str, tuple[tuple[int, Place, Fold], TreeRow]] = {}

    def row(self, key: str, item: Item, place: Place, fold: Fold) -> TreeRow:
        """The row of an item, from the cache where that is still right."""
        signature = (item.version, place, fold)
        held = self._cache.get(key)
        if held is not None and held[0] == signature:
            return held[1]
        made = self.make(key, item, place, fold)
        if held is not None and held[1] == made:
            made = held[1]
        self._cache[key] = (signature, made)
        return made

    def more(self, key: str, hidden: int, place: Place) -> TreeRow:
        """The row that asks for the next page of a loop."""
        name = f"… {hidden} more"
        return TreeRow(key, key.removeprefix("more:"), place, Kind.PLANNED, State.PLANNED, name, fold=Fold.MORE)

    def make(self, key: str, item: Item, place: Place, fold: Fold) -> TreeRow:
        """A new row."""
        node = self._items.nodes.get(key, _NOTHING)
        shown = self._last_try(item) if item.kind is Kind.RETRY else node
        template = item.template or node.get("templateName") or (node.get("templateRef") or _NOTHING).get("template")
        started, finished = self._times(node, item)
        return TreeRow(
            key=key,
            node_id=key if node else "",
            place=place,
            kind=item.kind,
            state=item.state,
            name=self._text(node.get("displayName") or item.label or key),
            type=self._text(node.get("type")),
            template=self._text(template),
            pod=self._pod(shown),
            phase=self._text(node.get("phase")),
            message=self._message(node, shown),
            started=started,
            finished=finished,
            progress=self._text(node.get("progress")),
            tries=self._tries(item),
            counts=_counts(item),
            fold=fold,
        )

    def _text(self, value: Any) -> str:
        return self._clean(str(value)) if value else ""

    def _message(self, node: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
        """The node's message (a retry's is that of its last try); a child is called by its name, not by its id."""
        message = str(node.get("message") or shown.get("message") or "")
        if found := _CHILD.match(message):
            child = self._items.nodes.get(found[1], _NOTHING)
            message = f"child '{child.get('displayName') or found[1]}' failed"
        return self._text(message)

    def _pod(self, node: Mapping[str, Any]) -> str:
        if node.get("type") != NodeType.POD:
            return ""
        template = node.get("templateName") or (node.get("templateRef") or _NOTHING).get("template") or ""
        return self._clean(pod_name(self._workflow, str(node.get("name")), str(template), self._pod_name_version))

    def _attempts(self, item: Item) -> list[str]:
        members = [m for m in item.members if m in self._items.nodes and not self._items[m].is_hook]
        return sorted(members, key=lambda member: self._items[member].order)

    def _last_try(self, item: Item) -> Mapping[str, Any]:
        attempts = self._attempts(item)
        return self._items.nodes[attempts[-1]] if attempts else _NOTHING

    def _tries(self, item: Item) -> tuple[State, ...]:
        if item.kind is not Kind.RETRY:
            return ()
        return tuple(self._items.state(member) for member in self._attempts(item))

    def _times(self, node: Mapping[str, Any], item: Item) -> tuple[str, str]:
        """(started, finished); a loop without a node starts with its first member and ends with its last."""
        if node or not item.members:
            return self._text(node.get("startedAt")), self._text(node.get("finishedAt"))
        members = [self._items.nodes.get(member, _NOTHING) for member in item.members]
        started = min((str(m.get("startedAt")) for m in members if m.get("startedAt")), default="")
        ends = [str(m.get("finishedAt") or "") for m in members]
        return self._clean(started), self._clean(max(ends)) if all(ends) else ""


def _counts(item: Item) -> tuple[tuple[State, int], ...]:
    if item.kind is not Kind.LOOP:
        return ()
    return tuple((state, item.counts[state]) for state in State if item.counts.get(state, 0) > 0)
