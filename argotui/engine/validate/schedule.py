"""Syntax of cron schedules, with the texts that say what is wrong (§7)."""

from __future__ import annotations

from typing import Final

from argotui.model.duration import DurationError, go_duration

_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: Final[tuple[tuple[int, int, dict[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_DESCRIPTORS: Final = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})

_MAX: Final = 2**63 - 1


def schedule_fault(schedule: str) -> str:
    """What is wrong with a schedule; empty when nothing is.  The time zone's name is not looked up."""
    text = schedule
    for prefix in ("TZ=", "CRON_TZ="):
        if text.startswith(prefix):
            text = text.partition(" ")[2].strip()
    if not text:
        return "empty spec string"
    if text.startswith("@"):
        return _descriptor_fault(text)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    faults = (_field_fault(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True))
    return next((fault for fault in faults if fault), "")


def _descriptor_fault(text: str) -> str:
    if text in _DESCRIPTORS:
        return ""
    if not text.startswith("@every "):
        return f"unrecognized descriptor: {text}"
    try:
        go_duration(text.removeprefix("@every "))
    except DurationError as error:
        return f"failed to parse duration {text}: {error}"
    return ""


def _field_fault(field: str, low: int, high: int, names: dict[str, int]) -> str:
    parts = [part for part in field.split(",") if part]
    return next((fault for part in parts if (fault := _range_fault(part, low, high, names))), "")


def _range_fault(part: str, low: int, high: int, names: dict[str, int]) -> str:
    span, *steps = part.split("/")
    ends = span.split("-")
    if len(ends) > 2:
        return f"too many hyphens: {part}"
    if len(steps) > 1:
        return f"too many slashes: {part}"
    try:
        step = _number(steps[0], {}) if steps else 1
        start, end = (low, high) if ends[0] in ("*", "?") else (_number(ends[0], names), _number(ends[-1], names))
    except ValueError as error:
        return str(error)
    if steps and len(ends) == 1 and ends[0] not in ("*", "?"):
        end = high
    if start < low:
        return f"beginning of range ({start}) below minimum ({low}): {part}"
    if end > high:
        return f"end of range ({end}) above maximum ({high}): {part}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {part}"
    return "" if step else f"step of range should be a positive number: {part}"


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    body = text.removeprefix("-").removeprefix("+") if text[:1] in "+-" and text else text
    if not body.isascii() or not body.isdigit():
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(body) > _MAX:
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": value out of range')
    if int(text) < 0:
        raise ValueError(f"negative number ({text}) not allowed: {text}")
    return int(text)
