"""Reading a time by a Go layout (`time.Parse`), with Go's texts for what does not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotime.layout import pieces
from argotui.engine.expr.gotime.moment import (
    SECOND,
    UTC_LOCATION,
    Civil,
    Location,
    Moment,
    day_count,
    days_in_month,
    fixed,
    from_civil,
)
from argotui.engine.expr.gotime.names import DAYS, MONTHS
from argotui.engine.expr.values import text_bytes

_YEAR: Final = re.compile(r"\d{4}", re.ASCII)
_SHORT_YEAR: Final = re.compile(r"[+-]\d|\d\d", re.ASCII)
_ONE_OR_TWO: Final = re.compile(r"\d\d?", re.ASCII)
_TWO: Final = re.compile(r"\d\d", re.ASCII)
_UP_TO_THREE: Final = re.compile(r"\d{1,3}", re.ASCII)
_THREE: Final = re.compile(r"\d{3}", re.ASCII)
_EXTRA_FRACTION: Final = re.compile(r"[.,](\d+)", re.ASCII)
_NINES: Final = re.compile(r"[.,](\d+)", re.ASCII)
_ZONE_NAME: Final = re.compile(r"ChST|MeST|GMT(?:[+-]\d{1,2}(?!\d))?|[+-]\d{1,2}(?!\d)|[A-Z]{3,}", re.ASCII)


class _BadElement(Exception):
    """The value does not fit the element."""


@dataclass(slots=True)
class _Parts:
    """What has been read so far; None: not given."""

    year: int = 0
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    afternoon: bool | None = None
    utc: bool = False
    offset: int | None = None
    zone_name: str = ""
    out_of_range: str = ""


def parse_moment(layout: str, value: str, location: Location = UTC_LOCATION) -> Moment:
    """Go's time.ParseInLocation. Raises Fault with Go's text."""
    return _Reading(layout, value, location).moment()


class _Reading:
    def __init__(self, layout: str, value: str, location: Location) -> None:
        self._layout = layout
        self._value = value
        self._location = location
        self._rest = value
        self._parts = _Parts()

    def moment(self) -> Moment:
        found = pieces(self._layout)
        for index, (literal, element) in enumerate(found):
            self._skip(literal)
            if not element:
                break
            following = found[index + 1]
            self._read(element, "" if following[0] else following[1])
        if self._rest:
            raise self._fault(f": extra text: {_quote(self._rest)}")
        return self._assembled()

    def _skip(self, literal: str) -> None:
        position = 0
        while position < len(literal):
            if literal[position] == " ":
                if self._rest and self._rest[0] != " ":
                    raise self._mismatch(literal[position:], self._rest)
                position += len(literal[position:]) - len(literal[position:].lstrip(" "))
                self._rest = self._rest.lstrip(" ")
                continue
            if self._rest[:1] != literal[position]:
                raise self._mismatch(literal, self._rest)
            self._rest = self._rest[1:]
            position += 1

    def _read(self, element: str, following: str) -> None:
        before = self._rest
        try:
            self._element(element, following)
        except _BadElement:
            raise self._mismatch(element, before) from None
        if self._parts.out_of_range:
            raise self._fault(f": {self._parts.out_of_range} out of range")

    def _mismatch(self, element: str, value: str) -> Fault:
        return Fault(
            f"parsing time {_quote(self._value)} as {_quote(self._layout)}:"
            f" cannot parse {_quote(value)} as {_quote(element)}"
        )

    def _fault(self, message: str) -> Fault:
        return Fault(f"parsing time {_quote(self._value)}{message}")

    # --- elements -----------------------------------------------------------------------------------

    def _element(self, element: str, following: str) -> None:
        if element in ("2006", "06"):
            self._year(element)
        elif element in ("January", "Jan", "1", "01"):
            self._month(element)
        elif element in ("Monday", "Mon"):
            self._name(DAYS if element == "Monday" else tuple(day[:3] for day in DAYS))
        elif element in ("2", "_2", "02", "__2", "002"):
            self._day(element)
        elif element in ("15", "3", "03", "4", "04", "5", "05"):
            self._clock(element, following)
        elif element in ("PM", "pm"):
            self._half(element)
        elif element == "MST":
            self._zone()
        elif element[0] in ".,":
            self._fraction(element)
        else:
            self._offset(element)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._rest)
        if match is None:
            raise _BadElement
        self._rest = self._rest[match.end() :]
        return match[0]

    def _number(self, padded: bool) -> int:
        return int(self._take(_TWO if padded else _ONE_OR_TWO))

    def _name(self, names: tuple[str, ...]) -> int:
        for index, name in enumerate(names):
            if self._rest[: len(name)].lower() == name.lower():
                self._rest = self._rest[len(name) :]
                return index
        raise _BadElement

    def _year(self, element: str) -> None:
        if element == "2006":
            self._parts.year = int(self._take(_YEAR))
            return
        short = int(self._take(_SHORT_YEAR))
        self._parts.year = short + (1900 if short >= 69 else 2000)

    def _month(self, element: str) -> None:
        if element in ("January", "Jan"):
            names = MONTHS if element == "January" else tuple(month[:3] for month in MONTHS)
            self._parts.month = self._name(names) + 1
            return
        self._parts.month = self._number(element == "01")
        if not 1 <= self._parts.month <= 12:
            self._parts.out_of_range = "month"

    def _day(self, element: str) -> None:
        if element in ("__2", "002"):
            if element == "__2":
                self._rest = self._rest[2:] if self._rest.startswith("  ") else self._rest.removeprefix(" ")
            self._parts.year_day = int(self._take(_THREE if element == "002" else _UP_TO_THREE))
            return
        if element == "_2":
            self._rest = self._rest.removeprefix(" ")
        self._parts.day = self._number(element == "02")

    def _clock(self, element: str, following: str) -> None:
        number = self._number(element[0] == "0")
        unit, limit = _CLOCK[element]
        if number >= limit:
            self._parts.out_of_range = unit
            return
        setattr(self._parts, unit, number)
        if unit == "second" and not following.startswith((".", ",")):
            match = _EXTRA_FRACTION.match(self._rest)
            if match is not None:
                self._parts.nanosecond = _nanoseconds(match[1])
                self._rest = self._rest[match.end() :]

    def _half(self, element: str) -> None:
        text = self._rest[:2]
        if text not in ("PM", "AM") if element == "PM" else text not in ("pm", "am"):
            raise _BadElement
        self._parts.afternoon = text.lower() == "pm"
        self._rest = self._rest[2:]

    def _fraction(self, element: str) -> None:
        if element[1] == "9":
            match = _NINES.match(self._rest)
            if match is not None:
                self._parts.nanosecond = _nanoseconds(match[1])
                self._rest = self._rest[match.end() :]
            return
        digits = self._rest[1 : len(element)]
        if self._rest[:1] not in (".", ",") or len(digits) < len(element) - 1 or not _all_digits(digits):
            raise _BadElement
        self._parts.nanosecond = _nanoseconds(digits)
        self._rest = self._rest[len(element) :]

    def _offset(self, element: str) -> None:
        if element[0] == "Z" and self._rest.startswith("Z"):
            self._rest = self._rest[1:]
            self._parts.utc = True
            return
        pattern = "([+-])" + re.sub("0[07]", r"(\\d\\d)", element[1:])
        match = re.match(pattern, self._rest, re.ASCII)
        if match is None:
            raise _BadElement
        hours, minutes, seconds = (int(text) for text in (*match.groups()[1:], "0", "0")[:3])
        for amount, limit, unit in ((hours, 24, "hour"), (minutes, 60, "minute"), (seconds, 60, "second")):
            if amount > limit and not self._parts.out_of_range:
                self._parts.out_of_range = f"time zone offset {unit}"
        size = hours * 3600 + minutes * 60 + seconds
        self._parts.offset = -size if match[1] == "-" else size
        self._rest = self._rest[match.end() :]

    def _zone(self) -> None:
        if self._rest.startswith("UTC"):
            self._rest = self._rest[3:]
            self._parts.utc = True
            return
        match = _ZONE_NAME.match(self._rest) if len(self._rest) >= 3 else None
        name = "" if match is None else _zone_abbreviation(match[0])
        if not name:
            raise _BadElement
        self._parts.zone_name = name
        self._rest = self._rest[len(name) :]

    # --- putting it together ------------------------------------------------------------------------

    def _assembled(self) -> Moment:
        parts = self._parts
        if parts.afternoon is not None:
            parts.hour = parts.hour % 12 + 12 if parts.afternoon and parts.hour <= 12 else parts.hour
            if not parts.afternoon and parts.hour == 12:
                parts.hour = 0
        month, day = self._date()
        civil = Civil(parts.year, month, day, parts.hour, parts.minute, parts.second)
        if parts.utc:
            return from_civil(civil, parts.nanosecond, UTC_LOCATION)
        if parts.offset is not None:
            return self._with_offset(civil, parts.offset)
        if parts.zone_name:
            return self._with_zone(civil, parts.zone_name)
        return from_civil(civil, parts.nanosecond, self._location)

    def _date(self) -> tuple[int, int]:
        parts = self._parts
        if parts.year_day is not None:
            return self._date_of_year_day(parts.year_day)
        month, day = parts.month or 1, 1 if parts.day is None else parts.day
        if not 1 <= day <= days_in_month(parts.year, month):
            raise self._fault(": day out of range")
        return month, day

    def _date_of_year_day(self, year_day: int) -> tuple[int, int]:
        parts = self._parts
        first = day_count(parts.year, 1, 1)
        if not 1 <= year_day <= day_count(parts.year + 1, 1, 1) - first:
            raise self._fault(": day-of-year out of range")
        month = next(m for m in range(12, 0, -1) if day_count(parts.year, m, 1) - first < year_day)
        day = year_day - (day_count(parts.year, month, 1) - first)
        if parts.month is not None and parts.month != month:
            raise self._fault(": day-of-year does not match month")
        if parts.day is not None and parts.day != day:
            raise self._fault(": day-of-year does not match day")
        return month, day

    def _with_offset(self, civil: Civil, offset: int) -> Moment:
        moment = from_civil(civil, self._parts.nanosecond, UTC_LOCATION).moved(-offset * SECOND)
        name = self._parts.zone_name
        here = self._location
        if here.offset(moment.seconds) == offset and name in ("", here.abbreviation(moment.seconds)):
            return moment.at(here)
        return moment.at(fixed(name, offset))

    def _with_zone(self, civil: Civil, name: str) -> Moment:
        moment = from_civil(civil, self._parts.nanosecond, UTC_LOCATION)
        offset = _offset_of_name(self._location, name, moment.seconds)
        if offset is not None:
            return moment.moved(-offset * SECOND).at(self._location)
        hours = int(name[3:]) if name.startswith("GMT") and len(name) > 3 else 0
        return moment.at(fixed(name, hours * 3600))


_CLOCK: Final = {
    "15": ("hour", 24),
    "3": ("hour", 13),
    "03": ("hour", 13),
    "4": ("minute", 60),
    "04": ("minute", 60),
    "5": ("second", 60),
    "05": ("second", 60),
}


def _all_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _nanoseconds(digits: str) -> int:
    return int(digits[:9].ljust(9, "0"))


def _zone_abbreviation(text: str) -> str:
    """The time zone abbreviation at the start of a matched text; "" when Go would not take it."""
    if text[0] in "+-":
        return text if int(text[1:]) <= 23 else ""
    if text.startswith("GMT") and (len(text) == 3 or text[3] in "+-"):
        return text if len(text) == 3 or int(text[4:]) <= 23 else "GMT"
    if not text.isupper():
        return text
    length = len(text)
    if length == 5:
        return text if text.endswith("T") else ""
    if length == 4:
        return text if text.endswith("T") or text == "WITA" else ""
    return text if length == 3 else ""


def _offset_of_name(location: Location, name: str, seconds: int) -> int | None:
    """The offset that a zone abbreviation stands for in a location: near a moment, else at any time since 1970;
    None if it is not used there."""
    for days in (*(0, 90, 180, 270, -90, -180), *(day - seconds // 86_400 for day in range(0, 24_500, 182))):
        at = seconds + days * 86_400
        if location.abbreviation(at) == name:
            return location.offset(at)
    return None


def _quote(text: str) -> str:
    parts: list[str] = []
    for character in text:
        if character in '"\\':
            parts.append("\\" + character)
        elif " " <= character < "\x80":
            parts.append(character)
        else:
            parts.extend(f"\\x{byte:02x}" for byte in text_bytes(character))
    return f'"{"".join(parts)}"'
