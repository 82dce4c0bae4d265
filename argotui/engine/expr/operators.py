"""The operators between values. A wrong operand raises Fault with upstream's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gonumbers import as_float, divide, power, remainder, to_int, wrap
from argotui.engine.expr.gotime.moment import Moment
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.values import (
    Duration,
    Sized,
    Uint64,
    conversion_name,
    is_integer,
    is_number,
    joined,
    operand_name,
)

_INT64_LIMIT: Final = 2**63


def as_bool(value: Any) -> bool:
    """The value where Go asserts a bool."""
    if value is True or value is False:
        return bool(value)
    raise Fault(f"interface conversion: interface {{}} is {conversion_name(value)}, not bool")


def as_text(value: Any) -> str:
    """The value where Go asserts a string."""
    if isinstance(value, str):
        return value
    raise Fault(f"interface conversion: interface {{}} is {conversion_name(value)}, not string")


def to_integer(value: Any) -> int:
    """The int of a number. Raises Fault with upstream's text."""
    if is_number(value):
        return to_int(value)
    raise Fault(f"invalid operation: int({operand_name(value)})")


def to_float(value: Any) -> float:
    """The float64 of a number."""
    if is_number(value):
        return as_float(value)
    raise Fault(f"invalid operation: float({operand_name(value)})")


def _mismatch(symbol: str, left: Any, right: Any) -> Fault:
    return Fault(f"invalid operation: {operand_name(left)} {symbol} {operand_name(right)}")


def add(left: Any, right: Any, meter: Meter) -> Any:
    """`+`: numbers, texts, times and durations."""
    if is_number(left) and is_number(right):
        if is_integer(left) and is_integer(right):
            return wrap(int(left) + int(right))
        return as_float(left) + as_float(right)
    if isinstance(left, str) and isinstance(right, str):
        meter.allow_text(len(left) + len(right))
        return joined(left, right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(wrap(left.value + right.value))
    if isinstance(left, Moment) and isinstance(right, Duration):
        return left.moved(right.value)
    if isinstance(left, Duration) and isinstance(right, Moment):
        return right.moved(left.value)
    raise _mismatch("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`-`."""
    if is_number(left) and is_number(right):
        if is_integer(left) and is_integer(right):
            return wrap(int(left) - int(right))
        return as_float(left) - as_float(right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(wrap(left.value - right.value))
    if isinstance(left, Moment) and isinstance(right, Moment):
        return difference(left, right)
    if isinstance(left, Moment) and isinstance(right, Duration):
        return left.moved(-right.value)
    raise _mismatch("-", left, right)


def difference(left: Moment, right: Moment) -> Duration:
    """Go's Time.Sub: the time between two moments, cut to what 64 bits hold."""
    return Duration(min(max(left.ns - right.ns, -_INT64_LIMIT), _INT64_LIMIT - 1))


def multiply(left: Any, right: Any) -> Any:
    """`*`; a duration times a float is a plain float, as upstream has it."""
    if is_number(left) and is_number(right):
        if is_integer(left) and is_integer(right):
            return wrap(int(left) * int(right))
        return as_float(left) * as_float(right)
    if isinstance(left, Duration) or isinstance(right, Duration):
        one, other = (side.value if isinstance(side, Duration) else side for side in (left, right))
        if is_integer(one) and is_integer(other):
            return Duration(wrap(int(one) * int(other)))
        if is_number(one) and is_number(other):
            return as_float(one) * as_float(other)
    raise _mismatch("*", left, right)


def quotient(left: Any, right: Any) -> float:
    """`/`: always a float."""
    if is_number(left) and is_number(right):
        return divide(as_float(left), as_float(right))
    raise _mismatch("/", left, right)


def modulo(left: Any, right: Any) -> int:
    """`%`, of integers."""
    if not (is_integer(left) and is_integer(right)):
        raise _mismatch("%", left, right)
    if right == 0:
        raise Fault("runtime error: integer divide by zero")
    return remainder(wrap(int(left)), wrap(int(right)))


def exponent(left: Any, right: Any) -> float:
    """`**` and `^`: always a float."""
    base = to_float(left)
    return power(base, to_float(right))


def negate(value: Any) -> Any:
    """Unary `-`; the type of the integer stays."""
    if type(value) is int:
        return wrap(-value)
    if type(value) is float:
        return -value
    if isinstance(value, Sized):
        bits = 1 << value.bits
        number = -int(value) % bits
        return type(value)(number - bits if value.signed and number >= bits // 2 else number)
    raise Fault(f"invalid operation: - {operand_name(value)}")


def _ordered(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordering(left: Any, right: Any) -> bool:
        if is_number(left) and is_number(right):
            return compare(comparable(left, right), comparable(right, left))
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        if isinstance(left, Moment) and isinstance(right, Moment):
            return compare(left.ns, right.ns)
        if isinstance(left, Duration) and isinstance(right, Duration):
            return compare(left.value, right.value)
        raise _mismatch(symbol, left, right)

    return ordering


def comparable(number: Any, other: Any) -> Any:
    """A number in the form in which it is compared with another one: both as int, or both as float64."""
    if is_integer(number) and is_integer(other):
        return wrap(int(number)) if isinstance(number, Uint64) else int(number)
    return as_float(number)


less: Final = _ordered("<", lambda left, right: left < right)
more: Final = _ordered(">", lambda left, right: left > right)
less_or_equal: Final = _ordered("<=", lambda left, right: left <= right)
more_or_equal: Final = _ordered(">=", lambda left, right: left >= right)
