"""Which fields a value has, and in which fields two values differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from argotui.local.apiserver.fields import fieldset
from argotui.local.apiserver.fields.fieldset import Fields, Path
from argotui.local.apiserver.fields.shapes import SCALAR, Kind, Shape

ABSENT: Final[Any] = object()
"""Stands for a value that is not there; null is one that is."""


class UnfitValue(Exception):
    """A value that does not have the shape it should have; the text names its place."""


def step_of(shape: Shape, item: Any) -> str:
    """The step of a path that leads to an item of a list that merges item by item. Raises UnfitValue."""
    if not shape.keys:
        if isinstance(item, dict):
            raise UnfitValue("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise UnfitValue("not supported: associative list with lists as elements")
        if item is None:
            raise UnfitValue("associative list without keys has an element that's an explicit null")
        return fieldset.value(item)
    if not isinstance(item, dict):
        found = "a null element" if item is None else "non-map elements"
        raise UnfitValue(f"associative list with keys may not have {found}")
    return fieldset.item(_keys_of(shape, item))


def _keys_of(shape: Shape, item: dict[str, Any]) -> dict[str, Any]:
    keys = {}
    for name in shape.keys:
        found = item.get(name, ABSENT)
        if found is ABSENT and shape.element is not None and (child := shape.element.child(name)) is not None:
            found = ABSENT if child.default is None else child.default
        if found is not ABSENT:
            keys[name] = found
    if not keys:
        listed = " ".join(f'"{name}"' for name in shape.keys)
        raise UnfitValue(
            f"associative list with keys has an element that omits all key fields [{listed}] (and doesn't have default"
            " values for any key fields)"
        )
    return keys


def items_of(shape: Shape, items: Any) -> dict[str, list[Any]]:
    """The items of a list by their steps, in order; more than one under a step are duplicates."""
    found: dict[str, list[Any]] = {}
    for item in items if isinstance(items, list) else ():
        found.setdefault(step_of(shape, item), []).append(item)
    return found


def field_set(shape: Shape, value: Any) -> Fields:
    """Every field that a value gives."""
    found: Fields = {}
    _collect(shape, value, (), found)
    return found


def _collect(shape: Shape, value: Any, path: Path, found: Fields) -> None:
    shape = shape.of(value)
    if shape.kind is Kind.SCALAR or shape.atomic:
        fieldset.insert(found, path)
    elif shape.kind is Kind.LIST:
        element = shape.element or SCALAR
        for step, items in items_of(shape, value).items():
            if len(items) == 1:
                _collect(element, items[0], (*path, step), found)
            fieldset.insert(found, (*path, step))
    elif isinstance(value, dict):
        declared = shape.fields
        for key, child in value.items():
            below = (*path, fieldset.field(key))
            _collect(shape.child(key) or SCALAR, child, below, found)
            if child is None or child == {} or key not in declared:
                fieldset.insert(found, below)


@dataclass
class Comparison:
    """The fields in which a value differs from the one before it."""

    added: Fields = field(default_factory=dict)
    modified: Fields = field(default_factory=dict)
    removed: Fields = field(default_factory=dict)

    def taken(self) -> Fields:
        """What the new value sets: added and modified."""
        return fieldset.union(self.modified, self.added)

    def without(self, paths: tuple[Path, ...]) -> Comparison:
        """The comparison that leaves some parts of the object out."""
        sides = [self.added, self.modified, self.removed]
        for path in paths:
            sides = [fieldset.without(side, path) for side in sides]
        return Comparison(*sides)


def compare(shape: Shape, old: Any, new: Any) -> Comparison:
    """What became of `old`."""
    found = Comparison()
    _Comparing(found).walk(shape, old, new, ())
    return found


def _is_empty(value: Any) -> bool:
    return value is ABSENT or not isinstance(value, dict | list) or not value


class _Comparing:
    """One walk along two values. Equal parts are passed over as a whole."""

    def __init__(self, found: Comparison) -> None:
        self._found = found

    def walk(self, shape: Shape, old: Any, new: Any, path: Path) -> None:
        """Compares two values at one place; either may be ABSENT."""
        if old is not ABSENT and new is not ABSENT and old == new:
            return
        before, after = shape.of(old), shape.of(new)
        if new is ABSENT or new is None:
            leaf = self._of_one_shape(before, old, new, path)
        elif old is ABSENT or old is None or before is after:
            leaf = self._of_one_shape(after, old, new, path)
        else:
            self._of_one_shape(before, old, new, path)
            leaf = self._of_one_shape(after, old, new, path)
        if not leaf:
            self._note_presence(old, new, path)

    def _note_presence(self, old: Any, new: Any, path: Path) -> None:
        if old is ABSENT:
            fieldset.insert(self._found.added, path)
        elif new is ABSENT:
            fieldset.insert(self._found.removed, path)

    def _of_one_shape(self, shape: Shape, old: Any, new: Any, path: Path) -> bool:
        """True when the value counts as one field."""
        if shape.kind is Kind.SCALAR or shape.atomic or (_is_empty(old) and _is_empty(new)):
            self._note_presence(old, new, path)
            if old is not ABSENT and new is not ABSENT and old != new:
                fieldset.insert(self._found.modified, path)
            return True
        if shape.kind is Kind.LIST:
            self._walk_items(shape, old, new, path)
        else:
            self._walk_fields(shape, old, new, path)
        return False

    def _walk_fields(self, shape: Shape, old: Any, new: Any, path: Path) -> None:
        left = old if isinstance(old, dict) else {}
        right = new if isinstance(new, dict) else {}
        for key in {**left, **right}:
            below = (*path, fieldset.field(key))
            self.walk(shape.child(key) or SCALAR, left.get(key, ABSENT), right.get(key, ABSENT), below)

    def _walk_items(self, shape: Shape, old: Any, new: Any, path: Path) -> None:
        left, right = items_of(shape, old), items_of(shape, new)
        for step in {**left, **right}:
            before, after = left.get(step, []), right.get(step, [])
            below = (*path, step)
            if max(len(before), len(after)) < 2:
                left_item, right_item = (before or [ABSENT])[0], (after or [ABSENT])[0]
                self.walk(shape.element or SCALAR, left_item, right_item, below)
            elif min(len(before), len(after)) > 1:
                if before != after:
                    fieldset.insert(self._found.modified, below)
            else:
                self._duplicates(shape.element or SCALAR, before, after, below)

    def _duplicates(self, element: Shape, before: list[Any], after: list[Any], path: Path) -> None:
        """Items that became duplicates of each other, or ceased to be: their step stands for all of them."""
        if len(before) > 1:
            if after:
                self.walk(element, ABSENT, after[0], path)
            fieldset.insert(self._found.removed, path)
        else:
            if before:
                self.walk(element, before[0], ABSENT, path)
            fieldset.insert(self._found.added, path)
