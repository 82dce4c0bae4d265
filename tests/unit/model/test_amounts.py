"""Durations, quantities and any-strings against the truth table."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from argotui.model import duration
from argotui.model.anystring import any_string
from argotui.model.quantity import Quantity, QuantityError
from tests.tables import every_row
from tests.unit.model.golden import row_id, rows


@every_row(rows("quantity_duration", "go_duration", "argo_duration"), row_id)
def test_durations(row: dict[str, Any]) -> None:
    parse = duration.go_duration if row["op"] == "go_duration" else duration.argo_duration
    if "error" in row:
        with pytest.raises(duration.DurationError) as caught:
            parse(row["text"])
        assert str(caught.value) == row["error"]
        return
    assert parse(row["text"]) == row["nanoseconds"]
    assert duration.format_go_duration(parse(row["text"])) == row["value"]


@every_row(rows("quantity_duration", "human_duration"), row_id)
def test_durations_for_people(row: dict[str, Any]) -> None:
    ns = row["nanoseconds"]
    assert duration.human(ns) == row["human"]
    assert duration.column(ns) == row["argo_short"]
    assert duration.words(ns) == row["argo_truncated"]
    assert duration.long_words(ns) == row["argo_duration"] == row["argo_relative"]
    assert duration.format_go_duration(ns) == row["go"]


# Amounts beyond 64 bits: upstream wraps round or answers 0; ours stop at the limit.
OVERFLOWING_VALUE = {"9223372036854775808", "-9223372036854775808", "1e19", "1e1000"}
OVERFLOWING_MILLI = OVERFLOWING_VALUE | {"1Ei", "7Ei", "8Ei", "100Ei", "9223372036854775807", "1e18"}


@every_row(rows("quantity_duration", "quantity"), row_id)
def test_quantity(row: dict[str, Any]) -> None:
    text = row["text"]
    if "error" in row:
        with pytest.raises(QuantityError):
            Quantity.parse(text)
        return
    found = Quantity.parse(text)
    assert str(found) == row["canonical"]
    assert found.format == row["format"]
    assert Decimal(found.nano).scaleb(-9) == Decimal(row["dec"])
    assert bool(found) is not row["is_zero"]
    limits = (2**63 - 1, -(2**63))
    assert found.value == row["value"] or (text in OVERFLOWING_VALUE and found.value in limits)
    assert found.milli == row["milli"] or (text in OVERFLOWING_MILLI and found.milli in limits)


@every_row(rows("quantity_duration", "quantity_op"), row_id)
def test_quantity_arithmetic(row: dict[str, Any]) -> None:
    a, b = Quantity.parse(row["a"]), Quantity.parse(row["b"])
    assert (a > b) - (a < b) == row["cmp"]
    assert str(a + b) == row["sum"]
    assert str(a - b) == row["diff"]


@pytest.mark.parametrize("value", [2, 1.5, "2"])
def test_quantity_from_json_numbers(value: Any) -> None:
    assert Quantity.parse(value).milli == float(value) * 1000


@pytest.mark.parametrize("value", ["1e100000", "1e999999999999", True, "9" * 5000 + "x"])
def test_hostile_quantities_are_refused_quickly(value: Any) -> None:
    with pytest.raises(QuantityError):
        Quantity.parse(value)


@every_row(rows("quantity_duration", "anystring"), row_id)
def test_any_string(row: dict[str, Any]) -> None:
    # Upstream reads every number as a 64-bit float; -0 exists only there.
    assert any_string(json.loads(row["json"], parse_int=float)) == row["value"]


def test_any_string_of_plain_integers() -> None:
    assert [any_string(n) for n in (0, 7, -3, 123456789012345678)] == ["0", "7", "-3", "123456789012345680"]
    assert any_string(10**400) == "1" + "0" * 400
