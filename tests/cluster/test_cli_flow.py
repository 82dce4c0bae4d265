"""The command line on a whole local cluster: submit, follow, approve, retry, exit codes."""

from __future__ import annotations

import subprocess
import sys

from tests.localcluster import LocalCluster

TWO_STEPS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: two-, namespace: argo}
spec:
  entrypoint: main
  arguments: {parameters: [{name: word, value: hello}]}
  templates:
  - name: main
    steps:
    - - {name: first, template: say, arguments: {parameters: [{name: text, value: "one {{workflow.parameters.word}}"}]}}
    - - {name: gate, template: gate}
    - - {name: last, template: say, arguments: {parameters: [{name: text, value: two}]}}
  - name: gate
    suspend: {}
  - name: say
    inputs: {parameters: [{name: text}]}
    container: {image: busybox, command: [echo], args: ["{{inputs.parameters.text}}"]}
"""
FLAKY = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: code-, namespace: argo}
spec:
  entrypoint: main
  arguments: {parameters: [{name: code, value: "3"}]}
  templates:
  - name: main
    container: {image: busybox, command: [sh, -c], args: ["echo leaving; exit {{workflow.parameters.code}}"]}
"""


def submit(cluster: LocalCluster, text: str, *options: str) -> str:
    return cluster.argotui("submit", "-", "-o", "name", *options, stdin=text).stdout.strip()


def test_the_exit_code_of_wait_is_the_result(cluster: LocalCluster) -> None:
    good = cluster.argotui("submit", "-", "--wait", "-p", "code=0", stdin=FLAKY)
    assert "Succeeded at" in good.stdout
    bad = cluster.argotui("submit", "-", "--wait", stdin=FLAKY, check=False)
    assert bad.returncode == 1
    assert "Failed at" in bad.stdout


def test_submit_and_log(cluster: LocalCluster) -> None:
    ran = cluster.argotui("submit", "-", "--log", "-p", "code=0", "-o", "name", stdin=FLAKY)
    name, line = ran.stdout.splitlines()
    assert line == f"{name}: leaving"


def test_a_log_is_followed_over_a_gate_to_the_end(cluster: LocalCluster) -> None:
    name = submit(cluster, TWO_STEPS, "-p", "word=you")
    following = subprocess.Popen(
        [sys.executable, "-m", "argotui", "logs", "-f", name],
        env=dict(cluster.environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert following.stdout is not None
    assert following.stdout.readline().endswith(": one you\n")
    cluster.argotui("wait", name, "--until-node", "gate=Running", timeout=30)
    assert "Running (Suspended)" in cluster.argotui("get", name).stdout
    cluster.argotui("resume", name, "--reason", "tested")
    out, err = following.communicate(timeout=60)
    assert following.returncode == 0
    assert out.endswith(": two\n")
    assert err == ""
    shown = cluster.argotui("get", name).stdout
    assert "✔ Succeeded" in shown
    assert [line.split()[1] for line in shown[shown.index("STEP") :].splitlines()[2:]] == ["first", "gate", "last"]
    merged = cluster.argotui("logs", name).stdout.splitlines()
    assert [line.partition(": ")[2] for line in merged] == ["one you", "two"]


def test_what_failed_is_retried_with_another_value(cluster: LocalCluster) -> None:
    name = submit(cluster, FLAKY)
    assert cluster.argotui("wait", name, check=False, timeout=60).returncode == 1
    cluster.argotui("retry", name, "-p", "code=0", "--wait", timeout=60)
    new = cluster.argotui("resubmit", name, "-p", "code=4", "-o", "name").stdout.strip()
    assert cluster.argotui("wait", new, check=False, timeout=60).returncode == 1


def test_stop_and_delete(cluster: LocalCluster) -> None:
    name = submit(cluster, TWO_STEPS)
    cluster.argotui("wait", name, "--until-node", "gate=Running", timeout=30)
    cluster.argotui("stop", name)
    assert cluster.argotui("wait", name, check=False, timeout=60).returncode == 1
    assert "Failed (Terminated)" in cluster.argotui("list").stdout
    cluster.argotui("delete", name)
    assert cluster.argotui("get", name, check=False).returncode == 1
