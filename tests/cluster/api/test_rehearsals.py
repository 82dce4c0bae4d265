"""`dryRun=All`: every check and every default, and nothing is written."""

from __future__ import annotations

from tests.cluster.apiclient import CONFIGMAPS, MERGE, PODS, ApiClient, configmap, names, pod

DRY = {"dryRun": "All"}


def test_a_rehearsed_creation(server: ApiClient) -> None:
    made = server.ok("POST", PODS, pod("dry-made"), **DRY)
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    assert made["spec"]["restartPolicy"] == "Always"
    assert server.ask("GET", f"{PODS}/dry-made")[0] == 404


def test_a_rehearsal_is_refused_for_the_same_reasons(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("dry-there"))
    assert server.ask("POST", CONFIGMAPS, configmap("dry-there"), **DRY)[0] == 409
    assert server.ask("POST", CONFIGMAPS, configmap("Bad_Name"), **DRY)[0] == 422
    assert server.ask("PATCH", f"{CONFIGMAPS}/dry-none", {}, content_type=MERGE, **DRY)[0] == 404


def test_a_rehearsed_change(server: ApiClient) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("dry-changed", {"a": "1"}))
    path = f"{CONFIGMAPS}/dry-changed"
    assert server.ok("PATCH", path, {"data": {"a": "2"}}, content_type=MERGE, **DRY)["data"] == {"a": "2"}
    assert server.ok("PUT", path, {**made, "data": {"a": "3"}}, **DRY)["data"] == {"a": "3"}
    assert server.ok("GET", path) == made


def test_a_rehearsed_deletion(server: ApiClient) -> None:
    for number in (1, 2):
        server.ok("POST", CONFIGMAPS, configmap(f"dry-kept-{number}", labels={"dry": "kept"}))
    assert server.ok("DELETE", f"{CONFIGMAPS}/dry-kept-1", **DRY)["status"] == "Success"
    server.ok("DELETE", CONFIGMAPS, labelSelector="dry=kept", **DRY)
    assert names(server.ok("GET", CONFIGMAPS, labelSelector="dry=kept")) == ["dry-kept-1", "dry-kept-2"]


def test_another_rehearsal_is_unknown(server: ApiClient) -> None:
    code, refusal = server.ask("POST", CONFIGMAPS, configmap("dry-odd"), dryRun="Some")
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert 'dryRun: Unsupported value: ["Some"]: supported values: "All"' in refusal["message"]
    assert server.ask("GET", f"{CONFIGMAPS}/dry-odd")[0] == 404
