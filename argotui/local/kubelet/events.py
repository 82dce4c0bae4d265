"""Events about pods and claims, for `kubectl describe`; best effort, since nothing depends on them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from argotui.kube.errors import KubeError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.environment import NODE
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import EVENTS
from argotui.model.times import format_time

log = logging.getLogger(__name__)
_TEXT = 1024
_sending: set[asyncio.Task[None]] = set()


def warn(api: Api, about: Document, reason: str, message: str) -> None:
    """Sends a Warning about a pod or a claim in the background."""
    task = asyncio.get_running_loop().create_task(_send(api, about, reason, message))
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _send(api: Api, about: Document, reason: str, message: str) -> None:
    now = format_time(datetime.now(UTC))
    namespace, name = documents.namespace(about), documents.name(about)
    event: Document = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name}.", "namespace": namespace},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": documents.kind(about) or "Pod",
            "namespace": namespace,
            "name": name,
            "uid": documents.uid(about),
        },
        "reason": reason,
        "message": message[:_TEXT],
        "type": "Warning",
        "source": {"component": "kubelet", "host": NODE},
        "reportingComponent": "kubelet",
        "reportingInstance": NODE,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await api.create(EVENTS, event, namespace)
    except KubeError as error:
        log.info("the event %s of %s/%s was not stored: %s", reason, namespace, name, error)
