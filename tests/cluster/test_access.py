"""People and pods with fewer rights on a whole local cluster: users, ServiceAccounts, tokens in steps."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.localcluster import LocalCluster

STEP = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: access-, namespace: argo}}
spec:
  entrypoint: main
  serviceAccountName: {account}
  templates:
  - name: main
    {template}
"""
MAKES = """resource:
      action: create
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {{generateName: made-, namespace: {namespace}}}"""


def submitted(cluster: LocalCluster, folder: Path, account: str, template: str) -> dict[str, str]:
    """phase and message of the workflow's only node, once it has ended."""
    manifest = folder / "step.yaml"
    manifest.write_text(STEP.format(account=account, template=template))
    name = cluster.argotui("submit", str(manifest), "-o", "name").stdout.strip().rpartition("/")[2]
    cluster.argotui("wait", name, "-n", "argo", check=False)
    (node,) = cluster.workflow(name)["status"]["nodes"].values()
    return {"phase": node["phase"], "message": node.get("message", "")}


def as_user(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """kubectl with another kubeconfig."""
    command = ["kubectl", "--kubeconfig", str(kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_user_may_what_the_role_says_until_removed(cluster: LocalCluster, tmp_path: Path) -> None:
    path = tmp_path / "ann.kubeconfig"
    cluster.argotui("local", "user", "add", "ann", "--namespace", "argo", "--role", "view", "--output", str(path))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    token = json.loads(path.read_text())["users"][0]["user"]["token"]
    assert token not in cluster.kubectl("get", "secrets", "-A", "-o", "json"), "only its hash is kept"
    assert as_user(path, "get", "workflows").returncode == 0
    for refused in (["get", "secrets"], ["get", "workflows", "-n", "default"], ["create", "configmap", "x"]):
        assert 'forbidden: User "ann" cannot' in as_user(path, *refused).stderr
    again = cluster.argotui("local", "user", "add", "ann", "--output", str(tmp_path / "other"), check=False)
    assert (again.returncode, "exists; end it first" in again.stderr) == (1, True)
    listed = cluster.argotui("local", "user", "list").stdout
    assert listed.split()[4:7] == ["ann", "view", "argo"]
    cluster.argotui("local", "user", "remove", "ann")
    assert "Unauthorized" in as_user(path, "get", "workflows").stderr
    assert "ann" not in cluster.kubectl("get", "rolebindings", "-n", "argo", "-o", "name")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["No Name"], "cannot be a user's name"),
        (["bob", "--role", "none"], "there is no ClusterRole none"),
        (["bob", "--namespace", "none"], "there is no namespace none"),
        (["bob", "--output", "/none/x"], "is no directory"),
    ],
)
def test_users_that_cannot_be_made(cluster: LocalCluster, arguments: list[str], said: str, tmp_path: Path) -> None:
    output = [] if "--output" in arguments else ["--output", str(tmp_path / "x")]
    done = cluster.argotui("local", "user", "add", *arguments, *output, check=False)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "x").exists()
    assert "bob" not in cluster.argotui("local", "user", "list").stdout


def test_a_resource_step_has_the_rights_of_its_account(cluster: LocalCluster, tmp_path: Path) -> None:
    assert submitted(cluster, tmp_path, "default", MAKES.format(namespace="argo"))["phase"] == "Succeeded"
    refused = submitted(cluster, tmp_path, "default", MAKES.format(namespace="kube-system"))
    assert refused["phase"] == "Failed"
    who = 'User "system:serviceaccount:argo:default" cannot create resource "configmaps" in API group "" in the'
    assert f'{who} namespace "kube-system"' in refused["message"]


def test_an_account_without_rights_cannot_report(cluster: LocalCluster, tmp_path: Path) -> None:
    cluster.kubectl("create", "serviceaccount", "poor")
    found = submitted(cluster, tmp_path, "poor", "container: {image: busybox, command: [sh, -c, 'true']}")
    who = 'User "system:serviceaccount:argo:poor" cannot (create|patch) resource "workflowtaskresults"'
    assert re.search(who, found["message"])
    missing = submitted(cluster, tmp_path, "no-such", "container: {image: busybox, command: [sh, -c, 'true']}")
    assert 'error looking up service account argo/no-such: serviceaccount "no-such" not found' in missing["message"]


def test_the_executor_may_have_an_account_of_its_own(cluster: LocalCluster, tmp_path: Path) -> None:
    cluster.kubectl("create", "serviceaccount", "reporter")
    cluster.kubectl("create", "rolebinding", "reporter", "--role=executor", "--serviceaccount=argo:reporter")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": {
            "name": "reporter.service-account-token",
            "annotations": {"kubernetes.io/service-account.name": "reporter"},
        },
    }
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    template = """executor: {serviceAccountName: reporter}
    automountServiceAccountToken: false
    container: {image: busybox, command: [sh, -c, 'test ! -e /var/run/secrets/kubernetes.io/serviceaccount/token']}"""
    assert submitted(cluster, tmp_path, "default", template)["phase"] == "Succeeded"


def test_a_step_finds_its_own_token(cluster: LocalCluster, tmp_path: Path) -> None:
    script = "cat /var/run/secrets/kubernetes.io/serviceaccount/token | cut -d. -f2 | wc -c | xargs test 400 -lt"
    template = f"container: {{image: busybox, command: [sh, -c, '{script}']}}"
    assert submitted(cluster, tmp_path, "default", template) == {"phase": "Succeeded", "message": ""}
