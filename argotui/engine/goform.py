"""Templates, steps and tasks in the form in which Go's encoder prints them.

Two readers depend on it: the executor, which gets the template as `ARGO_TEMPLATE` (§4.5), and validation, which
reports the first unresolved tag in this order.  A field without `omitempty` is there even when it says nothing, fields
come in the order of upstream's types, and parameter values are texts (§0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argotui.model.anystring import any_string
from argotui.model.documents import Document

_CONTAINER: Final = (
    "name image command args workingDir ports envFrom env:Env resources resizePolicy restartPolicy volumeMounts "
    "volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath "
    "terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty"
)
_LOOP: Final = "withItems withParam withSequence when continueOn onExit"

_ORDERS: Final[Mapping[str, str]] = {
    "Template": (
        "name inputs:Arguments outputs:Arguments nodeSelector affinity metadata:Metadata daemon steps:Step "
        "container:Container containerSet:ContainerSet script:Script resource dag:Dag suspend data http plugin "
        "volumes initContainers:UserContainer sidecars:UserContainer archiveLocation activeDeadlineSeconds "
        "retryStrategy parallelism failFast tolerations schedulerName priorityClassName serviceAccountName "
        "automountServiceAccountToken executor hostAliases securityContext podSpecPatch metrics synchronization "
        "memoize timeout annotations"
    ),
    "Arguments": "parameters:Parameter artifacts:Artifact result exitCode",
    "Parameter": "name default value valueFrom:ValueFrom globalName enum description",
    "ValueFrom": "path jsonPath jqFilter event parameter supplied configMapKeyRef default expression",
    "Artifact": (
        "name path mode from archiveLogs s3 git http artifactory hdfs raw oss gcs azure plugin globalName archive "
        "optional subPath recurseMode fromExpression artifactGC deleted"
    ),
    "Metadata": "annotations labels",
    "Container": _CONTAINER,
    "UserContainer": f"{_CONTAINER} mirrorVolumeMounts",
    "Script": f"{_CONTAINER} source",
    "ContainerSet": "containers:ContainerNode volumeMounts retryStrategy",
    "ContainerNode": f"{_CONTAINER} dependencies",
    "Env": "name value valueFrom",
    "Dag": "target tasks:Task failFast",
    "Step": f"name template inline:Template arguments:Arguments templateRef {_LOOP} hooks:Hooks",
    "Task": f"name template inline:Template arguments:Arguments templateRef dependencies {_LOOP} depends hooks:Hooks",
    "Hook": "template arguments:Arguments templateRef expression",
}

_ZEROES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Template": {"inputs": {}, "outputs": {}, "metadata": {}},
    "Container": {"name": "", "resources": {}},
    "UserContainer": {"name": "", "resources": {}},
    "Script": {"name": "", "resources": {}, "source": ""},
    "ContainerNode": {"name": "", "resources": {}},
    "Step": {"arguments": {}},
    "Task": {"arguments": {}},
}

_FIELDS: Final = {
    kind: [(name, child) for name, _, child in (field.partition(":") for field in order.split())]
    for kind, order in _ORDERS.items()
}


def go_template(template: Mapping[str, Any]) -> Document:
    """A copy of a template in Go's form."""
    return _struct(template, "Template")


def go_step(step: Mapping[str, Any]) -> Document:
    """A copy of a step of a steps template in Go's form."""
    return _struct(step, "Step")


def go_task(task: Mapping[str, Any]) -> Document:
    """A copy of a task of a dag template in Go's form."""
    return _struct(task, "Task")


def go_outputs(outputs: Mapping[str, Any]) -> Document:
    """A copy of a template's outputs in Go's form."""
    return _struct(outputs, "Arguments")


def _form(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [_form(entry, kind) for entry in value]
    if not isinstance(value, dict):
        return value
    if kind == "Hooks":
        return {name: _form(value[name], "Hook") for name in sorted(value)}
    return _struct(value, kind) if kind else value


def _struct(value: Mapping[str, Any], kind: str) -> Document:
    given = {**_ZEROES.get(kind, {}), **{k: v for k, v in value.items() if v is not None}}
    result = {name: _form(given[name], child) for name, child in _FIELDS[kind] if name in given}
    result |= {name: entry for name, entry in given.items() if name not in result}
    if kind in ("Parameter", "ValueFrom"):
        _texts(result)
    return result


def _texts(parameter: Document) -> None:
    for key in ("default", "value"):
        if key in parameter:
            parameter[key] = any_string(parameter[key])
    if isinstance(parameter.get("enum"), list):
        parameter["enum"] = [any_string(entry) for entry in parameter["enum"]]
