"""A cluster of one workflow without a cluster: virtual clock, scripted kubelet and executor, API object.

`Simulation` gives the engine exactly the facts a controller would, carries out its effects, and stores its
changes; what each pod does is said by a script from node name to `Outcome`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from math import inf
from typing import Any

import msgspec

from argotui.engine.config import EngineConfig
from argotui.engine.effects import (
    AcquireLocks,
    CollectPod,
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
    LabelPodCompleted,
    LoadCache,
    ReleaseLocks,
    SaveCache,
    TerminatePod,
    WakeAt,
)
from argotui.engine.facts import Fact, PodChanged, PodGone, TaskResultChanged, TaskSetChanged, Tick
from argotui.engine.pods.agent import agent_pod_name
from argotui.engine.run import Run, Step
from argotui.engine.tasksets import is_agent
from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document
from argotui.model.keys import (
    ANNOTATION_NODE_ID,
    ANNOTATION_NODE_NAME,
    LABEL_COMPLETED,
    LABEL_REPORT_OUTPUTS_COMPLETED,
    LABEL_WORKFLOW,
)
from argotui.model.patching import merge_patch
from argotui.model.phase import fulfilled
from argotui.model.times import format_time

from .agents import Requests
from .lockroom import LockRoom
from .volumes import Volumes


def clone(value: Any) -> Any:
    """A deep copy of JSON data, as the wire makes one; some times faster than copying in Python."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


START = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
_SEEN_ANYWAY = PodChanged | PodGone | TaskResultChanged | TaskSetChanged
REPORTED = {False: "false", True: "true"}


@dataclass(frozen=True)
class Outcome:
    """What a pod does. seconds: how long `main` runs, `inf` until somebody ends it. outputs: what the executor
    reports. pod_message: `status.message` of the pod. wait_code, wait_message: how the executor ends. members: exit
    code and message of containers other than `main`. init: name and exit code of the init container that fails.
    ready: whether the readiness probe ever succeeds. pending: no node ever takes the pod."""

    seconds: float = 1.0
    exit_code: int = 0
    message: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    pod_message: str = ""
    wait_code: int = 0
    wait_message: str = ""
    members: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    init: tuple[str, int] | None = None
    ready: bool = True
    pending: bool = False


Script = Callable[[str], Outcome]


@dataclass
class Objects:
    """The engine's Lookup."""

    templates: dict[tuple[str, str], Document] = field(default_factory=dict)
    cluster_templates: dict[str, Document] = field(default_factory=dict)
    config_maps: dict[tuple[str, str], Document] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Document] = field(default_factory=dict)

    @classmethod
    def of(cls, documents_: Iterable[Document]) -> Objects:
        objects = cls()
        for document in documents_:
            name, namespace = documents.name(document), documents.namespace(document) or "argo"
            match documents.kind(document):
                case "WorkflowTemplate":
                    objects.templates[namespace, name] = document
                case "ClusterWorkflowTemplate":
                    objects.cluster_templates[name] = document
                case "ServiceAccount":
                    objects.accounts[namespace, name] = document
                case "ConfigMap":
                    objects.config_maps[namespace, name] = document
        return objects

    def workflow_template(self, namespace: str, name: str) -> Document | None:
        return self.templates.get((namespace, name))

    def cluster_workflow_template(self, name: str) -> Document | None:
        return self.cluster_templates.get(name)

    def config_map(self, namespace: str, name: str) -> Document | None:
        return self.config_maps.get((namespace, name))

    def service_account(self, namespace: str, name: str) -> Document | None:
        return self.accounts.get((namespace, name))


