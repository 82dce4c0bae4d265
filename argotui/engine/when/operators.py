"""The operators of `when` conditions: which types they take, and what they do (§2.8)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from argotui.engine.when.patterns import compile_pattern
from argotui.engine.when.tokens import Value, WhenError, show


def check_types(symbol: str, left: Value, right: Value) -> None:
    """Raises WhenError when the operator does not take these operands."""
    if symbol in (">", ">=", "<", "<="):
        if not (_both(left, right, float) or _both(left, right, str)):
            raise _mismatch("comparator", symbol, left)
    elif symbol == "+":
        if not (_both(left, right, float) or isinstance(left, str) or isinstance(right, str)):
            raise _mismatch("modifier", symbol, left)
    elif symbol in _CHECKS:
        role, left_fits, right_fits = _CHECKS[symbol]
        if not left_fits(left):
            raise _mismatch(role, symbol, left)
        if not right_fits(right):
            raise _mismatch(role, symbol, right)


def _mismatch(role: str, symbol: str, value: Value) -> WhenError:
    wanted = "bool" if role in ("logical operator", "ternary operator") else "number"
    return WhenError(f"Value '{show(value)}' cannot be used with the {role} '{symbol}', it is not a {wanted}")


def _both(left: Value, right: Value, kind: type) -> bool:
    return isinstance(left, kind) and isinstance(right, kind)


def is_number(value: Value) -> bool:
    """All numbers are floats."""
    return isinstance(value, float)


def _is_bool(value: Value) -> bool:
    return isinstance(value, bool)


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_pattern(value: Value) -> bool:
    return isinstance(value, str | re.Pattern)


def _is_list(value: Value) -> bool:
    return isinstance(value, list)


def _anything(_value: Value) -> bool:
    return True


_Check = tuple[str, Callable[[Value], bool], Callable[[Value], bool]]

_CHECKS: Final[dict[str, _Check]] = {
    **dict.fromkeys("-*/%&|^", ("modifier", is_number, is_number)),
    **dict.fromkeys(("**", "<<", ">>"), ("modifier", is_number, is_number)),
    **dict.fromkeys(("&&", "||"), ("logical operator", _is_bool, _is_bool)),
    **dict.fromkeys(("=~", "!~"), ("comparator", _is_text, _is_pattern)),
    "in": ("comparator", _anything, _is_list),
    "?": ("ternary operator", _is_bool, _anything),
}


def _equal(left: Value, right: Value) -> bool:
    """Equality that also looks at the type: 1 is neither "1" nor true."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return show(left) + show(right)
    return left + right


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _modulus(left: float, right: float) -> float:
    try:
        return math.fmod(left, right)
    except ValueError:
        return math.nan


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(result, complex) else result


def int64(value: float) -> int:
    """As Go converts on amd64: what does not fit becomes the smallest number."""
    if not math.isfinite(value):
        return -(2**63)
    number = int(value)
    return number if -(2**63) <= number < 2**63 else -(2**63)


def _shift(left: float, right: float, direction: int) -> float:
    bits, count = int64(left) % 2**64, int64(right) % 2**64
    if count > 63:
        return 0.0
    return float((bits << count) % 2**64 if direction > 0 else bits >> count)


def _matches(text: str, pattern: str | re.Pattern[str]) -> bool:
    found = compile_pattern(pattern) if isinstance(pattern, str) else pattern
    return found.search(text) is not None


def _joined(left: Value, right: Value) -> list[Value]:
    return [*left, right] if isinstance(left, list) else [left, right]


OPERATIONS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    ",": _joined,
    "?": lambda left, right: right if left else None,
    ":": lambda left, right: right,
    "??": lambda left, right: right,
    "&&": lambda left, right: left and right,
    "||": lambda left, right: left or right,
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "=~": _matches,
    "!~": lambda left, right: not _matches(left, right),
    "in": lambda left, right: any(_equal(left, item) for item in right),
    "&": lambda left, right: float(int64(left) & int64(right)),
    "|": lambda left, right: float(int64(left) | int64(right)),
    "^": lambda left, right: float(int64(left) ^ int64(right)),
    "<<": lambda left, right: _shift(left, right, 1),
    ">>": lambda left, right: _shift(left, right, -1),
    "+": _add,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": _modulus,
    "**": _power,
}
"""What each operator does with operands that `check_types` lets through."""
