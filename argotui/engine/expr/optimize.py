"""Upstream's rewriting of the checked tree, as far as it can be seen: in results, faults and their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from argotui.engine.expr import ast
from argotui.engine.expr.errors import Source
from argotui.engine.expr.fold import fold, literal, retyped
from argotui.engine.expr.gotypes import INT_SET, TEXT_SET
from argotui.engine.expr.nature import of_value
from argotui.engine.expr.values import TypedMap

Rewrite = Callable[[ast.Node], "ast.Node | None"]

_MAX_SUM: Final = 30


class Root:
    """Holds the tree, so that its top can be replaced like any other node."""

    def __init__(self, node: ast.Node) -> None:
        self.node = node


def optimize(node: ast.Node, source: Source) -> ast.Node:
    """The rewritten tree. Raises ExprError for faults that folding finds."""
    root = Root(node)
    slot = ast.Slot(root, "node")
    nodes = [found.node for found in ast.bottom_up(slot)]
    searches = any(isinstance(found, ast.Binary) and found.operator == "in" for found in nodes)
    calls = any(isinstance(found, ast.Builtin) for found in nodes)
    if searches:
        _apply(slot, _in_array)
    fold(slot, source)
    if searches:
        _apply(slot, _in_range)
    for rewrite in _CALL_REWRITES if calls else ():
        _apply(slot, rewrite)
    return root.node


def _apply(root: ast.Slot, rewrite: Rewrite) -> None:
    for slot in ast.bottom_up(root):
        node = slot.node
        made = rewrite(node)
        if made is not None and made is not node:
            slot.put(made)


def _is_call(node: ast.Node, name: str, arguments: int) -> bool:
    return isinstance(node, ast.Builtin) and node.name == name and len(node.arguments) == arguments


def _in_array(node: ast.Node) -> ast.Node | None:
    """`x in [literals]` looks into a set."""
    if not (isinstance(node, ast.Binary) and node.operator == "in" and isinstance(node.right, ast.Array)):
        return None
    items = node.right.nodes
    values = [item.value for item in items if isinstance(item, ast.Integer | ast.String)]
    if not values or len(values) < len(items):
        return None
    if node.left.type.kind == "int" and all(isinstance(value, int) for value in values):
        found = TypedMap(INT_SET, dict.fromkeys(values))
    elif all(isinstance(value, str) for value in values):
        found = TypedMap(TEXT_SET, dict.fromkeys(values))
    else:
        return None
    constant = ast.Constant(found, nature=of_value(found))
    return retyped(ast.Binary("in", node.left, constant), node)


def _in_range(node: ast.Node) -> ast.Node | None:
    """`x in 1..5` compares."""
    if not (isinstance(node, ast.Binary) and node.operator == "in" and node.left.type.kind == "int"):
        return None
    bounds = _constant_range(node.right)
    if bounds is None:
        return None
    low = ast.Binary(">=", node.left, literal(bounds[0]))
    high = ast.Binary("<=", node.left, literal(bounds[1]))
    return retyped(ast.Binary("and", low, high), node)


def _constant_range(node: ast.Node) -> tuple[int, int] | None:
    if not (isinstance(node, ast.Binary) and node.operator == ".."):
        return None
    if isinstance(node.left, ast.Integer) and isinstance(node.right, ast.Integer):
        return node.left.value, node.right.value
    return None


def _filter_map(node: ast.Node) -> ast.Node | None:
    """`map(filter(x, p), q)` is one loop, unless q asks for the index."""
    if not (isinstance(node, ast.Builtin) and _is_call(node, "map", 2)):
        return None
    inner, predicate = node.arguments
    if not (isinstance(inner, ast.Builtin) and inner.name == "filter" and inner.mapper is None):
        return None
    if not isinstance(predicate, ast.Predicate) or _uses_index(predicate):
        return None
    return retyped(ast.Builtin("filter", inner.arguments, mapper=predicate.node), node)


def _uses_index(predicate: ast.Node) -> bool:
    slots = ast.bottom_up(ast.Slot([predicate], 0))
    return any(isinstance(slot.node, ast.Pointer) and slot.node.name == "index" for slot in slots)


def _filter_length(node: ast.Node) -> ast.Node | None:
    """`len(filter(x, p))` counts."""
    if isinstance(node, ast.Builtin) and _is_call(node, "len", 1):
        inner = node.arguments[0]
        if isinstance(inner, ast.Builtin) and _is_call(inner, "filter", 2):
            return retyped(ast.Builtin("count", inner.arguments), node)
    return None


def _filter_edge(index: int, function: str, finder: str) -> Rewrite:
    """`filter(x, p)[0]` and `first(filter(x, p))` stop at the first hit; the same from the end."""

    def rewrite(node: ast.Node) -> ast.Node | None:
        if isinstance(node, ast.Member) and not node.optional:
            selected = isinstance(node.property, ast.Integer) and node.property.value == index
            inner: ast.Node | None = node.node if selected else None
        elif isinstance(node, ast.Builtin) and _is_call(node, function, 1):
            inner = node.arguments[0]
        else:
            inner = None
        if not (isinstance(inner, ast.Builtin) and _is_call(inner, "filter", 2)):
            return None
        throws = isinstance(node, ast.Member)
        return retyped(ast.Builtin(finder, inner.arguments, throws=throws, mapper=inner.mapper), node)

    return rewrite


def _combine_predicates(node: ast.Node) -> ast.Node | None:
    """`all(x, p) && all(x, q)` is one loop with `p && q`."""
    if not isinstance(node, ast.Binary) or node.operator not in ("and", "or", "&&", "||"):
        return None
    left, right = node.left, node.right
    if not (isinstance(left, ast.Builtin) and isinstance(right, ast.Builtin) and left.name == right.name):
        return None
    operator = _COMBINED.get((left.name, node.operator))
    if operator is None or not _same(left.arguments[0], right.arguments[0]):
        return None
    first, second = left.arguments[1], right.arguments[1]
    if not (isinstance(first, ast.Predicate) and isinstance(second, ast.Predicate)):
        return None
    inner: ast.Node = ast.Binary(operator, first.node, second.node)
    inner = _combine_predicates(inner) or inner
    return retyped(ast.Builtin(left.name, [left.arguments[0], ast.Predicate(inner)]), node)


_COMBINED: Final = {
    ("all", "and"): "and",
    ("all", "&&"): "&&",
    ("any", "or"): "or",
    ("any", "||"): "||",
    ("none", "and"): "or",
    ("none", "&&"): "||",
}


def _same(left: ast.Node, right: ast.Node) -> bool:
    """True when two trees read the same."""
    one = ast.bottom_up(ast.Slot([left], 0))
    two = ast.bottom_up(ast.Slot([right], 0))
    if len(one) != len(two):
        return False
    return all(_label(a.node) == _label(b.node) for a, b in zip(one, two, strict=True))


def _label(node: ast.Node) -> tuple[object, ...]:
    plain = ("name", "value", "operator", "optional", "method")
    parts = [repr(getattr(node, name)) for name in plain if isinstance(getattr(node, name, None), str | int | float)]
    return (type(node), len(list(ast.child_slots(node))), *parts)


def _sum_range(node: ast.Node) -> ast.Node | None:
    """`sum(1..n)` and `reduce(1..n, # + #acc)` are computed."""
    if not isinstance(node, ast.Builtin) or node.name not in ("sum", "reduce"):
        return None
    bounds = _constant_range(node.arguments[0])
    if bounds is None or bounds[1] < bounds[0]:
        return None
    count = bounds[1] - bounds[0] + 1
    total = count * (bounds[0] + bounds[1]) // 2
    if node.name == "reduce":
        return _reduced_range(node, total)
    if len(node.arguments) == 1:
        return literal(total)
    result = _mapped_sum(node.arguments[1], total, count)
    return None if result is None else literal(result)


def _reduced_range(node: ast.Builtin, total: int) -> ast.Node | None:
    predicate = node.arguments[1].node if isinstance(node.arguments[1], ast.Predicate) else None
    if not (isinstance(predicate, ast.Binary) and predicate.operator == "+"):
        return None
    names = [side.name for side in (predicate.left, predicate.right) if isinstance(side, ast.Pointer)]
    if sorted(names) != ["", "acc"]:
        return None
    if len(node.arguments) == 2:
        return literal(total)
    start = node.arguments[2]
    return literal(start.value + total) if isinstance(start, ast.Integer) else None


def _mapped_sum(predicate: ast.Node, total: int, count: int) -> int | None:
    body = predicate.node if isinstance(predicate, ast.Predicate) else predicate
    if isinstance(body, ast.Pointer):
        return total if body.name == "" else None
    if not isinstance(body, ast.Binary):
        return None
    pointer_first = isinstance(body.left, ast.Pointer) and isinstance(body.right, ast.Integer)
    pointer, constant = (body.left, body.right) if pointer_first else (body.right, body.left)
    if not (isinstance(pointer, ast.Pointer) and pointer.name == "" and isinstance(constant, ast.Integer)):
        return None
    if body.operator == "*":
        return constant.value * total
    if body.operator == "+":
        return total + count * constant.value
    if body.operator == "-":
        difference = total - count * constant.value
        return difference if pointer_first else -difference
    return None


def _sum_array(node: ast.Node) -> ast.Node | None:
    """`sum([a, b, c])` is `a + (b + c)`, which also works for texts; a long list stays a loop here."""
    if not (isinstance(node, ast.Builtin) and _is_call(node, "sum", 1)):
        return None
    array = node.arguments[0]
    if not isinstance(array, ast.Array) or not 2 <= len(array.nodes) <= _MAX_SUM:
        return None
    made = array.nodes[-1]
    for item in reversed(array.nodes[:-1]):
        made = ast.Binary("+", item, made)
    return retyped(made, node)


def _sum_map(node: ast.Node) -> ast.Node | None:
    """`sum(map(x, p))` is one loop."""
    if isinstance(node, ast.Builtin) and _is_call(node, "sum", 1):
        inner = node.arguments[0]
        if isinstance(inner, ast.Builtin) and _is_call(inner, "map", 2):
            return retyped(ast.Builtin("sum", inner.arguments), node)
    return None


def _count_any(node: ast.Node) -> ast.Node | None:
    """`count(x, p) > 0` stops at the first hit."""
    counted = _counted(node)
    if counted is None or (counted[1], counted[2]) not in ((">", 0), (">=", 1)):
        return None
    return retyped(ast.Builtin("any", counted[0].arguments), node)


def _count_threshold(node: ast.Node) -> ast.Node | None:
    """`count(x, p) > n` stops when the answer is known."""
    counted = _counted(node)
    if counted is not None and counted[2] >= 0:
        threshold = counted[2] + (counted[1] in (">", "<="))
        if threshold > 1:
            counted[0].threshold = threshold
    return None


def _counted(node: ast.Node) -> tuple[ast.Builtin, str, int] | None:
    if not isinstance(node, ast.Binary) or node.operator not in (">", ">=", "<", "<="):
        return None
    left, right = node.left, node.right
    if isinstance(left, ast.Builtin) and _is_call(left, "count", 2) and isinstance(right, ast.Integer):
        return left, node.operator, right.value
    return None


_CALL_REWRITES: Final[tuple[Rewrite, ...]] = (
    _filter_map,
    _filter_length,
    _filter_edge(-1, "last", "findLast"),
    _filter_edge(0, "first", "find"),
    _combine_predicates,
    _sum_range,
    _sum_array,
    _sum_map,
    _count_any,
    _count_threshold,
)
