"""kubectl's JSONPath, against the rows recorded from its own library, and against hostile templates."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from argotui.engine.kubectlpath import PathError, render
from tests.unit.engine.rows import rows

ROWS = rows("jsonpath")


@pytest.mark.parametrize("rule", sorted({row["rule"] for row in ROWS}))
def test_goldens(rule: str) -> None:
    found = [row for row in ROWS if row["rule"] == rule]
    wrong = [f"{row['path']}: {got!r} != {wanted!r}" for row in found for got, wanted in [_both(row)] if got != wanted]
    assert found
    assert wrong == []


def _both(row: dict[str, Any]) -> tuple[str, str]:
    wanted = row["value"] if "error" not in row else f"error: {row['error']}"
    try:
        return render(row["path"], row["data"], strict=row.get("strict_keys", False)), wanted
    except PathError as error:
        return f"error: {str(error).strip()}", wanted


LIST = {"items": [{"n": "a", "v": ["1", "2"]}, {"n": "b", "v": []}, {"n": "c", "v": ["3"]}]}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{range .items[*]}{.n}:{range .v[*]}{@},{end};{end}.", "a:1,2,;b:;c:3,;."),
        ("{range .items[*]}{range .v[*]}{@}{end}{end}{range .items[*]}{.n}{end}", "123abc"),
        ("{range .items[?(@.n=='b')]}{.n}{end}|{end}", None),
        ("{.items[?(@.n=~'a|c')].n}", "a c"),
        ("{.items[?(@.n!='a')].n}", "b c"),
        ("{.items[0,-1].n}", "a c"),
        ("{..n}", "a b c"),
        ("{.items[0]..}", '{"n":"a","v":["1","2"]} a ["1","2"] 1 2'),
        ("{range range .items[*]}x{end}{end}", None),
        ("{'\\q'}", None),
        ("{....n}", None),
        ("{.items[?(@.v==1)].n}", None),
        ("{.items[*].n[0]}", None),
    ],
)
def test_what_no_golden_shows(template: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(PathError):
            render(template, LIST)
    else:
        assert render(template, LIST) == text


HOSTILE = ["{range .a}" * 5000, "{.a" * 5000, "[" * 9000, "{" + ".nope" * 50_000 + "}", "{..}" * 50, "{[?(@[?(@" * 500]


@pytest.mark.parametrize("template", HOSTILE, ids=lambda text: text[:9])
def test_long_templates_end(template: str) -> None:
    with contextlib.suppress(PathError):
        assert len(render(template, {"a": {"a": [1, "x"]}})) < 10_000


def test_deep_documents_end() -> None:
    deep: Any = "end"
    for _ in range(900):
        deep = [deep]
    with pytest.raises(PathError, match="nested too deeply"):
        render("{..}", {"a": deep})
    assert render("{.a[0][0]..b}", {"a": deep}) == ""
