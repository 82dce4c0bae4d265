"""The template that a pod runs, as the controller put it beside the init container (§4.5, §4.7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argotui.model.documents import Document
from argotui.model.times import parse_time

TEMPLATE = "ARGO_TEMPLATE"
OFFLOADED = "offloaded"
OFFLOADED_PATH = f"/argo/config/{TEMPLATE}"
_MAIN = "main"


class ExecutorError(Exception):
    """What ends an executor container with exit code 64; `str()` is its termination message."""


@dataclass(frozen=True)
class ResultIdentity:
    """Under which name and owner the results are reported, from the environment of `wait`."""

    namespace: str
    node_id: str
    workflow: str
    workflow_uid: str
    instance_id: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str], namespace: str) -> ResultIdentity:
        """Raises ExecutorError when the pod does not say which node it is."""
        missing = [name for name in ("ARGO_NODE_ID", "ARGO_WORKFLOW_NAME") if not environment.get(name)]
        if missing:
            raise ExecutorError(f"the environment of wait lacks {' and '.join(missing)}")
        return cls(
            namespace,
            environment["ARGO_NODE_ID"],
            environment["ARGO_WORKFLOW_NAME"],
            environment.get("ARGO_WORKFLOW_UID", ""),
            environment.get("ARGO_INSTANCE_ID", ""),
        )


def load_template(value: str, read_offloaded: Callable[[str], bytes]) -> Document:
    """Parses ARGO_TEMPLATE, from its ConfigMap volume where it was too large. Raises ExecutorError."""
    try:
        text: str | bytes = read_offloaded(OFFLOADED_PATH) if value == OFFLOADED else value
        template = json.loads(text)
    except (OSError, ValueError) as error:
        raise ExecutorError(f"failed to read {TEMPLATE}: {error}") from None
    if not isinstance(template, dict):
        raise ExecutorError(f"failed to read {TEMPLATE}: not a JSON object")
    return template


def main_containers(template: Document) -> list[str]:
    """Names of the containers that do the step's work; all others are beside them."""
    group = template.get("containerSet")
    if group:
        return [str(container.get("name")) for container in group.get("containers") or ()]
    return [_MAIN]


def output_parameters(template: Document) -> list[Document]:
    """The output parameters that are read from files."""
    declared: list[Document] = (template.get("outputs") or {}).get("parameters") or []
    return [parameter for parameter in declared if (parameter.get("valueFrom") or {}).get("path")]


def output_paths(template: Document) -> list[str]:
    """Their paths, in order."""
    return [str(parameter["valueFrom"]["path"]) for parameter in output_parameters(template)]


def wants_result(environment: Mapping[str, str]) -> bool:
    """Whether stdout of main becomes `outputs.result`."""
    return environment.get("ARGO_INCLUDE_SCRIPT_OUTPUT") == "true"


def deadline_of(environment: Mapping[str, str]) -> datetime | None:
    """When the executor has to end the step; None for never. Raises ExecutorError when it is not a time."""
    try:
        return parse_time(environment.get("ARGO_DEADLINE"))
    except ValueError as error:
        raise ExecutorError(f"ARGO_DEADLINE: {error}") from None


def refusals(template: Document) -> list[str]:
    """Fields of the template that this version does not run."""
    found: list[str] = []
    for side in ("inputs", "outputs"):
        artifacts: Any = (template.get(side) or {}).get("artifacts")
        if artifacts:
            found.append(f"{side}.artifacts")
    location = template.get("archiveLocation") or {}
    if location.get("archiveLogs"):
        found.append("archiveLocation.archiveLogs")
    return found
