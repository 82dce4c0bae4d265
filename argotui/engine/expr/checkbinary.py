"""What the checker knows of the operators between two values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import BOOL, DURATION, FLOAT64, INT, STRING, TIME
from argotui.engine.expr.nature import NIL, UNKNOWN, Nature, of_type

Rule = Callable[[Nature, Nature], "Nature | None"]

_BOOL: Final = of_type(BOOL)
_TIME: Final = of_type(TIME)
_DURATION: Final = of_type(DURATION)


def binary_nature(operator: str, left: Nature, right: Nature) -> Nature:
    """The nature of `left operator right`. Raises Fault with upstream's text when it cannot be."""
    found = _RULES[operator](left, right)
    if found is None:
        raise Fault(f"invalid operation: {operator} (mismatched types {left} and {right})")
    return found


def _both(left: Nature, right: Nature, check: str) -> bool:
    return left.passes(check) and right.passes(check)


def _equality(left: Nature, right: Nature) -> Nature | None:
    return _BOOL if left.comparable_to(right) else None


def _logic(left: Nature, right: Nature) -> Nature | None:
    fits = _both(left, right, "is_bool") or left.maybe_compatible(right, "is_bool")
    return _BOOL if fits else None


_ORDERED: Final = ("is_number", "is_string", "is_time", "is_duration")


def _order(left: Nature, right: Nature) -> Nature | None:
    same = any(_both(left, right, check) for check in _ORDERED)
    return _BOOL if same or left.maybe_compatible(right, *_ORDERED) else None


def _minus(left: Nature, right: Nature) -> Nature | None:
    if _both(left, right, "is_number"):
        return left.promoted(right)
    if _both(left, right, "is_time") or _both(left, right, "is_duration"):
        return _DURATION
    if left.is_time and right.is_duration:
        return _TIME
    return UNKNOWN if left.maybe_compatible(right, "is_number", "is_time", "is_duration") else None


def _times(left: Nature, right: Nature) -> Nature | None:
    if _both(left, right, "is_number"):
        return left.promoted(right)
    duration = left.is_duration or right.is_duration
    if duration and all(side.passes("is_number", "is_duration") for side in (left, right)):
        return _DURATION
    return UNKNOWN if left.maybe_compatible(right, "is_number", "is_duration") else None


def _plus(left: Nature, right: Nature) -> Nature | None:
    if _both(left, right, "is_number"):
        return left.promoted(right)
    if _both(left, right, "is_string"):
        return of_type(STRING)
    if (left.is_time and right.is_duration) or (left.is_duration and right.is_time):
        return _TIME
    if _both(left, right, "is_duration"):
        return _DURATION
    return UNKNOWN if left.maybe_compatible(right, *_ORDERED) else None


def _float_result(left: Nature, right: Nature) -> Nature | None:
    fits = _both(left, right, "is_number") or left.maybe_compatible(right, "is_number")
    return of_type(FLOAT64) if fits else None


def _integers(left: Nature, right: Nature) -> bool:
    return _both(left, right, "is_integer") or left.maybe_compatible(right, "is_integer")


def _remainder(left: Nature, right: Nature) -> Nature | None:
    return of_type(INT) if _integers(left, right) else None


def _range(left: Nature, right: Nature) -> Nature | None:
    return of_type(INT).in_array() if _integers(left, right) else None


def _texts(left: Nature, right: Nature) -> Nature | None:
    fits = _both(left, right, "is_string") or left.maybe_compatible(right, "is_string")
    return _BOOL if fits else None


def _matches(left: Nature, right: Nature) -> Nature | None:
    return _BOOL if left.is_bytes and right.is_string else _texts(left, right)


def _membership(left: Nature, right: Nature) -> Nature | None:
    if right.kind == "struct" and (left.is_string or left.is_unknown):
        return _BOOL
    if right.is_map:
        key = right.key_nature()
        if not left.is_unknown and not left.assignable_to(key):
            raise Fault(f"cannot use {left} as type {key} in map key")
        return _BOOL
    if right.is_array:
        element = right.element_nature()
        if not left.comparable_to(element):
            raise Fault(f"cannot use {left} as type {element} in array")
        return _BOOL
    return _BOOL if right.is_unknown or (left.is_unknown and right.is_string) else None


def _coalesce(left: Nature, right: Nature) -> Nature | None:
    if left.is_nil or right.is_nil:
        return NIL if left.is_nil and right.is_nil else right if left.is_nil else left
    return left if right.assignable_to(left) else UNKNOWN


_RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("or", "||", "and", "&&"), _logic),
    **dict.fromkeys(("<", ">", ">=", "<="), _order),
    "-": _minus,
    "*": _times,
    "+": _plus,
    **dict.fromkeys(("/", "**", "^"), _float_result),
    "%": _remainder,
    "in": _membership,
    "matches": _matches,
    **dict.fromkeys(("contains", "startsWith", "endsWith"), _texts),
    "..": _range,
    "??": _coalesce,
}