class Simulation:
    """One workflow and its world.

    fresh: load the run anew before every step. shuffle: what happens at the same moment comes in another order.
    """

    def __init__(
        self,
        workflow: Document,
        script: Script = lambda _node: Outcome(),
        *,
        objects: Objects | None = None,
        config: EngineConfig | None = None,
        fresh: bool = False,
        seed: int | None = None,
        room: LockRoom | None = None,
    ) -> None:
        self.now = START
        self.script = script
        self.objects = objects or Objects()
        self.config = config or EngineConfig(namespace="argo")
        self.fresh = fresh
        self.workflow = _stored(workflow)
        self.pods: dict[str, Document] = {}
        self.results: dict[str, Document] = {}
        self.effects: list[Effect] = []
        self.created: list[Document] = []
        self.volumes = Volumes()
        self.budgets: dict[str, Document] = {}
        self.steps = 0
        self._collected: set[str] = set()
        self.adopted: set[str] = set()
        """Pods that were asked for when they existed already."""
        self.lose: Callable[[], bool] | None = None
        """Asked after each step: whether the controller is killed before the changes are stored."""
        self.conflict: Callable[[], bool] | None = None
        """Asked after each step: whether somebody else has changed the object, so that the changes are not stored."""
        self._lost = False
        self._random = random.Random(seed) if seed is not None else None
        self._order = count()
        self._happenings: list[tuple[datetime, float, int, Callable[[], list[Fact]]]] = []
        self._wake: datetime | None = None
        self._run: Run | None = None
        self.agent = Requests(self.after, self._reply, agent_runs=self._agent_runs)
        self._loaded = False
        self.room = room or LockRoom()
        self.room.enter(self)

    # --- reading ------------------------------------------------------------------------------

    @property
    def nodes(self) -> dict[str, Document]:
        """Nodes by name."""
        return {n["name"]: n for n in ((self.workflow.get("status") or {}).get("nodes") or {}).values()}

    @property
    def phase(self) -> str:
        return (self.workflow.get("status") or {}).get("phase") or ""

    @property
    def next_moment(self) -> datetime | None:
        """When something happens next; None when nothing does unless somebody else makes it happen."""
        return min(
            (moment for moment in (self._wake, *(each[0] for each in self._happenings[:1])) if moment), default=None
        )

    @property
    def is_complete(self) -> bool:
        return documents.labels(self.workflow).get(LABEL_COMPLETED) == "true"

    def events(self) -> list[tuple[str, str]]:
        return [(effect.reason, effect.message) for effect in self.effects if isinstance(effect, EmitEvent)]

    # --- time ---------------------------------------------------------------------------------

    def after(self, seconds: float, happening: Callable[[], list[Fact]]) -> None:
        """Something happens later; what it returns is told to the engine."""
        nudge = self._random.random() if self._random is not None else 0.0
        moment = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._happenings, (moment, nudge, next(self._order), happening))

    def play(self, until: Callable[[], bool] | None = None, limit: int = 100_000) -> Simulation:
        """Until the condition holds, the workflow is complete and all pods are done, or nothing happens any more."""
        if not self._loaded:
            self.advance([])
        while limit and not (until is not None and until()):
            limit -= 1
            if not self._happen():
                break
        assert limit, "the simulation does not end"
        self.check_stored()
        return self

    def _happen(self) -> bool:
        moment = self.next_moment
        if moment is None:
            return False
        self.now = max(self.now, moment)
        facts: list[Fact] = []
        if self._happenings and self._happenings[0][0] <= self.now:
            facts = heapq.heappop(self._happenings)[3]()
        else:
            facts = [Tick()]
        if self._wake is not None and self._wake <= self.now:
            self._wake = None
        if facts:
            self.advance(facts)
        return True

    # --- the engine ---------------------------------------------------------------------------

    def reload(self) -> None:
        """Somebody else has changed the object, or the controller was killed: the run is loaded anew."""
        self._run = None
        self._wake = None
        self.room.end(self)

    def change(self, workflow: Document) -> None:
        """Another program writes the object."""
        self.workflow = clone(workflow)
        self.reload()
        self.advance([])

    def read(self) -> Document:
        """The object as the API gives it."""
        return clone(self.workflow)

    def advance(self, facts: list[Fact]) -> Step:
        """One step; its changes are stored and its effects carried out."""
        self._loaded = True
        if self._run is None:
            self.room.begin(self)
        if self._run is None or self.fresh:
            self._run = Run.load(self.read(), self.config, self.objects)
            self._wake = None
            gone = [fact for fact in facts if not isinstance(fact, _SEEN_ANYWAY)]
            facts = [
                *map(PodChanged, clone(self._visible())),
                *map(TaskResultChanged, clone(self.results_list())),
                *([TaskSetChanged(clone(self.agent.task_set))] if self.agent.task_set is not None else []),
                *gone,
            ]
        step = self._run.advance(facts, self.now, b"")
        self.steps += 1
        is_killed = self.lose is not None and self.lose()
        self._lost = is_killed or (self.conflict is not None and self.conflict())
        if not self._lost:
            before = (self.workflow.get("status") or {}).get("nodes") or {}
            self.workflow = merge_patch(self.workflow, clone(step.changes))
            self._check(before, (step.changes.get("status") or {}).get("nodes") or {})
        for effect in step.effects:
            if not (self._lost and effect.after_persist):
                self.effects.append(effect)
                self._carry_out(effect)
        if self._lost:
            if is_killed:
                self.room.kill()
            else:
                self.reload()
            self.after(0.01, lambda: [Tick()])
        return step

    def _agent_runs(self) -> bool:
        name = agent_pod_name(documents.name(self.workflow))
        return name in self.pods and self.pods[name]["status"]["phase"] == "Running"

    def _reply(self, identifier: str) -> Mapping[str, Any] | None:
        outcome = self.script(self.workflow["status"]["nodes"][identifier]["name"])
        if outcome.seconds == inf:
            return None
        phase = "Failed" if outcome.exit_code else "Succeeded"
        message = outcome.message or outcome.pod_message
        return {"phase": phase, "message": message, "outputs": dict(outcome.outputs)}

    def _visible(self) -> list[Document]:
        hidden = {name for name, pod in self.pods.items() if documents.labels(pod).get(LABEL_COMPLETED) == "true"}
        return [pod for name, pod in self.pods.items() if name not in hidden or name in self.adopted]

    def results_list(self) -> list[Document]:
        return list(self.results.values())

    def _check(self, before: Mapping[str, Document], changed: Iterable[str]) -> None:
        """No node leaves a phase in which it is over."""
        after = self.workflow["status"].get("nodes") or {}
        for identifier in changed:
            node = before.get(identifier) or {}
            if fulfilled(node.get("phase") or "", node.get("taskResultSynced")):
                assert after[identifier]["phase"] == node["phase"], node["name"]

    def check_stored(self) -> None:
        """What is stored is what the run believes."""
        if self._run is not None and not self._lost:
            assert without_nulls(self._run.workflow) == without_nulls(today(self.workflow))

    def _carry_out(self, effect: Effect) -> None:
        if self.agent.carry_out(effect):
            return
        match effect:
            case CreatePod():
                self._create(effect)
            case TerminatePod(name, uid):
                self._terminate(name, uid)
            case DeletePod(name):
                self._delete(name)
            case LabelPodCompleted(name):
                self._label(name)
            case CollectPod(name, uid, seconds):
                self._collect(name, uid, seconds)
            case CreateDisruptionBudget(budget):
                self.budgets.setdefault(documents.name(budget), budget)
            case DeleteDisruptionBudget(name):
                self.budgets.pop(name, None)
            case CreatePVC(claim):
                self.after(0.05, lambda: [self.volumes.create(claim)])
            case DeletePVCs(names):
                self.after(0.05, lambda: [self.volumes.delete(names)])
            case DeleteTaskResults():
                self.results.clear()
            case WakeAt(time):
                self._wake = time
            case EmitEvent():
                pass
            case AcquireLocks() | ConfirmLocks() | ReleaseLocks() | LoadCache() | SaveCache():
                self.room.carry_out(self, effect)

    # --- the API and the kubelet --------------------------------------------------------------

    def _create(self, effect: CreatePod) -> None:
        name = documents.name(effect.pod)
        if name in self.pods:
            self._adopt(name)
            return
        pod = clone(effect.pod)
        pod["metadata"] |= {"uid": f"uid-{next(self._order)}", "creationTimestamp": format_time(self.now)}
        pod["status"] = {"phase": "Pending"}
        self.pods[name] = pod
        self.created.append(clone(pod))
        self.after(0.05, lambda: self._tell(pod))
        self.after(0.2, lambda: self._begin(pod))

    def _adopt(self, name: str) -> None:
        """The pod exists already: the controller reads it, though it may not be among those it watches any more."""
        self.adopted.add(name)
        self.after(0.05, lambda: self._tell(self.pods[name]) if name in self.pods else [])

    def _tell(self, pod: Document) -> list[Fact]:
        return [PodChanged(clone(pod))] if self.pods.get(documents.name(pod)) is pod else []

    def _begin(self, pod: Document) -> list[Fact]:
        if self.pods.get(documents.name(pod)) is not pod:
            return []
        if is_agent(pod):
            pod["status"] = {"phase": "Running"}
            return self._tell(pod)
        outcome = self.script(documents.annotations(pod)[ANNOTATION_NODE_NAME])
        if outcome.pending:
            return []
        if outcome.init is not None:
            return self._fail_init(pod, *outcome.init)
        started = {"startedAt": format_time(self.now)}
        names = sorted(container["name"] for container in pod["spec"]["containers"])
        statuses = [{"name": name, "ready": outcome.ready, "state": {"running": dict(started)}} for name in names]
        pod["status"] = {"phase": "Running", "startTime": format_time(self.now), "containerStatuses": statuses}
        pod["status"]["podIP"] = "127.0.0.1"
        pod["spec"]["nodeName"] = "node"
        limit = pod["spec"].get("activeDeadlineSeconds")
        if outcome.seconds != inf:
            self.after(outcome.seconds, lambda: self._end_main(pod, outcome))
        if limit is not None:
            self.after(limit, lambda: self._overrun(pod, outcome))
        return [*self._tell(pod), self._report(pod, {}, done=False)]

    def _fail_init(self, pod: Document, name: str, code: int) -> list[Fact]:
        ended = {"exitCode": code, "reason": "Error", "finishedAt": format_time(self.now)}
        waiting = {"waiting": {"reason": "PodInitializing"}}
        pod["status"] = {
            "phase": "Failed",
            "initContainerStatuses": [{"name": name, "state": {"terminated": ended}}],
            "containerStatuses": [{"name": c["name"], "state": waiting} for c in pod["spec"]["containers"]],
        }
        return self._tell(pod)

    def _report(self, pod: Document, outputs: Mapping[str, Any], *, done: bool) -> Fact:
        identifier = documents.annotations(pod)[ANNOTATION_NODE_ID]
        labels = {
            LABEL_WORKFLOW: documents.name(self.workflow),
            LABEL_REPORT_OUTPUTS_COMPLETED: REPORTED[done],
        }
        result = {"metadata": {"name": identifier, "labels": labels}, **({"outputs": dict(outputs)} if outputs else {})}
        self.results[identifier] = result
        return TaskResultChanged(clone(result))

    def _is_live(self, pod: Document) -> bool:
        return self.pods.get(documents.name(pod)) is pod and pod["status"]["phase"] == "Running"

    def _end_main(self, pod: Document, outcome: Outcome) -> list[Fact]:
        if not self._is_live(pod):
            return []
        running = [s["name"] for s in pod["status"]["containerStatuses"] if "running" in s["state"]]
        if running in ([], ["wait"]):
            return []
        for name in running:
            own = (outcome.exit_code, outcome.message) if name == "main" else outcome.members.get(name, (0, ""))
            if name != "wait":
                self._terminated(pod, name, *own)
        if "wait" not in running:  # what works on resources reports by itself
            return self._end_wait(pod, outcome)
        self.after(0.1, lambda: self._end_wait(pod, outcome))
        return self._tell(pod)

    def _terminated(self, pod: Document, name: str, code: int, message: str) -> None:
        status = next(status for status in pod["status"]["containerStatuses"] if status["name"] == name)
        begun = status["state"]["running"]["startedAt"]
        ended = {"exitCode": code, "startedAt": begun, "finishedAt": format_time(self.now)}
        ended["reason"] = "Completed" if code == 0 else "Error"
        status["state"] = {"terminated": ended | ({"message": message} if message else {})}
        status["ready"] = False

    def _end_wait(self, pod: Document, outcome: Outcome) -> list[Fact]:
        if not self._is_live(pod):
            return []
        facts: list[Fact] = [self._report(pod, _reported(pod, outcome), done=not outcome.wait_code)]
        if any(status["name"] == "wait" for status in pod["status"]["containerStatuses"]):
            self._terminated(pod, "wait", outcome.wait_code, outcome.wait_message)
        good = not any(s["state"]["terminated"]["exitCode"] for s in pod["status"]["containerStatuses"])
        pod["status"]["phase"] = "Succeeded" if good else "Failed"
        if outcome.pod_message:
            pod["status"]["message"] = outcome.pod_message
        facts = [*self._tell(pod), *facts]
        if self._random is not None:
            self._random.shuffle(facts)
        return facts

    def _overrun(self, pod: Document, outcome: Outcome) -> list[Fact]:
        message = "Pod was active on the node longer than the specified deadline"
        return self._end_main(pod, replace(outcome, exit_code=outcome.exit_code or 143, pod_message=message))

    def _terminate(self, name: str, uid: str) -> None:
        pod = self.pods.get(name)
        if pod is None or documents.uid(pod) != uid:
            return
        if pod["status"]["phase"] == "Pending":
            self._delete(name)
            return
        outcome = replace(self.script(documents.annotations(pod)[ANNOTATION_NODE_NAME]), wait_code=0)
        others = {container["name"]: (143, "") for container in pod["spec"]["containers"]}
        killed = replace(outcome, exit_code=outcome.exit_code or 143, members={**others, **outcome.members})
        self.after(0.3, lambda: self._end_main(pod, killed))

    def _delete(self, name: str) -> None:
        pod = self.pods.pop(name, None)
        if pod is not None:
            self.after(0.05, lambda: [PodGone(name, documents.uid(pod))])

    def _collect(self, name: str, uid: str, seconds: float) -> None:
        """podGC: the pod goes after a while, unless another one has its name by then."""

        def collect() -> list[Fact]:
            self._collected.discard(uid)
            if documents.uid(self.pods.get(name) or {"metadata": {}}) == uid:
                self._delete(name)
            return []

        if uid not in self._collected:
            self._collected.add(uid)
            self.after(seconds, collect)

    def remove_pod(self, name: str) -> None:
        """Somebody deletes a pod."""
        self._delete(name)

    def _label(self, name: str) -> None:
        pod = self.pods.get(name)
        if pod is not None and documents.labels(pod).get(LABEL_COMPLETED) != "true":
            assert pod["status"]["phase"] in ("Succeeded", "Failed"), name
            pod["metadata"]["labels"] = {**documents.labels(pod), LABEL_COMPLETED: "true"}
            self.after(0.05, lambda: [PodGone(name, documents.uid(pod))])


def _reported(pod: Document, outcome: Outcome) -> dict[str, Any]:
    """The executor captures stdout only when the controller asks for it."""
    asked = any(
        entry.get("name") == "ARGO_INCLUDE_SCRIPT_OUTPUT" and entry.get("value") == "true"
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
        for entry in container.get("env") or ()
    )
    return {key: value for key, value in outcome.outputs.items() if key != "result" or asked}


def _stored(workflow: Document) -> Document:
    stored: Document = clone(workflow)
    metadata = stored["metadata"]
    metadata.setdefault("namespace", "argo")
    metadata.setdefault("uid", "11111111-2222-3333-4444-555555555555")
    metadata.setdefault("creationTimestamp", format_time(START))
    return stored


def without_nulls(value: Any) -> Any:
    """The document without null fields and empty labels, which the wire does not tell apart."""
    if isinstance(value, dict):
        cleaned = {key: without_nulls(entry) for key, entry in value.items()}
        return {key: entry for key, entry in cleaned.items() if entry is not None and entry != {}}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value
