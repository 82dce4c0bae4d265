"""Moments in time with nanoseconds and any year, and the locations they are shown in.

Python's datetime ends at the year 1 and at microseconds; Go's zero time, arithmetic and layouts do not.
The time zone data is the standard library's (`zoneinfo`), read once per zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import LOCATION, TIME, GoType

SECOND: Final = 1_000_000_000
DAY_SECONDS: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = -62_135_596_800 + 2 * DAY_SECONDS
_LAST: Final = 253_402_300_799 - 2 * DAY_SECONDS
ZERO_SECONDS: Final = -62_135_596_800
"""Go's zero time: 1 January of the year 1, in seconds since 1970."""


class Location:
    """A time zone: UTC, a fixed offset in seconds, or one of the zone database."""

    __slots__ = ("_fixed", "_zone", "name")
    type: ClassVar[GoType] = LOCATION

    def __init__(self, name: str, *, fixed: int = 0, zone: ZoneInfo | None = None) -> None:
        self.name = name
        self._fixed = fixed
        self._zone = zone

    def offset(self, seconds: int) -> int:
        """Seconds east of UTC at a moment in seconds since 1970."""
        if self._zone is None:
            return self._fixed
        offset = self._local(seconds).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    def abbreviation(self, seconds: int) -> str:
        """`UTC`, `CEST`, `+0530`, or an empty text."""
        if self._zone is None:
            return self.name
        return self._local(seconds).tzname() or ""

    def is_summer(self, seconds: int) -> bool:
        """True during daylight saving time."""
        return self._zone is not None and bool(self._local(seconds).dst())

    def _local(self, seconds: int) -> datetime:
        within = min(max(seconds, _FIRST), _LAST)
        return (_EPOCH + timedelta(seconds=within)).astimezone(self._zone)


UTC_LOCATION: Final = Location("UTC")


def fixed(name: str, offset: int) -> Location:
    """A zone with one offset for all times."""
    return Location(name, fixed=offset)


@lru_cache(maxsize=64)
def load_location(name: str) -> Location:
    """Go's time.LoadLocation; the local zone is UTC here. Raises Fault for an unknown name."""
    if name in ("", "UTC", "Local"):
        return UTC_LOCATION
    if ".." in name or name.startswith(("/", "\\")) or "\\" in name or "\0" in name:
        raise Fault("time: invalid location name")
    try:
        return Location(name, zone=ZoneInfo(name))
    except (ValueError, OSError, LookupError):
        raise Fault(f"unknown time zone {name}") from None


class Civil(NamedTuple):
    """A moment as a calendar and a clock show it."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int


class Moment:
    """A time.Time. ns: nanoseconds since 1970 in UTC, of any size."""

    __slots__ = ("location", "ns")
    type: ClassVar[GoType] = TIME

    def __init__(self, ns: int, location: Location = UTC_LOCATION) -> None:
        self.ns = ns
        self.location = location

    @property
    def seconds(self) -> int:
        """Whole seconds since 1970."""
        return self.ns // SECOND

    @property
    def nanosecond(self) -> int:
        """Nanoseconds within the second."""
        return self.ns % SECOND

    @property
    def offset(self) -> int:
        """Seconds east of UTC."""
        return self.location.offset(self.seconds)

    @property
    def zone(self) -> str:
        """The zone's short name at this moment."""
        return self.location.abbreviation(self.seconds)

    def civil(self) -> Civil:
        """Calendar and clock in the moment's location."""
        days, rest = divmod(self.seconds + self.offset, DAY_SECONDS)
        return Civil(*civil_date(days), rest // 3600, rest // 60 % 60, rest % 60)

    def day_number(self) -> int:
        """Days since 1 January 1970 in the moment's location."""
        return (self.seconds + self.offset) // DAY_SECONDS

    def weekday(self) -> int:
        """0 is Sunday."""
        return (self.day_number() + 4) % 7

    def year_day(self) -> int:
        """1 to 366."""
        return self.day_number() - day_count(self.civil().year, 1, 1) + 1

    def iso_week(self) -> tuple[int, int]:
        """Year and number of the ISO week."""
        thursday = self.day_number() - (self.weekday() + 6) % 7 + 3
        year = civil_date(thursday)[0]
        return year, (thursday - day_count(year, 1, 1)) // 7 + 1

    def moved(self, ns: int) -> Moment:
        """Later by some nanoseconds."""
        return Moment(self.ns + ns, self.location)

    def at(self, location: Location) -> Moment:
        """The same moment in another location."""
        return Moment(self.ns, location)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and self.ns == other.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    def go_text(self) -> str:
        """`2024-01-02 03:04:05 +0000 UTC`."""
        when = self.civil()
        fraction = f".{self.nanosecond:09d}".rstrip("0") if self.nanosecond else ""
        zone = self.zone or offset_text(self.offset, "")
        date = f"{year_text(when.year)}-{when.month:02d}-{when.day:02d}"
        clock = f"{when.hour:02d}:{when.minute:02d}:{when.second:02d}{fraction}"
        return f"{date} {clock} {offset_text(self.offset, '')} {zone}"

    def rfc3339(self) -> str:
        """RFC 3339 with nanoseconds if there are any; what JSON shows."""
        when = self.civil()
        fraction = f".{self.nanosecond:09d}".rstrip("0") if self.nanosecond else ""
        zone = offset_text(self.offset, ":") if self.offset else "Z"
        date = f"{year_text(when.year)}-{when.month:02d}-{when.day:02d}"
        return f"{date}T{when.hour:02d}:{when.minute:02d}:{when.second:02d}{fraction}{zone}"


ZERO: Final = Moment(ZERO_SECONDS * SECOND)


def year_text(year: int) -> str:
    """A year with at least four digits."""
    return f"-{-year:04d}" if year < 0 else f"{year:04d}"


def offset_text(offset: int, separator: str) -> str:
    """`+0130` or, with a separator, `+01:30`."""
    minutes = abs(offset) // 60
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}{separator}{minutes % 60:02d}"


def day_count(year: int, month: int, day: int) -> int:
    """Days since 1 January 1970 in the Gregorian calendar, for any year; the day may overflow."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year + day - 1 - 719_468


def civil_date(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day number."""
    era, of_era = divmod(days + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    return year, month, of_year - (153 * shifted + 2) // 5 + 1


def days_in_month(year: int, month: int) -> int:
    return day_count(year, month + 1, 1) - day_count(year, month, 1)


def from_civil(when: Civil, nanosecond: int, location: Location) -> Moment:
    """Go's time.Date: parts may overflow; a local time that does not exist or exists twice is settled as there."""
    clock = when.hour * 3600 + when.minute * 60 + when.second
    local = day_count(when.year, when.month, when.day) * DAY_SECONDS + clock
    guess = location.offset(local)
    if guess:
        guess = location.offset(local - guess)
    return Moment((local - guess) * SECOND + nanosecond, location)


def from_datetime(moment: datetime) -> Moment:
    """An aware datetime as a moment in UTC."""
    delta = moment - _EPOCH
    microseconds = (delta.days * DAY_SECONDS + delta.seconds) * 1_000_000 + delta.microseconds
    return Moment(microseconds * 1000)
