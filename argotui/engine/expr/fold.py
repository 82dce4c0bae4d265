"""Constant folding, as upstream does it: it decides which faults show at compile time and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr import ast
from argotui.engine.expr.errors import Source
from argotui.engine.expr.gonumbers import as_float, divide, power, remainder, wrap
from argotui.engine.expr.gotypes import BOOL, FLOAT64, INT, STRING
from argotui.engine.expr.nature import of_type, of_value
from argotui.engine.expr.values import rejoined

_MAX_ROUNDS: Final = 1000
_LITERALS: Final = (ast.Integer, ast.Float, ast.String, ast.Bool)


def fold(root: ast.Slot, source: Source) -> None:
    """Fold until nothing changes. Raises ExprError for a remainder by a literal 0."""
    for _ in range(_MAX_ROUNDS):
        changes = sum(_visit(slot, source) for slot in ast.bottom_up(root))
        if not changes:
            return


def _visit(slot: ast.Slot, source: Source) -> bool:
    node = slot.node
    made: ast.Node | None = None
    if isinstance(node, ast.Unary):
        made = _unary(node)
    elif isinstance(node, ast.Binary):
        if _remainder_by_zero(node):
            raise source.error("integer divide by zero", node.offset)
        made = _binary(node)
    elif isinstance(node, ast.Array):
        made = _array(node)
    elif isinstance(node, ast.Builtin) and node.name == "filter":
        made = _nested_filter(node)
    if made is None:
        return False
    slot.put(made)
    return True


def literal(value: Any) -> ast.Node:
    """The node of an int, float, bool or text."""
    if isinstance(value, bool):
        return ast.Bool(value, nature=of_type(BOOL))
    if isinstance(value, int):
        return ast.Integer(wrap(value), nature=of_type(INT))
    if isinstance(value, float):
        return ast.Float(value, nature=of_type(FLOAT64))
    return ast.String(value, nature=of_type(STRING))


def retyped(node: ast.Node, like: ast.Node) -> ast.Node:
    """The node with the static type of another one."""
    node.nature = of_type(like.type)
    return node


def _unary(node: ast.Unary) -> ast.Node | None:
    operand = node.node
    if node.operator in ("!", "not"):
        return literal(not operand.value) if isinstance(operand, ast.Bool) else None
    if isinstance(operand, ast.Integer | ast.Float):
        return literal(-operand.value if node.operator == "-" else operand.value)
    return None


def _remainder_by_zero(node: ast.Binary) -> bool:
    if node.operator != "%" or not isinstance(node.left, ast.Integer):
        return False
    return isinstance(node.right, ast.Integer) and node.right.value == 0


def _binary(node: ast.Binary) -> ast.Node | None:
    left, right, operator = node.left, node.right, node.operator
    if operator in ("and", "&&", "or", "||"):
        return _logic(node, neutral=operator in ("and", "&&"))
    if isinstance(left, ast.Integer | ast.Float) and isinstance(right, ast.Integer | ast.Float):
        return _arithmetic(operator, left.value, right.value)
    if isinstance(left, ast.String) and isinstance(right, ast.String):
        if operator == "+":
            return literal(rejoined(left.value + right.value))
        return literal(left.value == right.value) if operator == "==" else None
    if isinstance(left, ast.Bool) and isinstance(right, ast.Bool) and operator == "==":
        return literal(left.value == right.value)
    return None


def _arithmetic(operator: str, left: int | float, right: int | float) -> ast.Node | None:
    integers = isinstance(left, int) and isinstance(right, int)
    if operator in ("==", "%"):
        if not integers:
            return None
        return literal(left == right if operator == "==" else remainder(int(left), int(right)))
    if operator in _EXACT:
        exact = _EXACT[operator]
        return literal(exact(left, right) if integers else exact(as_float(left), as_float(right)))
    operation = _FLOATING.get(operator)
    return None if operation is None else literal(operation(as_float(left), as_float(right)))


_EXACT: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}
_FLOATING: Final[dict[str, Callable[[float, float], float]]] = {"/": divide, "**": power, "^": power}


def _logic(node: ast.Binary, *, neutral: bool) -> ast.Node | None:
    """`and` with true, `or` with false: the other side; with the opposite: that constant."""
    left = node.left.value if isinstance(node.left, ast.Bool) else None
    right = node.right.value if isinstance(node.right, ast.Bool) else None
    if left is neutral:
        return retyped(node.right, node)
    if right is neutral:
        return retyped(node.left, node)
    return literal(not neutral) if left is not None or right is not None else None


def _array(node: ast.Array) -> ast.Node | None:
    values = [item.value for item in node.nodes if isinstance(item, _LITERALS)]
    if not values or len(values) < len(node.nodes):
        return None
    return ast.Constant(values, nature=of_value(values))


def _nested_filter(node: ast.Builtin) -> ast.Node | None:
    """`filter(filter(x, a), b)` is one filter with `a && b`."""
    inner = node.arguments[0]
    if not isinstance(inner, ast.Builtin) or inner.name != "filter":
        return None
    first, second = inner.arguments[1], node.arguments[1]
    if not (isinstance(first, ast.Predicate) and isinstance(second, ast.Predicate)):
        return None
    both = ast.Predicate(ast.Binary("&&", first.node, second.node))
    return retyped(ast.Builtin("filter", [inner.arguments[0], both]), node)
