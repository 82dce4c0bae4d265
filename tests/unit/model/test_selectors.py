"""Selectors against the truth table."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.model.selectors import FieldSelector, LabelSelector, SelectorError, node_selector
from tests.tables import every_row
from tests.unit.model.golden import row_id, rows


def _refusal(parse: Any, row: dict[str, Any]) -> str:
    with pytest.raises(SelectorError) as caught:
        parse(row["selector"])
    return str(caught.value)


@every_row(rows("selectors", "label_selector"), row_id)
def test_label_selector(row: dict[str, Any]) -> None:
    if "error" in row:
        assert _refusal(LabelSelector.parse, row) == row["error"]
        return
    selector = LabelSelector.parse(row["selector"])
    assert str(selector) == row["canonical"]
    assert selector.empty is row["empty"]
    assert [selector.matches(labels) for labels in row["labels"]] == row["matches"]
    parts = [{"key": r.key, "operator": r.operator, "values": list(r.values)} for r in selector.requirements]
    assert parts == row["requirements"]


@every_row(rows("selectors", "field_selector"), row_id)
def test_field_selector(row: dict[str, Any]) -> None:
    if "error" in row:
        assert _refusal(FieldSelector.parse, row) == row["error"]
        return
    selector = FieldSelector.parse(row["selector"])
    assert str(selector) == row["canonical"]
    assert selector.empty is row["empty"]
    found = [selector.matches(lambda field, fields=fields: fields.get(field, "")) for fields in row["fields"]]
    assert found == row["matches"]
    parts = [{"field": t.field, "operator": t.operator, "value": t.value} for t in selector.terms]
    assert parts == row["requirements"]


@every_row(rows("selectors", "node_selector"), row_id)
def test_node_selector(row: dict[str, Any]) -> None:
    if "error" in row:
        assert _refusal(node_selector, row) == row["error"]
        return
    selector = node_selector(row["selector"])
    assert str(selector) == row["canonical"]
    assert [selector.matches(node) for node in row["nodes"]] == row["matches"]


def test_label_selector_in_object_form() -> None:
    selector = LabelSelector.from_document(
        {
            "matchLabels": {"a": "b"},
            "matchExpressions": [
                {"key": "c", "operator": "NotIn", "values": ["d"]},
                {"key": "e", "operator": "Exists"},
            ],
        }
    )
    assert selector.matches({"a": "b", "e": ""})
    assert not selector.matches({"a": "b", "e": "", "c": "d"})
    assert not selector.matches({"a": "b"})
    assert LabelSelector.from_document(None).matches(None)
    with pytest.raises(SelectorError, match="Near"):
        LabelSelector.from_document({"matchExpressions": [{"key": "a", "operator": "Near"}]})


def test_required_value_of_a_field() -> None:
    selector = FieldSelector.parse("metadata.name=x,status.phase!=Failed")
    assert selector.required("metadata.name") == "x"
    assert selector.required("status.phase") is None
    assert selector.fields == ("metadata.name", "status.phase")
