"""The object of a pod: taking it at the beginning, removing it at the end."""

from __future__ import annotations

import logging

from argotui.executor.insist import insist
from argotui.kube.errors import ApiError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.context import title
from argotui.local.kubelet.environment import NODE
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import PODS

log = logging.getLogger(__name__)


async def bind(api: Api, pod: Document) -> bool:
    """Takes the pod. False when it is gone or somebody else's."""
    if pod["spec"].get("nodeName") == NODE:
        return True
    name, namespace = documents.name(pod), documents.namespace(pod)
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name, "uid": documents.uid(pod)},
        "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
    }
    path = PODS.path(namespace, name, "binding")
    try:
        await insist(lambda: api.raw("POST", path, body=body), f"bind {name}")
    except ApiError as error:
        return error.is_conflict and await _is_ours(api, pod)
    return True


async def _is_ours(api: Api, pod: Document) -> bool:
    """Whether an answer to a binding was lost that had been carried out."""
    name, namespace = documents.name(pod), documents.namespace(pod)
    try:
        found = await insist(lambda: api.get(PODS, name, namespace), f"read {name}")
    except ApiError:
        return False
    return documents.uid(found) == documents.uid(pod) and found["spec"].get("nodeName") == NODE


async def remove(api: Api, pod: Document) -> None:
    """Deletes a pod that has ended, for good."""
    name, namespace, uid = documents.name(pod), documents.namespace(pod), documents.uid(pod)
    try:
        await insist(lambda: api.delete(PODS, name, namespace, uid=uid, grace_seconds=0), f"delete {name}")
    except ApiError as error:
        if not (error.is_not_found or error.is_conflict):
            log.error("%s: could not be removed: %s", title(pod), error)
