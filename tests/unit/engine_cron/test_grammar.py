"""The grammar and the times of schedules: the recorded table, and what a table cannot say."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.engine.cron import Calendar, Every, ScheduleError, latest_time, load_zone, next_times, parse_schedule
from argotui.engine.cron.spec import schedule_fault, timezone_fault
from argotui.engine.cron.zones import Zone
from argotui.engine.validate import validate
from tests.tables import every_row
from tests.unit.engine.rows import Row, row_id, rows

HALF_HOURS = "Australia/Lord_Howe"


def at(text: str) -> datetime:
    """A time of the table; Python has no nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def shown(moments: list[datetime]) -> list[str]:
    return [moment.isoformat().replace("+00:00", "Z") for moment in moments]


def answer(row: Row) -> dict[str, Any]:
    try:
        found = next_times(row["schedule"], row["tz"], at(row["after"]), 5)
    except ScheduleError as error:
        return {"error": str(error)}
    return {"value": shown(found), "utc": shown([moment.astimezone(UTC) for moment in found])}


def differs_on_purpose(row: Row) -> bool:
    """Where clocks change by half an hour, upstream adds whole hours to the clock and so loses firings.

    It leaves out a whole day's run (`@daily` fires on the 7th and on the 9th), and which one depends on
    the moment at which it begins to look, so that a restart changes it.  Here such a day is like any other.
    """
    return row["tz"] == HALF_HOURS and row["rule"] in ("dst", "descriptors")


@every_row([row for row in rows("cron") if not differs_on_purpose(row)], row_id)
def test_recorded(row: Row) -> None:
    found = answer(row)
    if row.get("panic"):
        assert found.keys() == {"error"}
    elif "error" in row:
        assert found == {"error": row["error"]}
    else:
        assert found == {"value": row["value"], "utc": row["utc"]}


def test_where_clocks_change_by_half_an_hour_only_firings_are_added() -> None:
    chosen = [row for row in rows("cron") if differs_on_purpose(row)]
    unequal = [row for row in chosen if answer(row)["value"] != row["value"]]
    assert len(chosen) > 30
    assert len(unequal) == 15
    for row in unequal:
        ours, theirs = answer(row)["value"], row["value"]
        kept = [text for text in theirs if at(text) <= at(ours[-1])]
        odd = {text for text in kept if text not in ours}
        assert odd <= {"2024-10-06T02:30:00+11:00"}, "it does not fire at half past one, as the schedule says"
        assert len(ours) == 5


@pytest.mark.parametrize("start", ["2024-04-05T20:00:00Z", "2024-04-06T14:45:00Z", "2024-10-05T03:00:00Z"])
def test_every_day_has_its_run_where_clocks_change_by_half_an_hour(start: str) -> None:
    found = next_times("45 3 * * *", HALF_HOURS, at(start), 5)
    assert {(moment.hour, moment.minute) for moment in found} == {(3, 45)}
    assert [(late.date() - early.date()).days for early, late in pairwise(found)] == [1] * 4


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("", "empty spec string"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("-0 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        ("*/-2 * * * *", "negative number (-2) not allowed: -2"),
        ("٣ * * * *", 'failed to parse int from ٣: strconv.Atoi: parsing "٣": invalid syntax'),
        ("1_0 * * * *", 'failed to parse int from 1_0: strconv.Atoi: parsing "1_0": invalid syntax'),
        ("\0 * * * *", 'failed to parse int from \0: strconv.Atoi: parsing "\\x00": invalid syntax'),
        ("CRON_TZ=UTC ", "expected exactly 5 fields, found 0: []"),
        ("CRON_TZ=UTC CRON_TZ=UTC * * * * *", "expected exactly 5 fields, found 6: [CRON_TZ=UTC * * * * *]"),
    ],
)
def test_faults(schedule: str, fault: str) -> None:
    assert schedule_fault(schedule) == fault


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/localtime", "Europe/../UTC", "a\0b", "\\UTC", "a\nb"])
def test_zones_are_names_not_paths(name: str) -> None:
    with pytest.raises(ScheduleError, match="time: invalid location name"):
        load_zone(name)


