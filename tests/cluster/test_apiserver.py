"""The API server as a process: objects, lists, watches."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from tests.cluster.apiserver import (
    CONFIGMAPS,
    MERGE,
    METADATA,
    METADATA_LIST,
    PODS,
    TABLE,
    WORKFLOWS,
    ApiServer,
    configmap,
    pod,
    running,
    until,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("apiserver")) as started:
        yield started


def names(listing: dict) -> list[str]:
    return [item["metadata"]["name"] for item in listing["items"]]


# writing


def test_create_fills_in_what_the_server_decides(server: ApiServer) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("made", {"a": "1"}))
    assert made["metadata"]["uid"]
    assert made["metadata"]["namespace"] == "argo"
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    assert int(made["metadata"]["resourceVersion"]) > 0
    assert server.ok("GET", f"{CONFIGMAPS}/made") == made


def test_create_twice_is_a_conflict(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("twice"))
    code, refusal = server.ask("POST", CONFIGMAPS, configmap("twice"))
    assert (code, refusal["reason"]) == (409, "AlreadyExists")
    assert refusal["message"] == 'configmaps "twice" already exists'


def test_generate_name(server: ApiServer) -> None:
    body = configmap("")
    body["metadata"] = {"generateName": "some-"}
    found = {server.ok("POST", CONFIGMAPS, body)["metadata"]["name"] for _ in range(5)}
    assert len(found) == 5
    assert all(name.startswith("some-") and len(name) == 10 for name in found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Bad_Name", "a lowercase RFC 1123 subdomain"),
        ("a" * 254, "must be no more than 253 characters"),
        ("", "Required"),
    ],
)
def test_bad_names(server: ApiServer, name: str, words: str) -> None:
    code, refusal = server.ask("POST", CONFIGMAPS, configmap(name))
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert words in refusal["message"]
    assert refusal["details"]["causes"][0]["field"] == "metadata.name"


def test_a_missing_namespace_is_not_found(server: ApiServer) -> None:
    code, refusal = server.ask("POST", "/api/v1/namespaces/nowhere/configmaps", configmap("x"))
    assert (code, refusal["message"]) == (404, 'namespaces "nowhere" not found')


def test_a_cluster_kind_has_no_namespace(server: ApiServer) -> None:
    body = {"metadata": {"name": "wide", "namespace": "argo"}, "spec": {"entrypoint": "x"}}
    made = server.ok("POST", "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates", body)
    assert "namespace" not in made["metadata"]


def test_replace_needs_the_newest_version(server: ApiServer) -> None:
    first = server.ok("POST", CONFIGMAPS, configmap("put", {"a": "1"}))
    second = server.ok("PUT", f"{CONFIGMAPS}/put", {**first, "data": {"a": "2"}})
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    code, refusal = server.ask("PUT", f"{CONFIGMAPS}/put", {**first, "data": {"a": "3"}})
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert "the object has been modified" in refusal["message"]


def test_a_write_that_changes_nothing_is_no_write(server: ApiServer) -> None:
    first = server.ok("POST", CONFIGMAPS, configmap("same", {"a": "1"}))
    again = server.ok("PATCH", f"{CONFIGMAPS}/same", {"data": {"a": "1"}}, content_type=MERGE)
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_the_three_patches(server: ApiServer) -> None:
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


def test_patches_with_preconditions(server: ApiServer) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("guarded"))
    stale = {"metadata": {"resourceVersion": "1"}, "data": {"x": "1"}}
    assert server.ask("PATCH", f"{CONFIGMAPS}/guarded", stale, content_type=MERGE)[0] == 409
    other = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}, "data": {"x": "1"}}
    assert server.ask("PATCH", f"{CONFIGMAPS}/guarded", other, content_type=MERGE)[0] == 409
    good = {
        "metadata": {"resourceVersion": made["metadata"]["resourceVersion"], "uid": made["metadata"]["uid"]},
        "data": {"x": "1"},
    }
    assert server.ok("PATCH", f"{CONFIGMAPS}/guarded", good, content_type=MERGE)["data"] == {"x": "1"}


def test_a_failed_json_patch_says_why(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("jp"))
    bad = [{"op": "test", "path": "/data/none", "value": "1"}]
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/jp", bad, content_type="application/json-patch+json")
    assert (code, refusal["reason"]) == (422, "Invalid")


def test_custom_resources_have_no_strategic_merge(server: ApiServer) -> None:
    server.ok("POST", WORKFLOWS, {"metadata": {"name": "strategic"}, "spec": {"entrypoint": "x"}})
    code, refusal = server.ask(
        "PATCH", f"{WORKFLOWS}/strategic", {}, content_type="application/strategic-merge-patch+json"
    )
    assert (code, refusal["reason"]) == (415, "UnsupportedMediaType")


def test_other_patches_are_refused_with_a_reason(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("refused"))
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/refused", {}, content_type="text/plain")
    assert code == 415
    assert "merge-patch+json" in refusal["message"]


def test_status_is_a_part_of_its_own_where_the_kind_says_so(server: ApiServer) -> None:
    made = server.ok("POST", PODS, {**pod("parts"), "status": {"phase": "Failed"}})
    assert made["status"]["phase"] == "Pending"
    after = server.ok("PATCH", f"{PODS}/parts", {"status": {"phase": "Running"}}, content_type=MERGE)
    assert after["status"]["phase"] == "Pending"
    after = server.ok(
        "PATCH", f"{PODS}/parts/status", {"status": {"phase": "Running"}, "spec": None}, content_type=MERGE
    )
    assert after["status"]["phase"] == "Running"
    assert after["spec"]["containers"]
    workflow = server.ok(
        "POST", WORKFLOWS, {"metadata": {"name": "whole"}, "spec": {"entrypoint": "x"}, "status": {"phase": "Running"}}
    )
    assert workflow["status"] == {"phase": "Running"}
    assert server.ask("PATCH", f"{WORKFLOWS}/whole/status", {}, content_type=MERGE)[0] == 404


def test_a_pod_gets_the_defaults_that_a_cluster_gives_it(server: ApiServer) -> None:
    body = pod("defaults")
    body["spec"]["containers"][0] |= {
        "image": "busybox",
        "env": [{"name": "E", "value": ""}],
        "resources": {"limits": {"cpu": 1, "memory": "1024Mi"}},
    }
    body["spec"]["volumes"] = [{"name": "s", "secret": {"secretName": "x"}}, {"name": "e"}]
    spec = server.ok("POST", PODS, body)["spec"]
    container = spec["containers"][0]
    assert spec["terminationGracePeriodSeconds"] == 30
    assert (spec["restartPolicy"], spec["dnsPolicy"]) == ("Always", "ClusterFirst")
    assert "serviceAccountName" not in spec
    assert container["imagePullPolicy"] == "Always"
    assert container["env"] == [{"name": "E"}]
    assert container["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "1", "memory": "1Gi"},
    }
    assert spec["volumes"] == [
        {"name": "s", "secret": {"secretName": "x", "defaultMode": 420}},
        {"name": "e", "emptyDir": {}},
    ]


def test_a_pods_spec_stays(server: ApiServer) -> None:
    server.ok("POST", PODS, pod("frozen"))
    code, refusal = server.ask("PATCH", f"{PODS}/frozen", {"spec": {"restartPolicy": "Never"}}, content_type=MERGE)
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert "pod updates may not change fields other than" in refusal["message"]


def test_secrets_take_text(server: ApiServer) -> None:
    body = {"metadata": {"name": "text"}, "stringData": {"key": "value"}}
    made = server.ok("POST", "/api/v1/namespaces/argo/secrets", body)
    assert made["data"] == {"key": "dmFsdWU="}
    assert "stringData" not in made
    assert made["type"] == "Opaque"


@pytest.mark.parametrize(("mode", "code"), [("Strict", 400), ("Warn", 201), ("Ignore", 201), ("Other", 422)])
def test_unknown_fields(server: ApiServer, mode: str, code: int) -> None:
    body = {**pod(f"unknown-{mode.lower()}"), "spce": {}}
    body["spec"]["containers"][0]["imge"] = "x"
    found, answer = server.ask("POST", PODS, body, fieldValidation=mode)
    assert found == code
    if mode == "Strict":
        assert "strict decoding error: unknown field" in answer["message"]
        assert 'unknown field "spce"' in answer["message"]
        assert 'unknown field "spec.containers[0].imge"' in answer["message"]
    elif code == 201:
        assert "spce" not in answer
        assert "imge" not in answer["spec"]["containers"][0]


def test_unknown_fields_of_workflows(server: ApiServer) -> None:
    body = {"metadata": {"name": "unknown"}, "spec": {"entrypoint": "x", "templates": [{"name": "x", "contaner": {}}]}}
    code, refusal = server.ask("POST", WORKFLOWS, body, fieldValidation="Strict")
    assert code == 400
    assert 'unknown field "spec.templates[0].contaner"' in refusal["message"]
    made = server.ok("POST", WORKFLOWS, body)
    assert made["spec"]["templates"] == [{"name": "x"}]


def test_duplicate_fields(server: ApiServer) -> None:
    text = b'{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}'
    answer = server.raw("POST", f"{CONFIGMAPS}?fieldValidation=Strict", text)
    assert answer.status == 400
    assert b'duplicate field \\"data.a\\"' in answer.read()


def test_warnings_are_headers(server: ApiServer) -> None:
    answer = server.raw("POST", CONFIGMAPS, b'{"metadata":{"name":"warned"},"dta":{"a":"1"}}')
    assert answer.status == 201
    assert answer.headers["Warning"] == '299 - "unknown field \\"dta\\""'


# deleting


def test_delete_answers_success_and_the_object_is_gone(server: ApiServer) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("gone"))
    answer = server.ok("DELETE", f"{CONFIGMAPS}/gone")
    assert answer["status"] == "Success"
    assert answer["details"]["uid"] == made["metadata"]["uid"]
    assert server.ask("GET", f"{CONFIGMAPS}/gone")[0] == 404
    assert server.ask("DELETE", f"{CONFIGMAPS}/gone")[0] == 404


def test_delete_with_preconditions(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("kept"))
    wrong = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    code, refusal = server.ask("DELETE", f"{CONFIGMAPS}/kept", wrong)
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert server.ask("GET", f"{CONFIGMAPS}/kept")[0] == 200


def test_a_finalizer_keeps_an_object(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("held", finalizers=["example.com/hold"]))
    going = server.ok("DELETE", f"{CONFIGMAPS}/held")
    assert going["metadata"]["deletionTimestamp"]
    assert (
        server.ok("DELETE", f"{CONFIGMAPS}/held")["metadata"]["deletionTimestamp"]
        == going["metadata"]["deletionTimestamp"]
    )
    server.ok("PATCH", f"{CONFIGMAPS}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert server.ask("GET", f"{CONFIGMAPS}/held")[0] == 404


def test_a_pod_on_a_node_gets_its_grace(server: ApiServer) -> None:
    server.ok("POST", PODS, pod("graceful"))
    server.ok("POST", f"{PODS}/graceful/binding", {"target": {"kind": "Node", "name": "argotui-local"}})
    bound = server.ok("GET", f"{PODS}/graceful")
    assert bound["spec"]["nodeName"] == "argotui-local"
    code, refusal = server.ask("POST", f"{PODS}/graceful/binding", {"target": {"name": "other"}})
    assert (code, refusal["reason"]) == (409, "Conflict")
    going = server.ok("DELETE", f"{PODS}/graceful")
    assert going["metadata"]["deletionGracePeriodSeconds"] == 30
    shorter = server.ok("DELETE", f"{PODS}/graceful", {"gracePeriodSeconds": 5})
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    assert server.ok("GET", f"{PODS}/graceful")["metadata"]["deletionTimestamp"]
    server.ok("DELETE", f"{PODS}/graceful", {"gracePeriodSeconds": 0})
    assert server.ask("GET", f"{PODS}/graceful")[0] == 404


def test_a_pod_without_a_node_goes_at_once(server: ApiServer) -> None:
    server.ok("POST", PODS, pod("unbound"))
    server.ok("DELETE", f"{PODS}/unbound")
    assert server.ask("GET", f"{PODS}/unbound")[0] == 404


def test_delete_collection_by_labels(server: ApiServer) -> None:
    for name in ("dc-1", "dc-2"):
        server.ok("POST", CONFIGMAPS, configmap(name, labels={"dc": "yes"}))
    server.ok("POST", CONFIGMAPS, configmap("dc-3", labels={"dc": "no"}))
    deleted = server.ok("DELETE", CONFIGMAPS, labelSelector="dc=yes")
    assert names(deleted) == ["dc-1", "dc-2"]
    assert names(server.ok("GET", CONFIGMAPS, labelSelector="dc")) == ["dc-3"]


def _owned(name: str, owner: dict, **more: object) -> dict:
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        **more,
    }
    return configmap(name, ownerReferences=[reference])


def _absent(server: ApiServer, name: str) -> bool:
    return server.ask("GET", f"{CONFIGMAPS}/{name}")[0] == 404


def test_dependents_go_with_their_owner(server: ApiServer) -> None:
    owner = server.ok("POST", CONFIGMAPS, configmap("owner"))
    child = server.ok("POST", CONFIGMAPS, _owned("child", owner))
    server.ok("POST", CONFIGMAPS, _owned("grandchild", child))
    server.ok("DELETE", f"{CONFIGMAPS}/owner")
    until(lambda: _absent(server, "child") and _absent(server, "grandchild"))


def test_an_absent_owner_counts_as_gone(server: ApiServer) -> None:
    owner = {"metadata": {"name": "never", "uid": "11111111-1111-1111-1111-111111111111"}}
    server.ok("POST", CONFIGMAPS, _owned("orphan-from-birth", owner))
    until(lambda: _absent(server, "orphan-from-birth"))


def test_one_living_owner_is_enough(server: ApiServer) -> None:
    first, second = (server.ok("POST", CONFIGMAPS, configmap(name)) for name in ("parent-1", "parent-2"))
    child = _owned("two-parents", first)
    child["metadata"]["ownerReferences"] += _owned("", second)["metadata"]["ownerReferences"]
    server.ok("POST", CONFIGMAPS, child)
    server.ok("DELETE", f"{CONFIGMAPS}/parent-1")
    left = until(
        lambda: (
            (found := server.ok("GET", f"{CONFIGMAPS}/two-parents")["metadata"]["ownerReferences"])
            and len(found) == 1
            and found
        )
    )
    assert left[0]["name"] == "parent-2"


def test_foreground_deletion_waits_for_dependents(server: ApiServer) -> None:
    owner = server.ok("POST", CONFIGMAPS, configmap("foreground"))
    child = _owned("blocking", owner, blockOwnerDeletion=True)
    child["metadata"]["finalizers"] = ["example.com/hold"]
    server.ok("POST", CONFIGMAPS, child)
    going = server.ok("DELETE", f"{CONFIGMAPS}/foreground", {"propagationPolicy": "Foreground"})
    assert going["metadata"]["finalizers"] == ["foregroundDeletion"]
    until(lambda: "deletionTimestamp" in server.ok("GET", f"{CONFIGMAPS}/blocking")["metadata"])
    assert not _absent(server, "foreground")
    server.ok("PATCH", f"{CONFIGMAPS}/blocking", {"metadata": {"finalizers": None}}, content_type=MERGE)
    until(lambda: _absent(server, "foreground"))


def test_orphaned_dependents_stay(server: ApiServer) -> None:
    owner = server.ok("POST", CONFIGMAPS, configmap("orphaning"))
    server.ok("POST", CONFIGMAPS, _owned("orphaned", owner))
    server.ok("DELETE", f"{CONFIGMAPS}/orphaning", {"propagationPolicy": "Orphan"})
    until(lambda: _absent(server, "orphaning"))
    assert "ownerReferences" not in server.ok("GET", f"{CONFIGMAPS}/orphaned")["metadata"]


def test_a_namespace_goes_with_its_content(server: ApiServer) -> None:
    server.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "brief"}})
    held = configmap("held", finalizers=["example.com/hold"])
    server.ok("POST", "/api/v1/namespaces/brief/configmaps", held)
    server.ok("POST", "/api/v1/namespaces/brief/secrets", {"metadata": {"name": "s"}})
    going = server.ok("DELETE", "/api/v1/namespaces/brief")
    assert going["status"]["phase"] == "Terminating"
    code, refusal = server.ask("POST", "/api/v1/namespaces/brief/configmaps", configmap("late"))
    assert (code, refusal["reason"]) == (403, "Forbidden")
    assert "because it is being terminated" in refusal["message"]
    until(lambda: server.ask("GET", "/api/v1/namespaces/brief/secrets/s")[0] == 404)
    server.ok(
        "PATCH", "/api/v1/namespaces/brief/configmaps/held", {"metadata": {"finalizers": None}}, content_type=MERGE
    )
    until(lambda: server.ask("GET", "/api/v1/namespaces/brief")[0] == 404)


@pytest.mark.parametrize("name", ["default", "argo", "kube-system"])
def test_needed_namespaces_stay(server: ApiServer, name: str) -> None:
    assert server.ask("DELETE", f"/api/v1/namespaces/{name}")[0] == 403


# forms


def test_tables(server: ApiServer) -> None:
    server.ok(
        "POST",
        WORKFLOWS,
        {"metadata": {"name": "table"}, "spec": {"entrypoint": "x"}, "status": {"phase": "Failed", "message": "why"}},
    )
    table = server.ok("GET", WORKFLOWS, accept=TABLE, fieldSelector="metadata.name=table")
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Status", "Age", "Message"]
    assert table["rows"][0]["cells"] == ["table", "Failed", None, "why"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    bare = server.ok("GET", WORKFLOWS, accept=TABLE, includeObject="None", fieldSelector="metadata.name=table")
    assert bare["rows"][0]["object"] is None
    whole = server.ok("GET", f"{WORKFLOWS}/table", accept=TABLE, includeObject="Object")
    assert whole["rows"][0]["object"]["spec"] == {"entrypoint": "x"}


def test_metadata_only(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("meta", {"big": "x"}))
    one = server.ok("GET", f"{CONFIGMAPS}/meta", accept=METADATA)
    assert set(one) == {"kind", "apiVersion", "metadata"}
    assert one["kind"] == "PartialObjectMetadata"
    many = server.ok("GET", CONFIGMAPS, accept=METADATA_LIST)
    assert many["kind"] == "PartialObjectMetadataList"
    assert all("data" not in item for item in many["items"])


def test_unknown_forms_are_not_acceptable(server: ApiServer) -> None:
    code, refusal = server.ask("GET", CONFIGMAPS, accept="text/html")
    assert (code, refusal["reason"]) == (406, "NotAcceptable")
    assert server.ask("POST", CONFIGMAPS, configmap("unanswerable"), accept="text/html")[0] == 406
    assert server.ask("GET", f"{CONFIGMAPS}/unanswerable")[0] == 404


def test_large_answers_are_compressed_on_request(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("large", {"a": "x" * 300_000}))
    answer = server.raw("GET", f"{CONFIGMAPS}/large", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.read()) < 10_000
    assert "Content-Encoding" not in server.raw("GET", f"{CONFIGMAPS}/large").headers


# selectors and pages


def test_selectors(server: ApiServer) -> None:
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
    [{"labelSelector": "a in b"}, {"fieldSelector": "spec.nothing=x"}, {"fieldSelector": "no"}, {"limit": "-1"}],
)
def test_bad_selectors(server: ApiServer, query: dict[str, str]) -> None:
    code, refusal = server.ask("GET", PODS, **query)
    assert (code, refusal["reason"]) == (400, "BadRequest")


def test_pages_are_of_one_moment(server: ApiServer) -> None:
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


def test_lists_of_an_exact_version(server: ApiServer) -> None:
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


def test_a_version_of_the_future_times_out(server: ApiServer) -> None:
    code, refusal = server.ask("GET", CONFIGMAPS, resourceVersion=10**9)
    assert (code, refusal["reason"]) == (504, "Timeout")
    assert refusal["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


# files


def test_files_are_private(server: ApiServer) -> None:
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    for path in server.directory.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0 or path.parent.name == "run", f"{path} has mode {mode:o}"
