"""The state of one run while it is in memory: nodes, agenda, timers, and what it knows of pods and results.

Everything here can be rebuilt from the workflow object, the pods and the results. Work is a stack of small
calls, so neither deep nesting of templates nor long chains of steps use Python's own stack; and because it is
a stack, a step is carried out as far as possible before its neighbour, which is upstream's order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

from argotui.engine.config import EngineConfig
from argotui.engine.effects import Effect, TerminatePod
from argotui.engine.measuring import Measures
from argotui.engine.nodes import Nodes
from argotui.engine.podgc import EndedPod, Fate, PodPolicy
from argotui.engine.program import Program
from argotui.engine.scopes import Globals
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_POD_NAME_FORMAT
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.calls import Call, Starter
    from argotui.engine.daemons import Daemons
    from argotui.engine.failfast import FailFast
    from argotui.engine.gate import Gate
    from argotui.engine.lifecycle import Watch
    from argotui.engine.memo import Memo
    from argotui.engine.synchronization import Locks
    from argotui.engine.tasksets import TaskSet
    from argotui.engine.thresholds import Threshold


ENOUGH: Final = 500
"""Effects after which a step ends, to be continued at once: thousands of pods must not hold up other workflows."""
MANY: Final = 1_000
"""New nodes after which it ends likewise: templates that fan out into themselves have no end of their own."""


class Lookup(Protocol):
    """Reads of the controller's caches; pure as far as the engine is concerned."""

    def workflow_template(self, namespace: str, name: str) -> Document | None: ...

    def cluster_workflow_template(self, name: str) -> Document | None: ...

    def config_map(self, namespace: str, name: str) -> Document | None: ...

    def service_account(self, namespace: str, name: str) -> Document | None: ...


class Leaf(Protocol):
    """Something that waits for its node to be over: a pod or a gate."""

    call: Call

    def settle(self) -> None:
        """The node is over."""

    def pod_is_gone(self) -> None:
        """The node's pod does not exist."""

    def create_failed(self, message: str, transient: bool) -> None:
        """The API did not take the node's pod."""


