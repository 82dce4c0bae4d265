"""From a container of a pod to the plan that a runtime can carry out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from argotui.executor.commands import Role, role_of, user_command
from argotui.executor.template import output_paths
from argotui.local.kubelet.arguments import offloaded_arguments
from argotui.local.kubelet.context import Node, pod_directory, record_of
from argotui.local.kubelet.environment import environment_of
from argotui.local.kubelet.executors import Step
from argotui.local.kubelet.expansion import expand
from argotui.local.kubelet.members import tried_again
from argotui.local.kubelet.references import References
from argotui.local.kubelet.volumes import Volume, mounts_of
from argotui.local.runtime.types import ContainerPlan, Refused, User
from argotui.model import documents
from argotui.model.documents import Document

HOSTS = "hosts"
_MAIN = "main"
_HOSTNAME = 63


async def plan_of(
    pod: Document,
    container: Document,
    node: Node,
    volumes: Mapping[str, Volume],
    step: Step | None,
    references: References | None,
) -> ContainerPlan:
    """Everything looked up and expanded. Raises Missing and Refused.

    Without `references` (the container runs already) the environment is left out, which nobody needs any more.
    """
    name, uid = str(container["name"]), documents.uid(pod)
    variables: dict[str, str] = {}
    if references:
        variables = node.service_environment | await environment_of(pod, container, references)
    wrapped = role_of(container) is Role.WRAPPED
    is_main = wrapped and step is not None and name in step.mains
    spec, record = pod["spec"], record_of(node.pods_dir, uid, name)
    words, files = offloaded_arguments(container, volumes, record) if references else ([], [])
    command = (*_command(container, variables, node), *words)
    return ContainerPlan(
        record=record,
        pod_uid=uid,
        pod_name=documents.name(pod),
        namespace=documents.namespace(pod),
        name=name,
        image=str(container.get("image") or ""),
        command=tried_again(command, step.template if step else {}, name),
        uses_entrypoint=not container.get("command"),
        environment=tuple(variables.items()),
        working_dir=expand(str(container.get("workingDir") or ""), variables),
        mounts=(*mounts_of(container, volumes, variables), *files),
        hosts_file=pod_directory(node.pods_dir, uid) / HOSTS,
        hostname=hostname(pod),
        user=_user(spec, container),
        read_only_root=bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem")),
        keep_capabilities="ALL" not in _dropped(container),
        pull_policy=str(container.get("imagePullPolicy") or ""),
        wrapped=wrapped,
        capture_stdout=is_main and name == _MAIN and step is not None and step.result_wanted,
        output_paths=tuple(output_paths(step.template)) if is_main and step is not None and name == _MAIN else (),
        log_cap=node.log_cap,
    )


def write_hosts(pod: Document, path: Path) -> None:
    """The pod's /etc/hosts: the machine's, the pod's own name, and its host aliases."""
    try:
        lines = [Path("/etc/hosts").read_text(errors="replace").rstrip("\n")]
    except OSError:
        lines = ["127.0.0.1 localhost"]
    lines.append(f"127.0.0.1 {hostname(pod)}")
    for alias in pod["spec"].get("hostAliases") or ():
        lines.append(f"{alias.get('ip')} {' '.join(alias.get('hostnames') or ())}")
    path.write_text("\n".join(lines) + "\n")


def hostname(pod: Document) -> str:
    """What the pod's containers are called by themselves."""
    return str(pod["spec"].get("hostname") or documents.name(pod))[:_HOSTNAME].rstrip("-.")


def _command(container: Document, variables: Mapping[str, str], node: Node) -> tuple[str, ...]:
    words, runtime = user_command(container), node.runtime.description
    if not container.get("command") and not runtime.pulls_images:
        name = container.get("name")
        raise Refused(f"containers: {name} has no command, and the {runtime.name} runtime pulls no image that has one")
    return tuple(expand(word, variables) for word in words)


def _user(spec: Document, container: Document) -> User:
    whole = {**(spec.get("securityContext") or {}), **(container.get("securityContext") or {})}
    return User(whole.get("runAsUser"), whole.get("runAsGroup"))


def _dropped(container: Document) -> list[str]:
    dropped: list[str] = ((container.get("securityContext") or {}).get("capabilities") or {}).get("drop") or []
    return [str(name).upper() for name in dropped]
