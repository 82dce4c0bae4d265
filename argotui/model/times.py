"""Times on the wire: RFC 3339, UTC, whole seconds (§0).  No clock here: now is always an argument."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

ZERO_TIME = "0001-01-01T00:00:00Z"
"""What stands for "no time" where the wire wants one (the executor's deadline, §4.5)."""

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))\Z", re.ASCII
)


def parse_time(text: str | None) -> datetime | None:
    """An aware UTC datetime; None for null, empty and the zero time.

    Fractions are kept to the microsecond.  Raises ValueError when it is not an RFC 3339 time.
    """
    if not text or text == ZERO_TIME:
        return None
    found = _TIME.match(text)
    if not found:
        raise ValueError(f"not an RFC 3339 time: {text[:64]!r}")
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    fraction = int((found[7] or "0")[:6].ljust(6, "0"))
    moment = datetime(year, month, day, hour, minute, min(second, 59), fraction, UTC)
    if not found[9]:
        return moment
    offset = timedelta(hours=int(found[10]), minutes=int(found[11]))
    return moment - offset if found[9] == "+" else moment + offset


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, cut to whole seconds.  A naive datetime is taken as UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def format_micro_time(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits of fraction (Leases and Events use this)."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
