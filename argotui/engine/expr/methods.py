"""The methods of Go values that expressions can call: those of times, durations, locations and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.gonumbers import wrap
from argotui.engine.expr.gostring import named_text
from argotui.engine.expr.gotime.layout import format_moment
from argotui.engine.expr.gotime.moment import (
    UTC_LOCATION,
    ZERO_SECONDS,
    Location,
    Moment,
    from_civil,
)
from argotui.engine.expr.gotypes import DURATION, TIME
from argotui.engine.expr.operators import difference
from argotui.engine.expr.semver import Version
from argotui.engine.expr.values import Duration, Function, Int64, Month, Named, Uint64, Weekday
from argotui.engine.gojson import quoted
from argotui.model.duration import HOUR, MINUTE, SECOND

_ZERO_NS: Final = ZERO_SECONDS * SECOND
_MAX: Final = 2**63 - 1


def method(value: Any, name: str) -> Function | None:
    """A bound method, or None when the value's type has none of this name."""
    if not isinstance(value, Moment | Named | Location | Version):
        return None
    kind = value.type.methods.get(name)
    if kind is None:
        return None
    body = _BODIES[value.type.name][name]

    def call(_context: Context, *arguments: Any) -> Any:
        return body(value, *arguments)

    return Function(kind, call)


def _rounded(ns: int, unit: int) -> int:
    """Nanoseconds rounded to a multiple of a unit, halves away from zero, as Duration.Round does."""
    if unit <= 0:
        return ns
    rest = abs(ns) % unit
    size = abs(ns) - rest + (unit if rest + rest >= unit else 0)
    return min(max(-size if ns < 0 else size, -_MAX - 1), _MAX)


def _truncated(ns: int, unit: int) -> int:
    if unit <= 0:
        return ns
    return ns - (-(-ns % unit) if ns < 0 else ns % unit)


def _round_moment(moment: Moment, unit: Duration) -> Moment:
    """Rounded to a multiple since the year 1; halves up."""
    if unit.value <= 0:
        return moment
    rest = (moment.ns - _ZERO_NS) % unit.value
    return moment.moved(-rest if rest + rest < unit.value else unit.value - rest)


def _truncate_moment(moment: Moment, unit: Duration) -> Moment:
    return moment if unit.value <= 0 else moment.moved(-((moment.ns - _ZERO_NS) % unit.value))


def _add_date(moment: Moment, years: int, months: int, days: int) -> Moment:
    when = moment.civil()
    moved = when._replace(year=when.year + years, month=when.month + months, day=when.day + days)
    return from_civil(moved, moment.nanosecond, moment.location)


def _go_string(moment: Moment) -> str:
    when = moment.civil()
    zone = "time.UTC" if moment.location.name == "UTC" else f"time.Location({quoted(moment.location.name)})"
    clock = f"{when.hour}, {when.minute}, {when.second}, {moment.nanosecond}"
    return f"time.Date({when.year}, time.{named_text(Month(when.month))}, {when.day}, {clock}, {zone})"


_Bodies = dict[str, Callable[..., Any]]

_TIME: Final[_Bodies] = {
    "Add": lambda t, d: t.moved(d.value),
    "AddDate": _add_date,
    "After": lambda t, u: t.ns > u.ns,
    "Before": lambda t, u: t.ns < u.ns,
    "Clock": lambda t: t.civil().hour,
    "Compare": lambda t, u: (t.ns > u.ns) - (t.ns < u.ns),
    "Date": lambda t: t.civil().year,
    "Day": lambda t: t.civil().day,
    "Equal": lambda t, u: t.ns == u.ns,
    "Format": format_moment,
    "GoString": _go_string,
    "Hour": lambda t: t.civil().hour,
    "ISOWeek": lambda t: t.iso_week()[0],
    "In": lambda t, location: t.at(location),
    "IsDST": lambda t: t.location.is_summer(t.seconds),
    "IsZero": lambda t: t.ns == _ZERO_NS,
    "Local": lambda t: t.at(UTC_LOCATION),
    "Location": lambda t: t.location,
    "MarshalJSON": lambda t: quoted(t.rfc3339()).encode(),
    "MarshalText": lambda t: t.rfc3339().encode(),
    "Minute": lambda t: t.civil().minute,
    "Month": lambda t: Month(t.civil().month),
    "Nanosecond": lambda t: t.nanosecond,
    "Round": _round_moment,
    "Second": lambda t: t.civil().second,
    "String": lambda t: t.go_text(),
    "Sub": difference,
    "Truncate": _truncate_moment,
    "UTC": lambda t: t.at(UTC_LOCATION),
    "Unix": lambda t: Int64(t.seconds),
    "UnixMicro": lambda t: Int64(wrap(t.ns // 1000)),
    "UnixMilli": lambda t: Int64(wrap(t.ns // 1_000_000)),
    "UnixNano": lambda t: Int64(wrap(t.ns)),
    "Weekday": lambda t: Weekday(t.weekday()),
    "Year": lambda t: t.civil().year,
    "YearDay": lambda t: t.year_day(),
    "Zone": lambda t: t.zone,
}

_DURATION: Final[_Bodies] = {
    "Abs": lambda d: Duration(min(abs(d.value), _MAX)),
    "Hours": lambda d: _in_units(d.value, HOUR),
    "Microseconds": lambda d: Int64(int(_truncated(d.value, 1000) // 1000)),
    "Milliseconds": lambda d: Int64(int(_truncated(d.value, 1_000_000) // 1_000_000)),
    "Minutes": lambda d: _in_units(d.value, MINUTE),
    "Nanoseconds": lambda d: Int64(d.value),
    "Round": lambda d, unit: Duration(_rounded(d.value, unit.value)),
    "Seconds": lambda d: _in_units(d.value, SECOND),
    "String": named_text,
    "Truncate": lambda d, unit: Duration(_truncated(d.value, unit.value)),
}


def _in_units(ns: int, unit: int) -> float:
    """Whole units and the rest added as floats, as Go does."""
    whole = _truncated(ns, unit)
    return float(whole // unit) + float(ns - whole) / float(unit)


_VERSION: Final[_Bodies] = {
    "Compare": lambda v, w: v.compare(w),
    "Equal": lambda v, w: v.compare(w) == 0,
    "GreaterThan": lambda v, w: v.compare(w) > 0,
    "GreaterThanEqual": lambda v, w: v.compare(w) >= 0,
    "LessThan": lambda v, w: v.compare(w) < 0,
    "LessThanEqual": lambda v, w: v.compare(w) <= 0,
    "Major": lambda v: Uint64(v.major),
    "Metadata": lambda v: v.metadata,
    "Minor": lambda v: Uint64(v.minor),
    "Original": lambda v: v.original,
    "Patch": lambda v: Uint64(v.patch),
    "Prerelease": lambda v: v.prerelease,
    "String": str,
}

_BODIES: Final[dict[str, _Bodies]] = {
    TIME.name: _TIME,
    DURATION.name: _DURATION,
    "*time.Location": {"String": lambda location: location.name},
    "time.Month": {"String": named_text},
    "time.Weekday": {"String": named_text},
    "*semver.Version": _VERSION,
}
