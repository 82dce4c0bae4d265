"""install, doctor and uninstall on a real API server, and what three users with fewer rights see and are told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.envtest.binaries import MissingBinaries
from tests.cluster.envtest.controlplane import ControlPlane

RBAC = "/apis/rbac.authorization.k8s.io/v1"
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: alpine, command: [echo, hi]}
"""


class Person:
    """Somebody with a kubeconfig and a shell."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs argotui in the namespace `team`."""
        command = [sys.executable, "-m", "argotui", "--kubeconfig", str(self._kubeconfig), "-n", "team", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def findings(self) -> dict[str, list[dict[str, str]]]:
        """What the doctor says, by what it is about."""
        found: dict[str, list[dict[str, str]]] = {}
        for finding in json.loads(self("doctor", "-o", "json").stdout):
            found.setdefault(finding["about"], []).append(finding)
        return found


@pytest.fixture(scope="module")
def bare() -> Iterator[ControlPlane]:
    """A cluster that knows nothing of Argo; the tests below change it in their order."""
    try:
        started = ControlPlane()
    except MissingBinaries as missing:
        pytest.skip(str(missing))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope="module")
def admin(bare: ControlPlane) -> Person:
    person = Person(bare.user("ann", ["system:masters"]))
    first = person("install", "--image", "registry.example/argotui:1", "--create-namespace")
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    assert len([line for line in lines if line.endswith(" created")]) == len(lines) - 1
    bare.ok("POST", "/api/v1/namespaces/team/serviceaccounts", {"metadata": {"name": "default"}})
    return person


def bind(server: ControlPlane, user: str, role: str, namespace: str = "") -> Person:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    place = f"/namespaces/{namespace}/rolebindings" if namespace else "/clusterrolebindings"
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    body: dict[str, Any] = {"kind": kind, "metadata": {"name": user}, "subjects": [subject]}
    body["roleRef"] = {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"}
    server.ok("POST", RBAC + place, body)
    return Person(server.user(user))


def test_a_second_installation_changes_nothing(admin: Person) -> None:
    again = admin("install", "--image", "registry.example/argotui:1")
    assert again.returncode == 0, again.stderr
    assert {line.rpartition(" ")[2] for line in again.stdout.splitlines()[:-1]} == {"unchanged"}


def test_the_server_accepts_every_manifest_for_gitops(admin: Person) -> None:
    tried = admin("install", "--image", "other", "--namespaced", "--minimal-crds", "--dry-run", "--force")
    assert tried.returncode == 0, tried.stderr


def test_the_doctor_knows_that_nothing_runs_the_deployment(bare: ControlPlane, admin: Person) -> None:
    found = admin.findings()
    problems = {about for about, findings in found.items() if any(f["level"] == "problem" for f in findings)}
    assert problems == {"controller"}
    assert "all 8 are there" in found["crds"][0]["text"]
    assert found["executor"][0]["level"] == "ok"
    assert admin("doctor").returncode == 1


def test_fields_of_somebody_else_are_taken_over_only_on_request(bare: ControlPlane, admin: Person) -> None:
    path = "/apis/apps/v1/namespaces/team/deployments/argotui-controller?fieldManager=gitops&force=true"
    mine = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "argotui-controller"}}
    mine["spec"] = {"replicas": 2, "selector": {"matchLabels": {"app.kubernetes.io/name": "argotui-controller"}}}  # type: ignore[assignment]
    container = {"name": "controller", "image": "mirror.example/argotui:1"}
    labels = {"app.kubernetes.io/name": "argotui-controller"}
    mine["spec"]["template"] = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}  # type: ignore[index]
    bare.ok("PATCH", path, mine, content_type="application/apply-patch+yaml")
    refused = admin("install", "--image", "registry.example/argotui:1")
    assert refused.returncode == 1
    assert 'conflict with "gitops"' in refused.stderr or "conflicts with" in refused.stderr
    assert "--force takes these fields over" in refused.stderr
    assert admin("install", "--image", "registry.example/argotui:1", "--force").returncode == 0


def test_a_viewer(bare: ControlPlane, admin: Person) -> None:
    viewer = bind(bare, "viewer", "argotui-viewer")
    assert viewer("list").returncode == 0
    assert viewer("list", "-A").returncode == 0
    refused = viewer("submit", _file(bare))
    assert refused.returncode == 1
    assert 'User "viewer" cannot create resource "workflows"' in refused.stderr
    found = viewer.findings()
    assert [f["text"] for f in found["rights"]] == ["in team you may look but not act"]
    assert "you may not look" in found["configuration"][0]["text"]
    installing = viewer("install", "--image", "x")
    assert installing.returncode == 1
    assert "19 of 19 objects were refused" in installing.stderr


def test_somebody_with_one_namespace(bare: ControlPlane, admin: Person) -> None:
    single = bind(bare, "single", "argotui-operator", "team")
    submitted = single("submit", _file(bare), "-o", "name")
    assert submitted.returncode == 0, submitted.stderr
    assert single("list").stdout.splitlines()[1].startswith("hello-")
    elsewhere = single("list", "-A")
    assert elsewhere.returncode == 1
    assert "at the cluster scope" in elsewhere.stderr
    assert [f["level"] for f in single.findings()["rights"]] == ["ok"]
    assert single("delete", submitted.stdout.strip()).returncode == 0


def test_somebody_who_may_read_no_logs(bare: ControlPlane, admin: Person) -> None:
    rules = [
        {"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["get", "list", "watch"]},
    ]
    bare.ok("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "nologs"}, "rules": rules})
    nologs = bind(bare, "nologs", "nologs")
    texts = [f["text"] for f in nologs.findings()["rights"]]
    assert texts == ["you may not get pods/log in team: no logs", "in team you may look but not act"]


def test_uninstall_leaves_the_workflows_unless_told_otherwise(bare: ControlPlane, admin: Person) -> None:
    assert admin("submit", _file(bare)).returncode == 0
    refused = admin("uninstall", "--crds")
    assert refused.returncode == 1
    assert "deletes every workflow of the cluster (1)" in refused.stderr
    done = admin("uninstall")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "deployment/team/argotui-controller deleted"
    assert "not completed: 1" in done.stderr
    assert admin("list").stdout.splitlines()[1].startswith("hello-")
    assert admin("uninstall").stdout.splitlines() == ["nothing of argotui's is installed"]
    assert admin("uninstall", "--crds", "--yes").returncode == 0


def _file(server: ControlPlane) -> str:
    path = server.directory / "hello.yaml"
    path.write_text(WORKFLOW)
    return str(path)