@pytest.mark.parametrize("name", ["Europe", "America", "zone.tab", "tzdata.zi", "x" * 100_000, "Europe/Berlin/", "🦄"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(ScheduleError, match="unknown time zone"):
        load_zone(name)
    assert timezone_fault(name)


def test_a_zone_of_its_own_wins_over_the_timezone() -> None:
    assert next_times("CRON_TZ=Asia/Tokyo 0 9 * * *", "Europe/Berlin", at("2024-01-01T00:30:00Z"), 1) == [
        at("2024-01-02T00:00:00Z")
    ]


def test_a_zone_that_left_out_a_day_is_no_endless_loop() -> None:
    found = next_times("0 12 * * *", "Pacific/Apia", at("2011-12-29T12:00:00Z"), 3)
    assert [moment.day for moment in found] == [29, 31, 1]


def test_huge_schedules() -> None:
    assert "at most" in schedule_fault("1," * 600_000 + "1 * * * *")
    assert schedule_fault("0" * 900 + "1 * * * *") == ""
    assert "value out of range" in schedule_fault("9" * 900 + " * * * *")
    spec: dict[str, Any] = {"schedules": ["bad"] * 10**5, "workflowSpec": {}}
    cron: dict[str, Any] = {"kind": "CronWorkflow", "metadata": {"name": "c"}, "spec": spec}
    assert len(validate(cron)) < 200
    spec["schedules"] = [f"{minute} * * * *" for minute in range(101)]
    assert "at most 100 different schedules" in str(validate(cron))


def test_the_end_of_time() -> None:
    assert next_times("0 0 1 1 *", "", at("9998-06-01T00:00:00Z"), 5) == []
    assert next_times("@every 876000h", "", at("9999-06-01T00:00:00Z"), 5) == []
    assert parse_schedule("@every 2562047h").next(at("9999-12-31T23:59:59Z")) is None


@pytest.mark.parametrize("schedule", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "59 23 29 2 *", "* * * * *", ", * * * *"])
@pytest.mark.parametrize("zone", ["", "America/New_York"])
def test_looking_ahead_costs_little(schedule: str, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    offset = Zone.offset

    def counted(zone: Zone, moment: int) -> int:
        asked.append(moment)
        return offset(zone, moment)

    monkeypatch.setattr(Zone, "offset", counted)
    parse_schedule(schedule, zone).next(at("2097-03-01T00:00:00Z"))
    assert len(asked) < 50


def test_years_of_missed_minutes_cost_little() -> None:
    every_minute = parse_schedule("* * * * *", "Europe/Berlin")
    now = at("2024-06-01T12:00:30Z")
    assert latest_time([every_minute], now, at("1990-01-01T00:00:00Z"), now) == at("2024-06-01T12:00:00Z")
    rare = parse_schedule("0 0 29 2 *")
    assert latest_time([rare], now, at("1990-01-01T00:00:00Z"), at("2023-01-01T00:00:00Z")) == at(
        "2020-02-29T00:00:00Z"
    )
    assert latest_time([rare], now, at("2024-02-29T00:00:00Z"), now) is None


def test_a_rhythm_does_not_begin_anew() -> None:
    hourly = parse_schedule("@every 1h")
    assert isinstance(hourly, Every)
    anchor = at("2024-01-01T10:17:03Z")
    assert hourly.from_anchor(anchor, at("2024-01-01T10:17:03Z")) == at("2024-01-01T11:17:03Z")
    assert hourly.from_anchor(anchor, at("2024-01-05T00:00:00Z")) == at("2024-01-05T00:17:03Z")
    assert hourly.from_anchor(anchor, at("2023-01-05T00:00:00Z")) == at("2024-01-01T11:17:03Z")


NUMBERS = st.integers(0, 59).map(str)
FIELD = st.one_of(st.just("*"), NUMBERS, st.tuples(NUMBERS, NUMBERS).map("-".join), st.just("*/7"))
DAYS = FIELD.filter(lambda field: field != "*/7")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", HALF_HOURS, "Pacific/Apia"])


@settings(max_examples=150, deadline=None)
@given(st.tuples(FIELD, FIELD, DAYS, DAYS, DAYS).map(" ".join), ZONES, st.integers(0, 2**31))
def test_firings_match_their_fields_and_do_not_depend_on_where_one_looks_from(
    schedule: str, zone: str, seconds: int
) -> None:
    try:
        parsed = parse_schedule(schedule, zone)
    except ScheduleError:
        return
    assert isinstance(parsed, Calendar)
    start = datetime.fromtimestamp(seconds, UTC)
    found = parsed.next(start)
    if found is None:
        return
    local = found.astimezone(ZoneInfo(zone))
    assert found > start
    assert matches(schedule.split()[0], local.minute)
    assert matches(schedule.split()[1], local.hour)
    earlier = start.replace(second=0) + timedelta(minutes=1)
    earlier = max(earlier, found - timedelta(hours=3))
    while earlier < found:
        local = earlier.astimezone(ZoneInfo(zone))
        clock = [local.minute, local.hour, local.day, local.month, local.isoweekday() % 7]
        fits = [matches(*pair) for pair in zip(schedule.split(), clock, strict=True)]
        either = not ({"*"} & {schedule.split()[2], schedule.split()[4]})
        day = (fits[2] or fits[4]) if either else (fits[2] and fits[4])
        assert not (fits[0] and fits[1] and fits[3] and day), f"{earlier} was passed over"
        earlier += timedelta(minutes=1)
    between = start + (found - start) / 3
    assert parsed.next(between) == found
    assert parsed.next(found - timedelta(seconds=1)) == found


def matches(field: str, number: int) -> bool:
    """For the fields above; `*/7` only where numbers count from 0."""
    if field.startswith("*"):
        return number % 7 == 0 if field == "*/7" else True
    low, _, high = field.partition("-")
    return int(low) <= number <= int(high or low)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.text(max_size=20))
def test_anything_is_a_schedule_or_a_clear_error(schedule: str, zone: str) -> None:
    try:
        found = next_times(schedule, zone, at("2024-01-01T00:00:00Z"), 2)
    except ScheduleError:
        return
    assert found == sorted(found)


def test_a_machine_without_zone_data() -> None:
    """As in a bare container: the data of the package `tzdata` is used."""
    zoneinfo.reset_tzpath(to=())
    ZoneInfo.clear_cache()
    load_zone.cache_clear()
    try:
        assert load_zone("Europe/Berlin").offset(int(at("2024-07-01T00:00:00Z").timestamp())) == 7200
        with pytest.raises(ScheduleError):
            load_zone("Europe/Atlantis")
    finally:
        zoneinfo.reset_tzpath()
        load_zone.cache_clear()
