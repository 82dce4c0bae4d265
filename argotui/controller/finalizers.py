"""The finalizer that upstream's controller puts on pods where it is told to (§4.2): ours takes it off again.

Without that a pod that upstream made would stay for ever once upstream is gone.
"""

import asyncio
import logging

from argotui.controller.requests import Requests
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document, deleted, name, namespace, resource_version
from argotui.model.keys import FINALIZER_POD_STATUS
from argotui.model.resources import PODS

log = logging.getLogger(__name__)


def is_held(pod: Document) -> bool:
    """Whether nothing but the finalizer keeps the pod, or soon will: it is over, or deleted before it began."""
    phase = (pod.get("status") or {}).get("phase")
    is_over = phase in ("Succeeded", "Failed") or (bool(deleted(pod)) and phase in (None, "", "Pending"))
    return is_over and FINALIZER_POD_STATUS in _finalizers(pod)


async def release(client: Client, requests: Requests, pod: Document) -> None:
    """Takes it off. Whoever changed the pod meanwhile makes the watch show it again: that is another try."""
    rest = [each for each in _finalizers(pod) if each != FINALIZER_POD_STATUS]
    body = {"metadata": {"resourceVersion": resource_version(pod), "finalizers": rest}}
    try:
        await requests.send(lambda: client.patch(PODS, name(pod), body, namespace(pod)), asyncio.Event())
    except ApiError as error:
        if not (error.is_conflict or error.is_not_found):
            log.error("%s/%s: its finalizer stays: %s", namespace(pod), name(pod), error)
    except KubeError as error:
        log.error("%s/%s: its finalizer stays: %s", namespace(pod), name(pod), error)


def _finalizers(pod: Document) -> list[str]:
    return list((pod.get("metadata") or {}).get("finalizers") or [])
