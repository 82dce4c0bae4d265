"""sprig's functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gonumbers import NumberError, ceil, floor, parse_int, power, quotient, remainder, wrap
from argotui.engine.expr.gostring import shown
from argotui.engine.expr.gotypes import INTS
from argotui.engine.expr.sprig.convert import float_of, int64, int_of
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import Int64, Slice

_PRECISION: Final = 10**16


def _folded(operation: Callable[[int, int], int], first: int | None = None) -> Callable[..., Int64]:
    """Left to right over all arguments; first: what stands before them."""

    def run(context: Context, *values: Any) -> Int64:
        context.meter.spend(len(values))
        numbers = [int_of(value) for value in values]
        total, rest = (numbers[0], numbers[1:]) if first is None else (first, numbers)
        for number in rest:
            total = wrap(operation(total, number))
        return Int64(total)

    return run


def _folded_float(operation: Callable[[float, float], float]) -> Callable[..., float]:
    def run(context: Context, *values: Any) -> float:
        context.meter.spend(len(values))
        total = float_of(values[0])
        for value in values[1:]:
            total = operation(total, float_of(value))
        return total

    return run


def _decimal(operation: Callable[[Fraction, Fraction], Fraction], first: float | None = None) -> Callable[..., float]:
    """Exact decimal arithmetic on the shortest forms of the floats, as sprig does it."""

    def run(context: Context, *values: Any) -> float:
        context.meter.spend(10 * len(values))
        numbers = [_exact(float_of(value)) for value in values]
        total, rest = (numbers[0], numbers[1:]) if first is None else (_exact(first), numbers)
        for number in rest:
            total = operation(total, number)
        try:
            return float(total)
        except OverflowError:
            return math.copysign(math.inf, total)

    return run


def _exact(number: float) -> Fraction:
    if not math.isfinite(number):
        raise Fault(f"Cannot create a Decimal from {shown(number)}")
    return Fraction(repr(number))


def _decimal_quotient(left: Fraction, right: Fraction) -> Fraction:
    """Rounded to 16 places, halves away from zero."""
    if right == 0:
        raise Fault("decimal division by 0")
    exact = abs(left / right) * _PRECISION
    rounded = Fraction(math.floor(exact + Fraction(1, 2)), _PRECISION)
    return -rounded if (left < 0) != (right < 0) else rounded


def _divide(_context: Context, left: Any, right: Any) -> Int64:
    return Int64(quotient(int_of(left), _divisor(right)))


def _modulo(_context: Context, left: Any, right: Any) -> Int64:
    return Int64(remainder(int_of(left), _divisor(right)))


def _divisor(value: Any) -> int:
    number = int_of(value)
    if number == 0:
        raise Fault("runtime error: integer divide by zero")
    return number


def _round(_context: Context, value: Any, places: int, *threshold: float) -> float:
    scale = power(10.0, float(places))
    digits = scale * float_of(value)
    if not math.isfinite(digits):
        return digits / scale
    fraction, _ = math.modf(digits)
    rounded = ceil(digits) if fraction >= (threshold[0] if threshold else 0.5) else floor(digits)
    return rounded / scale if scale else math.nan


def _to_decimal(context: Context, value: Any) -> Int64:
    try:
        return Int64(parse_int(shown(value, context.meter), 8))
    except NumberError:
        return Int64(0)


def _steps(context: Context, start: int, stop: int, step: int) -> Slice:
    """From start towards stop, which is left out; empty when the step leads away from it."""
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return Slice(INTS)
    numbers = range(start, stop, step)
    context.meter.grow(len(numbers))
    return Slice(INTS, numbers)


def _until(context: Context, count: int) -> Slice:
    return _steps(context, 0, count, -1 if count < 0 else 1)


def _sequence(context: Context, *numbers: int) -> str:
    """`seq`: like the command; two or three numbers are start, step and end."""
    if not 1 <= len(numbers) <= 3:
        return ""
    start, end = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    direction = -1 if end < start else 1
    step = numbers[1] if len(numbers) == 3 else direction
    if len(numbers) == 3 and direction < 0 < step:
        return ""
    return " ".join(map(str, _steps(context, start, end + direction, step)))


_ANY: Final = "interface {}, ...interface {}) "
_INT: Final = _ANY + "int64"
_FLOAT: Final = _ANY + "float64"

NUMBERS: Final[Table] = {
    "int64": ("interface {}) int64", lambda _context, value: int64(value)),
    "int": ("interface {}) int", lambda _context, value: int_of(value)),
    "float64": ("interface {}) float64", lambda _context, value: float_of(value)),
    "toDecimal": ("interface {}) int64", _to_decimal),
    "seq": ("...int) string", _sequence),
    "until": ("int) []int", _until),
    "untilStep": ("int, int, int) []int", _steps),
    "add1": ("interface {}) int64", lambda _context, value: Int64(wrap(int_of(value) + 1))),
    "add": ("...interface {}) int64", _folded(lambda a, b: a + b, 0)),
    "sub": ("interface {}, interface {}) int64", _folded(lambda a, b: a - b)),
    "div": ("interface {}, interface {}) int64", _divide),
    "mod": ("interface {}, interface {}) int64", _modulo),
    "mul": (_INT, _folded(lambda a, b: a * b)),
    "add1f": ("interface {}) float64", _decimal(lambda a, b: a + b, 1.0)),
    "addf": ("...interface {}) float64", _decimal(lambda a, b: a + b, 0.0)),
    "subf": (_FLOAT, _decimal(lambda a, b: a - b)),
    "divf": (_FLOAT, _decimal(_decimal_quotient)),
    "mulf": (_FLOAT, _decimal(lambda a, b: a * b)),
    "biggest": (_INT, _folded(max)),
    "max": (_INT, _folded(max)),
    "min": (_INT, _folded(min)),
    "maxf": (_FLOAT, _folded_float(max)),
    "minf": (_FLOAT, _folded_float(min)),
    "ceil": ("interface {}) float64", lambda _context, value: ceil(float_of(value))),
    "floor": ("interface {}) float64", lambda _context, value: floor(float_of(value))),
    "round": ("interface {}, int, ...float64) float64", _round),
}
