"""The environment of an expression as Argo makes it: dotted names as nested maps, and Argo's functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from argotui.engine.expr.builtins.numbers import to_float_value, to_int_value
from argotui.engine.expr.context import Context
from argotui.engine.expr.gotypes import parse_type
from argotui.engine.expr.jsonpath.query import query
from argotui.engine.expr.jsontext import decode, encode
from argotui.engine.expr.sprig.table import SPRIG
from argotui.engine.expr.values import Function


def _jsonpath(context: Context, text: str, path: str) -> Any:
    return query(path, decode(text, context.meter), context.meter)


def _to_json(context: Context, value: Any) -> str:
    return encode(value, context.meter)


FUNCTIONS: Final[dict[str, Any]] = {
    "asInt": Function(parse_type("func(interface {}) interface {}"), to_int_value),
    "asFloat": Function(parse_type("func(interface {}) interface {}"), to_float_value),
    "jsonpath": Function(parse_type("func(string, string) interface {}"), _jsonpath),
    "toJson": Function(parse_type("func(interface {}) string"), _to_json),
    "sprig": SPRIG,
}


def argo_environment(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The environment of an Argo expression (§3.2): the scope expanded, and Argo's functions over it."""
    return {**expanded(scope), **FUNCTIONS}


def expanded(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested maps: `a.b.c` -> {"a": {"b": {"c": …}}}.

    A name that is the beginning of another one, up to a dot, is dropped: with `a` and `a.b` there is no `a`.
    Names with an empty part (`a.`, `a..b`) are dropped too; upstream never ends on them.
    """
    root: dict[str, Any] = {}
    for name in _kept(scope):
        parts = name.split(".")
        inner = root
        for part in parts[:-1]:
            inner = inner.setdefault(part, {})
        inner[parts[-1]] = scope[name]
    return root


def _kept(scope: Iterable[str]) -> list[str]:
    names = [name for name in scope if "" not in name.split(".")]
    prefixes = {name[:position] for name in names for position, c in enumerate(name) if c == "."}
    return [name for name in names if name not in prefixes]
