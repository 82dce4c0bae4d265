"""Workflows for the stories: a pipeline with a gate, finished ones, broken ones."""

from __future__ import annotations

from typing import Any

from argotui.model.documents import Document
from argotui.model.names import node_id, pod_name
from tests.console.cluster import FakeCluster

LABELS = "workflows.argoproj.io/"
TASKS = ("checkout", "test", "build", "scan", "approve", "update-gitops")
SPEC: Document = {
    "entrypoint": "pipeline",
    "arguments": {"parameters": [{"name": "revision", "value": "main"}]},
    "templates": [
        {
            "name": "pipeline",
            "dag": {
                "tasks": [
                    {"name": name, "template": name if name != "approve" else "gate"}
                    | ({"dependencies": [TASKS[number - 1]]} if number else {})
                    for number, name in enumerate(TASKS)
                ]
            },
        },
        {"name": "gate", "suspend": {}},
        *({"name": name, "container": {"image": "busybox"}} for name in TASKS if name != "approve"),
    ],
}


def step(workflow: str, name: str, phase: str = "Succeeded", type_: str = "Pod", **more: Any) -> Document:
    """A node of the pipeline, or of one of its retries."""
    full = f"{workflow}.{name}"
    made: Document = {
        "id": node_id(workflow, full),
        "name": full,
        "displayName": name,
        "type": type_,
        "phase": phase,
        "templateName": "gate" if type_ == "Suspend" else name.partition("(")[0],
        "boundaryID": workflow,
        "startedAt": "2026-03-01T11:57:00Z",
    }
    if phase not in ("Running", "Pending"):
        made["finishedAt"] = "2026-03-01T11:58:12Z"
    return {**made, **more}


def workflow(name: str, phase: str, *nodes: Document, **more: Any) -> Document:
    """A workflow whose entry is a DAG over the nodes."""
    root = {
        "id": name,
        "name": name,
        "displayName": name,
        "type": "DAG",
        "phase": phase,
        "templateName": "pipeline",
        "startedAt": "2026-03-01T11:57:00Z",
        "children": [node["id"] for node in nodes if "nodeFlag" not in node],
    }
    ended = phase in ("Succeeded", "Failed", "Error")
    if ended:
        root["finishedAt"] = "2026-03-01T11:59:30Z"
    labels = {f"{LABELS}phase": phase, f"{LABELS}completed": "true" if ended else "false"}
    status: Document = {
        "phase": phase,
        "startedAt": "2026-03-01T11:57:00Z",
        "nodes": {node["id"]: node for node in (root, *nodes)},
        "progress": f"{sum(n['phase'] == 'Succeeded' for n in nodes)}/{len(nodes)}",
    }
    if ended:
        status["finishedAt"] = "2026-03-01T11:59:30Z"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "labels": {**labels, **more.pop("labels", {})}},
        "spec": more.pop("spec", SPEC),
        "status": {**status, **more.pop("status", {})},
        **more,
    }


def retried(name: str, step_name: str, *phases: str) -> list[Document]:
    """A retry node and its tries."""
    tries = [
        step(
            name,
            f"{step_name}({n})",
            phase,
            nodeFlag={"retried": True},
            message="main: Error (exit code 1)" if phase == "Failed" else "",
        )
        for n, phase in enumerate(phases)
    ]
    retry = step(name, step_name, phases[-1], "Retry", children=[t["id"] for t in tries])
    return [retry, *tries]


def gated(name: str = "ci-pipeline-8x2kq") -> Document:
    """The pipeline at its gate."""
    return workflow(
        name,
        "Running",
        step(name, "checkout"),
        *retried(name, "test", "Failed", "Succeeded"),
        step(name, "build", message=""),
        step(name, "scan"),
        step(
            name,
            "approve",
            "Running",
            "Suspend",
            inputs={
                "parameters": [
                    {"name": "image", "value": "registry.local/shop:3f2a91c"},
                    {"name": "findings", "value": "0 critical, 2 low"},
                ]
            },
        ),
        labels={f"{LABELS}workflow-template": "ci-pipeline"},
    )


def failed(name: str = "nightly-etl-4hz8d") -> Document:
    """A pipeline that broke."""
    return workflow(
        name,
        "Failed",
        step(name, "checkout"),
        step(name, "test", "Failed", message="main: Error (exit code 137): OOMKilled"),
        status={"message": "child 'x' failed"},
    )


def succeeded(name: str = "release-notes-9vvbm") -> Document:
    """A pipeline that went well."""
    return workflow(name, "Succeeded", *(step(name, task) for task in TASKS[:4]))


def running(name: str = "build-image-2mwrt") -> Document:
    """A pipeline at work."""
    return workflow(name, "Running", step(name, "checkout"), step(name, "test", "Running"))


def pod(workflow_name: str, step_name: str, *, ended: bool = True) -> Document:
    """The pod of a step."""
    full = f"{workflow_name}.{step_name}"
    state = {"terminated": {"startedAt": "2026-03-01T11:57:02Z", "exitCode": 0}} if ended else {
        "running": {"startedAt": "2026-03-01T11:57:02Z"}
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod_of(workflow_name, step_name),
            "labels": {f"{LABELS}workflow": workflow_name},
            "annotations": {f"{LABELS}node-id": node_id(workflow_name, full), f"{LABELS}node-name": full},
        },
        "spec": {"containers": [{"name": "main"}, {"name": "wait"}]},
        "status": {
            "phase": "Succeeded" if ended else "Running",
            "containerStatuses": [{"name": "main", "state": state}],
        },
    }


def pod_of(workflow_name: str, step_name: str) -> str:
    """The name of a step's pod."""
    return pod_name(workflow_name, f"{workflow_name}.{step_name}", step_name.partition("(")[0])


TEMPLATE: Document = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "WorkflowTemplate",
    "metadata": {
        "name": "ci-pipeline",
        "annotations": {f"{LABELS}description": "checkout, test, build, scan, ask, deploy"},
    },
    "spec": {
        **SPEC,
        "arguments": {
            "parameters": [
                {"name": "revision", "value": "main", "description": "branch, tag or commit to build"},
                {"name": "environment", "enum": ["staging", "production"], "value": "staging"},
                {"name": "ticket", "description": "number of the change request"},
            ]
        },
    },
}


def everything() -> FakeCluster:
    """A cluster with one of each."""
    cluster = FakeCluster()
    for number, made in enumerate((gated(), failed(), succeeded(), running())):
        made["metadata"]["creationTimestamp"] = f"2026-03-01T11:5{number}:00Z"
        cluster.put(made)
    cluster.put(TEMPLATE)
    for name in ("checkout", "test(0)", "test(1)", "build", "scan"):
        cluster.put(pod("ci-pipeline-8x2kq", name))
    cluster.write_log(
        pod_of("ci-pipeline-8x2kq", "checkout"), "cloning…", "\x1b[32mchecked out\x1b[0m 3f2a91c", ended=True
    )
    cluster.write_log(pod_of("ci-pipeline-8x2kq", "test(0)"), "1 failed", ended=True)
    cluster.write_log(pod_of("ci-pipeline-8x2kq", "test(1)"), "12 passed", ended=True)
    for name in ("build", "scan"):
        cluster.write_log(pod_of("ci-pipeline-8x2kq", name), f"{name}: ok", ended=True)
    return cluster
