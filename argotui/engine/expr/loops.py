"""Compiled functions with predicates: `all`, `filter`, `map`, `reduce` and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr import ast
from argotui.engine.expr.errors import ExprError, Fault
from argotui.engine.expr.frame import Evaluate, Frame, Scope, open_scope
from argotui.engine.expr.gotypes import GROUPS
from argotui.engine.expr.operators import add, as_bool
from argotui.engine.expr.ordering import sort_values
from argotui.engine.expr.values import AnyMap, is_list, is_map, type_name

Fail = Callable[[Fault], ExprError]
Body = Callable[[Frame, Scope, "Loop"], Any]
"""What a loop does with an open scope."""


class Loop:
    """One function of the text. predicate: None where `count` and `sum` have none. extra: the third argument."""

    __slots__ = ("_cost", "extra", "mapper", "predicate", "threshold", "throws")

    def __init__(self, node: ast.Builtin, compiled: Callable[[ast.Node], Evaluate]) -> None:
        self.predicate = compiled(node.arguments[1]) if len(node.arguments) > 1 else None
        self.extra = compiled(node.arguments[2]) if len(node.arguments) > 2 else None
        self.mapper = None if node.mapper is None else compiled(node.mapper)
        self.throws = node.throws
        self.threshold = node.threshold
        self._cost = 1 + sum(len(ast.bottom_up(ast.Slot([part], 0))) for part in node.arguments[1:]) // 3

    def value(self, frame: Frame, scope: Scope) -> Any:
        """The predicate's result for this round, or the element where there is no predicate."""
        frame.meter.spend(self._cost)
        return scope.item() if self.predicate is None else self.predicate(frame)

    def holds(self, frame: Frame, scope: Scope) -> bool:
        """The predicate's result where it must be a bool."""
        return as_bool(self.value(frame, scope))

    def taken(self, frame: Frame, scope: Scope) -> Any:
        """The element, or what becomes of it."""
        return scope.item() if self.mapper is None else self.mapper(frame)


def compile_loop(node: ast.Builtin, compiled: Callable[[ast.Node], Evaluate], fail: Fail) -> Evaluate:
    """The closure of a function with a predicate."""
    collection = compiled(node.arguments[0])
    loop = Loop(node, compiled)
    body = _BODIES[node.name]

    def run(frame: Frame) -> Any:
        value = collection(frame)
        outer = frame.scope
        try:
            scope = frame.scope = open_scope(value)
            result = body(frame, scope, loop)
        except Fault as fault:
            raise fail(fault) from None
        frame.scope = outer
        return result

    return run


def _rounds(scope: Scope) -> Any:
    """Counts the index up."""
    for scope.index in range(scope.length):  # noqa: B020 - the index is the scope's
        yield scope.index


def _all(frame: Frame, scope: Scope, loop: Loop) -> bool:
    return all(loop.holds(frame, scope) for _ in _rounds(scope))


def _none(frame: Frame, scope: Scope, loop: Loop) -> bool:
    return not any(loop.holds(frame, scope) for _ in _rounds(scope))


def _any(frame: Frame, scope: Scope, loop: Loop) -> bool:
    return any(loop.holds(frame, scope) for _ in _rounds(scope))


def _one(frame: Frame, scope: Scope, loop: Loop) -> bool:
    return sum(loop.holds(frame, scope) for _ in _rounds(scope)) == 1


def _filter(frame: Frame, scope: Scope, loop: Loop) -> list[Any]:
    found = [loop.taken(frame, scope) for _ in _rounds(scope) if loop.holds(frame, scope)]
    frame.meter.grow(len(found))
    return found


def _map(frame: Frame, scope: Scope, loop: Loop) -> list[Any]:
    made = [loop.value(frame, scope) for _ in _rounds(scope)]
    frame.meter.grow(len(made))
    return made


def _count(frame: Frame, scope: Scope, loop: Loop) -> int:
    count = 0
    for _ in _rounds(scope):
        count += loop.holds(frame, scope)
        if loop.threshold is not None and count >= loop.threshold:
            break
    return count


def _sum(frame: Frame, scope: Scope, loop: Loop) -> Any:
    scope.acc = 0
    for _ in _rounds(scope):
        scope.acc = add(loop.value(frame, scope), scope.acc, frame.meter)
    return scope.acc


def _find(frame: Frame, scope: Scope, loop: Loop) -> Any:
    for _ in _rounds(scope):
        if loop.holds(frame, scope):
            return loop.taken(frame, scope)
    return _not_found(loop)


def _find_last(frame: Frame, scope: Scope, loop: Loop) -> Any:
    for index in range(scope.length - 1, -1, -1):
        scope.index = index
        if loop.holds(frame, scope):
            return loop.taken(frame, scope)
    return _not_found(loop)


def _not_found(loop: Loop) -> None:
    if loop.throws:
        raise Fault("reflect: slice index out of range")


def _find_index(frame: Frame, scope: Scope, loop: Loop) -> int | None:
    return next((index for index in _rounds(scope) if loop.holds(frame, scope)), None)


def _find_last_index(frame: Frame, scope: Scope, loop: Loop) -> int | None:
    for index in range(scope.length - 1, -1, -1):
        scope.index = index
        if loop.holds(frame, scope):
            return index
    return None


def _group_by(frame: Frame, scope: Scope, loop: Loop) -> AnyMap:
    groups = scope.acc = AnyMap(GROUPS)
    for _ in _rounds(scope):
        key = loop.value(frame, scope)
        if is_list(key) or is_map(key):
            raise Fault(f"hash of unhashable type: {type_name(key)}")
        known = groups.get(key)
        if known is None:
            groups.set(key, [scope.item()])
        else:
            known.append(scope.item())
    return groups


def _sort_by(frame: Frame, scope: Scope, loop: Loop) -> list[Any]:
    order = "asc" if loop.extra is None else loop.extra(frame)
    if not isinstance(order, str):
        raise Fault("sortBy order argument must be a string")
    if order not in ("asc", "desc"):
        raise Fault("unknown order, use asc or desc")
    keys: list[Any] = []
    values: list[Any] = []
    for _ in _rounds(scope):
        keys.append(loop.value(frame, scope))
        values.append(scope.item())
    made = sort_values(values, keys, order == "desc", frame.meter)
    frame.meter.grow(len(made))
    return made


def _reduce(frame: Frame, scope: Scope, loop: Loop) -> Any:
    start = 0
    if loop.extra is not None:
        scope.acc = loop.extra(frame)
    elif scope.length == 0:
        raise Fault("reduce of empty array with no initial value")
    else:
        scope.acc = scope.item()
        start = 1
    for index in range(start, scope.length):
        scope.index = index
        scope.acc = loop.value(frame, scope)
    return scope.acc


_BODIES: Final[dict[str, Body]] = {
    "all": _all,
    "none": _none,
    "any": _any,
    "one": _one,
    "filter": _filter,
    "map": _map,
    "count": _count,
    "sum": _sum,
    "find": _find,
    "findIndex": _find_index,
    "findLast": _find_last,
    "findLastIndex": _find_last_index,
    "groupBy": _group_by,
    "sortBy": _sort_by,
    "reduce": _reduce,
}
