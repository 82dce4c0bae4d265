"""The grammar of schedules: five fields, descriptors, `@every`, a time zone in front (robfig/cron v3, §7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argotui.engine.cron.zones import UTC_ZONE, ScheduleError, Zone, load_zone
from argotui.engine.gotext import quote
from argotui.model.duration import DurationError, go_duration

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PREFIXES: Final = ("TZ=", "CRON_TZ=")
_DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY: Final = "@every "
_SECOND: Final = 10**9
_LARGEST: Final = 2**63 - 1
_LONGEST: Final = 1_000
"""Characters of a schedule.  Upstream has no limit; nobody writes longer ones."""


@dataclass(frozen=True)
class Values:
    """What a field allows.  star: it was written so that it does not restrict anything (`*`, `?`)."""

    numbers: frozenset[int]
    star: bool


@dataclass(frozen=True)
class Fields:
    """Five fields; weekday 0 is Sunday."""

    minute: Values
    hour: Values
    day: Values
    month: Values
    weekday: Values


@dataclass(frozen=True)
class Bounds:
    """The smallest and the largest number of a field, and the names that it knows."""

    low: int
    high: int
    names: dict[str, int]


_BOUNDS: Final = (
    Bounds(0, 59, {}),
    Bounds(0, 23, {}),
    Bounds(1, 31, {}),
    Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


def has_zone(schedule: str) -> bool:
    """Whether the schedule itself begins with a time zone."""
    return schedule.startswith(_PREFIXES)


def parse(schedule: str) -> tuple[Fields | int, Zone]:
    """The fields of a schedule, or the seconds of an `@every`; and its zone.  Raises ScheduleError."""
    if not schedule:
        raise ScheduleError("empty spec string")
    if len(schedule) > _LONGEST:
        raise ScheduleError(f"a schedule has at most {_LONGEST} characters, found {len(schedule)}")
    zone, text = _split_zone(schedule)
    if text.startswith("@"):
        return _descriptor(text), zone
    return _fields(text), zone


def _split_zone(schedule: str) -> tuple[Zone, str]:
    if not has_zone(schedule):
        return UTC_ZONE, schedule
    name, blank, rest = schedule.partition("=")[2].partition(" ")
    if not blank:
        raise ScheduleError("expected a schedule after the time zone")  # upstream panics
    try:
        return load_zone(name), rest.strip()
    except ScheduleError as error:
        raise ScheduleError(f"provided bad location {name}: {error}") from None


def _descriptor(text: str) -> Fields | int:
    if text in _DESCRIPTORS:
        return _fields(_DESCRIPTORS[text])
    if not text.startswith(_EVERY):
        raise ScheduleError(f"unrecognized descriptor: {text}")
    try:
        nanoseconds = go_duration(text.removeprefix(_EVERY))
    except DurationError as error:
        raise ScheduleError(f"failed to parse duration {text}: {error}") from None
    return max(1, nanoseconds // _SECOND)


def _fields(text: str) -> Fields:
    texts = text.split()
    if len(texts) != len(_BOUNDS):
        raise ScheduleError(f"expected exactly {len(_BOUNDS)} fields, found {len(texts)}: [{' '.join(texts)}]")
    return Fields(*(_field(text, bounds) for text, bounds in zip(texts, _BOUNDS, strict=True)))


def _field(text: str, bounds: Bounds) -> Values:
    numbers: set[int] = set()
    star = False
    for part in filter(None, text.split(",")):
        found = _range(part, bounds)
        numbers |= found.numbers
        star = star or found.star
    return Values(frozenset(numbers), star)


def _range(part: str, bounds: Bounds) -> Values:
    span, *steps = part.split("/")
    start, end, star = _ends(span, part, bounds)
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {part}")
    step = _number(steps[0]) if steps else 1
    if steps and "-" not in span:
        end = bounds.high
    _check_range(start, end, step, part, bounds)
    return Values(frozenset(range(start, end + 1, step)), star and step == 1)


def _ends(span: str, part: str, bounds: Bounds) -> tuple[int, int, bool]:
    low, *high = span.split("-")
    if low in ("*", "?"):
        return bounds.low, bounds.high, True  # whatever follows a hyphen is passed over, as upstream does
    start = _number_or_name(low, bounds)
    if len(high) > 1:
        raise ScheduleError(f"too many hyphens: {part}")
    return start, _number_or_name(high[0], bounds) if high else start, False


def _check_range(start: int, end: int, step: int, part: str, bounds: Bounds) -> None:
    if start < bounds.low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({bounds.low}): {part}")
    if end > bounds.high:
        raise ScheduleError(f"end of range ({end}) above maximum ({bounds.high}): {part}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {part}")


def _number_or_name(text: str, bounds: Bounds) -> int:
    found = bounds.names.get(text.lower())
    return _number(text) if found is None else found


def _number(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit():
        raise ScheduleError(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: invalid syntax")
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_LARGEST)) or int(significant) > _LARGEST:
        raise ScheduleError(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: value out of range")
    if text.startswith("-") and significant != "0":
        raise ScheduleError(f"negative number (-{significant}) not allowed: {text}")
    return int(significant)
