"""Lists: forms, selectors, pages, versions."""

from __future__ import annotations

import base64

import pytest

from tests.cluster.apiclient import (
    CONFIGMAPS,
    MERGE,
    METADATA,
    METADATA_LIST,
    PODS,
    TABLE,
    WORKFLOWS,
    ApiClient,
    configmap,
    names,
    pod,
)


def test_tables(server: ApiClient) -> None:
    server.ok(
        "POST",
        WORKFLOWS,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "table"},
            "spec": {"entrypoint": "x"},
            "status": {"phase": "Failed", "message": "why"},
        },
    )
    table = server.ok("GET", WORKFLOWS, accept=TABLE, fieldSelector="metadata.name=table")
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Status", "Age", "Message"]
    assert table["rows"][0]["cells"] == ["table", "Failed", None, "why"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    bare = server.ok("GET", WORKFLOWS, accept=TABLE, includeObject="None", fieldSelector="metadata.name=table")
    assert bare["rows"][0]["object"] is None
    whole = server.ok("GET", f"{WORKFLOWS}/table", accept=TABLE, includeObject="Object")
    assert whole["rows"][0]["object"]["spec"] == {"entrypoint": "x"}


def test_metadata_only(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("meta", {"big": "x"}))
    one = server.ok("GET", f"{CONFIGMAPS}/meta", accept=METADATA)
    assert set(one) == {"kind", "apiVersion", "metadata"}
    assert one["kind"] == "PartialObjectMetadata"
    many = server.ok("GET", CONFIGMAPS, accept=METADATA_LIST)
    assert many["kind"] == "PartialObjectMetadataList"
    assert all("data" not in item for item in many["items"])


def test_unknown_forms_are_not_acceptable(server: ApiClient) -> None:
    code, refusal = server.ask("GET", CONFIGMAPS, accept="text/html")
    assert (code, refusal["reason"]) == (406, "NotAcceptable")
    assert server.ask("POST", CONFIGMAPS, configmap("unanswerable"), accept="text/html")[0] == 406
    assert server.ask("GET", f"{CONFIGMAPS}/unanswerable")[0] == 404


def test_large_answers_are_compressed_on_request(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("large", {"a": "x" * 300_000}))
    answer = server.raw("GET", f"{CONFIGMAPS}/large", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.read()) < 10_000
    assert "Content-Encoding" not in server.raw("GET", f"{CONFIGMAPS}/large").headers


def test_selectors(server: ApiClient) -> None:
    for name, tier in (("sel-a", "front"), ("sel-b", "back"), ("sel-c", "back")):
        server.ok("POST", PODS, pod(name, labels={"tier": tier, "sel": "1"}))
    assert names(server.ok("GET", PODS, labelSelector="sel=1,tier in (back)")) == ["sel-b", "sel-c"]
    assert names(server.ok("GET", PODS, labelSelector="sel=1,tier!=back")) == ["sel-a"]
    assert names(
        server.ok("GET", "/api/v1/pods", labelSelector="sel", fieldSelector="metadata.name!=sel-a,status.phase=Pending")
    ) == ["sel-b", "sel-c"]
    assert names(server.ok("GET", PODS, fieldSelector="metadata.name=sel-a,spec.nodeName=")) == ["sel-a"]


@pytest.mark.parametrize(
    "query",
    [{"labelSelector": "a in b"}, {"fieldSelector": "spec.nothing=x"}, {"fieldSelector": "no"}],
)
def test_bad_selectors(server: ApiClient, query: dict[str, str]) -> None:
    code, refusal = server.ask("GET", PODS, **query)
    assert (code, refusal["reason"]) == (400, "BadRequest")


def test_pages_are_of_one_moment(server: ApiClient) -> None:
    server.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "pages"}})
    path = "/api/v1/namespaces/pages/configmaps"
    for number in range(7):
        server.ok("POST", path, configmap(f"p{number}"))
    first = server.ok("GET", path, limit=3)
    assert names(first) == ["p0", "p1", "p2"]
    assert first["metadata"]["remainingItemCount"] == 4
    # what happens between two pages is not seen by the second one
    server.ok("DELETE", f"{path}/p4")
    server.ok("POST", path, configmap("p3b"))
    server.ok("PATCH", f"{path}/p5", {"data": {"x": "new"}}, content_type=MERGE)
    second = server.ok("GET", path, limit=3, **{"continue": first["metadata"]["continue"]})
    assert names(second) == ["p3", "p4", "p5"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "x" not in second["items"][2].get("data", {})
    third = server.ok("GET", path, limit=3, **{"continue": second["metadata"]["continue"]})
    assert names(third) == ["p6"]
    assert "continue" not in third["metadata"]


def test_lists_of_an_exact_version(server: ApiClient) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("exact", {"a": "1"}))
    revision = made["metadata"]["resourceVersion"]
    server.ok("PATCH", f"{CONFIGMAPS}/exact", {"data": {"a": "2"}}, content_type=MERGE)
    selector = "metadata.name=exact"
    then = server.ok("GET", CONFIGMAPS, fieldSelector=selector, resourceVersion=revision, resourceVersionMatch="Exact")
    assert then["items"][0]["data"] == {"a": "1"}
    assert then["metadata"]["resourceVersion"] == revision
    newer = server.ok(
        "GET", CONFIGMAPS, fieldSelector=selector, resourceVersion=revision, resourceVersionMatch="NotOlderThan"
    )
    assert newer["items"][0]["data"] == {"a": "2"}


def test_a_version_of_the_future_times_out(server: ApiClient) -> None:
    code, refusal = server.ask("GET", CONFIGMAPS, resourceVersion=10**9)
    assert (code, refusal["reason"]) == (504, "Timeout")
    assert refusal["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"resourceVersion": "x"}, 400, 'invalid resource version: resourceVersion: Invalid value: "x"'),
        (
            {"resourceVersionMatch": "Exact"},
            422,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        ({"resourceVersionMatch": "Some", "resourceVersion": "1"}, 422, 'Unsupported value: "Some": supported values:'),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, 422, 'forbidden for resourceVersion "0"'),
        ({"sendInitialEvents": "true"}, 422, "sendInitialEvents is forbidden for list"),
        ({"watch": "true", "resourceVersionMatch": "NotOlderThan"}, 422, "unless sendInitialEvents is provided"),
        ({"watch": "true", "sendInitialEvents": "true"}, 422, "requires setting resourceVersionMatch to NotOlderThan"),
        ({"limit": "x"}, 400, 'parsing "x": invalid syntax'),
        ({"continue": "e30"}, 400, "invalid continue token: continue key is not valid: server does not recognize"),
        ({"fieldSelector": "data.a=1"}, 400, '"data.a" is not a known field selector: only "metadata.name"'),
    ],
)
def test_parameters_that_make_no_sense(server: ApiClient, query: dict[str, str], code: int, words: str) -> None:
    found, refusal = server.ask("GET", CONFIGMAPS, **query)
    assert (found, words in refusal["message"]) == (code, True), refusal


def test_a_page_may_be_left_to_what_is_there_now(server: ApiClient) -> None:
    for name in ("page-a", "page-b", "page-c"):
        server.ok("POST", CONFIGMAPS, configmap(name, labels={"page": "now"}))
    # the token that comes with the refusal of one whose state is gone
    token = base64.urlsafe_b64encode(b'{"v":"meta.k8s.io/v1","rv":-1,"start":"page-a\\u0000"}').decode().rstrip("=")
    rest = server.ok("GET", CONFIGMAPS, labelSelector="page=now", **{"continue": token})
    assert [item["metadata"]["name"] for item in rest["items"]] == ["page-b", "page-c"]
