"""Joining specs, against the answers of upstream's own functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argotui.engine.merge import (
    fill_metadata,
    join_specs,
    stored_spec_is_stale,
    template_type,
    with_template_defaults,
)
from argotui.engine.pods.specpatch import SpecPatchError, patch_pod_spec
from tests.tables import every_row
from tests.unit.engine.rows import row_id

GOLDENS = Path(__file__).parents[2] / "goldens" / "strategicpatch.jsonl"
ROWS = [json.loads(line) for line in GOLDENS.read_text("utf8").splitlines()]
JOINS = [row for row in ROWS if row["op"] == "joinspec"]
PATCHES = [row for row in ROWS if row["op"] == "podspecpatch"]
JUDGED_BY_THE_API_SERVER = {
    ("containers: x",): "the type of a field",
    ('activeDeadlineSeconds: "x"',): "the type of a field",
    ("unknown: 1",): "an unknown field, which the API server drops",
}


def without_empty(value: Any) -> Any:
    """Go prints empty structs and texts; they say nothing."""
    if isinstance(value, dict):
        kept = {k: without_empty(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in ({}, "")}
    return [without_empty(v) for v in value] if isinstance(value, list) else value


@every_row(JOINS, row_id)
def test_join_as_upstream(row: dict[str, Any]) -> None:
    before = json.dumps(row)
    joined = join_specs(row["wf_spec"], row["wft_spec"], row["default_spec"])
    assert without_empty(joined) == without_empty(row["value"])
    assert json.dumps(row) == before


def same(value: Any) -> Any:
    """Quantities are texts in Go's answer, and may be numbers in a patch."""
    limits = [c.get("resources", {}).get("limits", {}) for c in value.get("containers") or []]
    for entry in limits:
        entry |= {name: str(amount) for name, amount in entry.items()}
    return {k: v for k, v in without_empty(value).items() if v is not None}


@every_row(PATCHES, row_id)
def test_pod_spec_patches_as_upstream(row: dict[str, Any]) -> None:
    if tuple(row["patches"]) in JUDGED_BY_THE_API_SERVER:
        assert patch_pod_spec(row["original"], row["patches"])
    elif "error" in row:
        with pytest.raises(SpecPatchError) as refused:
            patch_pod_spec(row["original"], row["patches"])
        assert str(refused.value).startswith(row["error"].partition(": ")[0])
    else:
        assert same(patch_pod_spec(row["original"], row["patches"])) == same(row["value"])


def test_a_parameter_never_has_two_sources() -> None:
    workflow = {"arguments": {"parameters": [{"name": "p", "value": "1"}, {"name": "q"}]}}
    source = {"configMapKeyRef": {"name": "c", "key": "k"}}
    template = {
        "arguments": {
            "parameters": [
                {"name": "p", "valueFrom": source, "enum": ["1"]},
                {"name": "q", "valueFrom": source},
                {"name": "r", "value": "3"},
            ]
        }
    }
    defaults = {"arguments": {"parameters": [{"name": "r", "valueFrom": source}, {"name": "s", "value": "4"}]}}
    joined = {p["name"]: p for p in join_specs(workflow, template, defaults)["arguments"]["parameters"]}
    assert joined["p"] == {"name": "p", "value": "1"}
    assert joined["q"] == {"name": "q", "valueFrom": source}
    assert joined["r"] == {"name": "r", "value": "3"}
    assert joined["s"] == {"name": "s", "value": "4"}


def test_artifacts_of_one_backend_complete_each_other() -> None:
    template = {"arguments": {"artifacts": [{"name": "a", "s3": {"bucket": "b", "key": "k"}}]}}
    same = {"arguments": {"artifacts": [{"name": "a", "s3": {"key": "mine"}}]}}
    other = {"arguments": {"artifacts": [{"name": "a", "gcs": {"bucket": "g", "key": "mine"}}]}}
    assert join_specs(same, template, None)["arguments"]["artifacts"] == [
        {"name": "a", "s3": {"bucket": "b", "key": "mine"}}
    ]
    assert "s3" in join_specs({}, template, None)["arguments"]["artifacts"][0]
    merged = join_specs(other, template, None)["arguments"]["artifacts"][0]
    assert merged["gcs"] == {"bucket": "g", "key": "mine"}


def test_suspend_is_the_workflows_alone() -> None:
    assert join_specs({}, {"suspend": True}, {"suspend": True}) == {}
    assert join_specs({"suspend": False}, {"suspend": True}, None) == {"suspend": False}


@pytest.mark.parametrize(
    ("spec", "stored", "stale"),
    [
        ({}, None, True),
        ({"entrypoint": "a"}, {"entrypoint": "a"}, False),
        ({}, {"entrypoint": "a"}, False),
        ({"entrypoint": "a"}, {"templates": []}, True),
        ({"shutdown": "Stop"}, {"entrypoint": "a"}, True),
        ({"shutdown": "Stop"}, {"entrypoint": "a", "shutdown": "Stop"}, False),
        ({"suspend": True}, {"entrypoint": "a"}, True),
        ({}, {"entrypoint": "a", "suspend": True}, True),
    ],
)
def test_when_the_stored_spec_is_joined_anew(spec: dict[str, Any], stored: Any, stale: bool) -> None:
    assert stored_spec_is_stale({"spec": spec, "status": {"storedWorkflowTemplateSpec": stored}}) is stale


def test_default_metadata_fills_gaps() -> None:
    own = {"name": "w", "labels": {"a": "1"}}
    defaults = {"labels": {"a": "2", "b": "2"}, "annotations": {"c": "3"}}
    want = {"name": "w", "labels": {"a": "1", "b": "2"}, "annotations": {"c": "3"}}
    assert fill_metadata(own, defaults) == want
    assert own == {"name": "w", "labels": {"a": "1"}}


def test_template_defaults_keep_the_type() -> None:
    defaults = {
        "retryStrategy": {"limit": 1, "retryPolicy": "Always"},
        "container": {"image": "i", "imagePullPolicy": "Never"},
        "script": {"image": "j"},
        "timeout": "5m",
    }
    steps = {"name": "m", "steps": [[{"name": "a", "template": "b"}]]}
    assert with_template_defaults(steps, defaults) == {
        **steps, "retryStrategy": {"limit": 1, "retryPolicy": "Always"}, "timeout": "5m",
    }  # fmt: skip
    leaf = {"name": "b", "container": {"command": ["x"], "image": "mine"}, "retryStrategy": {"limit": 0}}
    assert with_template_defaults(leaf, defaults) == {
        "name": "b",
        "container": {"command": ["x"], "image": "mine", "imagePullPolicy": "Never"},
        "retryStrategy": {"limit": 0, "retryPolicy": "Always"},
        "timeout": "5m",
    }
    assert with_template_defaults(leaf, None) == leaf


def test_the_type_of_a_template() -> None:
    assert template_type({"name": "a", "suspend": {}}) == "suspend"
    assert template_type({"name": "a"}) == ""
