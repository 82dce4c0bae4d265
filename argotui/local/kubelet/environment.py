"""A container's environment: envFrom, env, fields of the pod, resources (Kubernetes' rules)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from argotui.local.kubelet.expansion import expand
from argotui.local.kubelet.references import References
from argotui.local.runtime.types import Refused
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.quantity import Quantity
from argotui.model.resources import CONFIG_MAPS, SECRETS

NODE = "argotui-local"
ADDRESS = "127.0.0.1"
_KEYED = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]\Z")


async def environment_of(pod: Document, container: Document, references: References) -> dict[str, str]:
    """Every variable, expanded, in the order of definition. Raises Missing and Refused."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        variables |= await _all_of(source, references)
    for entry in container.get("env") or ():
        value = await _value(pod, container, entry, references, variables)
        if value is not None:
            variables[str(entry.get("name"))] = value
    return variables


async def _all_of(source: Document, references: References) -> dict[str, str]:
    prefix = str(source.get("prefix") or "")
    found: dict[str, str] = {}
    for key, resource in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS)):
        reference = source.get(key)
        if reference:
            values = await references.values(resource, str(reference.get("name")), bool(reference.get("optional")))
            found |= {prefix + name: value.decode(errors="replace") for name, value in values.items()}
    return found


async def _value(
    pod: Document, container: Document, entry: Document, references: References, before: Mapping[str, str]
) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(str(entry.get("value") or ""), before)
    if source.get("fieldRef"):
        return field_of(pod, str(source["fieldRef"].get("fieldPath")))
    if source.get("resourceFieldRef"):
        return resource_of(pod, container, source["resourceFieldRef"])
    for key, resource in (("configMapKeyRef", CONFIG_MAPS), ("secretKeyRef", SECRETS)):
        chosen = source.get(key)
        if chosen:
            name, wanted, optional = str(chosen.get("name")), str(chosen.get("key")), bool(chosen.get("optional"))
            found = await references.value(resource, name, wanted, optional)
            return None if found is None else found.decode(errors="replace")
    raise Refused(f"env: {entry.get('name')}.valueFrom.{next(iter(source), '')} is not supported by the local kubelet")


def field_of(pod: Document, path: str) -> str:
    """The downward API. Raises Refused for paths it does not know."""
    spec = pod.get("spec") or {}
    simple = {
        "metadata.name": documents.name(pod),
        "metadata.namespace": documents.namespace(pod),
        "metadata.uid": documents.uid(pod),
        "spec.nodeName": str(spec.get("nodeName") or NODE),
        "spec.serviceAccountName": str(spec.get("serviceAccountName") or "default"),
        "status.hostIP": ADDRESS, "status.hostIPs": ADDRESS, "status.podIP": ADDRESS, "status.podIPs": ADDRESS,
    }  # fmt: skip
    if path in simple:
        return simple[path]
    keyed = _KEYED.match(path)
    if keyed:
        kind = documents.labels(pod) if keyed[1] == "labels" else documents.annotations(pod)
        return kind.get(keyed[2], "")
    if path in ("metadata.labels", "metadata.annotations"):
        kind = documents.labels(pod) if path.endswith("labels") else documents.annotations(pod)
        return "\n".join(f'{key}="{value}"' for key, value in sorted(kind.items()))
    raise Refused(f"fieldRef.fieldPath: {path} is not a field that the local kubelet knows")


def resource_of(pod: Document, container: Document, reference: Document) -> str:
    """A request or limit in units of the divisor, rounded up; a limit that is not set is what the machine has."""
    wanted = reference.get("containerName")
    if wanted:
        every = [*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ())]
        container = next((one for one in every if one.get("name") == wanted), container)
    kind, _, name = str(reference.get("resource")).partition(".")
    resources = container.get("resources") or {}
    amount = (resources.get(kind) or {}).get(name) or (_of_machine(name) if kind == "limits" else "0")
    divisor = Quantity.parse(str(reference.get("divisor") or "1")).nano or 10**9
    return str(-(-Quantity.parse(amount).nano // divisor))


def _of_machine(name: str) -> str:
    if name == "cpu":
        return str(os.cpu_count() or 1)
    if name == "memory":
        return str(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return "0"
