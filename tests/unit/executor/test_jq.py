"""jqFilter against the rows recorded from gojq, and filters that would never end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from argotui.executor import jqworker
from argotui.executor.jq import JqError, _floats, _read, joined, jq_filter
from tests.unit.engine.rows import rows

DIFFERENT = {
    # upstream's gojq indexes texts by number; jq does not, and says so. `.s[0:1]` is the same in both.
    ".s[0]": "Cannot index string with number",
    ".s[1]": "Cannot index string with number",
    ".[0]": "Cannot index string with number",
    # syntax of jq that gojq lacks; nobody writes it who has a filter that works upstream
    "$__loc__": "value",
    # NaN is null in what jq prints; upstream refuses to store it
    "[nan] | sort": "value",
    "[infinite, nan]": "json: unsupported value",
    # a number written in the filter has 53 bits in jq
    "9007199254740993": "value",
}
"""Filters that come out otherwise than upstream, with the reason."""


def evaluated(row: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    """What the helper process would print, computed in this one."""
    try:
        jqworker._run(row["filter"], json.dumps(_floats(row["data"]), sort_keys=True))
        jqworker._say({"end": True})
    except ValueError as error:
        jqworker._say({"error": str(error)})
    return joined(_read(capsys.readouterr().out.encode()))


def test_goldens(capsys: pytest.CaptureFixture[str]) -> None:
    wrong, seen = [], set()
    for row in rows("jq"):
        try:
            got = evaluated(row, capsys)
        except JqError as error:
            got, failed = str(error), True
        else:
            failed = False
        if failed != ("error" in row) or (not failed and got != row["value"]):
            seen.add(row["filter"])
            if row["filter"] not in DIFFERENT or not (DIFFERENT[row["filter"]] == "value" or failed):
                wrong.append(f"{row['filter']}: {got[:80]!r} != {row.get('value', row.get('error'))!r}")
    assert wrong == []
    assert seen <= set(DIFFERENT)


def filtered(program: str, document: Any, seconds: float = 20.0) -> str:
    return asyncio.run(jq_filter(program, document, seconds))


def test_in_its_own_process() -> None:
    assert filtered(".data | to_entries[] | .key", {"data": {"b": "1", "a": "2"}}) == "a\nb"
    assert filtered("env, $ENV", {}) == "{}\n{}"
    assert filtered(".n", {"n": 3}) == "3"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("repeat(1)", "too large"),
        ("[range(1e9)]", "memory|Cannot|took"),
        ("def f: f; f", "took more than"),
        ('import "a" as $a; 1', "syntax error"),
        ("input", "not allowed"),
        (".[", "syntax error"),
        ("reduce range(3000) as $i (0; [.])", "cannot be read|nested too deeply|depth"),
    ],
)
def test_filters_that_cannot_be(program: str, why: str) -> None:
    with pytest.raises(JqError, match=why):
        filtered(program, {}, 1.5)
