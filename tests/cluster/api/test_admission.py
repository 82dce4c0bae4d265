"""What is let in: shapes of requests, and the schemas of CustomResourceDefinitions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.apiclient import CONFIGMAPS, MERGE, PODS, WORKFLOWS, ApiClient, Document, configmap, pod

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def workflow(name: str, **spec: Any) -> Document:
    meta = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name}}
    return {**meta, "spec": {"entrypoint": "x", **spec}}


def refused(server: ApiClient, path: str, body: Document, **query: Any) -> tuple[int, str, str]:
    """(code, reason, message)"""
    code, answer = server.ask("POST", path, body, **query)
    assert code >= 400, answer
    return code, answer["reason"], answer["message"]


def test_a_type_that_the_schema_does_not_allow(server: ApiClient) -> None:
    code, reason, message = refused(server, WORKFLOWS, workflow("ad-type", suspend="yes"))
    assert (code, reason) == (422, "Invalid")
    assert message == (
        'Workflow.argoproj.io "ad-type" is invalid: [spec.suspend: Invalid value: "string": spec.suspend in body must '
        'be of type boolean: "string", <nil>: Invalid value: null: some validation rules were not checked because the '
        "object was invalid; correct the existing errors to complete validation]"
    )


def test_a_custom_resource_says_its_kind(server: ApiClient) -> None:
    code, reason, message = refused(server, WORKFLOWS, {"metadata": {"name": "ad-none"}, "spec": {}})
    assert (code, reason) == (400, "BadRequest")
    assert message.startswith(
        "the object provided is unrecognized (must be of type Workflow): Object 'Kind' is missing"
    )


def test_every_fault_is_told_with_its_place(server: ApiClient) -> None:
    body = workflow("ad-faults", suspend="yes", templates=[{"name": "x", "steps": "none"}])
    code, answer = server.ask("POST", WORKFLOWS, body)
    assert code == 422
    assert {cause["field"] for cause in answer["details"]["causes"]} >= {"spec.suspend", "spec.templates[0].steps"}


def test_a_rule_of_the_schema(server: ApiClient) -> None:
    both = {"name": "x", "suspend": {}, "container": {"image": "i"}}
    code, reason, message = refused(server, WORKFLOWS, workflow("ad-rule", templates=[both]))
    assert (code, reason) == (422, "Invalid")
    assert "template must have at most one template type" in message


def test_unknown_fields_of_a_custom_resource_are_dropped(server: ApiClient) -> None:
    made = server.ok("POST", WORKFLOWS, workflow("ad-prune", nonsense=1))
    assert made["spec"] == {"entrypoint": "x"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CONFIGMAPS, {**configmap("ad-ns"), "metadata": {"name": "ad-ns", "namespace": "default"}}),
        (CONFIGMAPS, {**configmap("ad-kind"), "kind": "Secret"}),
        (CONFIGMAPS, {**configmap("ad-version"), "apiVersion": "v2"}),
    ],
    ids=["namespace", "kind", "version"],
)
def test_a_body_that_says_something_else_than_the_path(server: ApiClient, path: str, body: Document) -> None:
    assert refused(server, path, body)[:2] == (400, "BadRequest")


def test_a_name_that_differs_from_the_path(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("ad-name"))
    code, answer = server.ask("PUT", f"{CONFIGMAPS}/ad-name", configmap("ad-other"))
    assert (code, answer["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'{"metadata": 7}'], ids=["half", "empty", "list", "number"])
def test_a_body_that_is_no_object(server: ApiClient, body: bytes) -> None:
    answer = server.raw("POST", CONFIGMAPS, body)
    refusal = json.loads(answer.read())
    assert (answer.status, refusal["reason"]) == (400, "BadRequest")


def test_an_unknown_content_type(server: ApiClient) -> None:
    answer = server.raw("POST", CONFIGMAPS, b"{}", content_type="text/plain")
    assert (answer.status, json.loads(answer.read())["reason"]) == (415, "UnsupportedMediaType")
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/none", {}, content_type="text/plain")
    assert (code, refusal["reason"]) == (415, "UnsupportedMediaType")


def test_a_body_that_is_too_large(server: ApiClient) -> None:
    answer = server.raw("POST", CONFIGMAPS, json.dumps(configmap("ad-large", {"a": "x" * 3_200_000})).encode())
    assert answer.status == 413
    code, reason, message = refused(server, CONFIGMAPS, configmap("ad-large", {"a": "x" * 1_100_000}))
    assert (code, reason) == (422, "Invalid")
    assert "Too long: may not be more than 1048576 bytes" in message


def test_what_never_changes(server: ApiClient) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("ad-fixed"))
    path = f"{CONFIGMAPS}/ad-fixed"
    changed = {**made, "metadata": {**made["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
    assert server.ask("PUT", path, changed)[0] == 409
    ignored = {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7, "selfLink": "x"}}
    kept = server.ok("PATCH", path, ignored, content_type=MERGE)
    assert kept["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    server.ok("PATCH", path, {"immutable": True}, content_type=MERGE)
    code, refusal = server.ask("PATCH", path, {"data": {"a": "1"}}, content_type=MERGE)
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert "field is immutable when `immutable` is set" in refusal["message"]


def test_pods_are_checked(server: ApiClient) -> None:
    body = pod("ad-pod")
    body["spec"]["containers"].append({"name": "main", "image": ""})
    body["spec"]["restartPolicy"] = "Sometimes"
    code, answer = server.ask("POST", PODS, body)
    assert (code, answer["reason"]) == (422, "Invalid")
    causes = {(cause["field"], cause["reason"]) for cause in answer["details"]["causes"]}
    assert ("spec.containers[1].name", "FieldValueDuplicate") in causes
    assert ("spec.containers[1].image", "FieldValueRequired") in causes
    assert ("spec.restartPolicy", "FieldValueNotSupported") in causes


def test_the_generation_counts_changes_of_the_spec(server: ApiClient) -> None:
    made = server.ok("POST", WORKFLOWS, workflow("ad-generation"))
    assert made["metadata"]["generation"] == 1
    path = f"{WORKFLOWS}/ad-generation"
    labelled = server.ok("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
    assert labelled["metadata"]["generation"] == 1
    changed = server.ok("PATCH", path, {"spec": {"priority": 1}}, content_type=MERGE)
    assert changed["metadata"]["generation"] == 2


def _definition(group: str, **version: Any) -> Document:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "colour": {"type": "string", "enum": ["red", "green"], "default": "red"},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "names": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    "parts": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["k"],
                        "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "integer"}}},
                    },
                },
            }
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
            ],
        },
    }


@pytest.fixture(scope="module")
def gadgets(server: ApiClient) -> str:
    """The path of a kind that the test defines."""
    server.define([_definition("shape.example.com", subresources={"status": {}})])
    return "/apis/shape.example.com/v1/namespaces/argo/gadgets"


def _gadget(name: str, **spec: Any) -> Document:
    return {"apiVersion": "shape.example.com/v1", "kind": "Gadget", "metadata": {"name": name}, "spec": spec}


def test_a_new_kind_is_served_with_its_defaults(server: ApiClient, gadgets: str) -> None:
    made = server.ok("POST", gadgets, _gadget("plain", size=2, free={"any": [1, {"thing": None}]}, lost=1))
    assert made["spec"] == {"size": 2, "colour": "red", "free": {"any": [1, {"thing": None}]}}
    listed = server.ok("GET", gadgets)
    assert (listed["kind"], listed["apiVersion"]) == ("GadgetList", "shape.example.com/v1")


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        ({}, "spec.size", "FieldValueRequired"),
        ({"size": 0}, "spec.size", "FieldValueInvalid"),
        ({"size": "2"}, "spec.size", "FieldValueTypeInvalid"),
        ({"size": 1, "colour": "blue"}, "spec.colour", "FieldValueNotSupported"),
        ({"size": 1, "names": ["a", "b", "a"]}, "spec.names[2]", "FieldValueDuplicate"),
        ({"size": 1, "parts": [{"k": 1}, {"k": 1}]}, "spec.parts[1]", "FieldValueDuplicate"),
    ],
)
def test_the_schema_is_kept(server: ApiClient, gadgets: str, spec: Document, field: str, reason: str) -> None:
    code, answer = server.ask("POST", gadgets, _gadget("wrong", **spec))
    assert (code, answer["reason"]) == (422, "Invalid")
    assert [(cause["field"], cause["reason"]) for cause in answer["details"]["causes"]] == [(field, reason)]


def test_status_of_a_new_kind(server: ApiClient, gadgets: str) -> None:
    made = server.ok("POST", gadgets, {**_gadget("split", size=1), "status": {"ready": True}})
    assert "status" not in made


def test_a_kind_that_is_undefined_again_is_not_found(server: ApiClient) -> None:
    server.define([_definition("brief.example.com")])
    path = "/apis/brief.example.com/v1/namespaces/argo/gadgets"
    server.ok("POST", path, {**_gadget("g", size=1), "apiVersion": "brief.example.com/v1"})
    server.ok("DELETE", f"{CRDS}/gadgets.brief.example.com")
    server.until_gone(f"{CRDS}/gadgets.brief.example.com")
    server.until_gone(path)


@pytest.mark.parametrize(
    ("kind", "body", "code", "words"),
    [
        ("secrets", {"type": "kubernetes.io/tls", "data": {"a": "YQ=="}}, 422, "data[tls.crt]: Required value"),
        ("secrets", {"type": "kubernetes.io/basic-auth"}, 422, "data[password]: Required value"),
        ("secrets", {"data": {"a": "YQ$="}}, 400, "illegal base64 data at input byte 2"),
        ("configmaps", {"binaryData": {"a": "$"}}, 400, "illegal base64 data at input byte 0"),
        ("configmaps", {"data": {"a b": "1"}}, 422, 'data[a b]: Invalid value: "a b": a valid config key'),
        ("configmaps", {"metadata": {"name": "n", "finalizers": ["f"]}}, 422, "metadata.finalizers[0]: Invalid value"),
        (
            "pods",
            {"spec": {"containers": [{"name": "a", "image": "x", "resources": {"limits": {"cpu": "much"}}}]}},
            400,
            "quantities must match the regular expression",
        ),
    ],
)
def test_contents_of_built_in_kinds(server: ApiClient, kind: str, body: Document, code: int, words: str) -> None:
    found, _, message = refused(server, f"/api/v1/namespaces/argo/{kind}", {"metadata": {"name": "ad-content"}, **body})
    assert (found, words in message) == (code, True), message


def test_what_is_being_deleted_waits_for_nothing_new(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/ad-going"
    server.ok("POST", CONFIGMAPS, configmap("ad-going", finalizers=["example.com/hold"]))
    server.ok("DELETE", path)
    code, answer = server.ask("POST", CONFIGMAPS, configmap("ad-going"))
    assert (code, answer["message"]) == (409, 'object is being deleted: configmaps "ad-going" already exists')
    more = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    code, answer = server.ask("PATCH", path, more, content_type=MERGE)
    assert code == 422
    assert 'found new finalizers []string{"example.com/more"}' in answer["message"]
    server.ok("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert server.ask("GET", path)[0] == 404
