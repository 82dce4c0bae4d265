"""Substitution against what the upstream engine answered."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from argotui.engine import template
from argotui.engine.strftime import strftime
from argotui.engine.template import MissingVariable, TemplateError
from tests.unit.engine.rows import Row, row_id, rows

# Expression tags are refused by validation in this version, so upstream's answers to them do not apply.
ROWS = [row for row in rows("template") if "{{=" not in json.dumps([row.get("template"), row.get("tag")])]


def chosen(*operations: str) -> list[Row]:
    picked = [row for row in ROWS if row["op"] in operations]
    assert picked
    return picked


def run(row: Row) -> str:
    if row["op"] == "replace_raw":
        return template.substitute_text(row["template"], row["vars"], allow_unresolved=row["allow_unresolved"])
    return template.substitute(
        row["template"],
        row["vars"],
        strict_prefixes=row.get("strict_prefixes", ()),
        allow_unresolved=row.get("allow_unresolved", True),
    )


@pytest.mark.parametrize("row", chosen("replace", "replace_strict", "replace_raw"), ids=row_id)
def test_replace(row: Row) -> None:
    if "error" not in row:
        assert run(row) == row["value"]
        return
    with pytest.raises(TemplateError) as caught:
        run(row)
    assert str(caught.value) == row["error"]
    assert isinstance(caught.value, MissingVariable) == row["missing"]


@pytest.mark.parametrize("row", chosen("tags"), ids=row_id)
def test_tags(row: Row) -> None:
    if "error" in row:
        with pytest.raises(TemplateError) as caught:
            template.simple_tags(row["template"])
        assert str(caught.value) == row["error"]
    else:
        assert template.simple_tags(row["template"]) == row["value"]


@pytest.mark.parametrize("row", chosen("resolve_var"), ids=row_id)
def test_resolve_variable(row: Row) -> None:
    if "error" in row:
        with pytest.raises(TemplateError) as caught:
            template.resolve_variable(row["tag"], row["vars"])
        assert str(caught.value) == row["error"]
    else:
        assert template.resolve_variable(row["tag"], row["vars"]) == row["value"]
        assert template.variable_name(row["tag"]) == row["tag_out"]


@pytest.mark.parametrize("row", chosen("strftime"), ids=row_id)
def test_strftime(row: Row) -> None:
    assert strftime(row["format"], datetime.fromisoformat(row["time"])) == row["value"]


def test_expression_tags_stay_as_they_are() -> None:
    """A step may print `{{=…}}`; it must neither be evaluated nor end the workflow."""
    text = '{"x":"{{=1 + 1}} {{workflow.name}}"}'
    assert template.substitute(text, {"workflow.name": "w"}) == '{"x":"{{=1 + 1}} w"}'
    assert template.substitute(text, {"workflow.name": "w"}, allow_unresolved=False) == '{"x":"{{=1 + 1}} w"}'


def test_values_are_not_rescanned_within_a_pass() -> None:
    assert template.substitute('{"x":"{{a}}"}', {"a": "{{b}}", "b": "c"}) == '{"x":"{{b}}"}'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"{{steps.a.outputs.result}} {{tasks.b-1.outputs.result}}"', {"a", "b-1"}),
        ("\"steps['c d'].outputs.result\"", {"c d"}),
        ('"{{steps.a.outputs.parameters.result}}"', set()),
    ],
)
def test_referenced_results(text: str, names: set[str]) -> None:
    assert template.referenced_results(text) == names
