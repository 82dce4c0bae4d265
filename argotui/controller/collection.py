"""Deleting completed workflows: when their ttlStrategy says so, and those that no retention policy keeps (§8.6)."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping

from argotui.controller import clock
from argotui.controller.alarm import Alarm
from argotui.controller.metrics.queues import Queue
from argotui.controller.requests import Permit, Requests
from argotui.controller.scope import Scope
from argotui.controller.supervision import Crew
from argotui.engine.config import EngineConfig
from argotui.engine.retention import Ended, surplus
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model.documents import Document, dig, name, namespace, resource_version, uid
from argotui.model.resources import WORKFLOWS

log = logging.getLogger(__name__)

_WORKERS = 4
_GATHER_SECONDS = 0.1
_AGAIN_SECONDS = 60.0
"""Pause before a deletion that was refused is tried again."""

_PROPAGATION = "WF_DEL_PROPAGATION_POLICY"
_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "labels")
_STATUS = ("phase", "startedAt", "finishedAt")
_PAGE = 100
"""Completed workflows are whole objects, and there are many of them: a page must not hold up the loop."""


class Collection:
    """Follows the completed workflows in scope. It only ever holds a few fields of each."""

    def __init__(
        self,
        client: Client,
        permit: Permit,
        scope: Scope,
        config: Callable[[], EngineConfig],
        queue: Queue,
        workers: int = _WORKERS,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._client = client
        self._requests = Requests(permit, slots=workers)
        self._config = config
        self._queue = queue
        self._propagation = environ.get(_PROPAGATION) or "Background"
        self._ended: dict[str, Ended] = {}
        self._going: set[str] = set()
        """Uids that are being deleted, or were refused a moment ago."""
        self._crew = Crew()
        self._alarm = Alarm(self._look)
        self._waiting: asyncio.TimerHandle | None = None
        self._never = asyncio.Event()
        self.reflector = Reflector(
            client,
            WORKFLOWS,
            scope.namespace,
            label_selector=scope.completed,
            on_change=self._changed,
            read=_slim,
            page=_PAGE,
        )

    def reconfigured(self) -> None:
        """The retention policy may be another one."""
        if self.reflector.is_synced:
            self._soon()

    async def stop(self) -> None:
        """Ends all of it, for the end of a term."""
        self._alarm.clear()
        if self._waiting is not None:
            self._waiting.cancel()
        await self._crew.dismiss()
        for each in self._going:
            self._queue.drop(each)

    def _changed(self, delta: Delta) -> None:
        ended = None if delta.type is DeltaType.DELETED else Ended.of(delta.object)
        if ended is None:
            self._ended.pop(uid(delta.object), None)
        else:
            self._ended[ended.uid] = ended
        self._soon()

    def _soon(self) -> None:
        """Many changes come at once: they are looked at together."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._look)

    def _look(self) -> None:
        """Begins to delete what is due, and sets the alarm for what is due next."""
        self._waiting = None
        now = clock.now()
        waiting = [each for each in self._ended.values() if each.uid not in self._going]
        due = [each for each in waiting if each.expires is not None and each.expires <= now]
        for each in (*due, *surplus(waiting, self._config().retention)):
            self._begin(each)
        times = [e.expires for e in waiting if e.expires is not None and e.uid not in self._going]
        if times:
            self._alarm.set(min(times))
        else:
            self._alarm.clear()

    def _begin(self, ended: Ended) -> None:
        if ended.uid not in self._going:
            self._going.add(ended.uid)
            self._queue.add(ended.uid)
            self._crew.start(f"end of {ended.namespace}/{ended.name}", self._delete(ended))

    async def _delete(self, ended: Ended) -> None:
        try:
            with self._queue.work(ended.uid):
                await self._delete_if_done(ended)
        except KubeError as error:
            self._queue.retry(ended.uid)
            log.error("%s/%s: not deleted: %s; tried again later", ended.namespace, ended.name, error)
            await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            self._going.discard(ended.uid)
        if ended.uid in self._ended:
            self._soon()

    async def _delete_if_done(self, ended: Ended) -> None:
        """The object is looked up again: it may have been retried since, or been given more time."""
        found = await self._read(ended)
        newest = Ended.of(found) if found is not None else None
        if found is None or newest is None or newest.uid != ended.uid:
            self._ended.pop(ended.uid, None)
            return
        self._ended[ended.uid] = newest
        if not self._is_due(newest):
            return
        try:
            await self._requests.send(lambda: self._request(found), self._never)
        except ApiError as error:
            if error.is_conflict:
                return  # changed in this very moment: looked at again
            if not error.is_not_found:
                raise
        log.info("%s/%s: deleted", ended.namespace, ended.name)
        self._ended.pop(ended.uid, None)

    def _is_due(self, ended: Ended) -> bool:
        if ended.expires is not None and ended.expires <= clock.now():
            return True
        policy = self._config().retention
        going = self._going - {ended.uid}
        return ended in surplus((each for each in self._ended.values() if each.uid not in going), policy)

    async def _read(self, ended: Ended) -> Document | None:
        try:
            return await self._requests.send(
                lambda: self._client.get(WORKFLOWS, ended.name, ended.namespace), self._never
            )
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    async def _request(self, workflow: Document) -> Document:
        return await self._client.delete(
            WORKFLOWS,
            name(workflow),
            namespace(workflow),
            uid=uid(workflow),
            resource_version=resource_version(workflow),
            propagation=self._propagation,
        )


def _slim(workflow: Document) -> Document:
    """What of a completed workflow matters here, and for the estimates made from it."""
    metadata, status = workflow.get("metadata") or {}, workflow.get("status") or {}
    kept = {key: status[key] for key in _STATUS if key in status}
    stored = dig(status, "storedWorkflowTemplateSpec", "ttlStrategy")
    if stored is not None:
        kept["storedWorkflowTemplateSpec"] = {"ttlStrategy": stored}
    spec = workflow.get("spec") or {}
    return {
        "metadata": {key: metadata[key] for key in _METADATA if key in metadata},
        "spec": {key: spec[key] for key in ("ttlStrategy", "ttlSecondsAfterFinished") if key in spec},
        "status": kept,
    }
