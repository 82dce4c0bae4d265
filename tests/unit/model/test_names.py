"""Computed names against the truth table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argotui.model import names
from argotui.model.items import item_json, item_kind, item_string, parse_items
from tests.tables import every_row
from tests.unit.model.golden import row_id, rows


@every_row(rows("names", "node_id"), row_id)
def test_node_id(row: dict[str, Any]) -> None:
    assert names.node_id(row["workflow"], row["node_name"]) == row["value"]


@every_row(rows("names", "pod_name"), row_id)
def test_pod_name(row: dict[str, Any]) -> None:
    found = names.pod_name(row["workflow"], row["node_name"], row["template"], row["version"])
    assert found == row["value"]


@every_row(rows("names", "fnv"), row_id)
def test_hashes(row: dict[str, Any]) -> None:
    assert names.fnv1a_32(row["text"]) == row["fnv1a_32"]
    assert names.fnv1_32(row["text"]) == row["fnv1_32"]


@every_row(rows("names", "display_index"), row_id)
def test_index_of(row: dict[str, Any]) -> None:
    assert names.index_of(row["node_name"]) == row["value"]


@every_row(rows("names", "item"), row_id)
def test_item(row: dict[str, Any]) -> None:
    if "error" in row:
        with pytest.raises(ValueError):
            parse_items(row["json"])
        return
    item = parse_items(row["json"])
    assert item_kind(item) == row["type"]
    assert item_string(item) == row["text"]
    assert json.loads(item_json(item)) == json.loads(row["json_out"])


def _items(row: dict[str, Any]) -> list[Any]:
    task = row["task"]
    if task.get("withItems") is not None:
        return list(task["withItems"])
    try:
        found = parse_items(task.get("withParam") or "")
    except ValueError:
        return []
    return found if isinstance(found, list) else []


@every_row([r for r in rows("names", "expand") if "error" not in r], row_id)
def test_names_of_expanded_nodes(row: dict[str, Any]) -> None:
    items = _items(row)
    found = [f"t({index}:{names.item_text(item)})" for index, item in enumerate(items)]
    if items:
        assert found == [entry["name"] for entry in row["value"]]


def test_items_keep_how_they_were_written() -> None:
    items = parse_items(r'[1.50, 1e3, "\u00e9", [-0], {"k": 2.0}]')
    assert [names.item_text(item) for item in items] == ["1.50", "1e3", r"\u00e9", "[-0]", "k:2.0"]
    assert items[0] == 1.5
    assert items[2] == "é"


def test_items_nested_too_deeply_are_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        parse_items("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (names.TEMPLATE_NAME, ["a", "A-1", "0x"], ["", "-a", "a.b", "a b", "a\n"]),
        (names.PARAMETER_NAME, ["a", "-_", "x_1"], ["", "a.b", "é", "a\n"]),
        (names.DISPLAY_NAME, ["ab", "a.b-c"], ["a", "-ab", "ab\n", "a" * 65]),
        (names.DNS_SUBDOMAIN, ["a", "a.b", "a-1"], ["", "A", "a..b", "-a", "a\n"]),
        (names.DNS_LABEL, ["a", "a-1"], ["", "a.b", "a-", "a\n"]),
    ],
)
def test_name_grammars(pattern: Any, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not pattern.match(text)] == []
    assert [text for text in bad if pattern.match(text)] == []
