"""Functions of numbers, and conversions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.builtins.arguments import (
    NUMBER_KINDS,
    Types,
    expect,
    first_type,
    one_of,
    validate_aggregate,
    validate_rounding,
)
from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault, LimitFault
from argotui.engine.expr.gonumbers import (
    NumberError,
    as_float,
    ceil,
    floor,
    parse_float,
    parse_int,
    round_half_away,
    to_int,
    wrap,
)
from argotui.engine.expr.gotypes import FLOAT64, INT, GoType
from argotui.engine.expr.limits import MAX_VALUE_DEPTH
from argotui.engine.expr.operators import less, more, negate
from argotui.engine.expr.values import Named, elements, is_integer, is_list, is_number, operand_name


def to_int_value(_context: Context, value: Any) -> int:
    """The function `int`, and Argo's `asInt`."""
    if is_number(value):
        return to_int(value)
    if isinstance(value, str):
        try:
            return parse_int(value)
        except NumberError:
            raise Fault(f"invalid operation: int({value})") from None
    if isinstance(value, Named):
        return value.value
    if value is None:
        raise Fault("reflect: call of reflect.Value.Type on zero Value")
    raise Fault(f"invalid operation: int({operand_name(value)})")


def to_float_value(_context: Context, value: Any) -> float:
    """The function `float`, and Argo's `asFloat`."""
    if is_number(value):
        return as_float(value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except NumberError:
            raise Fault(f"invalid operation: float({value})") from None
    raise Fault(f"invalid operation: float({operand_name(value)})")


def _abs(_context: Context, value: Any) -> Any:
    if not is_number(value):
        raise Fault(f"invalid argument for abs (type {operand_name(value)})")
    return negate(value) if value < 0 else value


def _rounding(name: str, rounded: Callable[[float], float]) -> Callable[[Context, Any], float]:
    def run(_context: Context, value: Any) -> float:
        if not is_number(value):
            raise Fault(f"invalid argument for {name} (type {operand_name(value)})")
        return as_float(value) if is_integer(value) else rounded(value)

    return run


def _extreme(name: str, replaces: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """`max` and `min`: lists are searched, however deep."""

    def search(context: Context, values: Any, depth: int) -> Any:
        if depth > MAX_VALUE_DEPTH:
            raise LimitFault("recursion depth exceeded")
        best: Any = None
        for value in values:
            context.meter.spend()
            found = value
            if is_list(value):
                found = search(context, elements(value), depth + 1)
                if found is None:
                    continue
            elif not is_number(value) and not (depth == 0 and isinstance(value, Named)):
                raise Fault(f"invalid argument for {name} (type {operand_name(value)})")
            if best is None or replaces(best, found):
                best = found
        return best

    def run(context: Context, *values: Any) -> Any:
        if len(values) == 1 and not is_list(values[0]):
            return values[0]
        return search(context, values, 0)

    return run


def _numbers(name: str, context: Context, values: Any, depth: int = 0) -> list[float]:
    """All numbers in the arguments, lists opened, as floats."""
    if depth > MAX_VALUE_DEPTH:
        raise LimitFault("recursion depth exceeded")
    found: list[float] = []
    for value in values:
        context.meter.spend()
        if is_list(value):
            found.extend(_numbers(name, context, elements(value), depth + 1))
        elif is_number(value):
            found.append(as_float(value))
        elif isinstance(value, Named):
            found.append(float(value.value))
        else:
            raise Fault(f"invalid argument for {name} (type {operand_name(value)})")
    return found


def _mean(context: Context, *values: Any) -> float:
    found = _numbers("mean", context, values)
    total = 0.0
    for number in found:
        total += number
    return total / len(found) if found else 0.0


def _median(context: Context, *values: Any) -> float:
    found = sorted(_numbers("median", context, values))
    half = len(found) // 2
    if not found:
        return 0.0
    return found[half] if len(found) % 2 else (found[half - 1] + found[half]) / 2


def _bits(name: str, operation: Callable[[int, int], int]) -> Callable[[Context, Any, Any], int]:
    def run(_context: Context, left: Any, right: Any) -> int:
        return wrap(operation(_bit_operand(name, left), _bit_operand(name, right)))

    return run


def _bit_operand(name: str, value: Any) -> int:
    if not is_integer(value):
        raise Fault(f"cannot use {operand_name(value)} as argument (type int) to call {name}")
    return wrap(int(value))


def _shift(operation: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def shift(value: int, count: int) -> int:
        if count < 0:
            raise Fault(f"invalid operation: negative shift count {count} (type int)")
        return operation(value, min(count, 64))

    return shift


def _bit_not(_context: Context, value: Any) -> int:
    return ~_bit_operand("bitnot", value)


def _validate_abs(types: Types) -> GoType:
    expect(types, 1)
    one_of(types[0], NUMBER_KINDS, "invalid argument for abs (type {})")
    return first_type(types)


def _validate_conversion(name: str, result: GoType) -> Callable[[Types], GoType]:
    def validate(types: Types) -> GoType:
        expect(types, 1)
        one_of(types[0], NUMBER_KINDS | {"string"}, f"invalid argument for {name} (type {{}})")
        return result

    return validate


_BIT: Final = ("int, int) int",)

NUMBERS: Final[dict[str, tuple[Any, Callable[..., Any]]]] = {
    "abs": (_validate_abs, _abs),
    "ceil": (validate_rounding("ceil"), _rounding("ceil", ceil)),
    "floor": (validate_rounding("floor"), _rounding("floor", floor)),
    "round": (validate_rounding("round"), _rounding("round", round_half_away)),
    "int": (_validate_conversion("int", INT), to_int_value),
    "float": (_validate_conversion("float", FLOAT64), to_float_value),
    "max": (validate_aggregate("max"), _extreme("max", less)),
    "min": (validate_aggregate("min"), _extreme("min", more)),
    "mean": (validate_aggregate("mean"), _mean),
    "median": (validate_aggregate("median"), _median),
    "bitand": (_BIT, _bits("bitand", lambda x, y: x & y)),
    "bitor": (_BIT, _bits("bitor", lambda x, y: x | y)),
    "bitxor": (_BIT, _bits("bitxor", lambda x, y: x ^ y)),
    "bitnand": (_BIT, _bits("bitnand", lambda x, y: x & ~y)),
    "bitshl": (_BIT, _bits("bitshl", _shift(lambda x, n: x << n))),
    "bitshr": (_BIT, _bits("bitshr", _shift(lambda x, n: x >> n))),
    "bitushr": (_BIT, _bits("bitushr", _shift(lambda x, n: (x % 2**64) >> n))),
    "bitnot": (("int) int",), _bit_not),
}
