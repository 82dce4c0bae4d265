"""The controller with the real engine, kubelet and API server."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.localcluster import LocalCluster

_LONG = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"name": "long", "namespace": "argo"},
    "spec": {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "container": {
                    "image": "busybox",
                    "command": ["sh", "-c"],
                    "args": ["sleep 300"],
                },
            }
        ],
    },
}


def until(cluster: LocalCluster, condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What `condition` returns, once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, cluster.words()
        time.sleep(0.1)


def pods(cluster: LocalCluster, workflow: str) -> list[dict[str, Any]]:
    selector = f"workflows.argoproj.io/workflow={workflow}"
    found: list[dict[str, Any]] = json.loads(cluster.kubectl("get", "pods", "-l", selector, "-o", "json"))["items"]
    return found


def phase(cluster: LocalCluster, workflow: str) -> str:
    return cluster.kubectl("get", "workflow", workflow, "-o", "jsonpath={.status.phase}")


def test_a_terminated_step_ends_although_the_controller_died_on_the_way(cluster: LocalCluster) -> None:
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(_LONG))
    until(cluster, lambda: [pod for pod in pods(cluster, "long") if pod["status"]["phase"] == "Running"])
    cluster.kubectl("patch", "workflow", "long", "--type", "merge", "-p", '{"spec": {"shutdown": "Terminate"}}')
    until(cluster, lambda: cluster.kill("controller"))
    until(cluster, lambda: phase(cluster, "long") == "Failed")
    until(cluster, lambda: all(pod["status"]["phase"] == "Failed" for pod in pods(cluster, "long")))
    labelled = "workflows.argoproj.io/completed"
    until(cluster, lambda: all(pod["metadata"]["labels"][labelled] == "true" for pod in pods(cluster, "long")))


def test_a_template_applied_just_before_the_submit_is_seen_as_it_is_now(cluster: LocalCluster) -> None:
    """The watches of templates and workflows are not in step; the newest template must be used all the same."""
    for turn in range(3):
        template = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTemplate",
            "metadata": {"name": "fresh", "namespace": "argo"},
            "spec": {
                "entrypoint": "main",
                "templates": [
                    {"name": "main", "suspend": {}, "inputs": {"parameters": [{"name": "turn", "value": str(turn)}]}}
                ],
            },
        }
        workflow = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": f"fresh-{turn}", "namespace": "argo"},
            "spec": {"workflowTemplateRef": {"name": "fresh"}},
        }
        cluster.kubectl("apply", "-f", "-", stdin=f"{json.dumps(template)}\n{json.dumps(workflow)}\n")
        where = f"jsonpath={{.status.nodes.fresh-{turn}.inputs.parameters[0].value}}"
        found = until(
            cluster, lambda turn=turn, where=where: cluster.kubectl("get", "wf", f"fresh-{turn}", "-o", where)
        )
        assert found == str(turn)
        cluster.kubectl("delete", "wf", f"fresh-{turn}", "--wait=false")
