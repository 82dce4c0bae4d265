"""Durations: Go's grammar, Argo's (a bare number is seconds), and the forms people read.

All amounts are signed nanoseconds in an int, limited to 64 bits as upstream's are.
"""

from __future__ import annotations

import re

NANOSECOND = 1
MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {
    "ns": 1, "us": MICROSECOND, "\u00b5s": MICROSECOND, "\u03bcs": MICROSECOND, "ms": MILLISECOND,
    "s": SECOND, "m": MINUTE, "h": HOUR,
}  # fmt: skip
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]*)")
_BARE = re.compile(r"[-+]?[0-9]+\Z")
_MAX = 2**63 - 1


class DurationError(ValueError):
    """The text is not a duration; the message is the one Go gives."""


def go_duration(text: str) -> int:
    """Nanoseconds of `1h30m`, `500ms`, `-1.5h`.  A unit is required, except for `0`.

    Raises DurationError with Go's text.
    """
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError(f"time: invalid duration {_quote(text)}")
    total, position = 0, 0
    while position < len(rest):
        amount, position = _part(text, rest, position)
        total += amount
    negative = text.startswith("-")
    if total > _MAX + negative:
        raise DurationError(f"time: invalid duration {_quote(text)}")
    return -total if negative else total


def _part(text: str, rest: str, position: int) -> tuple[int, int]:
    found = _PART.match(rest, position)
    if not found or not (found[1] or found[2]):
        raise DurationError(f"time: invalid duration {_quote(text)}")
    whole, unit = int(found[1][:40] or "0"), found[3]
    if whole > _MAX + 1:
        raise DurationError(f"time: invalid duration {_quote(text)}")
    if not unit:
        raise DurationError(f"time: missing unit in duration {_quote(text)}")
    scale = _UNITS.get(unit)
    if scale is None:
        raise DurationError(f"time: unknown unit {_quote(unit)} in duration {_quote(text)}")
    digits = (found[2] or "")[:18]
    fraction = int(digits) * scale // 10 ** len(digits) if digits else 0
    return whole * scale + fraction, found.end()


def _quote(text: str) -> str:
    parts = []
    for char in text:
        if char in '"\\':
            parts.append("\\" + char)
        elif " " <= char < "\x7f":
            parts.append(char)
        else:
            parts.extend(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    return '"' + "".join(parts) + '"'


def argo_duration(text: str) -> int:
    """As `go_duration`, but a bare whole number counts seconds (§0).  Raises DurationError.

    A number of seconds that does not fit 64 bits of nanoseconds wraps round, as upstream's does.
    """
    if _BARE.match(text) and -(2**63) <= (seconds := int(text[:40])) <= _MAX:
        return _wrap(seconds * SECOND)
    try:
        return go_duration(text)
    except DurationError as error:
        raise DurationError(f"unable to parse {text} as a duration: {error}") from None


def _wrap(amount: int) -> int:
    return (amount + 2**63) % 2**64 - 2**63


def format_go_duration(ns: int) -> str:
    """Go's text of a duration: `1h0m0s`, `1.5s`, `150ms`, `0s`."""
    if ns == 0:
        return "0s"
    if abs(ns) < SECOND:
        unit = next(u for u in ("ms", "\u00b5s", "ns") if abs(ns) >= _UNITS[u])
        return _sign(ns) + _decimal(abs(ns), _UNITS[unit]) + unit
    hours, rest = divmod(abs(ns), HOUR)
    minutes, rest = divmod(rest, MINUTE)
    text = _decimal(rest, SECOND) + "s"
    if hours:
        return f"{_sign(ns)}{hours}h{minutes}m{text}"
    return f"{_sign(ns)}{minutes}m{text}" if minutes else _sign(ns) + text


def _sign(ns: int) -> str:
    return "-" if ns < 0 else ""


def _decimal(amount: int, scale: int) -> str:
    whole, rest = divmod(amount, scale)
    digits = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def human(ns: int) -> str:
    """Age as `kubectl get` prints it: two units while small (`3m1s`, `2d2h`), `<invalid>` below -1 s."""
    if (early := _before_start(ns)) is not None:
        return early
    seconds, minutes, hours = ns // SECOND, ns // MINUTE, ns // HOUR
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _pair(hours // 24, "d", hours % 24, "h")
    years, days = divmod(hours // 24, 365)
    if years < 2:
        return f"{hours // 24}d"
    return _pair(years, "y", days, "d") if years < 8 else f"{years}y"


_AGE = re.compile(r"(\d{1,6})([ydhms])(?:(\d{1,6})([dhms]))?")
_AGE_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def seconds_of_age(text: str) -> int | None:
    """Seconds of an age as `human` prints it (`3m1s`, `2d2h`), to its precision; None for anything else."""
    found = _AGE.fullmatch(text)
    if found is None:
        return None
    large, unit, small, small_unit = found.groups()
    return int(large) * _AGE_SECONDS[unit] + (int(small) * _AGE_SECONDS[small_unit] if small else 0)


def _before_start(ns: int) -> str | None:
    if ns <= -2 * SECOND:
        return "<invalid>"
    return "0s" if ns < 0 else None


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def column(ns: int) -> str:
    """The duration as a column of `argo list`: one unit, days at most, sign dropped."""
    amount = abs(ns)
    for unit, name, limit in ((SECOND, "s", MINUTE), (MINUTE, "m", HOUR), (HOUR, "h", DAY)):
        if amount < limit:
            return f"{amount // unit}{name}"
    return f"{amount // DAY}d"


_WEEK, _MONTH, _YEAR = 7 * DAY, 30 * DAY, 360 * DAY
_WORDS = (
    (2 * SECOND, SECOND, "second"), (MINUTE, SECOND, "seconds"), (2 * MINUTE, MINUTE, "minute"),
    (HOUR, MINUTE, "minutes"), (2 * HOUR, HOUR, "hour"), (DAY, HOUR, "hours"), (2 * DAY, DAY, "day"),
    (_WEEK, DAY, "days"), (2 * _WEEK, _WEEK, "week"), (_MONTH, _WEEK, "weeks"), (2 * _MONTH, _MONTH, "month"),
    (_YEAR, _MONTH, "months"), (18 * _MONTH, _YEAR, "year"),
)  # fmt: skip


def words(ns: int) -> str:
    """The duration in words, one unit: `2 hours`, `1 week`; sign dropped.  Used in backoff messages."""
    amount = abs(ns)
    if amount < SECOND:
        return "0 seconds"
    for limit, unit, name in _WORDS:
        if amount < limit:
            return f"{amount // unit} {name}"
    if amount >= 37 * _YEAR:
        return "a long while"
    return f"{max(amount // _YEAR, 2)} years"


def long_words(ns: int) -> str:
    """The duration in words, two units: `2 hours 59 minutes`, as `argo get` shows it.

    Below a minute, and for negative amounts, one unit only.
    """
    amount = abs(ns)
    if ns < MINUTE:
        return words(ns)
    unit, modulus, name = (HOUR, 24, "hours") if amount >= DAY else (MINUTE, 60, "minutes")
    if amount < HOUR:
        unit, modulus, name = SECOND, 60, "seconds"
    return f"{words(ns)} {amount // unit % modulus} {name}"
