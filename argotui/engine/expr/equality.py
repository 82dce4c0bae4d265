"""Equality: upstream's `==`, which mixes number types, and Go's DeepEqual, which does not."""

from __future__ import annotations

from typing import Any

from argotui.engine.expr.errors import LimitFault
from argotui.engine.expr.gotime.moment import Moment
from argotui.engine.expr.gotypes import ANYS
from argotui.engine.expr.limits import MAX_VALUE_DEPTH, Meter
from argotui.engine.expr.operators import comparable
from argotui.engine.expr.values import (
    AnyMap,
    Function,
    elements,
    is_list,
    is_map,
    is_nil,
    is_number,
    type_of,
)


def equal(left: Any, right: Any, meter: Meter, depth: int = 0) -> bool:
    """`left == right` of the language."""
    if is_number(left) and is_number(right):
        return bool(comparable(left, right) == comparable(right, left))
    if isinstance(left, str) or isinstance(right, str):
        return type(left) is type(right) and left == right
    if is_list(left) and is_list(right):
        return _equal_lists(left, right, meter, depth)
    if isinstance(left, Moment) and isinstance(right, Moment):
        return left.ns == right.ns
    if is_nil(left) and is_nil(right):
        return True
    return deep_equal(left, right, meter, depth)


def _equal_lists(left: Any, right: Any, meter: Meter, depth: int) -> bool:
    """Lists of any elements compare by `==`; two lists of one type by their elements; others never are equal."""
    if is_nil(left) and is_nil(right):
        return True
    _check_depth(depth)
    mixed = type_of(left) is ANYS or type_of(right) is ANYS
    if not mixed:
        return type_of(left) is type_of(right) and deep_equal(left, right, meter, depth)
    if len(left) != len(right):
        return False
    meter.spend(len(left))
    pairs = zip(elements(left), elements(right), strict=True)
    return all(equal(one, other, meter, depth + 1) for one, other in pairs)


def deep_equal(left: Any, right: Any, meter: Meter, depth: int = 0) -> bool:
    """Go's reflect.DeepEqual: the types must be the same everywhere."""
    if type_of(left) is not type_of(right):
        return False
    if left is right and (is_list(left) or is_map(left)):
        return True
    if is_list(left):
        _check_depth(depth)
        if is_nil(left) != is_nil(right) or len(left) != len(right):
            return False
        meter.spend(len(left))
        pairs = zip(elements(left), elements(right), strict=True)
        return all(deep_equal(one, other, meter, depth + 1) for one, other in pairs)
    if is_map(left):
        return _deep_equal_maps(left, right, meter, depth)
    if isinstance(left, Function):
        return False
    if isinstance(left, Moment):
        return bool(left.ns == right.ns and left.location.name == right.location.name)
    return bool(left == right)


def _deep_equal_maps(left: Any, right: Any, meter: Meter, depth: int) -> bool:
    _check_depth(depth)
    if len(left) != len(right):
        return False
    meter.spend(len(left))
    for key, value in left.items():
        if key not in right:
            return False
        other = right.get(key) if isinstance(right, AnyMap) else right[key]
        if not deep_equal(value, other, meter, depth + 1):
            return False
    return True


def _check_depth(depth: int) -> None:
    if depth > MAX_VALUE_DEPTH:
        raise LimitFault("value is nested too deeply")
