"""`when` conditions against what upstream's evaluator answered, error texts included."""

from __future__ import annotations

import math
from typing import Any

import pytest

from argotui.engine.gotext import quote
from argotui.engine.when import WhenError, evaluate_cron_when, evaluate_value, evaluate_when
from tests.tables import every_row
from tests.unit.engine.rows import Row, row_id, rows

RUN = {"step": evaluate_when, "cron": evaluate_cron_when, "value": evaluate_value}


def shown(value: Any) -> str:
    """The typed text of the truth table."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if math.isinf(value):
            return "+Inf" if value > 0 else "-Inf"
        return "NaN" if math.isnan(value) else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return quote(value)


@every_row(rows("govaluate"), row_id)
def test_when(row: Row) -> None:
    run = RUN[row["mode"]]
    if "error" in row:
        with pytest.raises(WhenError) as caught:
            run(row["when"])
        assert str(caught.value) == row["error"].rstrip()
    elif row["mode"] == "value":
        assert shown(run(row["when"])) == row["repr"]
    else:
        assert run(row["when"]) is row["value"]


def test_no_condition_is_true() -> None:
    assert evaluate_when("") is True


def test_brackets_cannot_exhaust_the_stack() -> None:
    with pytest.raises(WhenError):
        evaluate_when("(" * 5000 + "true" + ")" * 5000)


def test_a_dollar_is_the_end_of_the_text() -> None:
    assert evaluate_when("'a' =~ '^a$'")
    assert not evaluate_when("'a\n' =~ '^a$'")
