"""How Go's fmt package prints the values of expressions (`%v`, `%s`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.errors import LimitFault
from argotui.engine.expr.gotime.moment import Location, Moment
from argotui.engine.expr.gotime.names import DAYS, MONTHS
from argotui.engine.expr.limits import MAX_VALUE_DEPTH, Meter
from argotui.engine.expr.values import (
    AnyMap,
    Duration,
    Function,
    Month,
    Weekday,
    map_items,
    type_name,
)
from argotui.engine.gotext import general_float
from argotui.model.duration import format_go_duration

_NO_METER: Final = Meter()


def shown(value: Any, meter: Meter | None = None) -> str:
    """The value as `%v` prints it: `[1 2]`, `map[a:1]`, `<nil>`. Raises LimitFault when it grows too large."""
    return _print(value, _plain, meter or _NO_METER.fresh(), 0)


def shown_as_text(value: Any, meter: Meter | None = None) -> str:
    """The value as `%s` prints it: what is no text becomes `%!s(int=3)`."""
    return _print(value, _text_only, meter or _NO_METER.fresh(), 0)


def _print(value: Any, leaf: Callable[[Any], str], meter: Meter, depth: int) -> str:
    if depth > MAX_VALUE_DEPTH:
        raise LimitFault("value is nested too deeply")
    if isinstance(value, bytes):
        value = [*value]
    if isinstance(value, list):
        meter.spend(len(value))
        return meter.text("[" + " ".join([_print(item, leaf, meter, depth + 1) for item in value]) + "]")
    if isinstance(value, dict | AnyMap):
        meter.spend(len(value))
        entries = [
            f"{_print(key, leaf, meter, depth + 1)}:{_print(item, leaf, meter, depth + 1)}"
            for key, item in map_items(value)
        ]
        return meter.text("map[" + " ".join(entries) + "]")
    return leaf(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return general_float(value)
    if isinstance(value, Function):
        return "0x0"
    return named_text(value)


def named_text(value: Any) -> str:
    """The text of a value that has a String method."""
    if isinstance(value, Duration):
        return format_go_duration(value.value)
    if isinstance(value, Month):
        return MONTHS[value.value - 1] if 1 <= value.value <= 12 else f"%!Month({value.value})"
    if isinstance(value, Weekday):
        return DAYS[value.value] if 0 <= value.value <= 6 else f"%!Weekday({value.value})"
    if isinstance(value, Moment):
        return value.go_text()
    if isinstance(value, Location):
        return value.name
    return str(value)


def _text_only(value: Any) -> str:
    if value is None:
        return "%!s(<nil>)"
    if isinstance(value, bool | int | float | Function):
        return f"%!s({type_name(value)}={_plain(value)})"
    return _plain(value)
