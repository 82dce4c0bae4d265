"""One CronWorkflow within one term of leadership: looks when something happens or its time has come.

Whatever it knows beyond the API is a cache: after a crash the next process looks at the same objects and
decides the same, for a child is named after its firing and the status follows from the children.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from argotui.controller import clock
from argotui.controller.alarm import Alarm
from argotui.controller.caches import Caches
from argotui.controller.cron.children import Children, parent_uid, slim
from argotui.controller.events import Events
from argotui.controller.lease import LeaseLost
from argotui.controller.metrics.book import Book
from argotui.controller.metrics.queues import CRONS
from argotui.controller.requests import GivenUp, Requests
from argotui.controller.rest import Rest
from argotui.controller.transient import is_transient
from argotui.controller.versions import is_newer
from argotui.engine.config import EngineConfig
from argotui.engine.cron.decision import Decision, Firing, consider, not_submitted
from argotui.engine.cron.spec import Malformed
from argotui.engine.cron.timing import Watch
from argotui.engine.effects import EmitEvent
from argotui.engine.operations import OperationRefused, terminate
from argotui.engine.validate import validate
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.dialect import today
from argotui.model.documents import Document, name, namespace, resource_version, uid
from argotui.model.resources import CRON_WORKFLOWS, WORKFLOWS

log = logging.getLogger(__name__)

_PATIENCE: Final = 15.0
"""Seconds that a request may take with all its repetitions: then it is decided anew whether it is still wanted."""

_LONGEST_MESSAGE: Final = 1024
"""Characters of an Event."""

_KIND: Final = {"apiVersion": CRON_WORKFLOWS.api_version, "kind": CRON_WORKFLOWS.kind}
_CATCH_UP: Final = 10.0
"""Seconds after which a child that the watch does not show is asked for."""


class Surroundings(Protocol):
    """What the keepers of one term share."""

    client: Client
    requests: Requests
    events: Events
    book: Book
    caches: Caches
    children: Children
    turns: asyncio.Semaphore
    """Looks at a time: when the controller starts, or the hour strikes, hundreds want theirs at once."""

    @property
    def config(self) -> EngineConfig:
        """What is in force now."""


class Keeper:
    """Give it what happens (`saw`, `wake`); it has a task only while there is something to do."""

    def __init__(self, room: Surroundings, cron: Document, now: Callable[[], datetime] = clock.now) -> None:
        self.uid = uid(cron)
        self.title = f"{namespace(cron)}/{name(cron)}"
        self._room = room
        self._queue = room.book.queues[CRONS]
        self._now = now
        self._newest = cron
        self._watch: Watch | None = None
        self._made: dict[str, tuple[float, Document]] = {}
        self._alarm = Alarm(self.wake, now)
        self._task: asyncio.Task[None] | None = None
        self._rest = Rest(self.wake)
        self._given_up = asyncio.Event()
        self._asked = False
        self._reread = False
        self._told: tuple[str, str] = ("", "")
        self._skipped = ""

    def saw(self, cron: Document) -> None:
        """The watch shows the object. Our own writes come back this way too: they and older ones mean nothing."""
        if is_newer(resource_version(cron), resource_version(self._newest)):
            self._newest = cron
            self.wake()

    def wake(self) -> None:
        """Looks, unless it does so already or rests after a failure; then it looks once more afterwards."""
        self._asked = True
        if self._task is None and not self._rest.is_on and not self._given_up.is_set():
            self._queue.add(self.uid)
            self._task = asyncio.create_task(self._work(), name=f"cron workflow {self.title}")

    async def stop(self) -> None:
        """Ends at once. Requests on their way are dropped: what they did is found by the next look."""
        self._given_up.set()
        self._queue.drop(self.uid)
        self._alarm.clear()
        self._rest.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def is_idle(self) -> bool:
        """Nothing is under way; it waits for news or for its time."""
        return self._task is None and not self._rest.is_on

    # looking

    async def _work(self) -> None:
        try:
            while self._asked and not self._given_up.is_set():
                async with self._room.turns:
                    self._asked = False
                    with self._queue.work(self.uid):
                        await self._look()
                self._rest.failures = 0
        except Exception as error:  # noqa: BLE001 (one CronWorkflow's failure must not end the others)
            self._fail(error)
        finally:
            self._task = None

    async def _look(self) -> None:
        if self._reread:
            await self._read()
        cron = {**_KIND, **today(self._newest)}
        children = await self._children()
        try:
            fault = await self._fault(cron)
            decision = consider(cron, children, self._watch, self._now(), fault=fault)
        except Malformed as error:
            self._tell("Malformed", str(error))
            return
        self._tell("Invalid", fault)
        self._say(decision)
        if await self._carry_out(decision):
            self.wake()

    async def _carry_out(self, decision: Decision) -> bool:
        """Whether there may be more to do now. The watch moves on only when all of it was done."""
        watch = decision.watch
        if decision.patch:
            await self._write(decision.patch)
        if decision.firing is not None:
            watch = await self._fire(decision.firing, watch)
        for child in decision.surplus:
            await self._delete(child)
        self._watch = watch
        if decision.wake is None:
            self._alarm.clear()
        else:
            self._alarm.set(decision.wake)
        return bool(decision.patch or decision.firing)

    async def _read(self) -> None:
        """The object as it is now, after a write that met a newer one. Raises KubeError."""
        found = await self._send(
            lambda: self._room.client.get(CRON_WORKFLOWS, name(self._newest), namespace(self._newest))
        )
        if uid(found) == self.uid:
            self._newest = found
        self._reread = False

    async def _fault(self, cron: Document) -> str:
        """What validation says first, empty when it is valid; the templates it names are read before it is blamed."""
        found = self._validated(cron)
        if found:
            await self._room.caches.read_references(cron)
            found = self._validated(cron)
        return found

    def _validated(self, cron: Document) -> str:
        try:
            findings = validate(cron, self._room.caches, defaults=self._room.config.workflow_defaults)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Malformed(f"{type(error).__name__}: {error}") from error
        return findings[0].message if findings else ""

    # children

    async def _children(self) -> list[Document]:
        """What the watch shows, and what was made here and is not shown yet."""
        shown = self._room.children.of(self.uid)
        for child_uid, (made, child) in list(self._made.items()):
            if child_uid in shown or (self._time() - made > _CATCH_UP and not await self._exists(child)):
                del self._made[child_uid]
        unseen = [child for child_uid, (_, child) in self._made.items() if child_uid not in shown]
        return [*self._room.children.of(self.uid).values(), *unseen]

    async def _exists(self, child: Document) -> bool:
        try:
            found = await self._send(lambda: self._room.client.get(WORKFLOWS, name(child), namespace(child)))
        except ApiError as error:
            if error.is_not_found:
                return False
            raise
        return uid(found) == uid(child)

    async def _fire(self, firing: Firing, watch: Watch) -> Watch:
        for child in firing.terminate:
            await self._terminate(child)
        log.info("%s: starts %s", self.title, name(firing.child))
        try:
            made = await self._send(lambda: self._room.client.create(WORKFLOWS, firing.child, namespace(self._newest)))
        except ApiError as error:
            if error.is_already_exists:
                return await self._adopt(firing, watch)
            if is_transient(error):
                raise
            return await self._refused(firing, watch, f"Failed to submit Workflow: {error.message}")
        self._made[uid(made)] = self._time(), slim(made)
        return watch

    async def _adopt(self, firing: Firing, watch: Watch) -> Watch:
        """The name is taken: by our own child, which an earlier attempt made; or by a stranger, and then that is it."""
        made = await self._send(lambda: self._room.client.get(WORKFLOWS, name(firing.child), namespace(firing.child)))
        if parent_uid(made) == self.uid:
            self._made[uid(made)] = self._time(), slim(made)
            return watch
        log.warning("%s: there is a workflow %s that it does not own", self.title, name(made))
        return replace(watch, closed=max(watch.closed, firing.scheduled))

    async def _refused(self, firing: Firing, watch: Watch, message: str) -> Watch:
        log.error("%s: %s", self.title, message)
        self._room.book.error("CronWorkflowSubmissionError")
        await self._write(not_submitted(today(self._newest), message))
        return replace(watch, closed=max(watch.closed, firing.scheduled))

    async def _terminate(self, child: Document) -> None:
        try:
            patch = terminate(child)
            await self._send(lambda: self._room.client.patch(WORKFLOWS, name(child), patch, namespace(child)))
        except OperationRefused:
            return  # it has ended meanwhile
        except ApiError as error:
            if not error.is_not_found:
                raise

    async def _delete(self, child: Document) -> None:
        log.info("%s: deletes %s, beyond the history limit", self.title, name(child))
        client = self._room.client
        try:
            await self._send(
                lambda: client.delete(
                    WORKFLOWS, name(child), namespace(child), uid=uid(child), propagation="Background"
                )
            )
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):  # gone, or another one of that name
                raise

    # writing

    async def _write(self, patch: Document) -> None:
        """Guarded: a CronWorkflow that somebody changed meanwhile is looked at anew first. Raises KubeError."""
        metadata = {**(patch.get("metadata") or {}), "resourceVersion": resource_version(self._newest)}
        body = {**patch, "metadata": metadata}
        where = name(self._newest), namespace(self._newest)
        try:
            self._newest = await self._send(lambda: self._room.client.patch(CRON_WORKFLOWS, where[0], body, where[1]))
        except (ApiError, TimeoutError) as error:
            self._reread = True
            if isinstance(error, ApiError) and error.is_conflict:
                raise _Overtaken from error
            raise

    async def _send(self, request: Callable[[], Coroutine[Any, Any, Document]]) -> Document:
        async with asyncio.timeout(_PATIENCE):
            return await self._room.requests.send(request, self._given_up)

    # telling

    def _tell(self, reason: str, message: str) -> None:
        """An Event, once for each reason to have one."""
        if message and self._told != (reason, message):
            log.error("%s: %s: %s", self.title, reason.lower(), message[:_LONGEST_MESSAGE])
            self._room.book.error("CronWorkflowSpecError")
            self._room.events.put(self._newest, EmitEvent("Warning", reason, message[:_LONGEST_MESSAGE], {}))
        self._told = (reason, message)

    def _say(self, decision: Decision) -> None:
        if decision.policy:
            self._room.book.policy_applied(self._newest, decision.policy)
        if decision.skipped and decision.skipped != self._skipped:
            log.info("%s: does not run: %s", self.title, decision.skipped)
        self._skipped = decision.skipped

    # failing

    def _fail(self, error: Exception) -> None:
        """Looks again after a pause that grows; the others go on."""
        if isinstance(error, LeaseLost | GivenUp):
            return  # the term ends, and all its keepers with it
        gone = isinstance(error, ApiError) and error.is_not_found
        if gone:
            return  # the watch will say so
        self._asked = True
        transient = isinstance(error, _Overtaken | TimeoutError) or is_transient(error)
        pause = self._rest.begin(transient=transient)
        self._queue.retry(self.uid)
        if isinstance(error, KubeError | TimeoutError):
            log.warning("%s: %s; looked at again in %g s", self.title, str(error) or "no answer", pause)
        elif not isinstance(error, _Overtaken):
            log.error("%s: failed; looked at again in %g s", self.title, pause, exc_info=error)

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


class _Overtaken(Exception):
    """Somebody else changed the object."""
