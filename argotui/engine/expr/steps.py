"""Compiled binary operators: each takes the left value and evaluates its right side when it needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr import ast, operators
from argotui.engine.expr.access import contains
from argotui.engine.expr.equality import equal
from argotui.engine.expr.errors import ExprError, Fault
from argotui.engine.expr.frame import Evaluate, Frame, Step
from argotui.engine.expr.gotypes import INT, STRING
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.operators import as_bool, as_text, to_integer
from argotui.engine.expr.regex.pattern import GoPattern, compile_pattern
from argotui.engine.expr.values import bytes_text, conversion_name, ints, is_nil

Fail = Callable[[Fault], ExprError]
Operation = Callable[[Any, Any, Meter], Any]


def compile_step(node: ast.Binary, compiled: Callable[[ast.Node], Evaluate], fail: Fail) -> Step:
    """The operator of a node. compiled: compiles the right side."""
    symbol = node.operator
    if symbol == "matches" and isinstance(node.right, ast.String):
        return _matches_constant(node.right.value, fail)
    right = compiled(node.right)
    if symbol in ("and", "&&"):
        return _logic(right, fail, goes_on=True)
    if symbol in ("or", "||"):
        return _logic(right, fail, goes_on=False)
    if symbol == "??":
        return lambda frame, left: right(frame) if is_nil(left) else left
    operation = _equality(node) if symbol in ("==", "!=") else _OPERATIONS[symbol]
    return _strict(right, operation, fail)


def _strict(right: Evaluate, operation: Operation, fail: Fail) -> Step:
    def step(frame: Frame, left: Any) -> Any:
        other = right(frame)
        try:
            return operation(left, other, frame.meter)
        except Fault as fault:
            raise fail(fault) from None

    return step


def _logic(right: Evaluate, fail: Fail, *, goes_on: bool) -> Step:
    """The right side counts when the left one is `goes_on`; nobody asks whether it is a bool."""

    def step(frame: Frame, left: Any) -> Any:
        try:
            decided = as_bool(left) is not goes_on
        except Fault as fault:
            raise fail(fault) from None
        return left if decided else right(frame)

    return step


def _equality(node: ast.Binary) -> Operation:
    """Where both sides are known to be int, or text, upstream takes them to be."""
    compare: Operation = equal
    if node.left.type is node.right.type and node.left.type in (INT, STRING):
        compare = _asserted(int if node.left.type is INT else str)
    if node.operator == "==":
        return compare
    return lambda left, right, meter: not compare(left, right, meter)


def _asserted(kind: type) -> Operation:
    name = "int" if kind is int else "string"

    def compare(left: Any, right: Any, _meter: Meter) -> bool:
        for value in (left, right):
            if type(value) is not kind:
                raise Fault(f"interface conversion: interface {{}} is {conversion_name(value)}, not {name}")
        return bool(left == right)

    return compare


def _matches_constant(text: str, fail: Fail) -> Step:
    try:
        pattern = compile_pattern(text)
    except Fault as fault:
        raise ExprError(str(fault)) from None

    def step(frame: Frame, left: Any) -> bool:
        if is_nil(left):
            return False
        try:
            return _found(pattern, left, frame.meter)
        except Fault as fault:
            raise fail(fault) from None

    return step


def _found(pattern: GoPattern, subject: Any, meter: Meter) -> bool:
    if isinstance(subject, bytes):
        subject = bytes_text(subject)
    if not isinstance(subject, str):
        raise Fault(f"interface conversion: interface {{}} is {conversion_name(subject)}, not []uint8")
    return pattern.matches(subject, meter)


def _matches(left: Any, right: Any, meter: Meter) -> bool:
    if is_nil(left) or is_nil(right):
        return False
    return _found(compile_pattern(as_text(right)), left, meter)


def _text_test(test: Callable[[str, str], bool]) -> Operation:
    def operation(left: Any, right: Any, meter: Meter) -> bool:
        if is_nil(left) or is_nil(right):
            return False
        meter.spend()
        return test(as_text(left), as_text(right))

    return operation


def _range(left: Any, right: Any, meter: Meter) -> Any:
    low, high = to_integer(left), to_integer(right)
    meter.grow(max(high - low + 1, 0))
    return ints(range(low, high + 1))


def _plain(operation: Callable[[Any, Any], Any]) -> Operation:
    return lambda left, right, _meter: operation(left, right)


_OPERATIONS: Final[dict[str, Operation]] = {
    "<": _plain(operators.less),
    ">": _plain(operators.more),
    "<=": _plain(operators.less_or_equal),
    ">=": _plain(operators.more_or_equal),
    "+": operators.add,
    "-": _plain(operators.subtract),
    "*": _plain(operators.multiply),
    "/": _plain(operators.quotient),
    "%": _plain(operators.modulo),
    "**": _plain(operators.exponent),
    "^": _plain(operators.exponent),
    "in": contains,
    "matches": _matches,
    "contains": _text_test(lambda text, part: part in text),
    "startsWith": _text_test(str.startswith),
    "endsWith": _text_test(str.endswith),
    "..": _range,
}
