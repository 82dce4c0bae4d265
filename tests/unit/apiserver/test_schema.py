"""Structural schemas: pruning, defaults, and the words of refusals."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from argotui.local.apiserver.served import custom
from argotui.local.apiserver.strategies.custom import CustomStrategy
from argotui.local.apiserver.structural import Pruner, Validator, has_rules, json_schema
from argotui.model.documents import clone
from argotui.model.schema import crds

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "name": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^a"},
        "port": {"x-kubernetes-int-or-string": True},
        "maybe": {"type": "string", "nullable": True},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "parts": {
            "type": "array", "maxItems": 2,
            "items": {
                "type": "object", "required": ["id"],
                "properties": {"id": {"type": "string"}, "n": {"type": "number", "default": 1}},
            },
        },
        "free": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"known": {"type": "object", "properties": {}}},
        },
        "inner": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"x": {"type": "string"}}},
    },
}  # fmt: skip


def pruned(value: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    unknown: list[str] = []
    Pruner.of(SCHEMA).walk(value, "spec", unknown)
    return value, unknown


def test_pruning_keeps_what_is_described() -> None:
    value, unknown = pruned({
        "size": 1, "odd": 1, "tags": {"any": "x"}, "parts": [{"id": "a", "odd": {}}],
        "free": {"anything": {"goes": 1}, "known": {"odd": 1}},
        "inner": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}, "x": "y", "odd": 1},
    })  # fmt: skip
    assert sorted(unknown) == ["spec.free.known.odd", "spec.inner.odd", "spec.odd", "spec.parts[0].odd"]
    assert value["free"] == {"anything": {"goes": 1}, "known": {}}
    assert value["inner"]["metadata"] == {"name": "n"}


def test_defaults() -> None:
    value, _ = pruned({"parts": [{"id": "a"}], "size": None})
    assert value == {"parts": [{"id": "a", "n": 1}], "size": 3}


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"size": "x"}, "size", 'Invalid value: "string": size in body must be of type integer: "string"'),
        ({"size": 0}, "size", "Invalid value: 0: size in body should be greater than or equal to 1"),
        ({"size": 10}, "size", "Invalid value: 10: size in body should be less than or equal to 9"),
        ({"colour": "green"}, "colour", 'Unsupported value: "green": supported values: "red", "blue"'),
        ({"name": "a"}, "name", 'Invalid value: "a": name in body should be at least 2 chars long'),
        ({"name": "aaaaa"}, "name", "Too long: may not be more than 4 bytes"),
        ({"name": "bbb"}, "name", "Invalid value: \"bbb\": name in body should match '^a'"),
        ({"port": True}, "port", 'Invalid value: "boolean": port in body must be of type integer,string: "boolean"'),
        ({"name": None}, "name", 'Invalid value: "null": name in body must be of type string: "null"'),
        ({"tags": {"a": 1}}, "tags.a", 'Invalid value: "integer": tags.a in body must be of type string: "integer"'),
        ({"parts": [{}]}, "parts[0].id", "Required value"),
        ({"parts": [{"id": "a"}] * 3}, "parts", "Too many: 3: must have at most 2 items"),
    ],
)
def test_refusals(value: dict[str, Any], path: str, words: str) -> None:
    found = Validator(SCHEMA).causes(value)
    assert [(cause.path, cause.message) for cause in found] == [(path, words)]


@pytest.mark.parametrize(
    "value", [{}, {"maybe": None}, {"port": 1}, {"port": "http"}, {"free": {"a": [1, {"b": None}]}}]
)
def test_valid_values(value: dict[str, Any]) -> None:
    assert Validator(SCHEMA).causes(value) == []


def test_equal_parts_are_translated_once() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}}
    translated = json_schema({"type": "object", "properties": {"x": inner, "y": clone(inner)}})
    assert len(translated["$defs"]) == 2


# Argo's own definitions


def strategy(plural: str) -> CustomStrategy:
    crd = next(crd for crd in crds() if crd["spec"]["names"]["plural"] == plural)
    return CustomStrategy(custom(msgspec.json.encode(crd), lambda: crd))


def workflow(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": spec}


def test_two_types_in_a_template() -> None:
    template = {"name": "m", "container": {"image": "x"}, "suspend": {}}
    document = workflow(entrypoint="m", templates=[template])
    checked = strategy("workflows")
    assert checked.shape(document, None) == ([], [])
    causes = checked.causes(document, None)
    assert [f"{c.path}: {c.message}" for c in causes] == [
        "spec.templates: Invalid value: template must have at most one template type"
    ]


def test_rules_are_not_checked_on_an_invalid_object() -> None:
    document = workflow(entrypoint="m", templates=[{"name": 1}])
    causes = strategy("workflows").shape(document, None)[1]
    assert [c.path for c in causes] == ["spec.templates[0].name", "<nil>"]
    assert has_rules(crds()[0])


def test_a_status_is_left_as_it_is() -> None:
    status = {"phase": "Running", "nodes": {"a": {"finishedAt": None, "anything": [1]}}, "finishedAt": None}
    document = {**workflow(entrypoint="m"), "status": clone(status)}
    assert strategy("workflows").shape(document, None) == ([], [])
    assert document["status"] == status


def test_what_an_update_leaves_alone_is_not_looked_at_again() -> None:
    old = workflow(entrypoint=7)  # stored before the schema said text
    document = clone(old) | {"status": {"phase": "Running"}}
    checked = strategy("workflows")
    assert checked.shape(document, old) == ([], [])
    assert checked.shape(workflow(entrypoint=8), old)[1]


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd["spec"]["names"]["plural"])
def test_every_definition_compiles(crd: dict[str, Any]) -> None:
    made = CustomStrategy(custom(msgspec.json.encode(crd), lambda: crd))
    document = {"apiVersion": "argoproj.io/v1alpha1", "kind": crd["spec"]["names"]["kind"], "metadata": {}, "odd": 1}
    unknown, _ = made.shape(document, None)
    assert unknown == ["odd"]
