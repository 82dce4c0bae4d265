"""sprig's functions of times. The local zone is UTC."""

from __future__ import annotations

from typing import Any, Final

from argotui.engine.expr.builtins.dates import parse_duration
from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gonumbers import wrap
from argotui.engine.expr.gotime.layout import format_moment
from argotui.engine.expr.gotime.moment import UTC_LOCATION, ZERO, Moment, load_location
from argotui.engine.expr.gotime.parse import parse_moment
from argotui.engine.expr.sprig.convert import clamped
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import Int64
from argotui.model.duration import DAY, HOUR, MINUTE, SECOND, format_go_duration

_YEAR: Final = 365 * DAY
_MONTH: Final = 30 * DAY
_UNITS: Final = ((_YEAR, "y"), (_MONTH, "mo"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))


def _moment(context: Context, value: Any) -> Moment:
    """A time, or seconds since 1970; everything else silently means now."""
    if isinstance(value, Moment):
        return value
    if type(value) is int or isinstance(value, Int64):
        return Moment(int(value) * SECOND)
    return context.now()


def _in_zone(context: Context, layout: str, value: Any, zone: str) -> str:
    moment = _moment(context, value)
    try:
        location = load_location(zone)
    except Fault:
        location = UTC_LOCATION
    return context.meter.text(format_moment(moment.at(location), layout))


def _modified(_context: Context, amount: str, moment: Moment) -> Moment:
    return moment.moved(parse_duration(amount).value)


def _modified_or_same(context: Context, amount: str, moment: Moment) -> Moment:
    try:
        return _modified(context, amount, moment)
    except Fault:
        return moment


def _ago(context: Context, value: Any) -> str:
    elapsed = context.now().ns - _moment(context, value).ns
    seconds = (abs(elapsed) + SECOND // 2) // SECOND * SECOND
    return format_go_duration(-seconds if elapsed < 0 else seconds)


def _duration(_context: Context, value: Any) -> str:
    """Seconds as text, or int64; everything else is 0."""
    seconds = clamped(value) if isinstance(value, str) else int(value) if isinstance(value, Int64) else 0
    return format_go_duration(wrap(seconds * SECOND))


def _rounded(context: Context, value: Any) -> str:
    """The largest unit of a duration, cut."""
    size = abs(_nanoseconds(context, value))
    for unit, name in _UNITS:
        if size > unit:
            return f"{size // unit}{name}"
    return "0s"


def _nanoseconds(context: Context, value: Any) -> int:
    if isinstance(value, str):
        try:
            return parse_duration(value).value
        except Fault:
            return 0
    if isinstance(value, Int64):
        return int(value)
    return context.now().ns - value.ns if isinstance(value, Moment) else 0


def _to_date(_context: Context, layout: str, text: str) -> Moment:
    try:
        return parse_moment(layout, text)
    except Fault:
        return ZERO


_ZONED: Final = ("string, interface {}, string) string", _in_zone)
_MODIFY: Final = ("string, time.Time) time.Time", _modified_or_same)
_MUST_MODIFY: Final = ("string, time.Time) (time.Time, error)", _modified)
_HTML: Final = "2006-01-02"

DATES: Final[Table] = {
    "now": (") time.Time", lambda context: context.now()),
    "ago": ("interface {}) string", _ago),
    "date": ("string, interface {}) string", lambda context, layout, value: _in_zone(context, layout, value, "UTC")),
    "date_in_zone": _ZONED,
    "dateInZone": _ZONED,
    "date_modify": _MODIFY,
    "dateModify": _MODIFY,
    "must_date_modify": _MUST_MODIFY,
    "mustDateModify": _MUST_MODIFY,
    "htmlDate": ("interface {}) string", lambda context, value: _in_zone(context, _HTML, value, "UTC")),
    "htmlDateInZone": (
        "interface {}, string) string",
        lambda context, value, zone: _in_zone(context, _HTML, value, zone),
    ),
    "duration": ("interface {}) string", _duration),
    "durationRound": ("interface {}) string", _rounded),
    "toDate": ("string, string) time.Time", _to_date),
    "mustToDate": ("string, string) (time.Time, error)", lambda _context, layout, text: parse_moment(layout, text)),
    "unixEpoch": ("time.Time) string", lambda _context, moment: str(moment.seconds)),
}
