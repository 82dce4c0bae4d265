"""Carrying out what the engine decided for one workflow: pods, labels, results, events.

Everything here may be asked for twice, because a fresh load of the same workflow asks again: pod
names are deterministic, deletions name a uid, and what is already under way is not started again.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from argotui.controller.budgets import BudgetWork
from argotui.controller.claims import ClaimWork
from argotui.controller.creation import Creation
from argotui.controller.memory import CacheRefused
from argotui.controller.metrics.registry import MetricConflict
from argotui.controller.requests import GivenUp
from argotui.controller.supervision import Crew
from argotui.controller.tasksets import TaskSetWork
from argotui.engine.effects import (
    AcquireLocks,
    CollectPod,
    CompleteTaskSet,
    ConfirmLocks,
    CreateDisruptionBudget,
    CreatePod,
    CreatePVC,
    DeleteDisruptionBudget,
    DeletePod,
    DeletePVCs,
    DeleteTaskResults,
    Effect,
    EmitEvent,
    EmitMetric,
    EndMetrics,
    ForgetTasks,
    LabelPodCompleted,
    LoadCache,
    PodMissed,
    PutTasks,
    ReleaseLocks,
    SaveCache,
    TerminatePod,
)
from argotui.engine.facts import Fact
from argotui.kube.errors import ApiError, KubeError
from argotui.model import keys
from argotui.model.documents import Document, name, namespace, uid
from argotui.model.resources import PODS, WORKFLOW_TASK_RESULTS

if TYPE_CHECKING:
    from argotui.controller.term import Term

log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]

_TASK_SET = "/task set"
"""Stands among the names of pods for the one TaskSet; no pod can be called so."""

_MANY = 64
"""Pods of one workflow that wait to be created; those beyond are kept as bytes."""

_PER_WORKFLOW = 16
"""Requests in flight for one workflow: a fan-out of thousands must leave room for its neighbours."""


class Acting:
    """The effects of one load of one workflow. `settle()` ends it before the next load."""

    def __init__(self, term: "Term", workflow: Document, tell: Callable[[Fact], None]) -> None:
        self.created: dict[str, Document] = {}
        """Pods by name that the server accepted; the watch may not have shown them yet."""
        self._term = term
        self._workflow = workflow
        self._namespace = namespace(workflow)
        self._tell = tell
        self._slots = asyncio.Semaphore(_PER_WORKFLOW)
        self._given_up = asyncio.Event()
        self._crew = Crew()
        self._budgets = BudgetWork(self, term.client, workflow, term.events, self._given_up)
        self._claims = ClaimWork(self, term.client, workflow, tell, self._given_up)
        self._tasks = TaskSetWork(self, term.client, workflow, tell, self._given_up)
        self._creations: dict[str, Creation] = {}
        self._tails: dict[str, asyncio.Task[None]] = {}

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return len(self._crew) == 0

    def start(self, effect: Effect) -> None:
        """Begins to carry out `effect`, after earlier ones for the same pod."""
        if self._given_up.is_set():
            raise RuntimeError("effects of a load that was given up")
        match effect:
            case CreatePod():
                self._create(effect)
            case DeletePod():
                self._cancel_creation(effect.name)
                self._chain(effect.name, lambda: self._delete_pod(effect))
            case TerminatePod():
                self._cancel_creation(effect.name)
                self._term.terminations.start(self._namespace, effect.name, effect.uid, effect.grace_seconds)
            case LabelPodCompleted():
                self._chain(effect.name, lambda: self._label_completed(effect.name))
            case CreatePVC():
                self._crew.start("claim", self._guarded("claim", lambda: self._claims.create(effect)))
            case DeletePVCs():
                self._crew.start("claims", self._guarded("claims", lambda: self._claims.delete(effect)))
            case CreateDisruptionBudget():
                self._chain("budget", lambda: self._budgets.create(effect))
            case DeleteDisruptionBudget():
                self._chain("budget", lambda: self._budgets.delete(effect))
            case PutTasks() | ForgetTasks() | CompleteTaskSet():
                self._chain(_TASK_SET, lambda: self._tasks.carry_out(effect))
            case CollectPod():
                self._term.cleanup.put(self._namespace, effect)
            case AcquireLocks() | ConfirmLocks() | ReleaseLocks():
                self._term.locks.start(self._workflow, effect)
            case LoadCache():
                self._crew.start("cache", self._guarded("cache", lambda: self._load_cache(effect)))
            case SaveCache():
                self._crew.start("cache", self._guarded("cache", lambda: self._save_cache(effect)))
            case DeleteTaskResults():
                self._crew.start("task results", self._guarded("task results", self._delete_results))
            case EmitMetric():
                self._emit_metric(effect)
            case EndMetrics():
                self._term.counting.own.end(uid(self._workflow))
            case PodMissed():
                self._count_missed(effect)
            case EmitEvent():
                self._term.events.put(effect.about or self._workflow, effect)
            case _:
                raise TypeError(f"no way to carry out {effect!r}")

    def _emit_metric(self, effect: EmitMetric) -> None:
        try:
            self._term.counting.own.emit(effect, uid(self._workflow))
        except MetricConflict as conflict:
            log.warning("%s/%s: %s", self._namespace, name(self._workflow), conflict)
            message = f"could not construct metric '{effect.name}': {conflict}"
            self._term.events.put(self._workflow, EmitEvent("Warning", "MetricsError", message, {}))

    def _count_missed(self, effect: PodMissed) -> None:
        book = self._term.counting.book
        if effect.restarted:
            book.pod_restarted(self._namespace, effect.restarted, "")
        else:
            book.pod_missing(effect.node_phase, recently_started=effect.recently)

    async def settle(self) -> None:
        """Sends nothing new, stops waiting to try again, returns when all answers are in."""
        self._given_up.set()
        for each in self._creations.values():
            each.given_up.set()
        await self._crew.settled()

    async def drained(self) -> None:
        """Returns when all of it is done."""
        await self._crew.settled()

    async def dismiss(self) -> None:
        """Ends at once, whatever is on its way."""
        self._given_up.set()
        await self._crew.dismiss()

    def _chain(self, pod: str, work: Work) -> None:
        before = self._tails.get(pod)

        async def follow() -> None:
            if before is not None:
                await asyncio.wait([before])
            await self._guarded(pod, work)

        task = self._crew.start(pod, follow())
        self._tails[pod] = task
        task.add_done_callback(lambda done: self._forget(pod, done))

    def _forget(self, pod: str, task: asyncio.Task[None]) -> None:
        if self._tails.get(pod) is task:
            del self._tails[pod]

    async def _guarded(self, what: str, work: Work) -> None:
        try:
            await work()
        except GivenUp:
            log.debug("%s/%s: %s: given up", self._namespace, name(self._workflow), what)
        except KubeError as error:
            log.error("%s/%s: %s: %s", self._namespace, name(self._workflow), what, error)

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        """One request of this workflow, in its turn. Raises KubeError, GivenUp."""
        async with self._slots:
            return await self._term.requests.send(request, given_up)

    def _create(self, effect: CreatePod) -> None:
        pod = name(effect.pod)
        running = self._creations.get(pod)
        if running is not None and not running.given_up.is_set():
            return  # the same pod was asked for before, and that is still being tried
        creation = Creation(
            self, self._term.client, self._workflow, effect, self._tell, self._turn, self._warn,
            packed=len(self._creations) >= _MANY,
        )  # fmt: skip
        self._creations[pod] = creation

        async def run() -> None:
            try:
                await creation.run()
            finally:
                if self._creations.get(pod) is creation:
                    del self._creations[pod]

        self._chain(pod, run)

    def _turn(self) -> float:
        seconds = self._term.pace.turn()
        self._term.counting.book.pod_wait(seconds)
        return seconds

    def _warn(self, reason: str, message: str) -> None:
        self._term.events.put(self._workflow, EmitEvent("Warning", reason, message))

    def _cancel_creation(self, pod: str) -> None:
        running = self._creations.get(pod)
        if running is not None:
            running.given_up.set()

    async def _delete_pod(self, effect: DeletePod) -> None:
        self.created.pop(effect.name, None)
        try:
            await self.send(
                lambda: self._term.client.delete(
                    PODS,
                    effect.name,
                    self._namespace,
                    uid=effect.uid,
                    grace_seconds=effect.grace_seconds,
                    propagation="Background",
                ),
                self._given_up,
            )
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):  # gone, or another pod by that name: both are fine
                raise

    async def _label_completed(self, pod: str) -> None:
        patch = {"metadata": {"labels": {keys.LABEL_COMPLETED: "true"}}}
        try:
            await self.send(lambda: self._term.client.patch(PODS, pod, patch, self._namespace), self._given_up)
        except ApiError as error:
            if not error.is_not_found:
                raise

    async def _load_cache(self, effect: LoadCache) -> None:
        self._tell(await self._term.memory.load(effect, self._given_up))

    async def _save_cache(self, effect: SaveCache) -> None:
        try:
            await self._term.memory.save(effect, asyncio.Event())  # a new load would not ask for it again
        except CacheRefused as refused:
            message = f"the outputs of {effect.node_id} are not remembered: {refused}"
            log.warning("%s/%s: %s", self._namespace, name(self._workflow), message)
            self._term.events.put(self._workflow, EmitEvent("Warning", "OutputsNotRemembered", message))

    async def _delete_results(self) -> None:
        selector = f"{keys.LABEL_WORKFLOW}={name(self._workflow)}"

        async def request() -> Document:
            await self._term.client.delete_collection(WORKFLOW_TASK_RESULTS, self._namespace, label_selector=selector)
            return {}

        await self.send(request, self._given_up)
