"""The API server as a process: objects, lists, watches."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from tests.cluster.apiserver import (
    CONFIGMAPS,
    MERGE,
    WORKFLOWS,
    ApiServer,
    configmap,
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


def test_other_patches_are_refused_with_a_reason(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("refused"))
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/refused", {}, content_type="text/plain")
    assert code == 415
    assert "merge-patch+json" in refusal["message"]


# deleting


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


# selectors and pages


def test_the_clusters_own_components_leave_managers_as_they_are(server: ApiServer) -> None:
    workflow = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "own"}, "spec": {}}
    made = server.ok("POST", WORKFLOWS, workflow, fieldManager="me")
    answer = server.raw(
        "PATCH", f"{WORKFLOWS}/own", b'{"status":{"phase":"Running"}}', content_type=MERGE,
        headers={"User-Agent": "argotui-controller"},
    )  # fmt: skip
    assert answer.status == 200
    answer.read()
    assert server.ok("GET", f"{WORKFLOWS}/own")["metadata"]["managedFields"] == made["metadata"]["managedFields"]


# files


def test_files_are_private(server: ApiServer) -> None:
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    for path in server.directory.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0 or path.parent.name == "run", f"{path} has mode {mode:o}"
