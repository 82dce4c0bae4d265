"""The truth tables of tests/goldens, read once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[2]
GOLDENS = TESTS / "goldens"
CONFORMANCE = TESTS / "conformance"

Row = dict[str, Any]


@cache
def rows(name: str) -> tuple[Row, ...]:
    text = (GOLDENS / f"{name}.jsonl").read_text("utf8")
    return tuple(json.loads(line) for line in text.split("\n") if line)


def row_id(row: Row) -> str:
    return f"{row['rule']}-{row['id']}"
