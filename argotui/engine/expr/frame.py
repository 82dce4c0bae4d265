"""The state of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.values import Uint8, elements, is_list, is_map, text_bytes, type_of


class ChainBreak(Exception):
    """A nil on the left of `?.`: the rest of the chain is skipped."""


class Scope:
    """One running loop. length: how often it runs; index, count and acc belong to the loop."""

    __slots__ = ("_items", "_kind", "acc", "count", "index", "length")

    def __init__(self, items: list[Any] | None, length: int, kind: str) -> None:
        self._items = items
        self._kind = kind
        self.length = length
        self.index = 0
        self.count = 0
        self.acc: Any = None

    def item(self) -> Any:
        """The element of this round. Raises Fault for a map, which can be counted but has no elements."""
        if self._items is None:
            raise Fault(f"reflect: call of reflect.Value.Index on {self._kind} Value")
        return self._items[self.index]


def open_scope(value: Any) -> Scope:
    """A loop over a value: a list, or whatever else Go lets be indexed. Raises Fault."""
    if is_list(value):
        items = elements(value)
        return Scope(items, len(items), "slice")
    if isinstance(value, str):
        data = text_bytes(value)
        return Scope([Uint8(byte) for byte in data], len(data), "string")
    if is_map(value):
        return Scope(None, len(value), "map")
    kind = type_of(value)
    what = "zero" if kind is None else "struct" if kind.kind == "ptr" else kind.kind
    raise Fault(f"reflect: call of reflect.Value.Len on {what} Value")


class Frame:
    """env: the environment; variables: those of `let`, by number; scope: the innermost loop."""

    __slots__ = ("context", "env", "meter", "scope", "variables")

    def __init__(self, env: Mapping[str, Any], variables: int, context: Context) -> None:
        self.env = env
        self.variables: list[Any] = [None] * variables
        self.scope = Scope([], 0, "slice")
        self.context = context
        self.meter = context.meter


Evaluate = Callable[[Frame], Any]
"""A compiled node."""

Step = Callable[[Frame, Any], Any]
"""A compiled operator without its left side: takes the left value."""
