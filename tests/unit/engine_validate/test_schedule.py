"""Cron schedules: what is wrong with them, in the words people know."""

from __future__ import annotations

import pytest

from argotui.engine.validate.schedule import schedule_fault


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *", "*/5 0-6,12 1 jan-MAR mon", "0 0 31 2 *", "? ? ? ? ?", "@daily", "@every 1h30m",
        "CRON_TZ=Europe/Warsaw 0 6 * * *", "5/15 * * * *",
    ],
)  # fmt: skip
def test_good_ones(schedule: str) -> None:
    assert schedule_fault(schedule) == ""


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("", "empty spec string"),
        ("bad", "expected exactly 5 fields, found 1: [bad]"),
        ("* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-2 * * * *", "beginning of range (5) beyond end of range (2): 5-2"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
    ],
)
def test_bad_ones(schedule: str, fault: str) -> None:
    assert schedule_fault(schedule) == fault
