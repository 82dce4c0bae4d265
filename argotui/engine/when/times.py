"""Which quoted texts of a `when` expression are times (§2.8).

The library tries fourteen Go layouts; a text that fits one becomes a time, and a time counts as the
whole seconds since 1970 in every comparison.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_DATE: Final = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_CLOCK: Final = r"(?P<hour>\d\d?):(?P<minute>\d\d)"
_SECONDS: Final = r":(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?"
_COLON_ZONE: Final = r"(?P<zone>[+-]\d\d:\d\d)"
_NAMED: Final = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(?P<name>[A-Za-z]{3}) "

_LAYOUTS: Final = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"{_NAMED} ?(?P<day>\d\d?) {_CLOCK}{_SECONDS} (?P<year>\d{{4}})",
        rf"{_NAMED} ?(?P<day>\d\d?) {_CLOCK}{_SECONDS} [A-Z]{{3,4}} (?P<year>\d{{4}})",
        rf"{_NAMED}(?P<day>\d\d) {_CLOCK}{_SECONDS} (?P<zone>[+-]\d{{4}}) (?P<year>\d{{4}})",
        r"(?P<twelve>\d\d?):(?P<minute>\d\d)(?P<half>AM|PM)",
        rf"{_DATE}T{_CLOCK}{_SECONDS}(?:Z|{_COLON_ZONE})",
        _DATE,
        rf"{_DATE} {_CLOCK}",
        rf"{_DATE} {_CLOCK}{_SECONDS}",
        rf"{_DATE} {_CLOCK}{_SECONDS}{_COLON_ZONE}",
        rf"{_DATE}T(?P<hour>\d\d?)(?:Z|(?P<zone>[+-]\d{{4}}))",
        rf"{_DATE}T{_CLOCK}(?:Z|(?P<zone>[+-]\d{{4}}))",
        rf"{_DATE}T{_CLOCK}{_SECONDS}(?:Z|(?P<zone>[+-]\d{{4}}))",
    )
)


def parse_go_time(text: str) -> datetime | None:
    """The time a text stands for, or None. A clock time alone (`3:04PM`) lies in year 1 here: see
    `unix_seconds`."""
    if not text[:1].isalnum():
        return None
    for layout in _LAYOUTS:
        match = layout.fullmatch(text)
        if match is not None:
            return _moment(match.groupdict())
    return None


def unix_seconds(moment: datetime) -> float:
    """Whole seconds since 1970. Python has no year 0, which is Go's year for a clock time alone, so such
    times are kept in year 1 and moved back here (year 0 was a leap year)."""
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return float(seconds - 366 * 86400 if moment.year == 1 else seconds)


def _moment(parts: dict[str, str | None]) -> datetime | None:
    try:
        return datetime(
            int(parts.get("year") or 1),
            _month(parts),
            int(parts.get("day") or 1),
            _hour(parts),
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
            int((parts.get("fraction") or "0")[:6].ljust(6, "0")),
            tzinfo=_zone(parts.get("zone")),
        )
    except ValueError:
        return None


def _month(parts: dict[str, str | None]) -> int:
    name = parts.get("name")
    if name is None:
        return int(parts.get("month") or 1)
    return _MONTHS.index(name.lower()) + 1


def _hour(parts: dict[str, str | None]) -> int:
    twelve = parts.get("twelve")
    if twelve is None:
        return int(parts.get("hour") or 0)
    hour = int(twelve)
    if not 0 <= hour <= 12:
        raise ValueError(twelve)
    return hour % 12 + (12 if parts["half"] == "PM" else 0)


def _zone(text: str | None) -> timezone:
    if text is None:
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
