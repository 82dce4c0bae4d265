"""Calling a template at a place in the tree (§2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from argotui.engine.errors import DepthExceeded, EngineError
from argotui.engine.expressions import Drawn
from argotui.engine.program import TemplatePlan, filled_inputs
from argotui.engine.scopes import Layers
from argotui.engine.sources import Asked, Base
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_DISPLAY_NAME
from argotui.model.names import DISPLAY_NAME, pod_name
from argotui.model.phase import NodeType, Phase
from argotui.model.times import format_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

MAX_DEPTH: Final = 100
POD_KINDS: Final = frozenset({"container", "script", "containerSet", "resource"})

_DEPTH_MESSAGE: Final = (
    "Maximum recursion depth exceeded. See https://argo-workflows.readthedocs.io/en/latest/"
    "scaling/#maximum-recursion-depth"
)
_DISPLAY_NAME_RULE: Final = "^[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]$"


class Owner(Protocol):
    """Who asked for a call and hears of its end, once."""

    def done(self, call: Call) -> None:
        """The call's node is over."""

    def raised(self, call: Call, error: EngineError) -> None:
        """The call could not be carried out; its node, if there is one, is an Error."""


@dataclass(slots=True, eq=False)
class Call:
    """A template to run under a node name.

    asked: which template. base: where its name is looked up; None for the workflow. holder: the step, task or hook
    that calls, substituted (its `name` is `steps.name`). kind: `steps` or `tasks`. parents: node ids below which a
    new node is linked. boundary: id of the enclosing Steps or DAG node, and its plan. flag: nodeFlag. depth:
    templates within each other, the entry is 1. order: place in the tree, compared with that of other calls.
    deadline: the end of a retried attempt. avoided_hosts: where earlier attempts failed, if that matters.
    """

    name: str
    node_id: str
    asked: Asked
    owner: Owner
    base: Base | None = None
    holder: Document = field(default_factory=dict)
    kind: str = "steps"
    arguments: Document = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    boundary: str = ""
    boundary_plan: TemplatePlan | None = None
    on_exit: bool = False
    flag: Document | None = None
    depth: int = 1
    order: tuple[int, ...] = ()
    deadline: datetime | None = None
    avoided_hosts: tuple[str, ...] = ()


Starter = Callable[["Execution", Call, TemplatePlan, Document], None]
"""Starts a node of one kind, or takes up one that is not over: (run, call, plan, filled-in template)."""


def open_call(ex: Execution, call: Call) -> None:
    """Carry out a call: a node that is over is reported at once, one that runs is taken up, else it starts.

    A call whose boundary has ended meanwhile (while it waited for room) is dropped.
    """
    if not ex.nodes.is_alive(call.boundary):
        return
    if ex.nodes.is_fulfilled(call.node_id):
        _measure(ex, call)
        report_end(ex, call)
        return
    if ex.gate.admits(call, partial(enter, ex, call)):
        enter(ex, call)


def enter(ex: Execution, call: Call) -> None:
    """What follows when there is room for the call."""
    if not ex.nodes.is_alive(call.boundary):
        return
    try:
        plan, template = _resolved(ex, call)
    except EngineError as error:
        fail_call(ex, call, error)
        return
    ex.measures.declare(call.node_id, template, plan.document)
    kind = plan.kind if ex.program.retry_strategy(template) is None else "retry"
    start = partial(ex.starters.get(kind, _unknown_kind), ex, call, plan, template)
    if template.get("synchronization") or template.get("memoize"):
        ex.threshold(ex, call, kind, template, start).enter()
    else:
        start()


def _measure(ex: Execution, call: Call) -> None:
    """A node that was taken up and is over within the same step: its metrics have to be reported all the same."""
    if call.node_id not in ex.nodes.before or ex.measures.knows(call.node_id):
        return
    try:
        if ex.program.plan(call.asked, call.base).document.get("metrics"):
            plan, template = _resolved(ex, call)
            ex.measures.declare(call.node_id, template, plan.document)
    except EngineError:
        return  # a node that ended before its template could be read: there is nothing to report


