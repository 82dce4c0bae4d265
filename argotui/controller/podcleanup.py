"""Deleting the pods of finished nodes a while after their end (podGC, §4.12)."""

import asyncio
import logging
from functools import partial

from argotui.controller.metrics.queues import Queue
from argotui.controller.requests import GivenUp, Permit, Requests
from argotui.controller.supervision import Crew
from argotui.engine.effects import CollectPod
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.resources import PODS

log = logging.getLogger(__name__)

_WORKERS = 4
"""Deletions in flight: thousands at the end of a workflow must leave room for pods that are to start."""


class PodCleanup:
    """Every pod that waits for its deletion, once each, by uid. It outlives the load that asked, and the workflow."""

    def __init__(self, client: Client, permit: Permit, queue: Queue, workers: int = _WORKERS) -> None:
        self._client = client
        self._requests = Requests(permit, slots=workers)
        self._queue = queue
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._crew = Crew()
        self._deleting: set[str] = set()
        self._never = asyncio.Event()

    def put(self, namespace: str, effect: CollectPod) -> None:
        """Begins to wait, unless this pod waits already or is being deleted."""
        if effect.uid in self._waiting or effect.uid in self._deleting:
            return
        loop = asyncio.get_running_loop()
        self._waiting[effect.uid] = loop.call_later(effect.after_seconds, partial(self._due, namespace, effect))

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        handle = self._waiting.pop(pod_uid, None)
        if handle is not None:
            handle.cancel()

    async def stop(self) -> None:
        """Ends all of it, for the end of a term: the next one is asked again."""
        for handle in self._waiting.values():
            handle.cancel()
        self._waiting.clear()
        await self._crew.dismiss()
        for each in self._deleting:
            self._queue.drop(each)

    def _due(self, namespace: str, effect: CollectPod) -> None:
        del self._waiting[effect.uid]
        self._deleting.add(effect.uid)
        self._queue.add(effect.uid)
        self._crew.start(f"podGC of {effect.name}", self._delete(namespace, effect))

    async def _request(self, namespace: str, effect: CollectPod) -> None:
        await self._requests.send(
            lambda: self._client.delete(
                PODS,
                effect.name,
                namespace,
                uid=effect.uid,
                grace_seconds=effect.grace_seconds,
                propagation="Background",
            ),
            self._never,
        )

    async def _delete(self, namespace: str, effect: CollectPod) -> None:
        try:
            with self._queue.work(effect.uid):
                await self._request(namespace, effect)
            log.debug("%s/%s: deleted by podGC", namespace, effect.name)
        except GivenUp:
            return
        except KubeError as error:
            # not found: gone already; conflict: another pod has taken the name, as after a retry
            if not (isinstance(error, ApiError) and (error.is_not_found or error.is_conflict)):
                log.error("%s/%s: podGC: %s", namespace, effect.name, error)
        finally:
            self._deleting.discard(effect.uid)
