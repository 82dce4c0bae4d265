"""Calling Go functions with values: by their static type, or as Go's reflection does it."""

from __future__ import annotations

from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotime.moment import ZERO
from argotui.engine.expr.gotypes import ANY, DURATION, MAP, TIME, GoType
from argotui.engine.expr.values import Duration, Function, Slice, TypedMap, conversion_name, type_name, type_of

_TYPED: Final = frozenset(
    """() time.Duration|() time.Month|() time.Time|() time.Weekday|() []interface {}|() []uint8|() interface {}|() bool
() float64|() int|() int64|() map[string]interface {}|() string|() uint64|() uint8
(time.Duration) time.Duration|(time.Duration) time.Time|(time.Time) time.Duration|(time.Time) bool
([]interface {}) []interface {}|([]interface {}) interface {}|([]interface {}) map[string]interface {}
([]interface {}, string) string|([]uint8) string|([]string, string) string|(interface {}) []interface {}
(interface {}) interface {}|(interface {}) bool|(interface {}) float64|(interface {}) int
(interface {}) map[string]interface {}|(interface {}) string|(interface {}, interface {}) []interface {}
(interface {}, interface {}) interface {}|(interface {}, interface {}) bool|(interface {}, interface {}) string
(bool) bool|(bool) float64|(bool) int|(bool) string|(bool, bool) bool|(float64) bool|(float64) float64|(float64) int
(float64) string|(float64, float64) bool|(int) bool|(int) float64|(int) int|(int) string|(int, int) bool
(int, int) int|(int, int) string|(int64) time.Time|(string) []uint8|(string) []string|(string) bool
(string) float64|(string) int|(string) string|(string, uint8) int|(string, int) int|(string, string) bool
(string, string) string""".replace("\n", "|").split("|")
)


class NilMap(TypedMap):
    """A nil map: it reads as an empty one and cannot be written to."""

    __slots__ = ()


def is_typed(kind: GoType) -> bool:
    """True for the function types that upstream calls without reflection, with other texts of faults."""
    return kind.name.removeprefix("func") in _TYPED


def call_typed(function: Any, kind: GoType, arguments: list[Any], context: Context) -> Any:
    """Call a function whose type is known at compile time. Raises Fault."""
    if not isinstance(function, Function):
        raise Fault(f"interface conversion: interface {{}} is {conversion_name(function)}, not {kind.name}")
    for value, wanted in zip(arguments, kind.params, strict=True):
        if wanted is not ANY and type_of(value) is not wanted:
            raise Fault(f"interface conversion: interface {{}} is {conversion_name(value)}, not {wanted.name}")
    return _invoke(function, arguments, context)


def call_reflected(function: Any, arguments: list[Any], context: Context) -> Any:
    """Call a value as Go's reflect.Value.Call does. Raises Fault with Go's or upstream's text."""
    if function is None:
        raise Fault("invalid operation: cannot call nil")
    if not isinstance(function, Function):
        raise Fault(f"invalid operation: cannot call non-function of type {type_name(function)}")
    kind = function.type
    fixed = len(kind.params) - kind.variadic
    if kind.variadic and len(arguments) < fixed:
        raise Fault(f"invalid number of arguments: expected at least {fixed}, got {len(arguments)}")
    if not kind.variadic and len(arguments) != fixed:
        raise Fault(f"invalid number of arguments: expected {fixed}, got {len(arguments)}")
    passed = [_passed(value, kind.params[index]) for index, value in enumerate(arguments[:fixed])]
    if kind.variadic:
        element = kind.params[-1].elem or ANY
        passed.extend(_passed(value, element, variadic=True) for value in arguments[fixed:])
    return _invoke(function, passed, context)


def _invoke(function: Function, arguments: list[Any], context: Context) -> Any:
    context.meter.spend()
    return function.call(context, *arguments)


def _passed(value: Any, wanted: GoType, *, variadic: bool = False) -> Any:
    if value is None:
        return zero(wanted)
    kind = type_of(value)
    if kind is None or not kind.assignable_to(wanted):
        if variadic:
            raise Fault(f"reflect: cannot use {type_name(value)} as type {wanted.name} in Call")
        raise Fault(f"reflect: Call using {type_name(value)} as type {wanted.name}")
    return value


def zero(kind: GoType) -> Any:
    """Go's zero value of a parameter's type."""
    if kind.kind == "slice":
        return Slice(kind, is_nil=True)
    if kind is MAP:
        return NilMap(MAP, {})
    if kind is TIME:
        return ZERO
    if kind is DURATION:
        return Duration(0)
    return _ZEROS.get(kind.kind)


_ZEROS: Final = {"string": "", "bool": False, "int": 0, "float64": 0.0}
