"""Locks and limits of running workflows with the real controller: through kill -9, and changed while it runs."""

import json
import random
from pathlib import Path
from typing import Any

from tests.cluster.test_controller_real import phase, until
from tests.localcluster import LocalCluster

KILLS = 3
STEPS = 3
CRITICAL = "echo in {{pod.name}} >> JOURNAL/log; sleep 0.4; echo out {{pod.name}} >> JOURNAL/log"


def _critical(name: str, journal: Path) -> dict[str, Any]:
    """Steps that note when they are inside; only one of all may be."""
    tasks = [{"name": f"t{number}", "template": "critical"} for number in range(STEPS)]
    container = {
        "image": "busybox",
        "command": ["sh", "-c"],
        "args": [CRITICAL.replace("JOURNAL", str(journal))],
        "volumeMounts": [{"name": "journal", "mountPath": str(journal), "readOnly": False}],
    }
    critical = {"name": "critical", "synchronization": {"mutexes": [{"name": "one"}]}, "container": container}
    return _workflow(
        name,
        [{"name": "main", "dag": {"tasks": tasks}}, critical],
        volumes=[{"name": "journal", "hostPath": {"path": str(journal), "type": "Directory"}}],
    )


def _workflow(name: str, templates: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "argo"},
        "spec": {"entrypoint": "main", "templates": templates, **spec},
    }


def _gate(name: str, **spec: Any) -> dict[str, Any]:
    """A workflow that runs until somebody lets it go."""
    return _workflow(name, [{"name": "main", "suspend": {}}], **spec)


def _create(cluster: LocalCluster, workflow: dict[str, Any]) -> None:
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(workflow))


def _message(cluster: LocalCluster, workflow: str) -> str:
    return cluster.kubectl("get", "workflow", workflow, "-o", "jsonpath={.status.message}")


def _configure(cluster: LocalCluster, **data: str | None) -> None:
    patch = json.dumps({"data": data})
    cluster.kubectl("patch", "configmap", "workflow-controller-configmap", "--type", "merge", "-p", patch)


def test_two_never_hold_a_mutex_though_the_controller_is_killed(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    for name in ("left", "right"):
        _create(cluster, _critical(name, tmp_path))
    dice = random.Random(7)
    for kill in range(KILLS):
        lines = 1 + 3 * kill + dice.randrange(3)
        until(cluster, lambda lines=lines: len(log.read_text().splitlines()) >= lines)  # type: ignore[misc]
        until(cluster, lambda: cluster.kill("controller"))
    for name in ("left", "right"):
        until(cluster, lambda name=name: phase(cluster, name) == "Succeeded")  # type: ignore[misc]
    lines_written = [line.split() for line in log.read_text().splitlines()]
    assert len(lines_written) == 2 * 2 * STEPS
    for entered, left in zip(lines_written[::2], lines_written[1::2], strict=True):
        assert (entered[0], left[0]) == ("in", "out")
        assert entered[1] == left[1], "somebody else came in before"


def test_so_many_run_and_the_others_wait_their_turn(cluster: LocalCluster) -> None:
    cluster.kubectl("label", "namespace", "argo", "workflows.argoproj.io/parallelism-limit=1")
    postponed = "Workflow processing has been postponed because too many workflows are already running"
    try:
        _create(cluster, _gate("first"))
        until(cluster, lambda: phase(cluster, "first") == "Running")
        _create(cluster, _gate("second"))
        until(cluster, lambda: phase(cluster, "second") == "Pending")
        assert _message(cluster, "second") == postponed
        _create(cluster, _gate("urgent", priority=5))
        until(cluster, lambda: phase(cluster, "urgent") == "Pending")
        cluster.argotui("terminate", "first", "-n", "argo")
        until(cluster, lambda: phase(cluster, "urgent") == "Running")
        assert phase(cluster, "second") == "Pending"
        cluster.argotui("terminate", "second", "-n", "argo")  # one that waits for its turn can be ended
        until(cluster, lambda: phase(cluster, "second") == "Failed")
        _create(cluster, _gate("third"))
        until(cluster, lambda: phase(cluster, "third") == "Pending")
        cluster.kubectl("label", "namespace", "argo", "workflows.argoproj.io/parallelism-limit-")
        until(cluster, lambda: phase(cluster, "third") == "Running")
        _configure(cluster, parallelism="2")
        _create(cluster, _gate("fourth"))
        until(cluster, lambda: phase(cluster, "fourth") == "Pending")
        _configure(cluster, parallelism="3")
        until(cluster, lambda: phase(cluster, "fourth") == "Running")
    finally:
        cluster.kubectl("label", "namespace", "argo", "workflows.argoproj.io/parallelism-limit-")
        _configure(cluster, parallelism=None)


def test_a_limit_that_is_raised_counts_at_once(cluster: LocalCluster) -> None:
    cluster.kubectl("create", "configmap", "places", "--from-literal=gates=1")
    semaphore = {"semaphores": [{"configMapKeyRef": {"name": "places", "key": "gates"}}]}
    gate = {"name": "main", "suspend": {}, "synchronization": semaphore}
    for name in ("one", "two", "three"):
        _create(cluster, _workflow(name, [gate]))
        until(cluster, lambda name=name: _node(cluster, name))  # type: ignore[misc]
    assert _node(cluster, "one") == "Running "
    assert _node(cluster, "two") == "Pending Waiting for argo/ConfigMap/places/gates lock. Lock status: 0/1"
    assert "held by argo/one" in cluster.argotui("get", "two", "-n", "argo").stdout
    cluster.kubectl("patch", "configmap", "places", "--type", "merge", "-p", '{"data": {"gates": "2"}}')
    until(cluster, lambda: _node(cluster, "two") == "Running ")
    assert _node(cluster, "three").startswith("Pending ")
    cluster.kubectl("delete", "workflow", "one")
    until(cluster, lambda: _node(cluster, "three") == "Running ")


def _node(cluster: LocalCluster, workflow: str) -> str:
    """Phase and message of the only node; empty as long as there is none."""
    node = cluster.workflow(workflow).get("status", {}).get("nodes", {}).get(workflow, {})
    return f"{node['phase']} {node.get('message', '')}" if node else ""
