"""Environment variables of executor and user containers (§4.5)."""

from __future__ import annotations

from argotui.engine.config import EngineConfig
from argotui.engine.pods.request import PodRequest
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.duration import format_go_duration
from argotui.model.times import ZERO_TIME, format_time

PROGRESS_FILE = "/var/run/argo/progress"
TEMPLATE = "ARGO_TEMPLATE"


def variable(name: str, value: str) -> Document:
    """One environment variable; an empty value is left out, as Go's encoder does."""
    return {"name": name, "value": value} if value else {"name": name}


def _from_field(name: str, path: str) -> Document:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def of_executor(workflow: Document, config: EngineConfig) -> list[Document]:
    """What only the executor's own containers get: who they are, for reporting results."""
    env = [
        _from_field("ARGO_POD_NAME", "metadata.name"),
        _from_field("ARGO_POD_UID", "metadata.uid"),
        variable("ARGO_WORKFLOW_UID", documents.uid(workflow)),
    ]
    if config.instance_id:
        env.append(variable("ARGO_INSTANCE_ID", config.instance_id))
    return env


def of_all(request: PodRequest, container: str) -> list[Document]:
    """What every init and regular container gets."""
    deadline = format_time(request.deadline) if request.deadline else ZERO_TIME
    env = [
        variable("ARGO_CONTAINER_NAME", container),
        variable("ARGO_NODE_ID", request.node_id),
        variable("ARGO_INCLUDE_SCRIPT_OUTPUT", "true" if request.include_result else "false"),
        variable("ARGO_DEADLINE", deadline),
        variable("ARGO_WORKFLOW_NAME", documents.name(request.workflow)),
    ]
    return [*env, *_of_progress(request.config)]


def _of_progress(config: EngineConfig) -> list[Document]:
    if not (config.progress_patch_ns and config.progress_file_ns):
        return []
    return [
        variable("ARGO_PROGRESS_FILE", PROGRESS_FILE),
        variable("ARGO_PROGRESS_PATCH_TICK_DURATION", format_go_duration(config.progress_patch_ns)),
        variable("ARGO_PROGRESS_FILE_TICK_DURATION", format_go_duration(config.progress_file_ns)),
    ]


def add(container: Document, variables: list[Document]) -> None:
    """Appends variables after those the user set."""
    container["env"] = [*(container.get("env") or ()), *variables]
