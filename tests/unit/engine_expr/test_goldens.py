"""Every row of the truth tables recorded from upstream's libraries: values, types, JSON and texts of errors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from argotui.engine.expr import go_json
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.jsonpath.query import query
from argotui.engine.expr.limits import Meter
from tests.unit.engine.rows import rows
from tests.unit.engine_expr.typed import Row, differences

CORPUS = "ARGOTUI_EXPR_CORPUS"

UNREACHABLE = {
    "string($env)[:]": "prints the addresses of Go functions",
    "string(map(list, $env))": "prints the addresses of Go functions",
    "string($env ?? true)": "prints the addresses of Go functions",
}
"""Rows of the corpus that cannot come out the same, with the reason."""


def by_rule(found: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault(row["rule"], []).append(row)
    return sorted(groups.items())


@pytest.mark.parametrize(
    ("rule", "group"), by_rule(rows("expr")), ids=lambda value: value if isinstance(value, str) else ""
)
def test_expr(rule: str, group: list[Row]) -> None:
    assert differences(group) == []


@pytest.mark.parametrize(
    ("rule", "group"), by_rule(rows("sprig")), ids=lambda value: value if isinstance(value, str) else ""
)
def test_sprig(rule: str, group: list[Row]) -> None:
    assert differences(group) == []


@pytest.mark.parametrize("rule", ["store", "shapes"])
def test_jsonpath(rule: str) -> None:
    found = [row for row in rows("jsonpath_expr") if row["rule"] == rule]
    wrong = [f"{row['path']}: {got} != {wanted}" for row in found for got, wanted in [compared(row)] if got != wanted]
    assert found
    assert wrong == []


def compared(row: Row) -> tuple[Any, Any]:
    try:
        got = json.loads(go_json(query(row["path"], floats(row["data"]), Meter())), parse_int=float)
    except Fault as fault:
        return str(fault), row.get("error")
    return got, floats(row.get("value", "an error"))


def floats(value: Any) -> Any:
    """The value with float64 numbers only, as Go decodes JSON."""
    return json.loads(json.dumps(value), parse_int=float)


@pytest.mark.skipif(CORPUS not in os.environ, reason=f"{CORPUS} does not name upstream's corpus")
def test_upstream_corpus() -> None:
    lines = Path(os.environ[CORPUS]).read_text("utf8").split("\n")
    found = [json.loads(line) for line in lines if line]
    assert differences([row for row in found if row["expr"] not in UNREACHABLE]) == []
