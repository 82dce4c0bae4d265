"""Kubernetes Events about workflows, as upstream's recorder writes them (§8.8)."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from argotui.controller import clock
from argotui.controller.correlation import Correlated, Correlator
from argotui.controller.requests import Requests
from argotui.engine.effects import EmitEvent
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document, api_version, kind, name, namespace, resource_version, uid
from argotui.model.resources import EVENTS
from argotui.model.times import format_time

log = logging.getLogger(__name__)

COMPONENT = "workflow-controller"
_NAME_LIMIT = 253
_QUIET_SECONDS = 0.03
_LONGEST_DELAY = 2.0
_MOST_WAITING = 10_000
"""Events must not hold up pods: a step has more of them than of anything else. They wait this long for a pause."""


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
    """Writes Events, one at a time, when nothing else is to be done. Keep `run()` in a supervised task.

    They are an extra: failing to write one is told once and disturbs nothing.
    """

    def __init__(self, client: Client, requests: Requests, *, with_annotations: bool = False) -> None:
        self._correlator = Correlator(with_annotations=with_annotations)
        self._client = client
        self._requests = requests
        self._background = Requests(requests.permit, slots=1)
        self._waiting: deque[tuple[float, Document]] = deque(maxlen=_MOST_WAITING)
        self._arrived = asyncio.Event()
        self._never = asyncio.Event()
        self._told: set[str] = set()

    def put(self, about: Document, effect: EmitEvent) -> None:
        """Queues an Event about `about`; of more than can wait the oldest are dropped."""
        body = event(about, effect.type, effect.reason, effect.message, effect.annotations, clock.now(), time.time_ns())
        self._waiting.append((asyncio.get_running_loop().time() + _LONGEST_DELAY, body))
        self._arrived.set()

    async def run(self) -> NoReturn:
        """Writes what is queued, until cancelled."""
        while True:
            self._arrived.clear()
            while self._waiting:
                latest, body = self._waiting[0]
                await self._pause_of_others(latest)
                await self._write(body)
                if self._waiting and self._waiting[0][1] is body:
                    self._waiting.popleft()
            await self._arrived.wait()

    async def _pause_of_others(self, latest: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            missing = _QUIET_SECONDS - self._requests.quiet_for()
            if missing <= 0 or loop.time() >= latest:
                return
            await asyncio.sleep(missing)

    async def _write(self, body: Document) -> None:
        correlated = self._correlator.take(body, time.monotonic())
        try:
            await self._background.send(lambda: self._send(correlated), self._never)
            self._correlator.sent(correlated)
        except KubeError as error:
            self._correlator.forget(correlated)
            if correlated.name and isinstance(error, ApiError) and error.is_not_found:
                await self._write(body)  # Events do not live long: this one begins anew
                return
            if str(error) not in self._told:
                self._told.add(str(error))
                log.warning("events cannot be written: %s", error)

    async def _send(self, correlated: Correlated) -> Document:
        if not correlated.name:
            return await self._client.create(EVENTS, correlated.body)
        where = namespace(correlated.body)
        return await self._client.patch(EVENTS, correlated.name, correlated.patch, where)
