"""Sorting by the language's `<`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any, Final

from argotui.engine.expr.limits import Meter
from argotui.engine.expr.operators import less

_SMALL: Final = 12


def sort_values(values: Sequence[Any], keys: Sequence[Any], descending: bool, meter: Meter) -> list[Any]:
    """The values in the order of their keys; equal ones keep their order.

    Up to 12 values are compared in the order of upstream's insertion sort, so a fault names the same two
    values. Upstream's order of equal values among more than 12 is not defined; here they keep theirs.
    """
    size = len(values)
    meter.spend(size * max(size.bit_length(), 1))
    order = list(range(size))
    if size <= _SMALL:
        _insertion_sort(order, keys, descending)
    else:

        def compare(one: int, other: int) -> int:
            return _compare(keys[one], keys[other], descending)

        order.sort(key=cmp_to_key(compare))
    return [values[index] for index in order]


def _before(left: Any, right: Any, descending: bool) -> bool:
    return less(right, left) if descending else less(left, right)


def _compare(left: Any, right: Any, descending: bool) -> int:
    if _before(left, right, descending):
        return -1
    return 1 if _before(right, left, descending) else 0


def _insertion_sort(order: list[int], keys: Sequence[Any], descending: bool) -> None:
    for start in range(1, len(order)):
        at = start
        while at > 0 and _before(keys[order[at]], keys[order[at - 1]], descending):
            order[at], order[at - 1] = order[at - 1], order[at]
            at -= 1
