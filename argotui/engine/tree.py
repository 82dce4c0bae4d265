"""The tree of one workflow as flat rows, kept up to date while the workflow runs.

A node lies inside what started it: an attempt in its Retry, a loop item in its loop, a hook in its node, anything
else in the steps or DAG node whose `boundaryID` it carries. (`children` is the order of execution, which is a graph
and no help for reading.) Step groups have no row of their own: steps that run beside each other are joined by a
second line. A loop is one row with counts, opened page by page; a retry is one row with its tries.

`Tree.apply` takes the whole node map of each watch event, looks only at what differs, and says which rows changed.
Rows are made for what is unfolded only. Nothing here recurses: templates may nest without end.

    items      one per node, loop and planned task: where it lies, its members, what it counts     (tree_items)
    rows       the unfolded items in reading order, each an immutable `TreeRow`                     (tree_rows)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.glyphs import BROKEN, State
from argotui.engine.lockwaits import told_nodes
from argotui.engine.nodemap import Nodes, node_map
from argotui.engine.outline import Outline
from argotui.engine.tree_items import Item, Items, Kind
from argotui.engine.tree_rows import Fold, Place, RowMaker, TreeRow, child_place
from argotui.model.documents import Document, name

PAGE: Final = 200
"""Members of a loop that are shown before a row that asks for more."""
FOLD_LOOP: Final = 8
"""A loop with more members than this is folded until somebody opens it."""
PULLED_OUT: Final = 3
"""Broken or waiting members that a folded loop still shows."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Row numbers to repaint, in the new numbering; from `moved_from` on rows may have moved, come or gone."""

    rows: tuple[int, ...] = ()
    moved_from: int | None = None

    def __bool__(self) -> bool:
        return bool(self.rows) or self.moved_from is not None


