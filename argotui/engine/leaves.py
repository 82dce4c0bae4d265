"""Nodes that do something themselves: pods and gates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from argotui.engine import containersets
from argotui.engine.bounds import end_of, refusal
from argotui.engine.calls import Call, drawn_for, ensure_node, fail_call, pod_name_of, rename, report_end, report_error
from argotui.engine.effects import CreatePod, PodMissed
from argotui.engine.errors import EngineError, NodeTimeout
from argotui.engine.pods import PodBuildError, build_pod, offloaded
from argotui.engine.program import TemplatePlan, input_scope
from argotui.engine.progress import parse_progress
from argotui.engine.scopes import Layers
from argotui.engine.tokens import executor_token
from argotui.model import documents
from argotui.model.anystring import any_string
from argotui.model.documents import Document, dig
from argotui.model.duration import DurationError, argo_duration, go_duration
from argotui.model.keys import ANNOTATION_PROGRESS
from argotui.model.phase import NodeType, Phase
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

CREATE_AGAIN_AFTER: Final = timedelta(seconds=10)
"""Pause after the API could not take a pod for the moment."""

_TRAILING: Final = re.compile(r"(?:\([^()]*\)|\[[^\[\]]*\])+$")


def start_pod(ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
    """Start or take up a node whose work a pod does."""
    PodLeaf(ex, call, plan, template).start()


def start_suspend(ex: Execution, call: Call, _plan: TemplatePlan, template: Document) -> None:
    """Start or take up a gate."""
    SuspendLeaf(ex, call, template).start()


class PodLeaf:
    """A node whose work is done by a pod."""

    def __init__(self, ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
        self.call = call
        self._ex = ex
        self._plan = plan
        self._template = template
        self._reported = False
        """Whether its owner has been told; of a daemon it is as soon as that is ready."""

    def start(self) -> None:
        ex, call = self._ex, self.call
        is_new = ex.nodes.get(call.node_id) is None
        ensure_node(ex, call, self._template, NodeType.POD, Phase.PENDING, taskResultSynced=self._synced)
        try:
            rename(ex, call, self._template)
            for end in self._ends():
                ex.at(end, self._time_out)
        except EngineError as error:
            fail_call(ex, call, error)
            return
        ex.leaves[call.node_id] = self
        containersets.expect(ex, call, self._template)
        if self._template.get("daemon"):
            ex.daemons.expect(call.node_id, self._serve)
            if ex.daemons.serves(call.node_id):
                self._serve()
        if call.node_id not in ex.pods:
            self.pod_is_gone()
        elif is_new or ex.nodes[call.node_id].get("taskResultSynced") is None:
            ex.look(call.node_id)

    @property
    def _synced(self) -> bool | None:
        """What the executor of a daemon reports, when it is killed, nobody waits for."""
        return None if self._template.get("daemon") else True

    def _serve(self) -> None:
        """The daemon is ready: what follows may start."""
        if not self._reported:
            self._reported = True
            report_end(self._ex, self.call)

    def settle(self) -> None:
        self._leave()
        self._ex.fail_fast.check(self.call.boundary)
        if self._reported:
            self._ex.daemons.lost(self.call.node_id)
        else:
            report_end(self._ex, self.call)

    def pod_is_gone(self) -> None:
        """Make the pod (again) unless the node has been running for some time without it (§1.5)."""
        ex, node = self._ex, self._ex.nodes[self.call.node_id]
        phase = node.get("phase")
        if not self._matters:
            return
        if phase == Phase.PENDING:
            self._create()
        elif phase == Phase.RUNNING:
            started = parse_time(node.get("startedAt")) or ex.now
            is_late = ex.now - started > timedelta(seconds=ex.config.recently_started_seconds)
            ex.effects.append(PodMissed(Phase.RUNNING, recently=not is_late))
            if is_late:
                ex.set_phase(self.call.node_id, Phase.ERROR, "pod deleted")
                ex.nodes.set_synced(self.call.node_id, True, ex.now)
                containersets.close(ex, self.call.node_id, "container deleted")
                self.settle()
            else:
                self._create()

    def create_failed(self, message: str, transient: bool) -> None:
        """The API did not take the pod."""
        ex, identifier = self._ex, self.call.node_id
        if identifier in ex.pods or ex.nodes.phase(identifier) not in (Phase.PENDING, Phase.RUNNING):
            return
        if not self._matters:
            return
        if not transient:
            self._fail(EngineError(message))
            return
        ex.set_phase(identifier, Phase.PENDING, message)
        ex.at(ex.now + CREATE_AGAIN_AFTER, self._create_again)

    def _create_again(self) -> None:
        if self._is_waiting_for_pod():
            self._create()

    def _is_waiting_for_pod(self) -> bool:
        ex, identifier = self._ex, self.call.node_id
        return ex.leaves.get(identifier) is self and identifier not in ex.pods and self._matters

    @property
    def _matters(self) -> bool:
        """Nothing around the node is over, so that somebody waits for it."""
        return self._ex.nodes.is_alive(self.call.boundary)

    def _leave(self) -> None:
        """The node is over."""
        self._ex.leaves.pop(self.call.node_id, None)
        self._ex.when_seen.pop(self.call.node_id, None)
        containersets.close(self._ex, self.call.node_id)

    def _fail(self, error: EngineError) -> None:
        if isinstance(error, NodeTimeout):
            self._ex.set_phase(self.call.node_id, Phase.FAILED, str(error))
            report_error(self._ex, self.call, error)
        else:
            fail_call(self._ex, self.call, error)
        self._leave()

    def _end(self, message: str) -> None:
        self._ex.set_phase(self.call.node_id, Phase.FAILED, message)
        self.settle()

    def _create(self) -> None:
        ex, call = self._ex, self.call
        if not ex.may_run(call.on_exit):
            self._end(f"workflow shutdown with strategy: {ex.shutdown}")
            return
        left = self._seconds_left()
        if left is not None and left <= 0:
            self._end("Step exceeded its deadline")
            return
        try:
            pod = self._build(_smaller(left, self._timeout_seconds()))
        except (EngineError, PodBuildError) as error:
            self._fail(error if isinstance(error, EngineError) else EngineError(str(error)))
            return
        progress = documents.annotations(pod).get(ANNOTATION_PROGRESS)
        if parse_progress(progress):
            ex.nodes.update(call.node_id, {"progress": progress})
        ex.effects.append(CreatePod(call.node_id, *offloaded(pod)))

    def _seconds_left(self) -> int | None:
        """Whole seconds until the workflow's deadline; exit handlers have none."""
        deadline = None if self.call.on_exit else self._ex.deadline
        return None if deadline is None else int((deadline - self._ex.now).total_seconds())

    def _timeout_seconds(self) -> int | None:
        """Whole seconds left of the template's `timeout`. Raises NodeTimeout when it, or `pendingTimeout`, is over."""
        if any(self._ex.now >= end for end in self._ends()):
            raise NodeTimeout("timeout")
        end = self._end_of("timeout", go_duration)
        return None if end is None else max(int((end - self._ex.now).total_seconds()), 1)

    def _ends(self) -> list[datetime]:
        """When the node ends, should it be pending still. Raises EngineError."""
        ends = (self._end_of("timeout", go_duration), self._end_of("pendingTimeout", argo_duration))
        return [end for end in ends if end is not None]

    def _end_of(self, field: str, duration: Callable[[str], int]) -> datetime | None:
        return end_of(self._ex, self.call, self._template, field, duration)

    def _time_out(self) -> None:
        """A timeout ends a node that is still pending; a running pod is ended by its own deadline."""
        ex, identifier = self._ex, self.call.node_id
        if ex.leaves.get(identifier) is self and ex.nodes.phase(identifier) == Phase.PENDING and self._matters:
            ex.terminate(identifier)
            self._fail(NodeTimeout("timeout"))

    def _build(self, seconds: int | None) -> Document:
        ex, call = self._ex, self.call
        name = pod_name_of(ex, call, self._plan)
        boundary, drawn = call.boundary_plan, partial(drawn_for, ex, call.name)
        workflow = {"metadata": ex.workflow["metadata"], "spec": ex.spec, "status": ex.status}
        return build_pod(
            workflow=workflow,
            template=self._template,
            node_name=call.name,
            node_id=call.node_id,
            pod_name=name,
            include_result=boundary is not None and caller_name(call.name) in boundary.results,
            deadline=self._executor_deadline(),
            active_deadline_seconds=seconds,
            on_exit=call.on_exit,
            scope=Layers({"pod.name": name}, input_scope(self._template), ex.globals, drawn=drawn),
            config=ex.config,
            boundary_template=None if boundary is None else boundary.document,
            avoided_hosts=call.avoided_hosts,
            executor_token=executor_token(ex, self._template),
        )

    def _executor_deadline(self) -> datetime | None:
        own = None if self.call.on_exit else self._ex.deadline
        ends = [end for end in (own, self.call.deadline) if end is not None]
        return min(ends) if ends else None


