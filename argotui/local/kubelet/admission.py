"""What pods this kubelet runs; anything else is refused by name instead of being half done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from argotui.executor.commands import Role, role_of, verb_of
from argotui.local.kubelet.nodeaffinity import fits
from argotui.local.kubelet.volumes import SUPPORTED, kind_of
from argotui.model.documents import Document

_KUBELET = "is not supported by the local kubelet of this version of argotui"
_CONTAINER_FIELDS = ("lifecycle", "volumeDevices")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_POD_FIELDS = (
    "hostPID",
    "hostIPC",
    "shareProcessNamespace",
    "resourceClaims",
    "ephemeralContainers",
    "runtimeClassName",
)


def refusal(pod: Document) -> str:
    """Why the pod is not run, naming the field; "" when it can be."""
    return next(_reasons(pod["spec"]), "")


def unschedulable(pod: Document, labels: Mapping[str, str]) -> str:
    """Why the pod has no place on the only node; "" when it has. It stays Pending then, as on a cluster."""
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()) or not fits(pod, labels):
        return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    return ""


def _reasons(spec: Document) -> Iterator[str]:
    policy = spec.get("restartPolicy") or "Always"
    if policy != "Never" and not _is_agents(spec):
        yield f"spec.restartPolicy: {policy} {_KUBELET}; only Never is"
    for field in _POD_FIELDS:
        if spec.get(field):
            yield f"spec.{field} {_KUBELET}"
    for number, volume in enumerate(spec.get("volumes") or ()):
        if kind_of(volume) not in SUPPORTED:
            yield f"spec.volumes[{number}].{kind_of(volume)} {_KUBELET}"
    for kind in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(kind) or ()):
            yield from _container(container, f"spec.{kind}[{number}]", spec)


def _is_agents(spec: Document) -> bool:
    """An agent is no process that could crash: nothing of it has to be started again."""
    every = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return spec.get("restartPolicy") == "OnFailure" and all(role_of(each) is Role.AGENT for each in every)


def _container(container: Document, path: str, spec: Document) -> Iterator[str]:
    for field in _CONTAINER_FIELDS:
        if container.get(field):
            yield f"{path}.{field} {_KUBELET}"
    for field in _PROBES:
        if (container.get(field) or {}).get("grpc") is not None:
            yield f"{path}.{field}.grpc {_KUBELET}"
    if container.get("restartPolicy"):
        yield f"{path}.restartPolicy {_KUBELET}"
    if role_of(container) is Role.UNKNOWN:
        yield f"{path}.command: argoexec {verb_of(container)} {_KUBELET}"
    context = container.get("securityContext") or {}
    if context.get("privileged"):
        yield f"{path}.securityContext.privileged {_KUBELET}"
    if (context.get("capabilities") or {}).get("add"):
        yield f"{path}.securityContext.capabilities.add {_KUBELET}"
    whole = {**(spec.get("securityContext") or {}), **context}
    if whole.get("runAsNonRoot") and not whole.get("runAsUser"):
        yield f"{path}.securityContext.runAsNonRoot: container has runAsNonRoot and image will run as root"
