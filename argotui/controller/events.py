"""Kubernetes Events about workflows, as upstream's recorder writes them (§8.8)."""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import datetime

from argotui.controller import clock
from argotui.controller.requests import GivenUp, Requests
from argotui.engine.effects import EmitEvent
from argotui.kube.client import Client
from argotui.kube.errors import KubeError
from argotui.model.documents import Document, api_version, kind, name, namespace, resource_version, uid
from argotui.model.resources import EVENTS
from argotui.model.times import format_time

log = logging.getLogger(__name__)

COMPONENT = "workflow-controller"
_NAME_LIMIT = 253
_AT_ONCE = 2
"""Events must not hold up pods: a fan-out has more of them than anything else."""


def event(
    about: Document,
    type: str,
    reason: str,
    message: str,
    annotations: Mapping[str, str],
    now: datetime,
    unique: int,
) -> Document:
    """A core/v1 Event about the object `about`. `unique` (nanoseconds) makes its name unique."""
    suffix = f".{unique:x}"
    stamp = format_time(now)
    where = namespace(about) or "default"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name(about)[: _NAME_LIMIT - len(suffix)] + suffix,
            "namespace": where,
            **({"annotations": dict(annotations)} if annotations else {}),
        },
        "involvedObject": {
            "apiVersion": api_version(about),
            "kind": kind(about),
            "namespace": where,
            "name": name(about),
            "uid": uid(about),
            "resourceVersion": resource_version(about),
        },
        "type": type,
        "reason": reason,
        "message": message,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": "",
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


class Events:
    """Writes Events. They are an extra: failing to write one is told once and disturbs nothing."""

    def __init__(self, client: Client, requests: Requests) -> None:
        self._client = client
        self._requests = requests
        self._told: set[str] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def write(self, about: Document, effect: EmitEvent, given_up: asyncio.Event) -> None:
        """Never raises what the API or the caller's end of interest raises."""
        body = event(about, effect.type, effect.reason, effect.message, effect.annotations, clock.now(), time.time_ns())
        try:
            async with self._slots:
                await self._requests.send(lambda: self._client.create(EVENTS, body), given_up)
        except GivenUp:
            log.debug("event %s about %s: given up", effect.reason, name(about))
        except KubeError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                log.warning("events cannot be written: %s", error)
