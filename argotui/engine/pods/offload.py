"""Values too large for a process's environment or arguments travel beside the pod, in a ConfigMap (§4.7)."""

from __future__ import annotations

from itertools import chain

from argotui.engine.pods import volumes
from argotui.engine.pods.commands import EMISSARY
from argotui.engine.pods.environment import TEMPLATE, add, variable
from argotui.model import documents
from argotui.model.documents import Document, clone, compact_json
from argotui.model.keys import ANNOTATION_NODE_ID, ANNOTATION_NODE_NAME, LABEL_WORKFLOW

MAX_VALUE_BYTES = 131072
"""The longest single environment variable or argument that Linux passes to a process."""

OFFLOADED = "offloaded"
ARGS_FILE = "ARGO_CONTAINER_ARGS_FILE"
_VOLUME, _PATH = "argo-env-config", "/argo/config"


def offloaded(pod: Document) -> tuple[Document, Document | None]:
    """The pod, and the ConfigMap that has to be there before it; None when nothing is too large."""
    template, containers = template_text(pod), [c for c in pod["spec"]["containers"] if _has_large_arguments(c)]
    if not _is_large(template) and not containers:
        return pod, None
    pod = clone(pod)
    data: dict[str, str] = {}
    if _is_large(template):
        data[TEMPLATE] = template
        for container in pod["spec"]["initContainers"]:
            _replace(container, TEMPLATE, OFFLOADED)
    for container in pod["spec"]["containers"]:
        if _has_large_arguments(container):
            key = ARGS_FILE if ARGS_FILE not in data else f"{ARGS_FILE}.{container['name']}"
            data[key] = compact_json(container.pop("args"))
            add(container, [variable(ARGS_FILE, f"{_PATH}/{key}")])
    pod["spec"]["volumes"].append({"name": _VOLUME, "configMap": {"name": documents.name(pod)}})
    for container in chain(pod["spec"]["initContainers"], pod["spec"]["containers"]):
        volumes.mount(container, _VOLUME, _PATH)
    return pod, _config_map(pod, data)


def template_text(pod: Document) -> str:
    """The template that a pod carries for its executor, as JSON; empty when it has none."""
    for container in pod["spec"].get("initContainers") or ():
        for entry in container.get("env") or ():
            if entry.get("name") == TEMPLATE:
                return str(entry.get("value") or "")
    return ""


def _replace(container: Document, name: str, value: str) -> None:
    container["env"] = [variable(name, value) if e.get("name") == name else e for e in container.get("env") or ()]


def _has_large_arguments(container: Document) -> bool:
    """Only what the emissary starts can read its arguments from a file."""
    wrapped = tuple((container.get("command") or ())[: len(EMISSARY)]) == EMISSARY
    return wrapped and bool(container.get("args")) and _is_large(compact_json(container["args"]))


def _is_large(text: str) -> bool:
    return len(text.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES


def _config_map(pod: Document, data: dict[str, str]) -> Document:
    annotations = documents.annotations(pod)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": documents.name(pod),
            "namespace": documents.namespace(pod),
            "labels": {LABEL_WORKFLOW: documents.labels(pod)[LABEL_WORKFLOW]},
            "annotations": {key: annotations[key] for key in (ANNOTATION_NODE_NAME, ANNOTATION_NODE_ID)},
            "ownerReferences": clone(pod["metadata"]["ownerReferences"]),
        },
        "data": data,
    }
