"""Functions of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.builtins.arguments import Types
from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotime.moment import UTC_LOCATION, Location, Moment, load_location
from argotui.engine.expr.gotime.parse import parse_moment
from argotui.engine.expr.gotypes import LOCATION, TIME, GoType
from argotui.engine.expr.operators import as_text
from argotui.engine.expr.values import Duration
from argotui.model.duration import DurationError, go_duration

_LAYOUTS: Final = (
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
)


def parse_duration(text: str) -> Duration:
    """Go's time.ParseDuration. Raises Fault with Go's text."""
    try:
        return Duration(go_duration(text))
    except DurationError as error:
        raise Fault(str(error)) from None


def _date(_context: Context, *arguments: Any) -> Moment:
    location = UTC_LOCATION
    if isinstance(arguments[0], Location):
        location, arguments = arguments[0], arguments[1:]
    if not arguments:
        raise Fault("runtime error: index out of range [0] with length 0")
    text = as_text(arguments[0])
    if len(arguments) == 2:
        return parse_moment(as_text(arguments[1]), text, location)
    if len(arguments) == 3:
        layout, zone = as_text(arguments[1]), as_text(arguments[2])
        return parse_moment(layout, text, load_location(zone))
    for layout in _LAYOUTS:
        try:
            return parse_moment(layout, text, location)
        except Fault:
            continue
    raise Fault(f"invalid date {text}")


def _now(context: Context, location: Any = UTC_LOCATION) -> Moment:
    return context.now().at(location)


def _validate_now(types: Types) -> GoType:
    if not types or (len(types) == 1 and types[0] is LOCATION):
        return TIME
    raise Fault(f"invalid number of arguments (expected 0, got {len(types)})")


def _validate_date(types: Types) -> GoType:
    if not types:
        raise Fault("invalid number of arguments (expected at least 1, got 0)")
    rest = types[1:] if types[0] is LOCATION else types
    if len(rest) > 3:
        raise Fault(f"invalid number of arguments (expected at most 3, got {len(rest)})")
    return TIME


DATES: Final[dict[str, tuple[Any, Callable[..., Any]]]] = {
    "now": (_validate_now, _now),
    "duration": (("string) time.Duration",), lambda _context, text: parse_duration(as_text(text))),
    "date": (_validate_date, _date),
    "timezone": (("string) *time.Location",), lambda _context, name: load_location(as_text(name))),
}