class Tree:
    """The rows of one workflow. `clean` makes cluster text safe; it is applied to every text of a row."""

    def __init__(self, workflow: str, *, clean: Callable[[str], str], pod_name_version: str = "v2") -> None:
        self.workflow = workflow
        self.rows: list[TreeRow] = []
        self._items = Items(workflow)
        self._maker = RowMaker(workflow, self._items, clean, pod_name_version)
        self._folds: dict[str, bool] = {}
        self._pages: dict[str, int] = {}
        self._numbers: dict[str, int] | None = None
        self._keep: Callable[[TreeRow], bool] | None = None

    # what the cluster says

    def apply(self, nodes: Nodes, outline: Outline | None = None) -> Changed:
        """Takes over a new node map (and spec); the result names the rows that differ."""
        self._items.update(nodes, outline)
        return self._refresh()

    # what the person does

    def fold(self, key: str, folded: bool) -> Changed:
        """Folds or unfolds one row; nothing happens when it has no members."""
        self._folds[key] = folded
        return self._refresh()

    def toggle(self, key: str) -> Changed:
        """Opens what is folded and the other way round; on a row that asks for more it shows the next page."""
        row = self.row_of(key)
        if row is None or row.fold is Fold.NONE:
            return Changed()
        if row.fold is Fold.MORE:
            self._pages[row.node_id] = self._pages.get(row.node_id, 1) + 1
            return self._refresh()
        return self.fold(key, row.fold is Fold.OPEN)

    def fold_all(self, folded: bool) -> Changed:
        """Folds or unfolds everything below the first level."""
        roots = set(self._items.roots)
        self._folds = {key: folded for key, item in self._items.walk_all() if item.members and key not in roots}
        return self._refresh()

    def keep(self, predicate: Callable[[TreeRow], bool] | None) -> Changed:
        """Shows only rows for which `predicate` holds, and what they lie in; None shows all again."""
        self._keep = predicate
        return self._refresh()

    def reveal(self, key: str) -> Changed:
        """Unfolds whatever hides an item."""
        for parent in self._items.ancestors(key):
            self._folds[parent] = False
            page = self._items.sorted_members(parent).index(key) // PAGE + 1
            self._pages[parent] = max(self._pages.get(parent, 1), page)
            key = parent
        return self._refresh()

    # questions

    def row_of(self, key: str) -> TreeRow | None:
        """The row with this key if it is visible now."""
        number = self.number_of(key)
        return None if number is None else self.rows[number]

    def number_of(self, key: str) -> int | None:
        """The row number of a key; None when it is folded away or unknown."""
        if self._numbers is None:
            self._numbers = {row.key: number for number, row in enumerate(self.rows)}
        return self._numbers.get(key)

    def next_error(self, key: str | None, step: int = 1) -> str | None:
        """The next (step 1) or previous (step -1) item that broke by itself, folded away or not; it goes round."""
        order = [item_key for item_key, _ in self._items.walk_all()]
        errors = [item_key for item_key in order if self._items.is_first_cause(item_key)]
        if not errors:
            return None
        places = {item_key: place for place, item_key in enumerate(order)}
        here = places.get(key or "", -1 if step > 0 else len(order))
        if step > 0:
            return next((e for e in errors if places[e] > here), errors[0])
        return next((e for e in reversed(errors) if places[e] < here), errors[-1])

    def node(self, key: str) -> Mapping[str, Any] | None:
        """The node document behind a row; None for loops of a steps template and for planned tasks."""
        return self._items.nodes.get(key)

    def below(self, key: str) -> Iterator[TreeRow]:
        """A row for the item and for everything inside it, folded away or not, in reading order."""
        for item_key, item in self._items.walk(key):
            yield self._maker.make(item_key, item, Place(), Fold.NONE)

    def waiting(self) -> list[TreeRow]:
        """The gates that wait for a person now."""
        return [row for root in self._items.roots for row in self.below(root) if row.state is State.WAITING]

    # rows

    def _refresh(self) -> Changed:
        old = self.rows
        new = list(self._visible() if self._keep is None else self._kept(self._keep))
        self.rows = new
        pairs = zip(old, new, strict=False)
        same = next((number for number, (a, b) in enumerate(pairs) if a.key != b.key), min(len(old), len(new)))
        moved = None if same == len(old) == len(new) else same
        if moved is not None:
            self._numbers = None
        return Changed(tuple(number for number in range(same) if old[number] is not new[number]), moved)

    def _visible(self) -> Iterator[TreeRow]:
        stack = [(key, Place()) for key in reversed(self._items.roots)]
        while stack:
            key, place = stack.pop()
            item = self._items.get(key)
            if item is None:
                yield self._maker.more(key, self._hidden(key), place)
                continue
            shown, fold = self._members(key, item)
            yield self._maker.row(key, item, place, fold)
            places = child_place(place, [self._items.get(member) for member in shown])
            stack.extend(reversed(list(zip(shown, places, strict=True))))

    def _members(self, key: str, item: Item) -> tuple[list[str], Fold]:
        """The members of an item that are shown, and how the item is folded."""
        if not self._items.has_members(key) or is_single_try(self._items, item):
            return [], Fold.NONE
        chosen = self._folds.get(key)
        if chosen if chosen is not None else folds_by_itself(self._items, item):
            return (self._pulled_out(key, item) if chosen is None else []), Fold.CLOSED
        members = self._items.sorted_members(key)
        limit = self._pages.get(key, 1) * PAGE
        if item.kind is Kind.LOOP and len(members) > limit:
            return [*members[:limit], f"more:{key}"], Fold.OPEN
        return members, Fold.OPEN

    def _pulled_out(self, key: str, item: Item) -> list[str]:
        wanted = BROKEN | {State.WAITING}
        if item.kind is not Kind.LOOP or not any(item.counts.get(s) or item.hook_counts.get(s) for s in wanted):
            return []
        found = (m for m in self._items.sorted_members(key) if self._items.state(m) in wanted)
        return [member for _, member in zip(range(PULLED_OUT), found, strict=False)]

    def _hidden(self, more: str) -> int:
        key = more.removeprefix("more:")
        return len(self._items.sorted_members(key)) - self._pages.get(key, 1) * PAGE

    def _kept(self, predicate: Callable[[TreeRow], bool]) -> Iterator[TreeRow]:
        """Rows that match and their ancestors, all unfolded."""
        wanted: set[str] = set()
        for key, item in self._items.walk_all():
            if key not in wanted and predicate(self._maker.make(key, item, Place(), Fold.NONE)):
                wanted.add(key)
                wanted.update(self._items.ancestors(key))
        roots = [root for root in self._items.roots if root in wanted]
        stack = [(key, Place()) for key in reversed(roots)]
        while stack:
            key, place = stack.pop()
            item = self._items[key]
            members = [member for member in self._items.sorted_members(key) if member in wanted]
            yield self._maker.row(key, item, place, Fold.OPEN if members else Fold.NONE)
            places = child_place(place, [self._items.get(member) for member in members])
            stack.extend(reversed(list(zip(members, places, strict=True))))


def is_single_try(items: Items, item: Item) -> bool:
    """A retry that needed no second try and whose only try has nothing inside: two rows would say the same."""
    return item.kind is Kind.RETRY and len(item.members) == 1 and not any(items.has_members(m) for m in item.members)


def folds_by_itself(items: Items, item: Item) -> bool:
    """Long loops, and retries whose tries have nothing inside them."""
    if item.kind is Kind.LOOP:
        return len(item.members) > FOLD_LOOP
    return item.kind is Kind.RETRY and not any(items.has_members(member) for member in item.members)


def display_rows(workflow: Document, *, clean: Callable[[str], str], folded: bool = False) -> list[TreeRow]:
    """All rows of a workflow object, for a print-out. Raises `NodesUnreadable` (see `nodemap`)."""
    tree = Tree(name(workflow), clean=clean, pod_name_version=pod_name_version(workflow))
    tree.apply(told_nodes(workflow, node_map(workflow)), Outline(workflow))
    if not folded:
        tree.fold_all(False)
        while more := next((row for row in tree.rows if row.fold is Fold.MORE), None):
            tree.toggle(more.key)
    return tree.rows


def pod_name_version(workflow: Document) -> str:
    """How the controller of this workflow names pods (§1.9); `v2` when it has not said yet."""
    annotations = (workflow.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get("workflows.argoproj.io/pod-name-format") or "v2")
