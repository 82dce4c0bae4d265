"""The moments at which a schedule fires."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from argotui.engine.cron import grammar
from argotui.engine.cron.grammar import Fields
from argotui.engine.cron.zones import UTC_ZONE, Zone

_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_YEARS_AHEAD: Final = 5
"""How far upstream looks for the next firing; 31 February never comes."""

_MARGIN: Final = 15 * 3600
"""No clock is farther from UTC."""


class Calendar:
    """A schedule of five fields in a zone.  Which moments belong to it does not depend on where one begins to look."""

    def __init__(self, fields: Fields, zone: Zone) -> None:
        self.zone = zone
        self._minutes = sorted(fields.minute.numbers)
        self._hours = sorted(fields.hour.numbers)
        self._fields = fields
        self._either = not (fields.day.star or fields.weekday.star)

    def next(self, after: datetime) -> datetime | None:
        """The first firing later than `after` (aware), UTC; None when there is none within five years."""
        start = _seconds(after)
        first = _EPOCH_DAY + (start + self.zone.offset(start)) // _DAY
        last_year = date.fromordinal(first).year + _YEARS_AHEAD
        for ordinal in self._days(first - 1, last_year):
            moment = self._first(ordinal, start)
            if moment is not None:
                return _moment(moment)
        return None

    def _days(self, first: int, last_year: int) -> Iterator[int]:
        """Days that match, as ordinals; a clock that is put back at midnight shows the day before once more."""
        if not (self._minutes and self._hours):
            return  # a field of nothing but commas
        ordinal = max(first, 1)
        end = date(min(last_year, date.max.year - 1), 12, 31).toordinal()
        while ordinal <= end:
            day = date.fromordinal(ordinal)
            if day.month not in self._fields.month.numbers:
                ordinal += 32 - day.day
                ordinal -= date.fromordinal(ordinal).day - 1
                continue
            if self._matches(day):
                yield ordinal
            ordinal += 1

    def _matches(self, day: date) -> bool:
        by_day = day.day in self._fields.day.numbers
        by_weekday = day.isoweekday() % 7 in self._fields.weekday.numbers
        return by_day or by_weekday if self._either else by_day and by_weekday

    def _first(self, ordinal: int, start: int) -> int | None:
        """The first firing of a day that is later than `start`."""
        midnight = (ordinal - _EPOCH_DAY) * _DAY
        offset = self.zone.offset(midnight - _MARGIN)
        if offset == self.zone.offset(midnight + _DAY + _MARGIN):
            local = self._first_local(start + offset - midnight)
            return None if local is None else midnight + local - offset
        found = {moment for local in self._locals(midnight) for moment in self.zone.moments(local)}
        return min((moment for moment in found if moment > start), default=None)

    def _first_local(self, after: int) -> int | None:
        """The first firing of a day whose clock runs evenly, later than `after`; both in seconds since midnight."""
        if after < 0:
            return self._hours[0] * 3600 + self._minutes[0] * 60
        hour, minute = divmod(after // 60, 60)
        later = bisect_right(self._minutes, minute)
        index = bisect_left(self._hours, hour)
        if index < len(self._hours) and self._hours[index] == hour:
            if later < len(self._minutes):
                return hour * 3600 + self._minutes[later] * 60
            index += 1
        return self._hours[index] * 3600 + self._minutes[0] * 60 if index < len(self._hours) else None

    def _locals(self, midnight: int) -> Iterator[int]:
        return (midnight + hour * 3600 + minute * 60 for hour in self._hours for minute in self._minutes)


class Every:
    """Fires in a fixed rhythm."""

    def __init__(self, seconds: int, zone: Zone) -> None:
        self.seconds = seconds
        self.zone = zone

    def next(self, after: datetime) -> datetime | None:
        """One step after `after` (aware), which is cut to whole seconds first; UTC.  None beyond Python's dates."""
        return _moment(_seconds(after) + self.seconds)

    def from_anchor(self, anchor: datetime, after: datetime) -> datetime | None:
        """The first firing later than `after` in the rhythm that began at `anchor`: restarts do not shift it."""
        start = _seconds(anchor)
        steps = max(0, (_seconds(after) - start) // self.seconds)
        return _moment(start + (steps + 1) * self.seconds)


Schedule = Calendar | Every


@lru_cache(maxsize=4096)
def parse_schedule(schedule: str, timezone: str = "") -> Schedule:
    """A schedule of a CronWorkflow with its `timezone`.  Raises ScheduleError with upstream's text.

    A schedule that begins with a zone of its own keeps that one; upstream would refuse to run it.
    """
    text = f"CRON_TZ={timezone} {schedule}" if timezone and not grammar.has_zone(schedule) else schedule
    found, zone = grammar.parse(text)
    return Every(found, zone) if isinstance(found, int) else Calendar(found, zone)


def next_times(schedule: str, timezone: str, after: datetime, count: int) -> list[datetime]:
    """The next firings after `after`, at most `count`, as clocks of `timezone` show them.  Raises ScheduleError."""
    parsed = parse_schedule(schedule, timezone)
    shown = parsed.zone if timezone and not grammar.has_zone(schedule) else UTC_ZONE
    found: list[datetime] = []
    while len(found) < count and (moment := parsed.next(found[-1] if found else after)) is not None:
        found.append(moment)
    return [moment.astimezone(shown.rules) for moment in found]


def latest_time(schedules: Iterable[Schedule], anchor: datetime, after: datetime, until: datetime) -> datetime | None:
    """The last firing of any of the schedules in (after, until], None when there is none.

    Halves the span again and again, so that years of missed minutes cost no more than a day of them.
    """
    found = (_latest(schedule, anchor, after, until) for schedule in schedules)
    return max((moment for moment in found if moment is not None), default=None)


def _latest(schedule: Schedule, anchor: datetime, after: datetime, until: datetime) -> datetime | None:
    low, high = _seconds(after), _seconds(until)
    best: datetime | None = None
    while low < high:
        middle = (low + high) // 2
        found = next_firing(schedule, anchor, _EPOCH + timedelta(seconds=middle))
        if found is not None and found <= until:
            best, low = found, _seconds(found)
        else:
            high = middle
    return best


def next_firing(schedule: Schedule, anchor: datetime, after: datetime) -> datetime | None:
    """As `next`; an `@every` keeps the rhythm that began at `anchor`."""
    return schedule.from_anchor(anchor, after) if isinstance(schedule, Every) else schedule.next(after)


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


def _moment(seconds: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