def _smaller(left: int | None, right: int | None) -> int | None:
    given = [value for value in (left, right) if value is not None]
    return min(given) if given else None


def caller_name(node_name: str) -> str:
    """The step or task a node belongs to: `wf.a[0].b(1:x)(0)` is `b`."""
    return _TRAILING.sub("", node_name).rpartition(".")[2]


class SuspendLeaf:
    """A gate: waits for a person, or for its duration."""

    def __init__(self, ex: Execution, call: Call, template: Document) -> None:
        self.call = call
        self._ex = ex
        self._template = template

    def start(self) -> None:
        ex, call = self._ex, self.call
        is_new = ex.nodes.get(call.node_id) is None
        ensure_node(ex, call, self._template, NodeType.SUSPEND, Phase.RUNNING, outputs=_supplied(self._template))
        if ex.nodes.phase(call.node_id) == Phase.PENDING and not ex.nodes[call.node_id].get("outputs"):
            is_new = True  # it has waited for a lock
            ex.nodes.update(call.node_id, {"outputs": _supplied(self._template)})
        try:
            if is_new:
                ex.started[call.node_id] = ex.now
                self._take_choices()
            rename(ex, call, self._template)
            pause = self._pause()
        except EngineError as error:
            fail_call(ex, call, error)
            return
        if ex.nodes.phase(call.node_id) != Phase.RUNNING:
            ex.set_phase(call.node_id, Phase.RUNNING)
        ex.leaves[call.node_id] = self
        refused = refusal(ex, call)
        if refused:
            ex.set_phase(call.node_id, Phase.FAILED, refused)
            self.settle()
        elif pause is not None:
            ex.at(self._started() + pause, self._expire)

    def settle(self) -> None:
        self._ex.leaves.pop(self.call.node_id, None)
        self._ex.fail_fast.check(self.call.boundary)
        report_end(self._ex, self.call)

    def pod_is_gone(self) -> None:
        """A gate has no pod."""

    def create_failed(self, message: str, transient: bool) -> None:
        """A gate has no pod."""

    def _started(self) -> datetime:
        identifier = self.call.node_id
        exact = self._ex.started.get(identifier)
        return exact or parse_time(self._ex.nodes[identifier].get("startedAt")) or self._ex.now

    def _pause(self) -> timedelta | None:
        text = (self._template.get("suspend") or {}).get("duration")
        if not text:
            return None
        try:
            return timedelta(microseconds=argo_duration(str(text)) // 1000)
        except (DurationError, OverflowError) as error:
            raise EngineError(str(error)) from None

    def _take_choices(self) -> None:
        """An input whose value is JSON with an `enum` offers these choices to the person at the gate."""
        inputs = self._ex.nodes[self.call.node_id].get("inputs") or {}
        parameters = [_with_choices(p) for p in inputs.get("parameters") or ()]
        if parameters:
            self._ex.nodes.update(self.call.node_id, {"inputs": {**inputs, "parameters": parameters}})

    def _expire(self) -> None:
        """The duration is over: the gate opens by itself, outputs nobody supplied take their defaults."""
        ex, identifier = self._ex, self.call.node_id
        if ex.leaves.get(identifier) is not self or not ex.nodes.is_alive(self.call.boundary):
            return
        try:
            outputs = with_defaults(ex.nodes[identifier])
        except EngineError as error:
            ex.leaves.pop(identifier)
            fail_call(ex, self.call, error)
            return
        if outputs is not None:
            ex.nodes.update(identifier, {"outputs": outputs})
        ex.set_phase(identifier, Phase.SUCCEEDED)
        self.settle()


def _supplied(template: Document) -> Document | None:
    """The outputs that a person supplies, as declared."""
    parameters = [
        p for p in dig(template, "outputs", "parameters") or () if dig(p, "valueFrom", "supplied") is not None
    ]
    return {"parameters": parameters} if parameters else None


def _with_choices(parameter: Document) -> Document:
    try:
        described: Any = msgspec.json.decode(str(parameter.get("value") or ""))
    except msgspec.DecodeError:
        return parameter
    choices = described.get("enum") if isinstance(described, dict) else None
    if not isinstance(choices, list) or not choices:
        return parameter
    texts = [any_string(choice) for choice in choices]
    default = parameter.get("default")
    return {**parameter, "enum": texts, "default": texts[0] if default is None else default}


def with_defaults(node: Mapping[str, Any]) -> Document | None:
    """The outputs of a gate with defaults where nobody supplied a value: the output's own, else that of the
    input of the same name. Raises EngineError when there is neither."""
    outputs = node.get("outputs")
    if not outputs:
        return None
    inputs = {p.get("name"): p for p in dig(dict(node), "inputs", "parameters") or ()}
    parameters = [_with_default(p, inputs) for p in outputs.get("parameters") or ()]
    return {**outputs, "parameters": parameters}


def _with_default(parameter: Document, inputs: Mapping[Any, Document]) -> Document:
    source = parameter.get("valueFrom") or {}
    if source.get("supplied") is None:
        return parameter
    name = parameter.get("name")
    default = source.get("default")
    if default is None:
        default = inputs.get(name, {}).get("default")
    if default is None:
        raise EngineError(f"raw output parameter '{name}' has not been set and does not have a default value")
    return {**{k: v for k, v in parameter.items() if k != "valueFrom"}, "value": any_string(default)}
