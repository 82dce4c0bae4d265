"""Gates: approve, reject, and give values to what waits. Always one node, chosen by its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from argotui.engine.operations import OperationRefused, set_node
from argotui.engine.outline import Outline
from argotui.engine.tree import Tree
from argotui.engine.tree_items import Kind
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.phase import Phase, is_active_suspend
from argotui.model.resources import WORKFLOWS
from argotui.model.selectors import node_selector
from argotui.services.actions.asking import (
    PARAMETER,
    REQUIRED_REASON,
    all_of,
    check,
    command,
    is_over,
    names,
    nodes_of,
    parameters,
    refused,
    reread,
    status_changed,
    title,
)
from argotui.services.actions.types import (
    REASON,
    Action,
    ActionRefused,
    ActionSession,
    Answers,
    Danger,
    Effect,
    Field,
    FieldKind,
    Plan,
    Selection,
    Step,
    Target,
    Verdict,
    Write,
)

_STILL = Effect(status_changed, "the workflow has not moved: is the workflow controller running?")


def waiting_gates(target: Target) -> dict[str, Mapping[str, Any]]:
    """The gates of a workflow that wait now, by node id; only the target's own node when it has one."""
    return {
        key: node for key, node in nodes_of(target).items() if is_active_suspend(node) and target.node_id in (None, key)
    }


def _why_not(target: Target) -> str | None:
    if is_over(target):
        return "the workflow is over: nothing waits"
    if "status" not in target.document:
        return None  # a list row: whether a gate waits is known once the whole object is read
    waiting = waiting_gates(target)
    if len(waiting) == 1:
        return None
    if target.node_id is not None:
        return "this step is not a gate that waits"
    if not waiting:
        return "no gate waits in this workflow"
    found = names(sorted(_label(node) for node in waiting.values()))
    return f"{len(waiting)} gates wait ({found}): open the workflow and choose one"


def _applies(selection: Selection) -> Verdict:
    return all_of(selection, map(_why_not, selection.targets))


def _label(node: Mapping[str, Any]) -> str:
    return str(node.get("displayName") or node.get("name") or node.get("id") or "")


def gate_fields(workflow: Document, node: Mapping[str, Any]) -> tuple[Field, ...]:
    """The values that a gate asks for: choices, defaults and descriptions from its inputs of the same name."""
    template = Outline(workflow).template(node)
    inputs = {p.get("name"): p for p in _declared(template, "inputs")} | {
        p.get("name"): p for p in _declared(node, "inputs")
    }
    fields = []
    for parameter in _declared(node, "outputs"):
        source = parameter.get("valueFrom") or {}
        if source.get("supplied") is None:
            continue
        beside = inputs.get(parameter.get("name")) or {}
        default = _first(source.get("default"), parameter.get("default"), beside.get("value"), beside.get("default"))
        choices = tuple(str(choice) for choice in parameter.get("enum") or beside.get("enum") or ())
        fields.append(
            Field(
                name=f"{PARAMETER}{parameter.get('name')}",
                label=str(parameter.get("name")),
                kind=FieldKind.CHOICE if choices else FieldKind.TEXT,
                required=default is None,
                default="" if default is None else str(default),
                choices=choices,
                description=str(parameter.get("description") or beside.get("description") or ""),
            )
        )
    return tuple(fields)


def refuse_unanswered(target: Target, selector: str) -> None:
    """Raises ActionRefused when a gate that the selector means waits for a value: resuming by a selector fills in no
    default (§6.2), so that every step that reads the value would fail."""
    chosen = node_selector(selector)
    for node in waiting_gates(target).values():
        wanted = [str(p.get("name")) for p in _declared(node, "outputs") if dig(p, "valueFrom", "supplied") is not None]
        if wanted and chosen.matches(node):
            setting = ["node", "set", target.name, "--node-field-selector", selector]
            setting += [word for name in wanted for word in ("--output-parameter", f"{name}=…")]
            raise ActionRefused(
                f"gate {_label(node)} of {target.label} waits for {names(wanted)}, and resuming by a selector fills in "
                f"no value, not even a default; give it first: {command(target, *setting)}"
            )


def _declared(holder: Mapping[str, Any], key: str) -> list[Document]:
    return [p for p in (holder.get(key) or {}).get("parameters") or () if isinstance(p, dict)]


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _approve_fields(selection: Selection) -> tuple[Field, ...]:
    asked: tuple[Field, ...] = ()
    if len(selection.targets) == 1 and not _why_not(selection.targets[0]):
        target = selection.targets[0]
        for node in waiting_gates(target).values():
            asked = gate_fields(target.document, node)
    return (*asked, REQUIRED_REASON)


def _reject_fields(_: Selection) -> tuple[Field, ...]:
    return (REQUIRED_REASON,)


async def _plan_gates(session: ActionSession, selection: Selection, answers: Answers, *, approve: bool) -> Plan:
    if not answers.get(REASON, "").strip():
        raise ActionRefused("reason is required")
    steps, lines, nodes = [], [], {}
    words: list[str] = []
    for target in selection.targets:
        target = await reread(session, target)
        why_not = _why_not(target)
        if why_not:
            raise ActionRefused(f"{target.label}: {why_not}")
        ((node_id, node),) = waiting_gates(target).items()
        decision = _Decision(session, Target(target.document, node_id), node, answers, approve=approve)
        steps.append(decision.step())
        lines += decision.lines()
        words = decision.words
        nodes[node_id] = "approved" if approve else "rejected"
    verb = "Approve" if approve else "Reject"
    return Plan(
        action=APPROVE.id if approve else REJECT.id,
        title=title(verb, selection),
        lines=tuple(lines),
        steps=tuple(steps),
        command=command(selection.targets[0], *words) if len(steps) == 1 else "",
        nodes=nodes,
    )


