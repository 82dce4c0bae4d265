"""Writes one pod's status: only what changed, one request at a time, the newest state and none in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from argotui.executor.insist import insist
from argotui.kube.errors import ApiError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.context import title
from argotui.local.kubelet.status import PodState, changes, status_of
from argotui.local.runtime.types import Description
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import PODS

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.04
"""A pod's containers start within milliseconds of each other, and many a step is over a few later: one write."""
ENDING_SECONDS = 0.1
"""When one container has ended the others mostly follow at once, and the last write says it all."""


class StatusWriter:
    """`touch()` after every change; `settle()` when the last one has to be stored."""

    def __init__(self, api: Api, pod: Document, runtime: Description, state: Callable[[], PodState]) -> None:
        self._api = api
        self._pod = pod
        self._runtime = runtime
        self._state = state
        self._written: Document = dict(pod.get("status") or {})
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._again = False
        self._muted = False
        self.gone = False
        """The pod is no more, or another one has its name."""

    def touch(self, delay: float = GATHER_SECONDS) -> None:
        """The state has changed. Written in a moment, together with what else changes until then."""
        self._again = True
        loop = asyncio.get_running_loop()
        if self._timer is not None and self._timer.when() > loop.time() + delay:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._task is None:
            self._timer = loop.call_later(delay, self._begin)

    async def settle(self) -> None:
        """Returns when the state as it is now is stored, or the pod is gone."""
        self._again = True
        self._begin()
        while self._task is not None:
            await asyncio.shield(self._task)

    def mute(self) -> None:
        """A running pod is being deleted: that its containers end is no news of the step, as upstream has it, which
        makes a pod anew that vanished early and calls a later one deleted."""
        self._muted = True

    def told_of_an_end(self) -> bool:
        """The status as it was last written says of some container that it has ended."""
        return any(
            "terminated" in (status.get("state") or {}) for status in self._written.get("containerStatuses") or ()
        )

    def abandon(self) -> None:
        """Writes nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._again and not self.gone and not self._muted:
                self._again = False
                await self._write()
        finally:
            self._task = None

    async def _write(self) -> None:
        status = status_of(self._pod, self._state(), self._runtime, datetime.now(UTC), self._written)
        patch = changes(self._written, status)
        if not patch:
            return
        metadata = {"uid": documents.uid(self._pod)}  # so that it never lands on a later pod of this name
        body = {"metadata": metadata, "status": patch}
        name, namespace = documents.name(self._pod), documents.namespace(self._pod)
        try:
            await insist(
                lambda: self._api.patch(PODS, name, body, namespace, subresource="status"), f"status of {name}"
            )
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):
                log.error("%s: the status was refused: %s", title(self._pod), error)
            self.gone = True
            return
        self._written = {**self._written, **status}
