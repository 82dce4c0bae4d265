"""What a server makes of an object that is created or replaced."""

from __future__ import annotations

import pytest

from tests.cluster.apiclient import (
    CONFIGMAPS,
    MERGE,
    PODS,
    WORKFLOWS,
    ApiClient,
    configmap,
    pod,
)


def test_create_fills_in_what_the_server_decides(server: ApiClient) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("made", {"a": "1"}))
    assert made["metadata"]["uid"]
    assert made["metadata"]["namespace"] == "argo"
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    assert int(made["metadata"]["resourceVersion"]) > 0
    assert server.ok("GET", f"{CONFIGMAPS}/made") == made


def test_create_twice_is_a_conflict(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("twice"))
    code, refusal = server.ask("POST", CONFIGMAPS, configmap("twice"))
    assert (code, refusal["reason"]) == (409, "AlreadyExists")
    assert refusal["message"] == 'configmaps "twice" already exists'


def test_generate_name(server: ApiClient) -> None:
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
def test_bad_names(server: ApiClient, name: str, words: str) -> None:
    code, refusal = server.ask("POST", CONFIGMAPS, configmap(name))
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert words in refusal["message"]
    assert refusal["details"]["causes"][0]["field"] == "metadata.name"


def test_a_missing_namespace_is_not_found(server: ApiClient) -> None:
    code, refusal = server.ask("POST", "/api/v1/namespaces/nowhere/configmaps", configmap("x"))
    assert (code, refusal["message"]) == (404, 'namespaces "nowhere" not found')


def test_a_cluster_kind_has_no_namespace(server: ApiClient) -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ClusterWorkflowTemplate",
        "metadata": {"name": "wide", "namespace": "argo"},
        "spec": {"entrypoint": "x"},
    }
    made = server.ok("POST", "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates", body)
    assert "namespace" not in made["metadata"]


def test_replace_needs_the_newest_version(server: ApiClient) -> None:
    first = server.ok("POST", CONFIGMAPS, configmap("put", {"a": "1"}))
    second = server.ok("PUT", f"{CONFIGMAPS}/put", {**first, "data": {"a": "2"}})
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    code, refusal = server.ask("PUT", f"{CONFIGMAPS}/put", {**first, "data": {"a": "3"}})
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert "the object has been modified" in refusal["message"]


def test_a_write_that_changes_nothing_is_no_write(server: ApiClient) -> None:
    first = server.ok("POST", CONFIGMAPS, configmap("same", {"a": "1"}))
    again = server.ok("PATCH", f"{CONFIGMAPS}/same", {"data": {"a": "1"}}, content_type=MERGE)
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_status_is_a_part_of_its_own_where_the_kind_says_so(server: ApiClient) -> None:
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
        "POST",
        WORKFLOWS,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "whole"},
            "spec": {"entrypoint": "x"},
            "status": {"phase": "Running"},
        },
    )
    assert workflow["status"] == {"phase": "Running"}
    assert server.ask("PATCH", f"{WORKFLOWS}/whole/status", {}, content_type=MERGE)[0] == 404


def test_a_pod_gets_the_defaults_that_a_cluster_gives_it(server: ApiClient) -> None:
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
    assert container["imagePullPolicy"] == "Always"
    assert container["env"] == [{"name": "E"}]
    assert container["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "1", "memory": "1Gi"},
    }
    assert spec["volumes"][:2] == [
        {"name": "s", "secret": {"secretName": "x", "defaultMode": 420}},
        {"name": "e", "emptyDir": {}},
    ]


def test_a_pods_spec_stays(server: ApiClient) -> None:
    server.ok("POST", PODS, pod("frozen"))
    code, refusal = server.ask("PATCH", f"{PODS}/frozen", {"spec": {"restartPolicy": "Never"}}, content_type=MERGE)
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert "pod updates may not change fields other than" in refusal["message"]


def test_secrets_take_text(server: ApiClient) -> None:
    body = {"metadata": {"name": "text"}, "stringData": {"key": "value"}}
    made = server.ok("POST", "/api/v1/namespaces/argo/secrets", body)
    assert made["data"] == {"key": "dmFsdWU="}
    assert "stringData" not in made
    assert made["type"] == "Opaque"


@pytest.mark.parametrize(("mode", "code"), [("Strict", 400), ("Warn", 201), ("Ignore", 201), ("Other", 422)])
def test_unknown_fields(server: ApiClient, mode: str, code: int) -> None:
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


def test_unknown_fields_of_workflows(server: ApiClient) -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "unknown"},
        "spec": {"entrypoint": "x", "templates": [{"name": "x", "contaner": {}}]},
    }
    code, refusal = server.ask("POST", WORKFLOWS, body, fieldValidation="Strict")
    assert code == 400
    assert 'unknown field "spec.templates[0].contaner"' in refusal["message"]
    made = server.ok("POST", WORKFLOWS, body)
    assert made["spec"]["templates"] == [{"name": "x"}]


def test_duplicate_fields(server: ApiClient) -> None:
    text = b'{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}'
    answer = server.raw("POST", f"{CONFIGMAPS}?fieldValidation=Strict", text)
    assert answer.status == 400
    assert b'duplicate field \\"data.a\\"' in answer.read()


def test_warnings_are_headers(server: ApiClient) -> None:
    answer = server.raw("POST", CONFIGMAPS, b'{"metadata":{"name":"warned"},"dta":{"a":"1"}}')
    assert answer.status == 201
    assert answer.headers["Warning"] == '299 - "unknown field \\"dta\\""'
