"""Small workflow objects for the tests of services and of the command line."""

from __future__ import annotations

from typing import Any

from argotui.model.documents import Document
from argotui.model.keys import LABEL_COMPLETED, LABEL_PHASE, LABEL_WORKFLOW
from argotui.model.names import node_id, pod_name


def node(workflow: str, name: str, kind: str = "Pod", phase: str = "Running", **more: Any) -> Document:
    full = workflow if not name else f"{workflow}{name}"
    base = {
        "id": node_id(workflow, full), "name": full, "displayName": name.rpartition(".")[2] or workflow,
        "type": kind, "phase": phase, "templateName": "main", "startedAt": "2025-01-01T00:00:01Z",
        "finishedAt": None if phase in ("Running", "Pending") else "2025-01-01T00:00:09Z",
    }  # fmt: skip
    return {**base, **more}


def workflow(name: str = "wf", phase: str = "Running", nodes: list[Document] | None = None, **more: Any) -> Document:
    over = phase in ("Succeeded", "Failed", "Error")
    status: Document = {
        "phase": phase, "startedAt": "2025-01-01T00:00:01Z", "finishedAt": "2025-01-01T00:01:00Z" if over else None,
        "progress": "1/2", "nodes": {n["id"]: n for n in nodes or []},
    }  # fmt: skip
    labels = {LABEL_PHASE: phase, LABEL_COMPLETED: "true" if over else "false"} if phase else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": name, "namespace": "argo", "uid": f"uid-{name}", "labels": labels,
                     "creationTimestamp": more.pop("created", "2025-01-01T00:00:00Z")},
        "spec": {"entrypoint": "main", "templates": [], **more.pop("spec", {})},
        "status": {**status, **more.pop("status", {})},
    }  # fmt: skip


def gate(name: str = "wf", outputs: list[Document] | None = None, inputs: list[Document] | None = None) -> Document:
    """A workflow in which the gate `approve` waits after the step `build`."""
    waiting = node(name, ".approve", "Suspend", "Running", boundaryID=name)
    if outputs:
        waiting["outputs"] = {"parameters": outputs}
    if inputs:
        waiting["inputs"] = {"parameters": inputs}
    build = node(name, ".build", phase="Succeeded", boundaryID=name, children=[waiting["id"]])
    root = node(name, "", "DAG", "Running", children=[build["id"]])
    tasks = [
        {"name": "build", "template": "main"},
        {"name": "approve", "template": "gate", "dependencies": ["build"]},
        {"name": "deploy", "template": "main", "dependencies": ["approve"]},
    ]
    templates = [{"name": "main", "dag": {"tasks": tasks}}, {"name": "gate", "suspend": {}}]
    return workflow(name, nodes=[root, build, waiting], spec={"templates": templates})


def failed(name: str = "wf") -> Document:
    """A workflow whose second step failed."""
    bad = node(name, ".b", phase="Failed", boundaryID=name, message="exit code 1")
    good = node(name, ".a", phase="Succeeded", boundaryID=name, children=[bad["id"]])
    root = node(name, "", "DAG", "Failed", children=[good["id"]])
    return workflow(
        name, "Failed", [root, good, bad], spec={"arguments": {"parameters": [{"name": "p", "value": "1"}]}}
    )


def pod(
    of: str, number: int, *, phase: str = "Succeeded", started: str = "2025-01-01T00:00:01Z", container: str = "main"
) -> Document:
    state: Document = {}
    if phase == "Running":
        state = {"running": {"startedAt": started}}
    elif phase in ("Succeeded", "Failed"):
        state = {"terminated": {"startedAt": started, "finishedAt": started, "exitCode": 0}}
    name = pod_name(of, f"{of}.step-{number}", "main")
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "argo", "uid": f"uid-{name}", "labels": {LABEL_WORKFLOW: of},
                     "annotations": {"workflows.argoproj.io/node-id": f"{of}-{number}"}},
        "spec": {"containers": [{"name": container, "image": "i"}, {"name": "wait", "image": "i"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": container, "state": state}]},
    }  # fmt: skip