class Execution:
    """One run. workflow: {metadata, spec, status} with dicts of its own, `status.nodes` kept in `nodes`."""

    program: Program
    globals: Globals
    gate: Gate
    daemons: Daemons
    fail_fast: FailFast
    task_set: TaskSet
    watch: Watch
    locks: Locks
    memo: Memo
    threshold: type[Threshold]
    look: Callable[[str], None]
    """Takes what is known of a node's pod over to the node."""
    ended: Callable[[str], None]
    """Tells those who wait for a leaf that its node is over."""

    def __init__(
        self,
        workflow: Document,
        nodes: Mapping[str, Document],
        config: EngineConfig,
        lookup: Lookup,
        starters: Mapping[str, Starter],
    ) -> None:
        self.workflow = workflow
        self.config = config
        self.lookup = lookup
        self.starters = starters
        self.name = documents.name(workflow)
        self.namespace = documents.namespace(workflow)
        self.nodes = Nodes(self.name, nodes)
        self.now = datetime.min
        self.effects: list[Effect] = []
        self.pods: dict[str, Document] = {}
        """The last known pod of every node that is not over."""
        self.pod_uids: dict[str, str] = {}
        """Uids of pods by node, kept only where events are about pods."""
        self.kept: dict[str, EndedPod] = {}
        """Ended pods by name whose fate depends on how the workflow ends (podGC)."""
        self.when_seen: dict[str, Callable[[], None]] = {}
        """What to do once the pod of a node is there."""
        self.metrics: Document = {}
        """`spec.metrics` with its tags, which are replaced when a metric is reported."""
        self.measures = Measures(self)
        self.leaves: dict[str, Leaf] = {}
        self.started: dict[str, datetime] = {}
        """When nodes with a duration were started, finer than the whole seconds of the status."""
        self._agenda: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._timers: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._terminated: set[str] = set()

    # --- agenda and time ----------------------------------------------------------------------

    def later(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do this next; what is put on the agenda last is done first."""
        self._agenda.append((action, arguments))

    def work(self) -> bool:
        """Do what is on the agenda, up to `ENOUGH` and `MANY`; False when nothing was done."""
        busy = False
        while self._agenda and len(self.effects) < ENOUGH and self.nodes.created < MANY:
            busy = True
            action, arguments = self._agenda.pop()
            action(*arguments)
        return busy

    @property
    def is_unfinished(self) -> bool:
        """There is more on the agenda than one step may do."""
        return bool(self._agenda)

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        """Do this when the clock has reached the moment; the action has to check that it still applies."""
        heapq.heappush(self._timers, (moment, next(self._order), action))

    def ring(self) -> None:
        """Put the actions that are due on the agenda, the earliest to be done first."""
        due: list[Callable[[], None]] = []
        while self._timers and self._timers[0][0] <= self.now:
            due.append(heapq.heappop(self._timers)[2])
        for action in reversed(due):
            self.later(action)

    def rest(self) -> None:
        """Nothing is waited for any more, nothing is left to do."""
        self._timers.clear()
        self._agenda.clear()

    @property
    def next_alarm(self) -> datetime | None:
        """The earliest moment anything waits for."""
        return self._timers[0][0] if self._timers else None

    # --- the workflow -------------------------------------------------------------------------

    @property
    def spec(self) -> Document:
        """The merged spec, globals substituted (without its templates)."""
        return self.program.spec

    @property
    def status(self) -> Document:
        """The status without its nodes."""
        status: Document = self.workflow["status"]
        return status

    @property
    def shutdown(self) -> str:
        """`Stop`, `Terminate` or empty."""
        return str(self.spec.get("shutdown") or "")

    def may_run(self, on_exit: bool) -> bool:
        """Whether the shutdown strategy lets a template start: Stop only lets exit handlers."""
        return not self.shutdown or (self.shutdown == "Stop" and on_exit)

    @property
    def deadline(self) -> datetime | None:
        """The end of `spec.activeDeadlineSeconds`, counted from the whole second of the start."""
        seconds = self.spec.get("activeDeadlineSeconds")
        started = parse_time(self.status.get("startedAt"))
        if seconds is None or started is None:
            return None
        return started.replace(microsecond=0) + timedelta(seconds=int(seconds))

    @property
    def pod_name_version(self) -> str:
        """How pods are named: the workflow's own annotation, else the controller's setting."""
        return documents.annotations(self.workflow).get(ANNOTATION_POD_NAME_FORMAT) or self.config.pod_name_version

    def config_map(self, name: str) -> Document | None:
        """A ConfigMap of the workflow's namespace."""
        return self.lookup.config_map(self.namespace, name)

    @property
    def pod_policy(self) -> PodPolicy:
        """What becomes of ended pods; from the spec as it is stored when the run could not be prepared."""
        program = getattr(self, "program", None)
        stored = self.status.get("storedWorkflowTemplateSpec") or self.workflow["spec"]
        return PodPolicy.of(stored if program is None else program.spec, self.config)

    def put_away(self, pod: Document) -> None:
        """A pod has ended and its node is over: label it, delete it, or keep it until the workflow's end."""
        ended = EndedPod.of(pod)
        policy, phase = self.pod_policy, str(self.status.get("phase") or "")
        if policy.fate(ended, phase) is Fate.KEEP:
            self.kept[ended.name] = ended
        else:
            self.effects.extend(policy.effects([ended], phase))

    def put_all_away(self) -> None:
        """The workflow is over, and with it the reason to keep any pod."""
        kept, self.kept = self.kept, {}
        self.effects.extend(self.pod_policy.effects(kept.values(), str(self.status.get("phase") or "")))

    # --- shared by all kinds of nodes ---------------------------------------------------------

    def set_phase(self, identifier: str, phase: str, message: str | None = None) -> None:
        """`Nodes.set_phase` at the current time."""
        self.nodes.set_phase(identifier, phase, self.now, message)
        if self.nodes.is_fulfilled(identifier):
            self.daemons.end_below(identifier)

    def terminate(self, identifier: str) -> None:
        """End the containers of a node's pod, unless that was asked before."""
        pod = self.pods.get(identifier)
        if pod is not None and documents.uid(pod) not in self._terminated:
            self._terminated.add(documents.uid(pod))
            grace = dig(pod, "spec", "terminationGracePeriodSeconds")
            self.effects.append(TerminatePod(documents.name(pod), documents.uid(pod), grace))
