"""One term of leadership: from the moment the Lease is ours until it is lost or the process is told to end.

A term starts from nothing and reads everything from the API; whatever an earlier term knew is
forgotten with it.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

from argotui.controller.admission import Admission
from argotui.controller.caches import Caches, is_owned, workflow_key
from argotui.controller.collection import Collection
from argotui.controller.cron.crons import Crons
from argotui.controller.departures import Departures
from argotui.controller.estimates import Estimates
from argotui.controller.events import Events
from argotui.controller.finalizers import is_held, release
from argotui.controller.forgetting import Forgetting
from argotui.controller.lease import Lease, NoLease
from argotui.controller.leftovers import Leftovers
from argotui.controller.locking import Locking
from argotui.controller.memory import Memory
from argotui.controller.metrics.counting import Counting
from argotui.controller.metrics.queues import POD_CLEANUP, TTL
from argotui.controller.options import Workers
from argotui.controller.pace import Pace
from argotui.controller.podcleanup import PodCleanup
from argotui.controller.requests import Requests
from argotui.controller.runner import Runner
from argotui.controller.settings import Settings
from argotui.controller.supervision import Crew, supervised
from argotui.controller.terminating import Terminations
from argotui.controller.thinking import Load
from argotui.controller.turns import Turns
from argotui.engine.config import EngineConfig
from argotui.engine.effects import EmitEvent
from argotui.engine.facts import Admitted, PodChanged, PodGone, TaskResultChanged, TaskSetChanged
from argotui.kube.client import Client
from argotui.kube.reflector import Delta, DeltaType, Key
from argotui.model.documents import Document, name, namespace, resource_version, uid
from argotui.model.resources import NAMESPACES, PODS, WORKFLOW_TASK_RESULTS, WORKFLOW_TASK_SETS, WORKFLOWS

log = logging.getLogger(__name__)

_MOST_LOADED = 1000
"""Workflows whose Run is kept in memory; those that were quiet longest are read again when they wake."""


class ScopeChanged(Exception):
    """The configuration names another instance id or namespace: everything starts anew, perhaps under another Lease."""


class Term:
    """What the parts of one term share, and where the watches' news is handed out."""

    def __init__(
        self,
        client: Client,
        lease: Lease | NoLease,
        settings: Settings,
        load: Load,
        counting: Counting,
        workers: Workers = Workers(),  # noqa: B008 (frozen)
    ) -> None:
        self.client = client
        self.workers = workers
        self.counting = counting
        self._detach: Callable[[], None] | None = None
        self.load = load
        self.lease = lease
        self.scope = scope = settings.scope
        self.requests = Requests(lease, slots=workers.workflows)
        self.turns = Turns(lease.fresh)
        self.terminations = Terminations(client, self.requests)
        self.cleanup = PodCleanup(client, lease, counting.book.queues[POD_CLEANUP], workers.pod_cleanup)
        self._collection = Collection(client, lease, scope, lambda: self.config, counting.book.queues[TTL], workers.ttl)
        self.estimates = Estimates(client, lambda: list(self._collection.reflector.cache.values()))
        self.events = Events(client, self.requests, with_annotations=settings.tuning.event_annotations)
        self.caches = Caches(
            client,
            scope,
            {
                WORKFLOWS: self._workflow,
                PODS: self._pod,
                WORKFLOW_TASK_RESULTS: self._result,
                NAMESPACES: self._namespace,
                WORKFLOW_TASK_SETS: self._task_set,
            },
            counting.book.older_forms,
        )
        self._settings = settings
        self.locks = Locking(client, self.requests, counting.book.lock_taken)
        self.memory = Memory(client, self.requests, lambda: self.config.namespace)
        self.pace = Pace(asyncio.get_running_loop().time)
        self.admission = Admission(self.caches.namespaces, lambda: self.config, self._admitted)
        self._leftovers = Leftovers(
            client,
            self.requests,
            scope,
            self.caches.pods,
            self.caches.results,
            self.terminations,
            self.cleanup,
            lambda: self.config,
        )
        self._crons = Crons(self)
        self._runners: dict[Key, Runner] = {}
        self._by_uid: dict[str, Runner] = {}
        self._loaded: OrderedDict[Runner, None] = OrderedDict()
        self._crew = Crew()
        self._departures = Departures(self._crew)
        self._live = False
        self._scope_changed = asyncio.Event()

    @property
    def config(self) -> EngineConfig:
        """What is in force now."""
        return self._settings.current

    async def run(self, ready: Callable[[], None]) -> None:
        """Until cancelled. Raises LeaseLost or ScopeChanged, by itself or within an ExceptionGroup."""
        await self.caches.leave_out_forbidden()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.lease.keep(), name="lease")
                group.create_task(self._watch_scope(), name="scope")
                group.create_task(supervised("events", self.events.run))
                group.create_task(supervised("cron workflows", self._crons.run))
                if (forgetting := self._forgetting()) is not None:
                    group.create_task(supervised("remembered results", forgetting.run))
                reflectors = [
                    *self.caches.reflectors,
                    self._settings.reflector(self._reconfigured, self._rejected),
                ]
                for each in reflectors:
                    group.create_task(supervised(f"watch of {each.resource.plural}", each.run))
                await self.caches.synced()
                group.create_task(supervised("watch of completed workflows", self._collection.reflector.run))
                self._begin()
                ready()
        finally:
            self._live = False
            await self._end()

    def _begin(self) -> None:
        """All lists are in: only now is it known which pods a workflow has."""
        self._live = True
        self._detach = self.counting.book.attach(self._all_workflows, self.caches.all_pods, self.locks.table)
        workflows = list(self.caches.workflows.values())
        self.pace.set(self.config.resource_rate)
        self.locks.restore(workflows)
        self.admission.restore(workflows)
        for workflow in workflows:
            self._admit(workflow)
        for key in list(self.caches.orphans()):
            self._tidy(key, end_pods=True)

    def _all_workflows(self) -> list[Document]:
        return [*self.caches.workflows.values(), *self._collection.reflector.cache.values()]

    async def _end(self) -> None:
        if self._detach is not None:
            self._detach()
        await self._crons.stop()
        await self.terminations.stop()
        await self.cleanup.stop()
        await self._collection.stop()
        await self._crew.dismiss()
        await asyncio.gather(*(runner.stop() for runner in self._runners.values()))
        await self.locks.stop()

    def _forgetting(self) -> Forgetting | None:
        tuning = self._settings.tuning
        if not tuning.cache_gc_period:
            return None
        where = self.config.namespace
        return Forgetting(self.client, self.memory, where, tuning.cache_gc_period, tuning.cache_unused)

    async def _watch_scope(self) -> None:
        await self._scope_changed.wait()
        raise ScopeChanged

    # configuration

    def _reconfigured(self) -> None:
        if self._settings.scope != self.scope:
            self._scope_changed.set()
        self._collection.reconfigured()
        self.pace.set(self.config.resource_rate)
        self.admission.limits_changed()
        self._crew.start("metrics", self.counting.apply(self.config))
        for runner in self._runners.values():
            runner.reload()

    def _rejected(self, config_map: Document, reason: str) -> None:
        self.counting.book.error("InvalidConfiguration")
        self.events.put(config_map, EmitEvent("Warning", "InvalidConfiguration", reason, {}))

    # news from the watches

    def _workflow(self, delta: Delta) -> None:
        if not self._live:
            return
        key = namespace(delta.object), name(delta.object)
        runner = self._runners.get(key)
        if delta.type is DeltaType.DELETED:
            if runner is not None and runner.uid == uid(delta.object):
                self._dismiss(key, runner, resource_version(delta.object))
        elif runner is not None and runner.uid == uid(delta.object):
            self.admission.add(delta.object)
            runner.saw(delta.object)
        elif not self._departures.is_past(delta.object):
            self.counting.book.appeared(delta.object)
            self._admit(delta.object)

    def _admit(self, workflow: Document) -> None:
        key = namespace(workflow), name(workflow)
        runner = Runner(self, workflow, predecessor=self._departures.of(key))
        self._runners[key] = self._by_uid[runner.uid] = runner
        self.admission.add(workflow)
        runner.wake()

    def _dismiss(self, key: Key, runner: Runner, version: str) -> None:
        """The workflow is complete, deleted, or out of scope."""
        del self._runners[key]
        self._by_uid.pop(runner.uid, None)
        self._loaded.pop(runner, None)
        self.admission.remove(runner.uid)
        self._departures.remember(runner.uid, version)

        async def end() -> None:
            try:
                if not await runner.leave(version):
                    await self._leftovers.tidy(key)
            finally:
                self.locks.forget(runner.uid)

        self._departures.begin(key, f"end of {runner.title}", end())

    def _pod(self, delta: Delta) -> None:
        pod, gone = delta.object, delta.type is DeltaType.DELETED
        self.terminations.observe(pod, gone=gone)
        if not gone:
            self.counting.book.pod(delta.old, pod)
        if gone:
            self.cleanup.forget(uid(pod))
        elif is_held(pod) and self._live:
            self._crew.start(f"finalizer of {name(pod)}", release(self.client, self.requests, pod))
        runner = self._runner_of(pod)
        if runner is None:
            return
        runner.shown(pod)
        # a pod that was labelled completed leaves the watch in the same way; its node is fulfilled then
        runner.tell(PodGone(name(pod), uid(pod)) if gone else PodChanged(pod))

    def _result(self, delta: Delta) -> None:
        if delta.type is DeltaType.DELETED:
            return
        runner = self._runner_of(delta.object)
        if runner is not None:
            runner.tell(TaskResultChanged(delta.object))

    def _task_set(self, delta: Delta) -> None:
        if delta.type is DeltaType.DELETED or not self._live:
            return
        runner = self._runners.get((namespace(delta.object), name(delta.object)))
        if runner is not None and is_owned(delta.object, runner.uid):
            runner.tell(TaskSetChanged(delta.object))

    def _runner_of(self, document: Document) -> Runner | None:
        """Who is to be told of a pod or a result; what belongs to nobody may have to be tidied up."""
        if not self._live:
            return None
        key = workflow_key(document)
        runner = self._runners.get(key)
        if runner is None:
            self._tidy(key)
            return None
        return runner if is_owned(document, runner.uid) else None

    def _namespace(self, delta: Delta) -> None:
        if self._live:
            self.admission.limits_changed()

    def _admitted(self, admitted: str) -> None:
        """There is room for the workflow with this uid."""
        if admitted in self._by_uid:
            self._by_uid[admitted].tell(Admitted())

    # for the runners

    def loaded(self, runner: Runner) -> None:
        """A runner has made its Run: one that was quiet for long may have to give up its own."""
        self._loaded.pop(runner, None)
        self._loaded[runner] = None
        if len(self._loaded) <= _MOST_LOADED:
            return
        for quiet in list(self._loaded):
            if quiet.unload():
                del self._loaded[quiet]
                return

    def _tidy(self, key: Key, *, end_pods: bool = False) -> None:
        if self._departures.of(key) is None:
            self._departures.begin(key, "leftovers", self._leftovers.tidy(key, end_pods=end_pods))
