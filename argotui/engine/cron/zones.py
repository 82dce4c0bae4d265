"""Time zones by name: the system's zone data, or that of the `tzdata` package where the system has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = int((datetime(1, 1, 3, tzinfo=UTC) - _EPOCH).total_seconds())
_LAST: Final = int((datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH).total_seconds())
"""Moments between which every zone's local time is a date that Python has."""

_LONGEST_NAME: Final = 255


class ScheduleError(ValueError):
    """A schedule or a time zone that cannot be used; the text is upstream's."""


class Zone:
    """A time zone as a function from moments to offsets.  Moments are whole seconds since 1970, UTC."""

    def __init__(self, name: str, rules: tzinfo) -> None:
        self.name = name
        self.rules = rules
        self.is_fixed = rules is UTC

    def offset(self, moment: int) -> int:
        """Seconds east of UTC at that moment."""
        if self.is_fixed:
            return 0
        within = min(max(moment, _FIRST), _LAST)
        found = (_EPOCH + timedelta(seconds=within)).astimezone(self.rules).utcoffset()
        return int(found.total_seconds()) if found is not None else 0

    def moments(self, local: int) -> list[int]:
        """The moments at which a clock of the zone shows `local` (seconds since 1970 as if it were UTC), in order.

        None for a time that daylight saving skips, two for one that it repeats.
        """
        if self.is_fixed:
            return [local]
        candidates = {local - self.offset(local - _FARTHEST), local - self.offset(local + _FARTHEST)}
        return sorted(moment for moment in candidates if moment + self.offset(moment) == local)


_FARTHEST: Final = 24 * 3600
"""No clock differs from UTC by more, nor changes twice in so short a time."""

UTC_ZONE: Final = Zone("UTC", UTC)


@lru_cache(maxsize=256)
def load_zone(name: str) -> Zone:
    """The zone of that name, with upper and lower case as in the zone data.  Raises ScheduleError.

    Empty and `Local` are UTC: the controller runs in UTC.
    """
    if name in ("", "UTC", "Local"):
        return UTC_ZONE
    if ".." in name or name.startswith(("/", "\\")) or "\\" in name or not name.isprintable():
        raise ScheduleError("time: invalid location name")
    try:
        if len(name) > _LONGEST_NAME:
            raise ValueError(name)
        return Zone(name, ZoneInfo(name))
    except (ValueError, OSError, LookupError):
        raise ScheduleError(f"unknown time zone {name}") from None
