"""Loops against upstream's answers."""

from __future__ import annotations

import time

import pytest

from argotui.engine import loops
from argotui.engine.errors import EngineError
from argotui.model.items import parse_items
from tests.tables import every_row
from tests.unit.engine.rows import GOLDENS, Row, row_id, rows

SEQUENCES = [row for row in rows("names") if row["op"] == "sequence"]
AGGREGATES = [row for row in rows("names") if row["op"] == "aggregate"]


def expansions() -> list[Row]:
    """The rows with withItems as they were written: `1e3` has to stay `1e3`."""
    lines = (GOLDENS / "names.jsonl").read_text("utf8").split("\n")
    return [parse_items(line) for line in lines if '"op": "expand"' in line]


@every_row(expansions(), row_id)
def test_expand(row: Row) -> None:
    if "error" in row:
        with pytest.raises(EngineError) as caught:
            loops.expand(row["task"], row.get("scope", {}))
        assert str(caught.value) == row["error"]
        return
    found = []
    for task in loops.expand(row["task"], row.get("scope", {})):
        parameters = (task.get("arguments") or {}).get("parameters") or []
        entry = {"name": task["name"], "parameters": {p["name"]: p["value"] for p in parameters}}
        found.append({**entry, "when": task["when"]} if task.get("when") else entry)
    assert found == row["value"]


@every_row(SEQUENCES, row_id)
def test_sequence(row: Row) -> None:
    if "error" in row:
        with pytest.raises(EngineError) as caught:
            loops.sequence(row["sequence"])
        assert str(caught.value) == row["error"]
    else:
        assert [str(item) for item in loops.sequence(row["sequence"])] == row["value"]


@every_row(AGGREGATES, row_id)
def test_aggregate(row: Row) -> None:
    assert loops.aggregate_values(row["values"]) == row["value"]


def test_results_keep_their_form() -> None:
    assert loops.aggregate_results(['{"b": 1.50, "a": "<x y>"}', " 7 "]) == '[{"b":1.50,"a":"\\u003cx y\\u003e"},7]'
    with pytest.raises(EngineError, match="invalid character 'w' looking for beginning of value"):
        loops.aggregate_results(["1", "words"])


def test_parameters_of_a_loop() -> None:
    assert loops.aggregate_parameters([{"b": "1", "a": "2"}]) == '[{"a":"2","b":"1"}]'


def test_too_long_a_sequence_is_refused() -> None:
    with pytest.raises(EngineError, match="more than"):
        loops.sequence({"count": "2000000000"})


def test_too_much_text_is_refused() -> None:
    """A wide format, a long list, and long steps: what no object could hold is not even tried."""
    with pytest.raises(EngineError, match="larger than 64 MiB"):
        loops.sequence({"count": "99999", "format": "%01000d"})
    with pytest.raises(EngineError, match="withParam stands for more than 100000 items"):
        loops.expand({"name": "t", "withParam": f"[{'1,' * 100_000}1]"}, {})
    with pytest.raises(EngineError, match="larger than 64 MiB"):
        loops.expand({"name": "t", "arguments": "x" * 1_000_000, "withSequence": {"count": "99999"}}, {})


def test_no_list_is_nested_too_deeply() -> None:
    for depth, problem in ((5_000, "nested too deeply"), (10_001, r"invalid character '\[' exceeded max depth")):
        with pytest.raises(EngineError, match=problem):
            loops.expand({"name": "t", "withParam": "[" * depth + "]" * depth}, {})
    deep = "[" * 5_000 + "]" * 5_000
    assert loops.aggregate_values(["[1]", deep]) == f'["[1]","{deep}"]'


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("%9999999d", f"{3:9999999}"), ("a%10000010dx%d", "a%!(NOVERB)%!(EXTRA int=3)"), ("%0010d", "0000000003")],
)
def test_the_width_of_a_format_has_a_limit(pattern: str, text: str) -> None:
    """As fmt.Sprintf answers."""
    assert loops.sequence({"start": "3", "end": "3", "format": pattern}) == [text]


def test_cost_is_linear_in_the_items() -> None:
    """Twenty times the items must not cost much more than twenty times the time."""

    def seconds(count: int) -> float:
        task = {"name": "t", "withItems": [f"item-{i}" for i in range(count)], "arguments": {"parameters": []}}
        started = time.perf_counter()
        assert len(loops.expand(task, {})) == count
        return time.perf_counter() - started

    seconds(500)
    assert seconds(20_000) < 200 * seconds(1_000)
