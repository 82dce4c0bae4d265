"""The test cluster itself: its version, its users, our kinds on it, and that it ends with its session."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from argotui.model import resources, schema
from tests.cluster.apiclient import until
from tests.cluster.envtest.binaries import KUBERNETES, version
from tests.cluster.envtest.controlplane import ControlPlane
from tests.localcluster import ROOT

_SESSION = """
import sys
from tests.cluster.envtest.controlplane import ControlPlane
plane = ControlPlane()
plane.start_etcd()
print(plane.directory, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif("KUBEBUILDER_ASSETS" in os.environ, reason="that server is of another version")
def test_the_version_is_the_one_that_was_asked_for(control_plane: ControlPlane) -> None:
    assert control_plane.ok("GET", "/version")["gitVersion"] == version(KUBERNETES)


def _whoami(kubeconfig: Path) -> dict[str, object]:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "auth", "whoami", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)["status"]["userInfo"]
    return found


def test_users_have_names_and_groups_but_no_rights(control_plane: ControlPlane) -> None:
    somebody = control_plane.user("somebody", ["developers"])
    found = _whoami(somebody)
    assert (found["username"], found["groups"]) == ("somebody", ["developers", "system:authenticated"])
    command = ["kubectl", "--kubeconfig", str(somebody), "get", "pods"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "(Forbidden)" in refused.stderr


def test_service_accounts_have_tokens(control_plane: ControlPlane) -> None:
    assert _whoami(control_plane.service_account("default"))["username"] == "system:serviceaccount:argo:default"


@pytest.mark.parametrize("resource", resources.ARGO, ids=lambda resource: resource.plural)
def test_our_kinds_are_accepted_and_explained(control_plane: ControlPlane, resource: resources.Resource) -> None:
    conditions = control_plane.ok("GET", resources.CRDS.path(name=resource.group_resource))["status"]["conditions"]
    states = {each["type"]: each["status"] for each in conditions}
    assert states["Established"] == "True"
    assert states.get("NonStructuralSchema", "False") == "False"
    said = control_plane.kubectl("explain", resource.plural).stdout
    for field in set(schema.object_schema(resource)["properties"]) - {"apiVersion", "kind", "metadata"}:
        assert f"\n  {field}\t" in said


def test_templates_are_explained(control_plane: ControlPlane) -> None:
    said = control_plane.kubectl("explain", "workflow.spec.templates").stdout
    assert {"container", "script", "dag", "steps", "inputs", "retryStrategy"} <= set(said.split())
    deep = control_plane.kubectl("explain", "cronworkflow.spec.workflowSpec.templates.dag.tasks.depends").stdout
    assert "FIELD: depends <string>" in deep


def test_nothing_is_left_of_a_session_that_was_killed() -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", _SESSION], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert session.stdout is not None
    directory = session.stdout.readline().strip()
    assert _processes_of(directory)
    session.send_signal(signal.SIGKILL)
    session.communicate()
    until(lambda: not _processes_of(directory) and not Path(directory).exists(), 30)


def _processes_of(directory: str) -> list[str]:
    """The command lines that name the directory."""
    listed = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if directory in line]
