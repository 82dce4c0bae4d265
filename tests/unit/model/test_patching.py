"""Patches against the truth table, and the rules that it does not cover."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.model.patching import (
    PatchError,
    create_merge_patch,
    create_three_way_patch,
    json_patch,
    merge_patch,
    strategic_merge,
)
from tests.tables import every_row
from tests.unit.model.golden import row_id, rows

# Not here: `smp_create` (only clients make strategic patches, and ours never does); `podspecpatch` and
# `joinspec`, which belong to the engine.
#
# Refused as upstream refuses, in other words: the text holds a Go dump of whole lists, or a panic.
OTHER_WORDS = ("list element types are not identical", "expected a map[string]interface {}", "panic:")


def _apply(row: dict[str, Any]) -> Any:
    match row["op"]:
        case "smp":
            return strategic_merge(row["original"], row["patch"], row["type"])
        case "mergepatch":
            return merge_patch(row["original"], row["patch"])
        case "mergepatch_create":
            return create_merge_patch(row["original"], row["modified"])
    return create_three_way_patch(row["original"], row["modified"], row["current"])


TABLE = rows("strategicpatch", "smp", "mergepatch", "mergepatch_create", "mergepatch_3way")


@every_row(TABLE, row_id)
def test_patch(row: dict[str, Any]) -> None:
    before = copy.deepcopy(row)
    if "error" not in row:
        assert _apply(row) == row["value"]
    else:
        with pytest.raises(PatchError) as caught:
            _apply(row)
        if not row["error"].startswith(OTHER_WORDS):
            assert str(caught.value) == row["error"]
    assert row == before, "a patch must not change its arguments"


_LEAF = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)
_JSON = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1, max_size=1), inner),
    max_leaves=12,
)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return value


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=1), _JSON), st.dictionaries(st.text("xyz"), _JSON))
@settings(max_examples=200, deadline=None)
def test_a_created_merge_patch_leads_to_the_new_document(old: dict[str, Any], new: dict[str, Any]) -> None:
    old, new = _without_nulls(old), _without_nulls(new)
    assert merge_patch(old, create_merge_patch(old, new)) == new


DOCUMENT = {"a": {"b": [1, 2, 3]}, "c~d": {"e/f": True}, "": 0}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/a/b/1", "value": 9}], {**DOCUMENT, "a": {"b": [1, 9, 2, 3]}}),
        ([{"op": "add", "path": "/a/b/-", "value": 9}], {**DOCUMENT, "a": {"b": [1, 2, 3, 9]}}),
        ([{"op": "add", "path": "/a/x", "value": None}], {**DOCUMENT, "a": {"b": [1, 2, 3], "x": None}}),
        ([{"op": "remove", "path": "/a/b/0"}], {**DOCUMENT, "a": {"b": [2, 3]}}),
        ([{"op": "replace", "path": "/c~0d/e~1f", "value": 1}], {**DOCUMENT, "c~d": {"e/f": 1}}),
        ([{"op": "replace", "path": "/a/b/2", "value": 0}], {**DOCUMENT, "a": {"b": [1, 2, 0]}}),
        ([{"op": "move", "from": "/a/b/0", "path": "/m"}], {**DOCUMENT, "a": {"b": [2, 3]}, "m": 1}),
        ([{"op": "copy", "from": "/a/b", "path": "/a/c"}], {**DOCUMENT, "a": {"b": [1, 2, 3], "c": [1, 2, 3]}}),
        ([{"op": "test", "path": "/a/b/0", "value": 1}], DOCUMENT),
        ([{"op": "test", "path": "/", "value": 0}], DOCUMENT),
        ([{"op": "replace", "path": "", "value": [1]}], [1]),
        ([], DOCUMENT),
    ],
)
def test_json_patch(operations: list[Any], expected: Any) -> None:
    before = copy.deepcopy(DOCUMENT)
    assert json_patch(DOCUMENT, operations) == expected
    assert before == DOCUMENT


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([{"op": "test", "path": "/a/b/0", "value": True}], "not the expected"),
        ([{"op": "test", "path": "/a/b/0", "value": 2}], "not the expected"),
        ([{"op": "remove", "path": "/nope"}], "does not exist"),
        ([{"op": "replace", "path": "/a/b/3", "value": 1}], "outside"),
        ([{"op": "add", "path": "/a/b/5", "value": 1}], "outside"),
        ([{"op": "add", "path": "/a/b/01", "value": 1}], "not a position"),
        ([{"op": "add", "path": "/a/b/-1", "value": 1}], "not a position"),
        ([{"op": "add", "path": "/a/b/0/x", "value": 1}], "does not exist"),
        ([{"op": "add", "path": "a", "value": 1}], "does not start with /"),
        ([{"op": "add", "path": "/a"}], "'value' is missing"),
        ([{"op": "move", "from": "/a", "path": "/a/b"}], "into itself"),
        ([{"op": "poke", "path": "/a"}], "unknown operation"),
        (["x"], "not an object"),
        ("x", "list of operations"),
        ([{"op": "test", "path": "/a", "value": 1}] * 10_001, "at most"),
    ],
)
def test_json_patch_refusals(operations: Any, message: str) -> None:
    with pytest.raises(PatchError, match=message):
        json_patch(DOCUMENT, operations)


def test_strategic_merge_of_a_kind_without_a_table() -> None:
    doc = {"metadata": {"finalizers": ["a"]}, "spec": {"list": [1]}}
    merged = strategic_merge(doc, {"metadata": {"finalizers": ["b"]}, "spec": {"list": [2]}}, "Lease")
    assert merged == {"metadata": {"finalizers": ["b", "a"]}, "spec": {"list": [2]}}