def begin(ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
    """Start a filled-in template without looking at its retryStrategy."""
    _starter(ex, plan)(ex, call, plan, template)


def _starter(ex: Execution, plan: TemplatePlan) -> Starter:
    return ex.starters.get(plan.kind, _unknown_kind)


def _unknown_kind(ex: Execution, call: Call, plan: TemplatePlan, _template: Document) -> None:
    if not plan.kind:
        fail_call(ex, call, EngineError(f"Template '{plan.name}' missing specification"))
        return
    problem = f"templates.{plan.name}.{plan.kind} is not supported by this version of argotui"
    fail_call(ex, call, EngineError(problem))


def _resolved(ex: Execution, call: Call) -> tuple[TemplatePlan, Document]:
    if call.depth >= MAX_DEPTH:
        raise DepthExceeded(_DEPTH_MESSAGE)
    plan = ex.program.plan(call.asked, call.base)
    scope = Layers(_locals(ex, call, plan), ex.globals, drawn=partial(drawn_for, ex, call.name))
    return plan, plan.filled(_inputs(ex, call, plan), scope)


def drawn_for(ex: Execution, name: str) -> Drawn:
    """Time and chance of a node: its start, or now when it is about to start."""
    node = ex.nodes.get(ex.nodes.id_of(name))
    return ex.globals.drawn_for(name, (node or {}).get("startedAt"))


def _inputs(ex: Execution, call: Call, plan: TemplatePlan) -> list[Document]:
    """From the arguments; as the node recorded them when it began, should these not be there any more, or belong to
    a hook: what a hook refers to goes on changing."""
    recorded = dig(ex.nodes.get(call.node_id) or {}, "inputs", "parameters")
    is_known = recorded is not None and [p.get("name") for p in recorded] == [p["name"] for p in plan.inputs]
    if is_known and (call.flag or {}).get("hooked"):
        return list(recorded)
    try:
        return filled_inputs(plan, call.arguments, ex.globals, ex.config_map)
    except EngineError:
        if not is_known:
            raise
        return list(recorded)


def _locals(ex: Execution, call: Call, plan: TemplatePlan) -> dict[str, str]:
    variables = {f"{call.kind}.name": str(call.holder.get("name") or ""), "node.name": call.name}
    if plan.kind in POD_KINDS and ex.program.retry_strategy(plan.document) is None:
        variables["pod.name"] = pod_name_of(ex, call, plan)
    return variables


def pod_name_of(ex: Execution, call: Call, plan: TemplatePlan) -> str:
    """The name of the pod that a call would create."""
    return pod_name(ex.name, call.name, plan.name, ex.pod_name_version)


def node_fields(ex: Execution, call: Call, template: Document | None = None) -> dict[str, Any]:
    """Fields of a new node that come from its caller and, if it has one, its filled-in template."""
    inputs = dict((template or {}).get("inputs") or {})
    return {
        "templateName": call.asked.template,
        "templateRef": call.asked.reference,
        "templateScope": (call.base or ex.program.base).scope,
        "boundaryID": call.boundary,
        "nodeFlag": call.flag,
        "inputs": {key: value for key, value in inputs.items() if value} or None,
    }


def ensure_node(
    ex: Execution, call: Call, template: Document, node_type: NodeType, phase: Phase, **fields: Any
) -> Document:
    """The call's node; created with the phase when it does not exist."""
    node = ex.nodes.get(call.node_id)
    if node is None:
        all_fields = {**node_fields(ex, call, template), **fields}
        return ex.nodes.create(call.name, node_type, phase, ex.now, all_fields, call.parents)
    if not node.get("startedAt"):
        ex.nodes.update(call.node_id, {"startedAt": format_time(ex.now)})
    return node


def rename(ex: Execution, call: Call, template: Document) -> None:
    """Take the display name from the template's own annotation (not that of its pods).

    Raises EngineError when it is not a good one.
    """
    wanted = dig(template, "annotations", ANNOTATION_DISPLAY_NAME)
    if not wanted:
        return
    if not DISPLAY_NAME.match(str(wanted)):
        raise EngineError(f"displayName must match the regex {_DISPLAY_NAME_RULE}")
    ex.nodes.update(call.node_id, {"displayName": str(wanted)})


def fail_call(ex: Execution, call: Call, error: EngineError) -> None:
    """The call's node is an Error (created as one when it does not exist), and the owner hears of it."""
    record_error(ex, call, error)
    report_error(ex, call, error)


def report_end(ex: Execution, call: Call) -> None:
    """The owner of the call hears that its node is over, unless what is around it has ended meanwhile."""
    ex.memo.remember(call.node_id)
    ex.locks.release(call.node_id)
    ex.later(_hear, ex, call, None)


def report_error(ex: Execution, call: Call, error: EngineError) -> None:
    """The owner of the call hears that it could not be carried out, unless nobody cares any more."""
    ex.locks.release(call.node_id)
    ex.later(_hear, ex, call, error)


def _hear(ex: Execution, call: Call, error: EngineError | None) -> None:
    if not ex.nodes.is_alive(call.boundary):
        return
    if error is None:
        call.owner.done(call)
    else:
        call.owner.raised(call, error)


def record_error(ex: Execution, call: Call, error: EngineError) -> None:
    """Only the node's part of `fail_call`."""
    if ex.nodes.get(call.node_id) is None:
        fields = {**node_fields(ex, call), "message": str(error)}
        ex.nodes.create(call.name, NodeType.SKIPPED, Phase.ERROR, ex.now, fields, call.parents)
        return
    ex.set_phase(call.node_id, Phase.ERROR, str(error))
    if ex.nodes[call.node_id].get("taskResultSynced") is not None:
        ex.nodes.set_synced(call.node_id, True, ex.now)
