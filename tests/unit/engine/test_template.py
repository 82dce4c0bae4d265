"""Substitution against what the upstream engine answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from argotui.engine import expressions, template
from argotui.engine.expressions import Drawn
from argotui.engine.scopes import Layers, NodeVariables, Siblings
from argotui.engine.strftime import strftime
from argotui.engine.template import MissingVariable, TemplateError
from tests.tables import every_row
from tests.unit.engine.rows import Row, row_id, rows

ROWS = rows("template")


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


@every_row(chosen("replace", "replace_strict", "replace_raw"), row_id)
def test_replace(row: Row) -> None:
    if "error" not in row:
        assert run(row) == row["value"]
        return
    with pytest.raises(TemplateError) as caught:
        run(row)
    assert str(caught.value) == row["error"]
    assert isinstance(caught.value, MissingVariable) == row["missing"]


@every_row(chosen("tags"), row_id)
def test_tags(row: Row) -> None:
    if "error" in row:
        with pytest.raises(TemplateError) as caught:
            template.simple_tags(row["template"])
        assert str(caught.value) == row["error"]
    else:
        assert template.simple_tags(row["template"]) == row["value"]


@every_row(chosen("resolve_var"), row_id)
def test_resolve_variable(row: Row) -> None:
    if "error" in row:
        with pytest.raises(TemplateError) as caught:
            template.resolve_variable(row["tag"], row["vars"])
        assert str(caught.value) == row["error"]
    else:
        assert template.resolve_variable(row["tag"], row["vars"]) == row["value"]
        assert template.variable_name(row["tag"]) == row["tag_out"]


@every_row(chosen("strftime"), row_id)
def test_strftime(row: Row) -> None:
    assert strftime(row["format"], datetime.fromisoformat(row["time"])) == row["value"]


def test_a_scope_is_asked_only_for_what_an_expression_names() -> None:
    asked: list[str] = []

    def find(name: str) -> NodeVariables:
        asked.append(name)
        return NodeVariables({"phase": "Running"})

    scope = Layers(Siblings("tasks", find, lambda: [f"t{number}" for number in range(1000)]), {"item": "4"})
    assert template.substitute('"{{=asInt(item) + 1}} {{=tasks.t7.status}}"', scope, strict_prefixes=["steps"])
    assert set(asked) == {"t7"}


def test_an_expression_is_compiled_once_for_all_values_of_the_same_types() -> None:
    before = expressions._compiled.cache_info().misses
    texts = [template.substitute_text("{{=asInt(item) * 2}}", {"item": str(number)}) for number in range(50)]
    assert texts[-1] == "98"
    assert expressions._compiled.cache_info().misses - before <= 1


def test_long_expressions_are_not_remembered() -> None:
    before = expressions._references.cache_info().currsize, expressions._compiled.cache_info().currsize
    for number in range(3):
        assert template.substitute_text("{{='" + "x" * 3000 + str(number) + "'}}", {}).endswith(f"x{number}")
    assert (expressions._references.cache_info().currsize, expressions._compiled.cache_info().currsize) == before


def test_time_and_chance_come_with_the_scope() -> None:
    drawn = Drawn(datetime(2030, 1, 1, tzinfo=UTC), b"seed")
    text = "{{=now().Year()}} {{=sprig.uuidv4()}} {{=sprig.uuidv4()}}"
    first, again = (template.substitute_text(text, Layers({}, drawn=lambda: drawn)) for _ in range(2))
    assert first == again
    year, one, other = first.split()
    assert year == "2030"
    assert one != other
    assert template.substitute_text("{{=sprig.uuidv4()}}", {}) == "{{=sprig.uuidv4()}}"


@pytest.mark.parametrize("text", ['{{="}}', "{{=sprig.repeat(1000000000, 'x')}}"])
def test_hostile_expressions_stay(text: str) -> None:
    assert template.substitute_text(text, {}).startswith("{{=")


@pytest.mark.parametrize("text", ["\\ud800", "(" * 5000, "1+" * 9000 + "1", "1" * 70000, "map(" * 200])
def test_hostile_expressions_are_errors(text: str) -> None:
    with pytest.raises(TemplateError, match=r"^failed to evaluate expression: "):
        template.substitute_text("{{=" + text + "}}", {})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("steps['a-b'].outputs.result + inputs.parameters.x", ["steps.a-b.outputs.result", "inputs.parameters.x"]),
        ("let x = item; x + y", ["item", "y"]),
        ("map([1], {# + retries})", ["retries"]),
        ("a ?? b.c", ["a?", "b.c"]),
        ("a ? b.c : d", ["a", "b.c?", "d?"]),
        ("sprig.trim(workflow.name)", ["sprig.trim", "workflow.name"]),
        ("steps[item].x", ["steps", "item"]),
        ("a?.b.c", ["a?"]),
    ],
)
def test_references(text: str, names: list[str]) -> None:
    found = [".".join(named.parts) + "?" * named.optional for named in expressions.references(text)]
    assert found == names


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
