"""The table of the language's functions: their types, their own checks, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from argotui.engine.expr.builtins.collections import COLLECTIONS
from argotui.engine.expr.builtins.dates import DATES
from argotui.engine.expr.builtins.numbers import NUMBERS
from argotui.engine.expr.builtins.texts import TEXTS
from argotui.engine.expr.gotypes import BUILTIN, GoType, parse_type

Validator = Callable[[Sequence[GoType | None]], GoType]
"""Argument types (None: nil) -> result type; raises Fault."""


@dataclass(frozen=True, slots=True)
class BuiltinFunction:
    """types: the overloads. validate: takes their place where it is given. run: called with the context and
    the arguments; None for the functions with predicates, which are compiled in place."""

    name: str
    types: tuple[GoType, ...] = ()
    validate: Validator | None = None
    run: Callable[..., Any] | None = None

    @property
    def type(self) -> GoType:
        return self.types[0] if self.types else BUILTIN


@cache
def builtin(name: str) -> BuiltinFunction:
    """A function of the language. Raises KeyError for any other name."""
    if name in _PREDICATES:
        return BuiltinFunction(name, (parse_type(_PREDICATES[name]),))
    signature, run = _ALL[name]
    if callable(signature):
        return BuiltinFunction(name, (), signature, run)
    return BuiltinFunction(name, tuple(parse_type(f"func({text}") for text in signature), None, run)


_PREDICATES = {
    **dict.fromkeys(("all", "none", "any", "one"), "func([]interface {}, func(interface {}) bool) bool"),
    "filter": "func([]interface {}, func(interface {}) bool) []interface {}",
    "map": "func([]interface {}, func(interface {}) interface {}) []interface {}",
    **dict.fromkeys(("find", "findLast"), "func([]interface {}, func(interface {}) bool) interface {}"),
    **dict.fromkeys(
        ("findIndex", "findLastIndex", "count", "sum"), "func([]interface {}, func(interface {}) bool) int"
    ),
    "groupBy": "func([]interface {}, func(interface {}) interface {}) map[interface {}][]interface {}",
    "sortBy": "func([]interface {}, func(interface {}) bool, string) []interface {}",
    "reduce": "func([]interface {}, func(interface {}, interface {}) interface {}, interface {}) interface {}",
}

_ALL: dict[str, tuple[Any, Callable[..., Any]]] = {**NUMBERS, **TEXTS, **COLLECTIONS, **DATES}
