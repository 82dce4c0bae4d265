"""The strftime characters of `workflow.creationTimestamp.<char>` (§3.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from argotui.engine.expr.gotime.names import DAYS, MONTHS

CHARACTERS: Final = "BbmAadHIMSYypZzL"
"""Every character that has a meaning; all others stay as they are."""


def strftime(pattern: str, moment: datetime) -> str:
    """Format an aware time. `%L` is `.mmm` with the dot, `%%` one percent sign."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        follower = pattern[position + 1 : position + 2]
        if character == "%" and follower:
            parts.append("%" if follower == "%" else field(follower, moment))
            position += 2
        else:
            parts.append(character)
            position += 1
    return "".join(parts)


def field(character: str, moment: datetime) -> str:
    """One field; `%x` for a character without a meaning."""
    if character not in CHARACTERS:
        return f"%{character}"
    return _date_field(character, moment) if character in "BbmAadYy" else _time_field(character, moment)


def _date_field(character: str, moment: datetime) -> str:
    month, day = MONTHS[moment.month - 1], DAYS[moment.isoweekday() % 7]
    return {
        "B": month,
        "b": month[:3],
        "m": f"{moment.month:02d}",
        "A": day,
        "a": day[:3],
        "d": f"{moment.day:02d}",
        "Y": f"{moment.year:04d}",
        "y": f"{moment.year % 100:02d}",
    }[character]


def _time_field(character: str, moment: datetime) -> str:
    return {
        "H": f"{moment.hour:02d}",
        "I": f"{moment.hour % 12 or 12:02d}",
        "M": f"{moment.minute:02d}",
        "S": f"{moment.second:02d}",
        "p": "AM" if moment.hour < 12 else "PM",
        "Z": "UTC" if not moment.utcoffset() else "",
        "z": moment.strftime("%z"),
        "L": f".{moment.microsecond // 1000:03d}",
    }[character]
