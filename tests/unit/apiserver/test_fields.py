"""Sets of fields, shapes, merging: what server-side apply is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argotui.local.apiserver.fields import fieldset, managers, merging, tracking
from argotui.local.apiserver.fields.comparing import UnfitValue, compare, field_set
from argotui.local.apiserver.fields.managers import Entry
from argotui.local.apiserver.fields.shapes import ANY, declared, described
from argotui.local.apiserver.fields.tracking import Applying, Conflicts, Writer

POD = declared("Pod")
CONFIGMAP = declared("ConfigMap")
STEPS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', "v:1"])
PATHS = st.sets(st.lists(STEPS, min_size=1, max_size=3).map(tuple), max_size=8)


def built(paths: set[tuple[str, ...]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for path in paths:
        fieldset.insert(made, path)
    return made


@given(PATHS, PATHS)
def test_sets_of_fields_are_sets(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> None:
    one, two = built(left), built(right)
    assert set(fieldset.paths(one)) == left
    assert set(fieldset.paths(fieldset.union(one, two))) == left | right
    assert set(fieldset.paths(fieldset.difference(one, two))) == left - right
    assert set(fieldset.paths(fieldset.intersection(one, two))) == left & right
    assert all(fieldset.has(one, path) is (path in left) for path in left | right)
    assert (one, two) == (built(left), built(right))
    assert fieldset.is_set(one)


@given(PATHS, st.lists(STEPS, min_size=1, max_size=2).map(tuple))
def test_a_part_is_left_out_with_all_below_it(paths: set[tuple[str, ...]], part: tuple[str, ...]) -> None:
    left = {path for path in paths if path[: len(part)] != part}
    assert set(fieldset.paths(fieldset.without(built(paths), part))) == left


@pytest.mark.parametrize("bad", [[], {"a": {}}, {"f:a": 1}, {"k:1": {}}, {"v:{}": {}}, {"i:x": {}}, {"k:{": {}}])
def test_what_is_no_set_is_told(bad: Any) -> None:
    assert not fieldset.is_set(bad)


def test_the_fields_of_a_pod_are_named_as_kubernetes_names_them() -> None:
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]
    container = {"name": "main", "args": ["a"], "env": [{"name": "A", "value": "1"}], "ports": ports}
    metadata = {"finalizers": ["x/y"], "labels": {"a": "1"}}
    found = field_set(POD, {"metadata": metadata, "spec": {"containers": [container], "nodeSelector": {"a": "b"}}})
    texts = [fieldset.path_text(path) for path in fieldset.paths(found)]
    main = '.spec.containers[name="main"]'
    assert sorted(texts) == sorted(
        [
            '.metadata.finalizers[="x/y"]', ".metadata.labels.a", ".spec.nodeSelector", main, f"{main}.args",
            f'{main}.env[name="A"]', f'{main}.env[name="A"].name', f'{main}.env[name="A"].value', f"{main}.name",
            f'{main}.ports[containerPort=80,protocol="TCP"]',
            f'{main}.ports[containerPort=80,protocol="TCP"].containerPort',
            f'{main}.ports[containerPort=53,protocol="UDP"]',
            f'{main}.ports[containerPort=53,protocol="UDP"].containerPort',
            f'{main}.ports[containerPort=53,protocol="UDP"].protocol',
        ]
    )  # fmt: skip


def test_a_comparison_tells_new_changed_and_gone_fields() -> None:
    old = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "hostname": "x"}}
    new = {"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "c"}], "hostname": "x"}}
    found = compare(POD, old, new)
    texts = [[fieldset.path_text(p) for p in fieldset.paths(s)] for s in (found.added, found.modified, found.removed)]
    at = ".spec.containers"
    assert texts == [
        [f'{at}[name="c"]', f'{at}[name="c"].name'],
        [f'{at}[name="a"].image'],
        [f'{at}[name="b"]', f'{at}[name="b"].image', f'{at}[name="b"].name'],
    ]


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("ab", "ba", "ba"),
        ("abc", "x", "abcx"),
        ("abc", "bx", "abcx"),
        ("ab", "xb", "axb"),
        ("abcd", "db", "acdb"),
        ("", "xy", "xy"),
    ],
)
def test_items_keep_their_order(live: str, applied: str, merged: str) -> None:
    shape = described({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"})
    assert merging.merge(shape, list(live), list(applied)) == list(merged)


def test_shapes_of_a_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "map": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "d"],
                "items": {
                    "type": "object",
                    "properties": {"k": {"type": "integer"}, "d": {"type": "string", "default": "z"}},
                },
            },
            "plain": {"type": "array", "items": {"type": "string"}},
            "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
            "open": {"x-kubernetes-preserve-unknown-fields": True},
            "either": {"x-kubernetes-int-or-string": True},
        },
    }  # fmt: skip
    value = {"map": [{"k": 1}], "plain": ["a"], "whole": {"a": "b"}, "open": {"x": {"y": [1]}}, "either": "5%"}
    found = field_set(described(schema), value)
    assert [fieldset.path_text(path) for path in fieldset.paths(found)] == [
        ".either", ".plain", ".whole", '.map[d="z",k=1]', '.map[d="z",k=1].k', ".open.x", ".open.x.y",
    ]  # fmt: skip
    assert list(merging.faults(described(schema), {"map": [{}], "either": "x", "nothing": 1})) == [
        ".nothing: field not declared in schema"
    ]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"spec": {"x": 1}}, ".spec.x: field not declared in schema"),
        ({"spec": {"hostname": 1}}, ".spec.hostname: expected string, got &value.valueUnstructured{Value:1}"),
        ({"spec": {"containers": {}}}, ".spec.containers: expected list, got &{map[]}"),
        (
            {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}},
            '.spec.containers: duplicate entries for key [name="a"]',
        ),
        ({"metadata": {"finalizers": [{}]}}, ".metadata.finalizers: element 0: associative list without keys has an"),
    ],
)
def test_a_configuration_that_does_not_fit(value: Any, fault: str) -> None:
    assert next(merging.faults(POD, value)).startswith(fault)


def writer(name: str) -> Writer:
    return Writer(name, "v1", "", ())


def live(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    metadata = {"name": "a", "uid": "u", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata} | ({"data": data} if data else {})


def applied(data: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def apply(who: str, before: dict[str, Any], data: dict[str, Any], present: Any, force: bool = False) -> Any:
    return Applying(CONFIGMAP, writer(who), before, {"metadata": {}}, applied(data), force).result(present)


def test_what_is_applied_no_longer_goes_unless_somebody_else_has_it() -> None:
    document, found = apply("one", live({}), {"a": "1", "b": "2", "c": "3"}, {})
    document, found = apply("two", document, {"b": "2"}, found)
    document, found = apply("one", document, {"c": "3"}, found)
    assert document["data"] == {"b": "2", "c": "3"}
    assert {m.name: e.fields for m, e in found.items()} == {
        "one": {"f:data": {"f:c": {}}},
        "two": {"f:data": {"f:b": {}}},
    }


def test_a_field_of_somebody_else_is_a_conflict_unless_forced() -> None:
    document, found = apply("one", live({}), {"a": "1", "b": "2"}, {})
    with pytest.raises(Conflicts) as refused:
        apply("two", document, {"a": "9", "b": "8"}, found)
    assert refused.value.found == [('"one"', ".data.a"), ('"one"', ".data.b")]
    assert str(refused.value) == 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    document, found = apply("two", document, {"a": "9"}, found, force=True)
    assert document["data"] == {"a": "9", "b": "2"}
    assert {m.name: e.fields for m, e in found.items()} == {
        "one": {"f:data": {"f:b": {}}},
        "two": {"f:data": {"f:a": {}}},
    }


def test_the_first_to_apply_finds_everything_managed_by_what_was_before() -> None:
    with pytest.raises(Conflicts) as refused:
        apply("one", live({"a": "1", "b": "1"}), {"a": "2"}, {})
    assert refused.value.found[0][0] == '"before-first-apply" using v1'


def test_kubectl_takes_over_what_it_applied_on_the_clients_side() -> None:
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"}}'
    before = live({"a": "1", "b": "1"}, annotations={tracking.LAST_APPLIED: last})
    document, _ = apply("kubectl", before, {"a": "2"}, {})
    assert document["data"]["a"] == "2"
    assert '"data":{"a":"2"}' in document["metadata"]["annotations"][tracking.LAST_APPLIED]
    with pytest.raises(Conflicts) as refused:
        apply("kubectl", before, {"a": "2", "b": "2"}, {})
    assert [path for _, path in refused.value.found] == [".data.b"]


def test_updates_take_fields_over_and_drop_those_that_are_gone() -> None:
    _, found = apply("one", live({}), {"a": "1", "b": "2", "c": "3"}, {})
    before, after = live({"a": "1", "b": "2", "c": "3"}), live({"a": "9", "c": "3", "d": "4"})
    found = tracking.updated(CONFIGMAP, writer("two"), found, before, after)
    assert {m.name: e.fields for m, e in found.items()} == {
        "one": {"f:data": {"f:c": {}}},
        "two": {"f:data": {"f:a": {}, "f:d": {}}},
    }


def test_a_status_has_managers_of_its_own() -> None:
    status = Writer("kubelet", "v1", "status", (("f:spec",),))
    found = tracking.updated(POD, status, {}, {}, {"spec": {"hostname": "x"}, "status": {"phase": "Running"}})
    assert [entry["subresource"] for entry in managers.encode(found)] == ["status"]
    assert next(iter(found.values())).fields == {"f:status": {".": {}, "f:phase": {}}}


def test_no_more_than_ten_updaters_are_remembered() -> None:
    many = {
        managers.updater(f"m{i}", "v1", ""): Entry({"f:data": {f"f:{i}": {}}}, "v1", f"2026-01-01T00:00:{i:02}Z")
        for i in range(13)
    }
    found = managers.capped(many)
    assert len(found) == 10
    assert found[managers.updater("ancient-changes", "v1", "")].fields == {"f:data": {f"f:{i}": {} for i in range(4)}}


def test_managers_survive_the_way_through_an_object() -> None:
    _, found = apply("one", live({}), {"a": "1"}, {})
    assert managers.decode(managers.encode(found)) == found
    for bad in ([{}], [{"operation": "Apply", "fieldsType": "FieldsV2"}], ["x"], [{"operation": "Apply", "time": 1}]):
        assert managers.decode(bad) is None


def test_list_items_without_their_keys_do_not_fit() -> None:
    with pytest.raises(UnfitValue, match="omits all key fields"):
        field_set(POD, {"spec": {"containers": [{}]}})
    assert field_set(ANY, {"a": [1], "b": {}}) == {"f:a": {}, "f:b": {}}
