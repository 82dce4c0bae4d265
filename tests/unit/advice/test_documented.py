"""docs/lint.md tells every rule as the table has it."""

from __future__ import annotations

from pathlib import Path

from argotui.engine.advice import RULES, Level
from argotui.engine.advice.table import OLDER_FORM

PAGE = Path(__file__).parents[3] / "docs" / "lint.md"


def rows() -> list[str]:
    older = f"| `{OLDER_FORM}` | {Level.WARNING} | a field in an older form; see below |"
    return [older, *(f"| `{rule.name}` | {rule.level} | {rule.gist} |" for rule in RULES)]


def test_the_table_of_the_page_is_that_of_the_program() -> None:
    lines = PAGE.read_text().splitlines()
    start = lines.index("| name | level | looks for |") + 2
    assert lines[start : start + len(rows())] == rows()
    assert not lines[start + len(rows())].startswith("|")
