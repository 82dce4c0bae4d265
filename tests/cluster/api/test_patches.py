"""The kinds of patches."""

from __future__ import annotations

from tests.cluster.apiclient import (
    CONFIGMAPS,
    MERGE,
    PODS,
    WORKFLOWS,
    ApiClient,
    configmap,
    pod,
)


def test_the_three_patches(server: ApiClient) -> None:
    made = pod("patched", labels={"a": "1"})
    made["spec"]["containers"].append({"name": "side", "image": "busybox:1"})
    server.ok("POST", PODS, made)
    path = f"{PODS}/patched"
    merged = server.ok("PATCH", path, {"metadata": {"labels": {"a": None, "b": "2"}}}, content_type=MERGE)
    assert merged["metadata"]["labels"] == {"b": "2"}
    operations = [
        {"op": "test", "path": "/metadata/labels/b", "value": "2"},
        {"op": "add", "path": "/metadata/labels/c", "value": "3"},
    ]
    edited = server.ok("PATCH", path, operations, content_type="application/json-patch+json")
    assert edited["metadata"]["labels"] == {"b": "2", "c": "3"}
    change = {"spec": {"containers": [{"name": "side", "image": "busybox:2"}]}}
    strategic = server.ok("PATCH", path, change, content_type="application/strategic-merge-patch+json")
    assert {c["name"]: c["image"] for c in strategic["spec"]["containers"]} == {
        "main": "busybox:1",
        "side": "busybox:2",
    }


def test_patches_with_preconditions(server: ApiClient) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("guarded"))
    stale = {"metadata": {"resourceVersion": "1"}, "data": {"x": "1"}}
    assert server.ask("PATCH", f"{CONFIGMAPS}/guarded", stale, content_type=MERGE)[0] == 409
    other = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}, "data": {"x": "1"}}
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/guarded", other, content_type=MERGE)
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert refusal["details"]["causes"][0]["field"] == "metadata.uid"
    good = {
        "metadata": {"resourceVersion": made["metadata"]["resourceVersion"], "uid": made["metadata"]["uid"]},
        "data": {"x": "1"},
    }
    assert server.ok("PATCH", f"{CONFIGMAPS}/guarded", good, content_type=MERGE)["data"] == {"x": "1"}


def test_a_patch_that_renames_is_refused(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("named"))
    other = {"metadata": {"name": "other"}}
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/named", other, content_type=MERGE)
    assert (code, refusal["reason"]) == (400, "BadRequest")
    assert refusal["message"] == "the name of the object (other) does not match the name on the URL (named)"


def test_a_failed_json_patch_says_why(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("jp"))
    bad = [{"op": "test", "path": "/data/none", "value": "1"}]
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/jp", bad, content_type="application/json-patch+json")
    assert (code, refusal["reason"]) == (422, "Invalid")


def test_custom_resources_have_no_strategic_merge(server: ApiClient) -> None:
    server.ok(
        "POST",
        WORKFLOWS,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "strategic"},
            "spec": {"entrypoint": "x"},
        },
    )
    code, refusal = server.ask(
        "PATCH", f"{WORKFLOWS}/strategic", {}, content_type="application/strategic-merge-patch+json"
    )
    assert (code, refusal["reason"]) == (415, "UnsupportedMediaType")
