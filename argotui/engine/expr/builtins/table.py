"""The table of the language's functions: their types, their own checks, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from typing import Any

from argotui.engine.expr.builtins.collections import COLLECTIONS
from argotui.engine.expr.builtins.dates import DATES
from argotui.engine.expr.builtins.numbers import NUMBERS
from argotui.engine.expr.builtins.texts import TEXTS
from argotui.engine.expr.gotypes import BUILTIN, GoType, parse_type
from argotui.engine.expr.limits import MAX_NODES

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

    def wrong_count(self, given: int) -> str:
        """Upstream's text when so many arguments cannot be; "" when they can.

        The checker does not look at the arguments of a call whose function it does not know, so this is
        asked once more before the function is called.
        """
        low, high = _arity(self.name)
        if low <= given <= high:
            return ""
        return f"invalid number of arguments (expected {low if given < low else high}, got {given})"

    @property
    def type(self) -> GoType:
        return self.types[0] if self.types else BUILTIN


@cache
def builtin(name: str) -> BuiltinFunction:
    """A function of the language. Raises KeyError for any other name."""
    if name in _PREDICATES:
        return BuiltinFunction(name, (parse_type(_PREDICATES[name]),))
    types, run = _ALL[name]
    if callable(types):
        return BuiltinFunction(name, (), types, run)
    return BuiltinFunction(name, tuple(parse_type(f"func({text}") for text in types), None, run)


@cache
def _arity(name: str) -> tuple[int, int]:
    """The fewest and the most arguments that a function's body takes, the context left out."""
    parameters = list(signature(_ALL[name][1]).parameters.values())[1:]
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return (0 if name == "concat" else 1), MAX_NODES
    return sum(parameter.default is Parameter.empty for parameter in parameters), len(parameters)


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
