"""Server-side apply, managedFields and dry runs, request by request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.apiclient import CONFIGMAPS, MERGE, PODS, ApiClient, configmap, pod

APPLY = "application/apply-patch+yaml"
Document = dict[str, Any]


def apply(server: ApiClient, path: str, document: Document, manager: str, **query: Any) -> tuple[int, Document]:
    return server.ask("PATCH", path, document, content_type=APPLY, fieldManager=manager, **query)


def fields(document: Document) -> dict[tuple[str, str], Any]:
    return {(e["manager"], e["operation"]): e["fieldsV1"] for e in document["metadata"]["managedFields"]}


def test_apply_makes_changes_and_prunes(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/applied"
    code, _ = apply(server, path, configmap("applied", {"a": "1", "b": "2"}), "one")
    assert code == 201
    code, changed = apply(server, path, configmap("applied", {"a": "3"}, labels={"x": "y"}), "one")
    assert (code, changed["data"]) == (200, {"a": "3"})
    assert fields(changed) == {("one", "Apply"): {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}}
    code, again = apply(server, path, configmap("applied", {"a": "3"}, labels={"x": "y"}), "one")
    assert again == changed


def test_a_conflict_names_each_field_and_its_manager(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/conflict"
    server.ok("POST", CONFIGMAPS, configmap("conflict", {"a": "1"}), fieldManager="maker")
    code, refusal = apply(server, path, configmap("conflict", {"a": "2"}), "two")
    by = 'conflict with "maker" using v1'
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert refusal["message"] == f"Apply failed with 1 conflict: {by}: .data.a"
    assert refusal["details"] == {"causes": [{"reason": "FieldManagerConflict", "message": by, "field": ".data.a"}]}
    code, forced = apply(server, path, configmap("conflict", {"a": "2"}), "two", force="true")
    assert fields(forced) == {("two", "Apply"): {"f:data": {"f:a": {}}}, ("maker", "Update"): {"f:data": {}}}


def test_what_creates_and_updates_manages_what_it_sets(server: ApiClient) -> None:
    made = server.ok("POST", PODS, pod("managed", labels={"a": "1"}), fieldManager="maker")
    main = fields(made)["maker", "Update"]["f:spec"]["f:containers"]['k:{"name":"main"}']
    assert {"f:image", "f:imagePullPolicy", "f:resources"} < set(main)
    changed = server.ok(
        "PATCH", f"{PODS}/managed", {"metadata": {"labels": {"a": "2"}}}, content_type=MERGE, fieldManager="changer"
    )
    assert fields(changed)["changer", "Update"] == {"f:metadata": {"f:labels": {"f:a": {}}}}
    assert fields(changed)["maker", "Update"]["f:metadata"] == {"f:labels": {}}
    status = server.ok(
        "PATCH", f"{PODS}/managed/status", {"status": {"phase": "Running"}}, content_type=MERGE, fieldManager="kubelet"
    )
    entry = next(e for e in status["metadata"]["managedFields"] if e["manager"] == "kubelet")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:phase": {}}})


def test_managers_are_forgotten_on_request_only(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/forgotten"
    made = server.ok("POST", CONFIGMAPS, configmap("forgotten", {"a": "1"}), fieldManager="maker")
    made["metadata"].pop("managedFields")
    kept = server.ok("PUT", path, {**made, "data": {"a": "1", "b": "2"}}, fieldManager="maker")
    assert list(fields(kept)) == [("maker", "Update")]
    reset = server.ok("PATCH", path, {"metadata": {"managedFields": [{}]}}, content_type=MERGE)
    assert "managedFields" not in reset["metadata"]
    plain = server.ok("PATCH", path, {"data": {"c": "3"}}, content_type=MERGE)
    assert "managedFields" not in plain["metadata"]


@pytest.mark.parametrize(
    ("change", "query", "code", "words"),
    [
        ({}, {"fieldManager": ""}, 422, "fieldManager: Required value: is required for apply patch"),
        ({"kind": "Secret"}, {}, 400, "invalid object type: /v1, Kind=Secret"),
        ({"metadata": {"managedFields": []}}, {}, 400, "metadata.managedFields must be nil"),
        ({"nothing": 1}, {}, 500, ".nothing: field not declared in schema"),
        ({"data": {"a": 1}}, {}, 500, ".data.a: expected string"),
        ({}, {"fieldManager": "x" * 129}, 422, "may not be more than 128 bytes"),
        ({}, {"dryRun": "Some"}, 422, 'dryRun: Unsupported value: ["Some"]'),
    ],
)
def test_a_configuration_that_cannot_be_applied(
    server: ApiClient, change: Document, query: Document, code: int, words: str
) -> None:
    body = {**configmap("bad"), **change}
    found, refusal = server.ask(
        "PATCH", f"{CONFIGMAPS}/bad", body, content_type=APPLY, **({"fieldManager": "one"} | query)
    )
    assert (found, words in refusal["message"]) == (code, True), refusal
    assert server.ask("GET", f"{CONFIGMAPS}/bad")[0] == 404


def test_only_applying_can_be_forced(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("forced"))
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/forced", {}, content_type=MERGE, force="true")
    assert (code, refusal["details"]["causes"][0]["field"]) == (422, "force")


def test_a_dry_run_answers_and_stores_nothing(server: ApiClient) -> None:
    watch = server.watch(CONFIGMAPS, labelSelector="dry=1")
    dry = {"dryRun": "All"}
    body = configmap("dry", {"a": "1"}, labels={"dry": "1"})
    answered = server.ok("POST", CONFIGMAPS, body, **dry)
    assert answered["metadata"]["uid"]
    assert "resourceVersion" not in answered["metadata"]
    made = server.ok("POST", CONFIGMAPS, body)
    assert server.ask("POST", CONFIGMAPS, body, **dry)[0] == 409
    path = f"{CONFIGMAPS}/dry"
    changes = [
        server.ok("PATCH", path, {"data": {"a": "2"}}, content_type=MERGE, **dry),
        server.ok("PUT", path, {**made, "data": {"a": "2"}}, **dry),
        apply(server, path, configmap("dry", {"a": "2"}), "x", force="true", **dry)[1],
    ]
    for changed in changes:
        assert changed["data"] == {"a": "2"}
        assert changed["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    gone = server.ok("DELETE", path, **dry)
    assert gone["details"]["uid"] == made["metadata"]["uid"]
    server.ok("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]})
    server.ok("DELETE", CONFIGMAPS, labelSelector="dry=1", **dry)
    assert server.ok("GET", path) == made
    server.ok("DELETE", path)
    assert [event["type"] for event in watch.take(2)] == ["ADDED", "DELETED"]
    watch.close()


def test_a_dry_run_is_checked_as_any_other_write(server: ApiClient) -> None:
    assert server.ask("POST", CONFIGMAPS, configmap("Bad"), dryRun="All")[0] == 422
    assert server.ask("POST", PODS, {**pod("nothing"), "spec": {"containers": []}}, dryRun="All")[0] == 422
    assert server.ask("DELETE", f"{CONFIGMAPS}/none", dryRun="All")[0] == 404
    assert server.ask("DELETE", f"{CONFIGMAPS}/none", dryRun="Some")[0] == 422


def test_what_the_server_adds_is_nobodys(server: ApiClient) -> None:
    made = server.ok("POST", PODS, pod("mf-added"), fieldManager="maker")
    spec = fields(made)["maker", "Update"]["f:spec"]
    assert not {"f:serviceAccountName", "f:serviceAccount", "f:volumes"} & set(spec)
    assert "f:volumeMounts" not in spec["f:containers"]['k:{"name":"main"}']
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mf-added"}}
    made = server.ok("POST", "/api/v1/namespaces", namespace, fieldManager="maker")
    assert set(fields(made)["maker", "Update"]) == {"f:metadata"}
