"""One workflow within one term of leadership: its facts in, its writes and effects out, in order.

The engine's Run is a cache: whenever the object was changed by somebody else, a write met a
conflict, or anything failed here, it is dropped and made again from the API.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from argotui.controller import clock
from argotui.controller.acting import Acting
from argotui.controller.alarm import Alarm
from argotui.controller.factkey import fact_key
from argotui.controller.lease import LeaseLost
from argotui.controller.metrics.queues import WORKFLOWS as WORKFLOWS_QUEUE
from argotui.controller.oversize import error_patch
from argotui.controller.packing import WorkflowTooLarge
from argotui.controller.rest import Rest
from argotui.controller.thinking import Thinker
from argotui.controller.transient import is_transient
from argotui.controller.versions import is_newer
from argotui.controller.writer import StatusWriter
from argotui.engine.effects import Effect, EmitEvent, WakeAt
from argotui.engine.facts import (
    BaselineKnown,
    Fact,
    PodChanged,
    Postponed,
    TaskResultChanged,
    TaskSetChanged,
    Tick,
)
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, dig, name, namespace, resource_version, uid
from argotui.model.resources import PODS, WORKFLOWS
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.controller.term import Term

log = logging.getLogger(__name__)

_TELL_AFTER = 3
"""Failures in a row after which whoever looks at the workflow is told by an Event."""

_ENTROPY_BYTES = 32


class Runner:
    """Give it what happens (`saw`, `tell`, `reload`); it has a task only while there is something to do."""

    def __init__(self, term: "Term", workflow: Document, predecessor: asyncio.Task[None] | None = None) -> None:
        self.uid = uid(workflow)
        self.title = f"{namespace(workflow)}/{name(workflow)}"
        self._term = term
        self._predecessor = predecessor
        self._newest = workflow
        self._known = ""  # version of the newest object that was read or written here
        self._uncertain = False  # whether a write may still be stored whose answer was lost
        self._stale = False
        self._reread = False
        self._over = False
        self._too_large = ""
        self._run: Thinker | None = None
        self._writer: StatusWriter | None = None
        self._acting: Acting | None = None
        self._created: set[str] = set()
        self._alarm = Alarm(lambda: self.tell(Tick()))
        self._facts: dict[tuple[str, str], Fact] = {}
        self._task: asyncio.Task[None] | None = None
        self._rest = Rest(self.wake)
        self._queue = term.counting.book.queues[WORKFLOWS_QUEUE]

    # what happens

    def saw(self, workflow: Document) -> None:
        """The watch shows the object. Our own writes come back this way too: they and older ones mean nothing."""
        self._newest = workflow
        if not self._is_known(workflow):
            self._over = False
            self.wake()

    def tell(self, fact: Fact) -> None:
        """A fact for the engine. A newer one about the same pod or result takes the place of an older one."""
        self._facts[fact_key(fact)] = fact
        self.wake()

    def reload(self) -> None:
        """The configuration changed: think again from the object as it is."""
        self._stale = True
        self.wake()

    def shown(self, pod: Document) -> None:
        """The watch has caught up with a pod that was created here."""
        if self._acting is not None:
            self._acting.created.pop(name(pod), None)

    def wake(self) -> None:
        """Goes to work, unless it works or rests after a failure."""
        if self._task is None and not self._rest.is_on and self._has_work():
            self._queue.add(self.uid)
            self._task = asyncio.create_task(self._work(), name=f"workflow {self.title}")

    def unload(self) -> bool:
        """Forgets the Run to save memory; the next fact or timer loads it again. False when it is in use."""
        if not self._is_idle or self._run is None:
            return False
        self._forget()
        return True

    async def leave(self, version: str) -> bool:
        """The object is out of sight since `version`. True when that was our own last write, and all is done after it.

        A watch with a selector shows completion and deletion alike, with the content of before.
        """
        self._over = True
        self._alarm.clear()
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._writer is not None and self._acting is not None:
            await self._writer.drained()
            if self._writer.version == version:
                await self._acting.drained()
                return True
        await self.stop()
        return False

    async def stop(self) -> None:
        """Ends at once. Requests on their way are dropped: what they did is found by the next load."""
        self._over = True
        self._queue.drop(self.uid)
        self._alarm.clear()
        self._rest.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._writer is not None:
            await self._writer.cancel()
        if self._acting is not None:
            await self._acting.dismiss()

    # the loop

    @property
    def _is_idle(self) -> bool:
        """Nothing to think about, nothing under way, no failure to come back to."""
        writer, acting = self._writer, self._acting
        return (
            self._task is None
            and not self._rest.is_on
            and (writer is None or writer.idle)
            and (acting is None or acting.idle)
        )

    async def _work(self) -> None:
        """Turn after turn, others' turns in between, until there is nothing to do."""
        try:
            while not self._rest.is_on and self._has_work():
                await self._turn()
                await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 (one workflow's failure must not end the others)
            self._fail(error)
        finally:
            self._task = None
            self._queue.done(self.uid)
            if not self._rest.is_on:
                self._queue.drop(self.uid)
        self.wake()

    def _has_work(self) -> bool:
        return not self._over and (self._run is None or bool(self._facts) or self._is_stale)

    @property
    def _is_stale(self) -> bool:
        return self._stale or self._reread or not self._is_known(self._newest)

    def _is_known(self, workflow: Document) -> bool:
        """Whether `workflow` is no newer than what was read or written here."""
        if self._writer is None:
            return not is_newer(resource_version(workflow), self._known)
        if self._writer.in_flight:
            return True  # it may be the answer on its way: `written` looks again
        return not is_newer(resource_version(workflow), self._writer.version)

    async def _turn(self) -> None:
        if self._too_large:
            await self._end_too_large()
        elif self._run is None or self._is_stale:
            await self._load()
        else:
            await self._begin()
            self._advance(self._run)

    async def _begin(self) -> None:
        """Its turn has come."""
        await self._term.turns.take()
        self._queue.begin(self.uid)

    def _advance(self, run: Thinker) -> None:
        facts = tuple(self._facts.values())
        self._facts.clear()
        started = time.perf_counter()
        step = run.advance(facts, clock.now(), os.urandom(_ENTROPY_BYTES))
        self._term.counting.book.operation(time.perf_counter() - started)
        # pods first: the status must not delay them
        self._carry_out(effect for effect in step.effects if not effect.after_persist)
        if self._writer is not None:
            self._writer.add(step.changes, [effect for effect in step.effects if effect.after_persist])

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, WakeAt):
                self._alarm.set(effect.time)
            elif self._acting is not None:
                self._acting.start(effect)

    # loading

    async def _load(self) -> None:
        """A Run from the object as it is now, and everything that is known about its pods and results."""
        if self._predecessor is not None:
            await asyncio.wait([self._predecessor])
            self._predecessor = None
        await self._retire()
        workflow = await self._read()
        if workflow is None or not self._term.scope.owns(workflow):
            self._over = True
            return
        if not (workflow.get("status") or {}).get("phase"):
            await self._term.caches.read_references(workflow)
        unseen = await self._unseen_pods()
        baseline = await self._term.estimates.baseline(workflow)
        await self._begin()
        self._term.locks.begin(workflow, self.tell, certain=not self._uncertain)
        run = self._term.load(workflow, self._term.config, self._term.caches)
        self._acting = Acting(self._term, workflow, self.tell)
        self._writer = StatusWriter(self, self._patch, workflow, lambda: run.workflow)
        self._run = run
        self._term.loaded(self)
        self._present(workflow, unseen)
        if baseline is not None:
            self.tell(BaselineKnown(baseline))
        self._advance(run)

    def _present(self, workflow: Document, unseen: list[Document]) -> None:
        """The complete picture takes the place of whatever single facts were waiting."""
        self._facts.clear()
        caches = self._term.caches
        pods = {name(pod): pod for pod in (*unseen, *caches.pods.of(workflow))}
        results = caches.results.of(workflow)
        facts: list[Fact] = [*map(PodChanged, pods.values()), *map(TaskResultChanged, results), Tick()]
        if not self._term.admission.is_admitted(self.uid):
            facts.append(Postponed())
        task_set = caches.task_set(workflow)
        if task_set is not None:
            facts.append(TaskSetChanged(task_set))
        self._facts.update((fact_key(fact), fact) for fact in facts)

    async def _retire(self) -> None:
        """Ends the present load: nothing new is sent, what was sent is answered, so that the next load sees it."""
        if self._writer is not None:
            await self._writer.stop()
        if self._acting is not None:
            await self._acting.settle()
        self._forget()
        self._alarm.clear()

    def _forget(self) -> None:
        if self._writer is not None:
            self._known, self._uncertain = self._writer.version, self._writer.uncertain
        if self._acting is not None:
            self._created |= set(self._acting.created)
        self._run = self._writer = self._acting = None

    async def _read(self) -> Document | None:
        """The newest object: what the watch showed, unless something later is known. None when it is gone."""
        self._stale = False
        if not self._reread and not is_newer(self._known, resource_version(self._newest)):
            self._known = resource_version(self._newest)
            return self._newest
        try:
            found = await self._term.client.get(WORKFLOWS, name(self._newest), namespace(self._newest))
        except ApiError as error:
            if error.is_not_found:
                return None
            raise
        self._reread = False
        self._known = resource_version(found)
        return found if uid(found) == self.uid else None

    async def _unseen_pods(self) -> list[Document]:
        """Pods that an earlier load created and the watch has not shown: read now, for they may be gone again."""
        known = {name(pod) for pod in self._term.caches.pods.of(self._newest)}
        found = []
        for pod in sorted(self._created - known):
            try:
                found.append(await self._term.client.get(PODS, pod, namespace(self._newest)))
            except ApiError as error:
                if not error.is_not_found:
                    raise
        self._created.clear()
        return found

    # writing

    async def _patch(self, body: Document) -> Document:
        self._term.lease.check()
        self._term.requests.touch()
        return await self._term.client.patch(WORKFLOWS, name(self._newest), body, namespace(self._newest))

    def written(self, after: Sequence[Effect], changes: Document) -> None:
        """A write was stored."""
        if changes:
            self._rest.failures = 0
            self._term.locks.stored(self.uid)
        if "phase" in (changes.get("status") or {}):
            log.info("%s: %s", self.title, changes["status"]["phase"])
            self._count_phase(str(changes["status"]["phase"]))
        self._carry_out(after)
        if not self._is_known(self._newest):
            self.wake()

    def _count_phase(self, phase: str) -> None:
        workflow = self._newest if self._run is None else self._run.workflow
        started = parse_time(dig(workflow, "status", "startedAt"))
        seconds = 0.0 if started is None else (clock.now() - started).total_seconds()
        self._term.counting.book.phase(workflow, phase, seconds)

    def overtaken(self) -> None:
        """Somebody else changed or deleted the object: read it again."""
        log.info("%s: changed by somebody else, read again", self.title)
        self._reread = True
        self.wake()

    def refused(self, error: Exception) -> None:
        """The server will not take the write."""
        if isinstance(error, WorkflowTooLarge):
            self._too_large = str(error)
            self.wake()
        else:
            self._fail(error)

    async def _end_too_large(self) -> None:
        """The object cannot grow any more: it ends with an error, keeping the status that was stored last (§1.7)."""
        log.error("%s: %s", self.title, self._too_large)
        await self._retire()
        self._reread = True
        workflow = await self._read()
        if workflow is not None:
            await self._patch(error_patch(workflow, self._too_large, clock.now()))
        self._over = True

    # failing

    def _fail(self, error: Exception) -> None:
        """Thinks again from the API after a pause that grows; the others go on."""
        self._reread = True
        if isinstance(error, LeaseLost):
            self._over = True  # the term ends, and all its runners with it
            return
        if self._rest.is_on:
            return
        transient = is_transient(error)
        pause = self._rest.begin(transient=transient)
        self._queue.retry(self.uid)
        if transient:
            log.warning("%s: %s; tried again in %g s", self.title, error, pause)
        else:
            log.error("%s: failed; tried again in %g s", self.title, pause, exc_info=error)
            if self._rest.failures == _TELL_AFTER:
                self._tell_everybody(error)

    def _tell_everybody(self, error: Exception) -> None:
        message = f"the controller failed {self._rest.failures} times in a row: {type(error).__name__}: {error}"
        effect = EmitEvent("Warning", "OperationPanic", message, {})
        self._term.counting.book.error("OperationPanic")
        self._term.events.put(self._newest, effect)
