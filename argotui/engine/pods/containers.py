"""The containers of a pod: main, the user's others, and the executor's beside them (§4.3, §4.6)."""

from __future__ import annotations

from argotui.engine.pods import environment, volumes
from argotui.engine.pods.commands import executor_command
from argotui.engine.pods.request import PodBuildError, PodRequest
from argotui.model.documents import Document, clone
from argotui.model.keys import CONTAINER_MAIN, CONTAINER_WAIT
from argotui.model.patching import strategic_merge

EXECUTOR_USER = 8737
_FROM_CONFIG = ("resources", "securityContext", "args", "env")


def main_containers(request: PodRequest) -> list[Document]:
    """The containers that do the step's work, with the controller's defaults underneath."""
    defaults = request.config.main_container or {}
    return [strategic_merge(defaults, c, "Container") if defaults else c for c in _declared(request)]


def _declared(request: PodRequest) -> list[Document]:
    template = request.template
    if template.get("resource") is not None:
        return [_resource_container(request, str(template["resource"].get("action") or ""))]
    if template.get("containerSet"):
        return _container_set(template["containerSet"])
    for key in ("container", "script"):
        if template.get(key) is not None:
            main: Document = clone(template[key])
            source = main.pop("source", "")
            if source:
                main["args"] = [*(main.get("args") or ()), volumes.SCRIPT_PATH]
            return [{**main, "name": CONTAINER_MAIN}]
    raise PodBuildError(f"template '{template.get('name') or ''}' is of a type that has no pod")


def _container_set(group: Document) -> list[Document]:
    """Members keep their names; the mounts of the whole set come after their own."""
    members = []
    for member in clone(group.get("containers") or []):
        member.pop("dependencies", None)
        shared = clone(group.get("volumeMounts") or [])
        if shared:
            member["volumeMounts"] = [*(member.get("volumeMounts") or ()), *shared]
        members.append(member)
    return members


def _resource_container(request: PodRequest, action: str) -> Document:
    """Works on objects of the cluster: the executor's own image, as the pod's only container beside `init`."""
    return {**executor_container(request, CONTAINER_MAIN), "command": executor_command("resource", action)}


def needs_wait(template: Document) -> bool:
    """Whether another container beside main reports the results; what works on resources does so itself."""
    return template.get("resource") is None


def user_containers(request: PodRequest, key: str) -> list[Document]:
    """Copies of the template's `sidecars` or `initContainers`."""
    return [clone(container) for container in request.template.get(key) or ()]


def executor_container(request: PodRequest, name: str) -> Document:
    """A container with the executor's image, under the controller's settings."""
    config = request.config
    container: Document = {"name": name, "image": config.executor_image, "command": executor_command(name)}
    if config.executor_pull_policy:
        container["imagePullPolicy"] = config.executor_pull_policy
    settings = config.executor or {}
    if request.template.get("resource") is not None:
        container["securityContext"] = _locked_down(name)
    if request.executor_token and name != CONTAINER_MAIN:
        token = {"name": volumes.TOKEN, "mountPath": volumes.TOKEN_PATH, "readOnly": True}
        container["volumeMounts"] = [token]
    container |= {key: clone(settings[key]) for key in _FROM_CONFIG if settings.get(key)}
    environment.add(container, environment.of_executor(request.workflow, config))
    if name == CONTAINER_WAIT:
        environment.add(container, [environment.variable("ARGO_ARTIFACT_PLUGIN_NAMES", "")])
    return container


def _locked_down(name: str) -> Document:
    """What upstream gives pods that hold the rights to change the cluster (§4.6)."""
    context: Document = {
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "runAsUser": EXECUTOR_USER,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {**context, "readOnlyRootFilesystem": True} if name == CONTAINER_MAIN else context


def default_container(mains: list[Document]) -> str:
    """The container that `kubectl logs` shows unless told otherwise."""
    names = [str(container["name"]) for container in mains]
    return CONTAINER_MAIN if CONTAINER_MAIN in names else names[-1]
