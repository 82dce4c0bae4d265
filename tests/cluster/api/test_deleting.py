"""What a deletion does at once, and what it leaves to others."""

from __future__ import annotations

from tests.cluster.apiclient import (
    CONFIGMAPS,
    MERGE,
    PODS,
    ApiClient,
    configmap,
    names,
    pod,
)


def test_delete_answers_success_and_the_object_is_gone(server: ApiClient) -> None:
    made = server.ok("POST", CONFIGMAPS, configmap("gone"))
    answer = server.ok("DELETE", f"{CONFIGMAPS}/gone")
    assert answer["status"] == "Success"
    assert answer["details"]["uid"] == made["metadata"]["uid"]
    assert server.ask("GET", f"{CONFIGMAPS}/gone")[0] == 404
    assert server.ask("DELETE", f"{CONFIGMAPS}/gone")[0] == 404


def test_delete_with_preconditions(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("kept"))
    wrong = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    code, refusal = server.ask("DELETE", f"{CONFIGMAPS}/kept", wrong)
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert server.ask("GET", f"{CONFIGMAPS}/kept")[0] == 200


def test_a_finalizer_keeps_an_object(server: ApiClient) -> None:
    server.ok("POST", CONFIGMAPS, configmap("held", finalizers=["example.com/hold"]))
    going = server.ok("DELETE", f"{CONFIGMAPS}/held")
    assert going["metadata"]["deletionTimestamp"]
    assert (
        server.ok("DELETE", f"{CONFIGMAPS}/held")["metadata"]["deletionTimestamp"]
        == going["metadata"]["deletionTimestamp"]
    )
    server.ok("PATCH", f"{CONFIGMAPS}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert server.ask("GET", f"{CONFIGMAPS}/held")[0] == 404


def test_a_pod_on_a_node_gets_its_grace(server: ApiClient) -> None:
    server.ok("POST", PODS, pod("graceful"))
    server.ok(
        "POST",
        f"{PODS}/graceful/binding",
        {"metadata": {"name": "graceful"}, "target": {"kind": "Node", "name": "argotui-local"}},
    )
    bound = server.ok("GET", f"{PODS}/graceful")
    assert bound["spec"]["nodeName"] == "argotui-local"
    code, refusal = server.ask(
        "POST", f"{PODS}/graceful/binding", {"metadata": {"name": "graceful"}, "target": {"name": "other"}}
    )
    assert (code, refusal["reason"]) == (409, "Conflict")
    going = server.ok("DELETE", f"{PODS}/graceful")
    assert going["metadata"]["deletionGracePeriodSeconds"] == 30
    shorter = server.ok("DELETE", f"{PODS}/graceful", {"gracePeriodSeconds": 5})
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    assert server.ok("GET", f"{PODS}/graceful")["metadata"]["deletionTimestamp"]
    server.ok("DELETE", f"{PODS}/graceful", {"gracePeriodSeconds": 0})
    assert server.ask("GET", f"{PODS}/graceful")[0] == 404


def test_a_pod_without_a_node_goes_at_once(server: ApiClient) -> None:
    server.ok("POST", PODS, pod("unbound"))
    server.ok("DELETE", f"{PODS}/unbound")
    assert server.ask("GET", f"{PODS}/unbound")[0] == 404


def test_delete_collection_by_labels(server: ApiClient) -> None:
    for name in ("dc-1", "dc-2"):
        server.ok("POST", CONFIGMAPS, configmap(name, labels={"dc": "yes"}))
    server.ok("POST", CONFIGMAPS, configmap("dc-3", labels={"dc": "no"}))
    deleted = server.ok("DELETE", CONFIGMAPS, labelSelector="dc=yes")
    assert names(deleted) == ["dc-1", "dc-2"]
    assert names(server.ok("GET", CONFIGMAPS, labelSelector="dc")) == ["dc-3"]
