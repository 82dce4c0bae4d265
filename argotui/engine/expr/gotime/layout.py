"""Go's time layouts: cutting a layout into its elements, and formatting a moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from argotui.engine.expr.gotime.moment import Civil, Moment, offset_text, year_text
from argotui.engine.expr.gotime.names import DAYS, MONTHS

_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?![0-9])"
)

Piece = tuple[str, str]
"""Literal text before an element, and the element ("" at the end of the layout)."""


@lru_cache(maxsize=256)
def pieces(layout: str) -> tuple[Piece, ...]:
    """A layout as literal texts and elements; the last element is empty."""
    found: list[Piece] = []
    position = 0
    for match in _ELEMENT.finditer(layout):
        found.append((layout[position : match.start()], match[0]))
        position = match.end()
    found.append((layout[position:], ""))
    return tuple(found)


def format_moment(moment: Moment, layout: str) -> str:
    """Go's Time.Format."""
    when = moment.civil()
    parts: list[str] = []
    for literal, element in pieces(layout):
        parts.append(literal)
        if element:
            parts.append(_element(element, moment, when))
    return "".join(parts)


def _element(element: str, moment: Moment, when: Civil) -> str:
    simple = _SIMPLE.get(element)
    if simple is not None:
        return simple(when)
    other = _OTHER.get(element)
    if other is not None:
        return other(moment)
    if element[0] in ".,":
        return _fraction(element, moment.nanosecond)
    return _offset(element, moment.offset)


_SIMPLE: Final[dict[str, Callable[[Civil], str]]] = {
    "2006": lambda when: year_text(when.year),
    "06": lambda when: f"{max(when.year, 0) % 100:02d}",
    "January": lambda when: MONTHS[when.month - 1],
    "Jan": lambda when: MONTHS[when.month - 1][:3],
    "1": lambda when: str(when.month),
    "01": lambda when: f"{when.month:02d}",
    "2": lambda when: str(when.day),
    "_2": lambda when: f"{when.day:2d}",
    "02": lambda when: f"{when.day:02d}",
    "15": lambda when: f"{when.hour:02d}",
    "3": lambda when: str(when.hour % 12 or 12),
    "03": lambda when: f"{when.hour % 12 or 12:02d}",
    "4": lambda when: str(when.minute),
    "04": lambda when: f"{when.minute:02d}",
    "5": lambda when: str(when.second),
    "05": lambda when: f"{when.second:02d}",
    "PM": lambda when: "PM" if when.hour >= 12 else "AM",
    "pm": lambda when: "pm" if when.hour >= 12 else "am",
}

_OTHER: Final[dict[str, Callable[[Moment], str]]] = {
    "MST": lambda moment: moment.zone or offset_text(moment.offset, ""),
    "Monday": lambda moment: DAYS[moment.weekday()],
    "Mon": lambda moment: DAYS[moment.weekday()][:3],
    "002": lambda moment: f"{moment.year_day():03d}",
    "__2": lambda moment: f"{moment.year_day():3d}",
}


def _fraction(element: str, nanosecond: int) -> str:
    digits = f"{nanosecond:09d}"[: len(element) - 1]
    if element[1] == "0":
        return element[0] + digits.ljust(len(element) - 1, "0")
    digits = digits.rstrip("0")
    return element[0] + digits if digits else ""


def _offset(element: str, offset: int) -> str:
    if element[0] == "Z" and offset == 0:
        return "Z"
    size = abs(offset)
    parts = [f"{size // 3600:02d}", f"{size // 60 % 60:02d}", f"{size % 60:02d}"]
    shape = element[1:]
    count = 1 if shape == "07" else 3 if len(shape.replace(":", "")) == 6 else 2
    return ("-" if offset < 0 else "+") + (":" if ":" in shape else "").join(parts[:count])