class _Decision:
    """One gate approved or rejected."""

    def __init__(
        self, session: ActionSession, target: Target, node: Mapping[str, Any], answers: Answers, *, approve: bool
    ) -> None:
        self.target = target
        self.node = node
        self.approve = approve
        fields = gate_fields(target.document, node) if approve else ()
        check(fields, answers)
        given = parameters(answers)
        self.values = {f.label: given.get(f.label, f.default) for f in fields}
        word = "approved" if approve else "rejected"
        self.message = f"{word} by {session.identity}: {answers[REASON].strip()}"
        self.phase = Phase.SUCCEEDED if approve else Phase.FAILED
        self.said = f"gate {_label(node)} of {target.label} {word}"

    @property
    def words(self) -> list[str]:
        """Arguments of the equal command."""
        words = ["node", "set", self.target.name, "--node-field-selector", f"id={self.target.node_id}"]
        words += ["--phase", str(self.phase), "--message", self.message]
        for name, value in self.values.items():
            words += ["--output-parameter", f"{name}={value}"]
        return words

    def lines(self) -> list[str]:
        label = _label(self.node)
        values = ", ".join(f"{name}={value}" for name, value in self.values.items())
        if not self.approve:
            return [f"gate {label!r} of {self.target.label} fails with your reason as its message"]
        lines = [f"gate {label!r} of {self.target.label} succeeds" + (f" with {values}" if values else "")]
        planned = _not_started(self.target.document)
        if planned:
            lines.append(f"not started yet: {names(planned)}")
        return lines

    def step(self) -> Step:
        def decided(workflow: Document) -> Document:
            return set_node(
                workflow,
                selector=f"id={self.target.node_id}",
                now=datetime.now(UTC),
                phase=self.phase,
                message=self.message,
                outputs=self.values,
            )

        return put_step(self.target, decided, self.said, _STILL)


def _not_started(workflow: Document) -> list[str]:
    """Names of the tasks that the spec holds and the status does not."""
    tree = Tree(documents.name(workflow), clean=str)
    tree.apply(nodes_of(Target(workflow)), Outline(workflow))
    rows = [row for root in [row.key for row in tree.rows if not row.depth] for row in tree.below(root)]
    return [row.name for row in rows if row.kind is Kind.PLANNED]


def put_step(
    target: Target, change: Callable[[Document], Document], said: str, effect: Effect | None, audit: str = ""
) -> Step:
    """A step that replaces the workflow by `change` of it; no write where that is the very same object.

    Raises ActionRefused when the operation does not apply.
    """
    try:
        body = change(target.document)
    except OperationRefused as error:
        raise refused(error) from error
    if body is target.document:
        return Step(target, (), said)
    write = Write("PUT", WORKFLOWS, target.namespace, target.name, body, target.document, change)
    return Step(target, (write,), said, effect, audit)


async def _plan_approve(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    return await _plan_gates(session, selection, answers, approve=True)


async def _plan_reject(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    return await _plan_gates(session, selection, answers, approve=False)


APPROVE = Action(
    id="workflow.approve", title="Approve", key="a", danger=Danger.ASK,
    applies=_applies, fields=_approve_fields, plan=_plan_approve,
    needs=(("update", None),),
)  # fmt: skip
REJECT = Action(
    id="workflow.reject", title="Reject", key="x", danger=Danger.DESTRUCTIVE,
    applies=_applies, fields=_reject_fields, plan=_plan_reject,
    needs=(("update", None),),
)  # fmt: skip


def _set_fields(selection: Selection) -> tuple[Field, ...]:
    given = next((t.node_id for t in selection.targets if t.node_id), None)
    return (
        Field("selector", "node field selector", required=True, default=f"id={given}" if given else ""),
        Field("phase", "phase", FieldKind.CHOICE, choices=("", "Succeeded", "Failed", "Error")),
        Field("message", "message"),
    )


def _set_applies(selection: Selection) -> Verdict:
    return all_of(selection, ("the workflow is over" if is_over(t) else None for t in selection.targets))


async def _plan_set(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    check(_set_fields(selection), answers)
    selector = answers.get("selector") or _set_fields(selection)[0].default
    phase, message, outputs = answers.get("phase", ""), answers.get("message", ""), parameters(answers)

    def changed(workflow: Document) -> Document:
        return set_node(
            workflow, selector=selector, now=datetime.now(UTC), phase=phase, message=message, outputs=outputs
        )

    targets = [await reread(session, target) for target in selection.targets]
    words = ["node", "set", targets[0].name, "--node-field-selector", selector]
    words += ["--phase", phase] if phase else []
    words += ["--message", message] if message else []
    for name, value in outputs.items():
        words += ["--output-parameter", f"{name}={value}"]
    what = f"set nodes that match {selector}"
    return Plan(
        action=SET.id,
        title=title("Set nodes of", selection),
        lines=tuple(_set_lines(selector, phase, message, outputs)),
        steps=tuple(put_step(t, changed, "workflow values set", _STILL if phase else None, what) for t in targets),
        command=command(targets[0], *words),
    )


def _set_lines(selector: str, phase: str, message: str, outputs: Mapping[str, str]) -> list[str]:
    lines = [f"waiting gates that match {selector}:"]
    lines += [f"  phase becomes {phase}"] if phase else []
    lines += [f"  message becomes {message!r}"] if message else []
    lines += [f"  output {name} becomes {value!r}" for name, value in outputs.items()]
    return lines


SET = Action(
    id="node.set", title="Set node values", key="", danger=Danger.DESTRUCTIVE,
    applies=_set_applies, fields=_set_fields, plan=_plan_set,
    needs=(("update", None),),
)  # fmt: skip
