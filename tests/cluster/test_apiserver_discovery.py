"""What the server says it has: discovery, OpenAPI, reviews."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argotui.model import resources
from tests.cluster.apiserver import ApiServer, running

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("apiserver")) as started:
        yield started


def test_every_resource_of_the_model_is_served(server: ApiServer) -> None:
    for resource in resources.ALL:
        path = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        listed = {entry["name"]: entry for entry in server.ok("GET", path)["resources"]}
        entry = listed[resource.plural]
        assert (entry["kind"], entry["namespaced"]) == (resource.kind, resource.namespaced)
        assert tuple(entry.get("shortNames", ())) == resource.short_names
        assert (f"{resource.plural}/status" in listed) is resource.status_subresource
        assert server.ok("GET", resource.path())["kind"] == f"{resource.kind}List"


def test_groups(server: ApiServer) -> None:
    assert server.ok("GET", "/api")["versions"] == ["v1"]
    names = {group["name"] for group in server.ok("GET", "/apis")["groups"]}
    assert {"argoproj.io", "coordination.k8s.io", "authorization.k8s.io"} <= names
    assert server.ok("GET", "/apis/argoproj.io")["preferredVersion"]["version"] == "v1alpha1"


def test_aggregated_discovery(server: ApiServer) -> None:
    answer = server.raw("GET", "/apis", accept=AGGREGATED)
    assert "as=APIGroupDiscoveryList" in answer.headers["Content-Type"]
    core = server.ok("GET", "/api", accept=AGGREGATED)
    pods = next(r for r in core["items"][0]["versions"][0]["resources"] if r["resource"] == "pods")
    assert pods["responseKind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert {part["subresource"] for part in pods["subresources"]} == {"binding", "exec", "log", "status"}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for child in value.values():
            yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


def test_openapi_has_no_loose_ends(server: ApiServer) -> None:
    index = server.ok("GET", "/openapi/v3")["paths"]
    assert "apis/argoproj.io/v1alpha1" in index
    for entry in index.values():
        document = server.ok("GET", entry["serverRelativeURL"])
        schemas = document["components"]["schemas"]
        for reference in _references(document):
            assert reference.removeprefix("#/components/schemas/") in schemas
        for path, operations in document["paths"].items():
            if "patch" in operations:
                assert "fieldValidation" in {p["name"] for p in operations["patch"]["parameters"]}, path
                assert operations["patch"]["x-kubernetes-group-version-kind"]["kind"]


def test_openapi_v2(server: ApiServer) -> None:
    document = server.ok("GET", "/openapi/v2")
    assert document["swagger"] == "2.0"
    for reference in _references(document):
        assert reference.removeprefix("#/definitions/") in document["definitions"]


def test_reviews(server: ApiServer) -> None:
    authorization = "/apis/authorization.k8s.io/v1"
    attributes = {"verb": "delete", "resource": "workflows", "group": "argoproj.io", "namespace": "argo"}
    mine = server.ok("POST", f"{authorization}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": attributes}})
    assert mine["status"]["allowed"] is True
    others = {"spec": {"resourceAttributes": attributes, "user": "somebody"}}
    assert server.ok("POST", f"{authorization}/subjectaccessreviews", others)["status"]["allowed"] is False
    assert server.ask("POST", f"{authorization}/selfsubjectaccessreviews", {"spec": {}})[0] == 422
    rules = server.ok("POST", f"{authorization}/selfsubjectrulesreviews", {"spec": {"namespace": "argo"}})
    assert rules["status"]["resourceRules"][0]["verbs"] == ["*"]
    authentication = "/apis/authentication.k8s.io/v1"
    me = server.ok("POST", f"{authentication}/selfsubjectreviews", {})["status"]["userInfo"]
    assert "system:masters" in me["groups"]
    good = server.ok("POST", f"{authentication}/tokenreviews", {"spec": {"token": server.token}})
    assert good["status"]["user"] == me
    assert (
        "authenticated" not in server.ok("POST", f"{authentication}/tokenreviews", {"spec": {"token": "x"}})["status"]
    )
    assert server.ask("GET", f"{authentication}/tokenreviews")[0] == 405
