"""Comparisons in filters: only what is of one kind can be compared."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from argotui.engine.kubectlpath.errors import PathError

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def compare(sign: str, left: Any, right: Any) -> bool:
    """`left sign right`. Raises PathError."""
    if sign == "=~":
        return _matches(left, right)
    if sign not in _ORDERS:
        raise PathError(f"unrecognized filter operator {sign}")
    kinds = _kind(left), _kind(right)
    if "" in kinds:
        raise PathError("invalid type for comparison")
    if kinds[0] != kinds[1]:
        raise PathError("incompatible types for comparison")
    if kinds[0] == "bool" and sign not in ("==", "!="):
        raise PathError("invalid type for comparison")
    if kinds[0] == "string":
        left, right = left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass")
    return _ORDERS[sign](left, right)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
    return ""


def _matches(left: Any, right: Any) -> bool:
    if not isinstance(left, str) or not isinstance(right, str):
        raise PathError("regexp search only supports texts")
    from argotui.engine.expr.errors import Fault
    from argotui.engine.expr.limits import Meter
    from argotui.engine.expr.regex.pattern import compile_pattern

    try:
        return compile_pattern(right).matches(left, Meter())
    except Fault as error:
        raise PathError(str(error)) from None
