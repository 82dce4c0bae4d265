"""One workflow, from facts to changes and effects: `Run.load`, then `advance` again and again.

Pure: no input or output, no clock and no chance but those that are handed in. What a step costs follows from
what has changed, not from the size of the tree; a fresh `Run.load` of the same object comes to the same end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from argotui.engine import podstatus
from argotui.engine.assess import Assessor
from argotui.engine.budget import close_budget, open_budget
from argotui.engine.claims import Claims
from argotui.engine.config import EngineConfig
from argotui.engine.control import Control
from argotui.engine.daemons import Daemons
from argotui.engine.dag import start_dag
from argotui.engine.effects import DeleteTaskResults, Effect, WakeAt
from argotui.engine.ending import Course, fail_entry
from argotui.engine.entrance import Entrance
from argotui.engine.execution import Execution, Lookup
from argotui.engine.facts import BaselineKnown, CacheLoaded, Fact, LockFact, PodChanged, TaskResultChanged
from argotui.engine.failfast import FailFast
from argotui.engine.gate import Gate
from argotui.engine.httpleaf import start_http
from argotui.engine.leaves import start_pod, start_suspend
from argotui.engine.lifecycle import Watch
from argotui.engine.memo import Memo
from argotui.engine.nodemap import node_map
from argotui.engine.nodes import set_text
from argotui.engine.prepare import Halted, name_pod_format
from argotui.engine.progress import Progress
from argotui.engine.reporting import changes_of, node_events, pods_of, workflow_event
from argotui.engine.retrying import start_retry
from argotui.engine.steps import start_steps
from argotui.engine.synchronization import Locks
from argotui.engine.tasksets import TaskSet, is_agent
from argotui.engine.thresholds import Threshold
from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document
from argotui.model.keys import LABEL_COMPLETED, LABEL_PHASE
from argotui.model.phase import Phase, completed
from argotui.model.times import format_time

_STARTERS: Final = {
    "container": start_pod,
    "script": start_pod,
    "containerSet": start_pod,
    "resource": start_pod,
    "http": start_http,
    "suspend": start_suspend,
    "steps": start_steps,
    "dag": start_dag,
    "retry": start_retry,
}
_NODES: Final = ("nodes", "compressedNodes")


@dataclass(frozen=True, slots=True)
class Step:
    """changes: JSON merge patch of the workflow, `{}` when nothing changed. effects: in order."""

    changes: Document
    effects: tuple[Effect, ...]


class Run:
    """The state of one workflow between two steps."""

    def __init__(self, execution: Execution) -> None:
        self._ex = execution
        self._assessor = Assessor(execution)
        self._control = Control(execution)
        self._course = Course(execution)
        self._claims = Claims(execution)
        self._progress = Progress(execution.nodes)
        self._begun = False
        self._probable = 0
        """Seconds that the workflow will probably take, 0 when nothing is known."""
        self._started = False
        self._complete = documents.labels(execution.workflow).get(LABEL_COMPLETED) == "true"
        self._alarm: datetime | None = None
        self._entrance = Entrance(execution)
        execution.gate = Gate(execution)
        execution.task_set = TaskSet(execution)
        execution.locks = Locks(execution)
        execution.memo = Memo(execution)
        execution.threshold = Threshold
        execution.daemons = Daemons(execution, self._assessor.running)
        execution.fail_fast = FailFast(execution)
        execution.watch = Watch(execution)
        execution.look = self._assessor.look
        execution.ended = self._assessor.ended

    @classmethod
    def load(cls, workflow: Document, config: EngineConfig, lookup: Lookup) -> Self:
        """Take up a workflow as it is stored. Nothing of the object is changed.

        Raises NodesUnreadable when its nodes are stored in a way that cannot be read.
        """
        workflow = today(workflow)
        status = {key: value for key, value in (workflow.get("status") or {}).items() if key not in _NODES}
        own = {**workflow, "metadata": dict(workflow["metadata"]), "spec": workflow.get("spec") or {}, "status": status}
        return cls(Execution(own, node_map(workflow), config, lookup, _STARTERS))

    @property
    def workflow(self) -> Document:
        """The whole object after the last step; not to be changed."""
        nodes = self._ex.nodes.documents
        status = {**self._ex.status, "nodes": nodes} if nodes else dict(self._ex.status)
        return {**self._ex.workflow, "status": status}

    def advance(self, facts: Sequence[Fact], now: datetime, entropy: bytes) -> Step:
        """What follows from the facts and the time. entropy: chance for generated names."""
        del entropy  # nothing in a run is named by chance so far
        ex = self._ex
        ex.now, ex.effects = now, []
        ex.nodes.start_step()
        before = {**ex.workflow, "status": dict(ex.status)}
        if self._complete:
            self._tidy(facts)
        else:
            self._think(facts)
            self._write_progress()
        changes = changes_of(before, ex.workflow, ex.nodes)
        self._tell(before["status"].get("phase") or "")
        return Step(changes, tuple(ex.effects))

    # --- one step -----------------------------------------------------------------------------

    def _think(self, facts: Sequence[Fact]) -> None:
        ex = self._ex
        is_new = ex.status.get("phase") in (None, "", Phase.PENDING)
        had_nodes = bool(ex.nodes.documents)
        self._estimate(facts)
        if not self._begun and not self._enter(facts, is_new):
            return
        ex.globals.now = ex.now
        self._take(facts)
        if not self._begun:
            self._begun = True
            self._take_up()
        if not self._started:
            self._start()
        self._work()
        ex.task_set.flush()
        ex.locks.end_step()
        ex.memo.end_step()
        self._note_pods(had_nodes)
        ex.measures.look()
        outcome = self._course.outcome
        if outcome is not None and not self._reports_missing() and self._claims.collected(outcome[0]):
            self._finish(*outcome)

    def _estimate(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if isinstance(fact, BaselineKnown):
                self._ex.nodes.estimates = fact.baseline.nodes
                self._probable = fact.baseline.seconds

    def _enter(self, facts: Sequence[Fact], is_new: bool) -> bool:
        """False as long as the workflow has to wait, and when it has ended before it began."""
        try:
            entered = self._entrance.enter(facts, is_new)
        except Halted as halted:
            self._finish(halted.phase, halted.message)
            return False
        waits = self._entrance.message
        if not entered and waits is not None:
            self._set_phase(Phase(self._ex.status.get("phase") or Phase.PENDING), waits)
        if entered and is_new and not self._claims.is_awaited:
            name_pod_format(self._ex)
            self._set_phase(Phase.RUNNING, "")
        return entered

    def _take(self, facts: Sequence[Fact]) -> None:
        ex, facts = self._ex, [*self._entrance.kept, *facts]
        self._entrance.kept.clear()
        self._assessor.take(facts)
        self._claims.take(facts)
        ex.task_set.take(facts)
        ex.memo.take([fact for fact in facts if isinstance(fact, CacheLoaded)])
        ex.locks.take([fact for fact in facts if isinstance(fact, LockFact)])

    def _take_up(self) -> None:
        ex = self._ex
        ex.locks.release_finished()
        for identifier in sorted(ex.nodes.unsynced):
            self._assessor.look(identifier)
        self._control.enforce()
        open_budget(ex)
        ex.measures.begin()

    def _start(self) -> None:
        """The first node, unless the workflow is suspended or has to wait for its claims."""
        ex, claims = self._ex, self._claims
        if ex.spec.get("suspend") and not ex.shutdown:
            return
        if ex.shutdown or claims.ready():
            self._started = True
            if ex.status.get("phase") == Phase.PENDING:
                self._set_phase(Phase.RUNNING, "")
            self._course.start()
        elif claims.error:
            self._course.outcome = Phase.ERROR, claims.error
        elif claims.delay:
            self._set_phase(Phase.PENDING, claims.delay)

    def _work(self) -> None:
        ex = self._ex
        while True:
            ex.ring()
            if ex.work():
                continue
            if ex.is_unfinished:
                ex.watch.note()
                return
            if ex.watch.look():
                continue
            stirred = ex.nodes.take_stirred()
            ex.gate.stir(stirred)
            if not (ex.fail_fast.check_all(stirred) or ex.gate.release()):
                return

    def _reports_missing(self) -> bool:
        return bool(self._ex.nodes.unsynced) or self._assessor.awaits_older_reports()

    def _note_pods(self, had_nodes: bool) -> None:
        """Whether any pod runs: said once there is a node, and only together with something else."""
        running = self._assessor.running
        if had_nodes and self._ex.nodes.before:
            self._set_condition("PodRunning", bool(running))
        running.difference_update([identifier for identifier in running if self._ex.nodes.is_fulfilled(identifier)])

    def _write_progress(self) -> None:
        nodes, progress, status = self._ex.nodes, self._progress, self._ex.status
        progress.absorb(nodes.before)
        progress.write(nodes.before)
        status["progress"] = progress.total.text
        seconds = {resource: amount for resource, amount in sorted(progress.total.seconds.items()) if amount}
        if seconds != (status.get("resourcesDuration") or {}):
            status["resourcesDuration"] = seconds

    # --- phases -------------------------------------------------------------------------------

    def _set_phase(self, phase: Phase, message: str) -> None:
        ex = self._ex
        status = ex.status
        status["phase"] = str(phase)
        if not status.get("startedAt") and phase != Phase.PENDING:
            status["startedAt"] = format_time(ex.now)
            if self._probable:
                status["estimatedDuration"] = self._probable
        set_text(status, "message", message)
        self._label(LABEL_PHASE, str(phase))
        self._label(LABEL_COMPLETED, "true" if completed(phase) else "false")

    def _label(self, key: str, value: str) -> None:
        metadata = self._ex.workflow["metadata"]
        if documents.labels(self._ex.workflow).get(key) != value:
            labels = {**documents.labels(self._ex.workflow), key: value}
            self._ex.workflow["metadata"] = {**metadata, "labels": labels}

    def _finish(self, phase: Phase, message: str) -> None:
        ex = self._ex
        ex.daemons.end_all()
        if phase == Phase.ERROR:
            fail_entry(ex)
        self._set_phase(phase, message)
        ex.status["finishedAt"] = format_time(ex.now)
        self._set_condition("Completed", True)
        self._complete = True
        ex.leaves.clear()
        ex.rest()
        self._claims.drop()
        ex.task_set.complete()
        close_budget(ex)
        for identifier in list(ex.nodes.waiting):
            ex.nodes.set_waiting(identifier, None)
        ex.locks.release_all()
        ex.measures.end()
        for identifier, pod in list(ex.pods.items()):
            if podstatus.is_over(pod):
                del ex.pods[identifier]
                ex.put_away(pod)
        ex.put_all_away()
        if ex.nodes.documents:
            ex.effects.append(DeleteTaskResults())

    def _set_condition(self, kind: str, value: bool) -> None:
        status = self._ex.status
        conditions: list[Document] = list(status.get("conditions") or ())
        wanted: dict[str, Any] = {"status": str(value), "type": kind}
        for position, condition in enumerate(conditions):
            if condition.get("type") == kind:
                if condition.get("status") == wanted["status"]:
                    return
                conditions[position] = wanted
                break
        else:
            conditions.append(wanted)
        status["conditions"] = conditions

    # --- after the end ------------------------------------------------------------------------

    def _tidy(self, facts: Sequence[Fact]) -> None:
        """A complete workflow is never touched again; what it left is put away."""
        results = False
        for fact in facts:
            match fact:
                case PodChanged(pod) if is_agent(pod):
                    self._ex.task_set.dismiss()
                case PodChanged(pod) if podstatus.is_over(pod):
                    self._ex.put_away(pod)
                case PodChanged(pod):
                    self._ex.daemons.end_abandoned(pod)
                case TaskResultChanged():
                    results = True
        if results:
            self._ex.effects.append(DeleteTaskResults())

    # --- telling ------------------------------------------------------------------------------

    def _tell(self, old_phase: str) -> None:
        ex = self._ex
        if ex.config.node_events:
            as_pod = ex.config.node_events_as_pod
            about = pods_of(ex.workflow, ex.pod_uids, ex.pod_name_version) if as_pod else lambda _node: None
            ex.effects.extend(node_events(ex.nodes, about))
        phase = ex.status.get("phase") or ""
        if phase != old_phase and ex.config.workflow_events and phase != Phase.PENDING:
            ex.effects.append(workflow_event(phase, str(ex.status.get("message") or "")))
        alarm = ex.now if ex.is_unfinished else ex.next_alarm
        if alarm is not None and (alarm != self._alarm or ex.is_unfinished):
            ex.effects.append(WakeAt(alarm))
        self._alarm = alarm
