"""Rows of the truth tables in tests/goldens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "goldens"


def rows(file: str, *ops: str) -> list[dict[str, Any]]:
    """The rows of a table for some operations; an empty answer is an error, not a pass."""
    text = (FOLDER / f"{file}.jsonl").read_text("utf8")
    found = [row for line in text.splitlines() if (row := json.loads(line))["op"] in ops]
    assert found, f"{file} has no rows for {ops}"
    return found


def row_id(row: dict[str, Any]) -> str:
    """A test id that finds the row again."""
    return f"{row['rule']}-{row['id'].rpartition('-')[2]}"
