"""Suspend, resume, stop, terminate and delete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from argotui.engine.operations import OperationRefused, resume, stop, suspend, terminate
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase, is_active_suspend
from argotui.model.resources import WORKFLOWS
from argotui.services.actions.asking import (
    REASON_FIELD,
    all_of,
    check,
    command,
    count,
    flag,
    is_over,
    known_nodes,
    names,
    phase_of,
    refused,
    reread,
    status_changed,
    title,
)
from argotui.services.actions.gates import put_step, refuse_unanswered
from argotui.services.actions.types import (
    Action,
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

TYPE_FROM = 6
"""Deleting so many objects at once asks for their number to be typed."""

_CONTROLLER = "is the workflow controller running?"


def is_suspended(target: Target) -> bool:
    """`spec.suspend` is set: the controller does nothing for this workflow until it is resumed."""
    return bool(documents.dig(target.document, "spec", "suspend"))


def _over(target: Target) -> str | None:
    return f"the workflow is over ({phase_of(target) or 'completed'})" if is_over(target) else None


def _reason_only(_: Selection) -> tuple[Field, ...]:
    return (REASON_FIELD,)


def _words(selection: Selection, verb: str, *more: str) -> str:
    if len({target.namespace for target in selection.targets}) > 1:
        return ""
    return command(selection.targets[0], verb, *(target.name for target in selection.targets), *more)


def _running(target: Target) -> list[str]:
    """Names of the steps that run in a pod now."""
    pods = (node for node in known_nodes(target).values() if node.get("type") == NodeType.POD)
    return [_name(node) for node in pods if node.get("phase") == Phase.RUNNING]


def _waiting(target: Target) -> list[str]:
    return [_name(node) for node in known_nodes(target).values() if is_active_suspend(node)]


def _name(node: Mapping[str, Any]) -> str:
    return str(node.get("displayName") or node.get("name") or "")


def _exit_handler(target: Target) -> str:
    spec = documents.dig(target.document, "status", "storedWorkflowTemplateSpec") or target.document.get("spec") or {}
    hook = documents.dig(spec, "hooks", "exit") or {}
    return str(spec.get("onExit") or hook.get("template") or documents.dig(hook, "templateRef", "template") or "")


def _labelled(selection: Selection, target: Target, lines: Iterable[str]) -> list[str]:
    """Lines about one of several targets say which."""
    return list(lines) if len(selection.targets) == 1 else [f"{target.label}: {line}" for line in lines]


# suspend


def _can_suspend(selection: Selection) -> Verdict:
    def why_not(target: Target) -> str | None:
        return _over(target) or ("the workflow is suspended already" if is_suspended(target) else None)

    return all_of(selection, map(why_not, selection.targets))


async def _plan_suspend(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    steps, lines = [], []
    for target in [await reread(session, target) for target in selection.targets]:
        effect = Effect(_is_suspended_now, "the workflow is not suspended: somebody has resumed it")
        steps.append(put_step(target, suspend, f"workflow {target.name} suspended", effect))
        running = _running(target)
        said = ["nothing new will start until it is resumed"]
        said += [f"{count(len(running), 'running step')} will finish first: {names(running)}"] if running else []
        lines += _labelled(selection, target, said)
    return Plan(
        "workflow.suspend", title("Suspend", selection), tuple(lines), tuple(steps), _words(selection, "suspend")
    )


def _is_suspended_now(now: Document | None, _: Document) -> bool:
    return now is None or bool(documents.dig(now, "spec", "suspend"))


SUSPEND = Action(
    id="workflow.suspend", title="Suspend", key="s", danger=Danger.NONE,
    applies=_can_suspend, fields=_reason_only, plan=_plan_suspend,
    needs=(("update", None),),
)  # fmt: skip


# resume


def _can_resume(selection: Selection) -> Verdict:
    def why_not(target: Target) -> str | None:
        if is_over(target):
            return _over(target)
        if "status" not in target.document or is_suspended(target) or _waiting(target):
            return None
        return "the workflow is not suspended and no gate waits"

    return all_of(selection, map(why_not, selection.targets))


async def _plan_resume(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    selector, message = answers.get("selector", ""), answers.get("message", "")

    def resumed(workflow: Document) -> Document:
        return resume(workflow, now=datetime.now(UTC), selector=selector, message=message)

    steps, lines = [], []
    effect = Effect(status_changed, f"the workflow has not moved: {_CONTROLLER}")
    for target in [await reread(session, target) for target in selection.targets]:
        steps.append(put_step(target, resumed, f"workflow {target.name} resumed", effect))
        if selector:
            refuse_unanswered(target, selector)
        lines += _labelled(selection, target, _resume_lines(target, selector))
    more = ["--node-field-selector", selector] if selector else []
    more += ["--message", message] if message else []
    return Plan(
        "workflow.resume", title("Resume", selection), tuple(lines), tuple(steps), _words(selection, "resume", *more)
    )


def _resume_lines(target: Target, selector: str) -> list[str]:
    if selector:
        return [f"the waiting gates that match {selector} succeed"]
    lines = ["the workflow is no longer suspended"] if is_suspended(target) else []
    waiting = _waiting(target)
    if waiting:
        lines.append(f"every gate that waits succeeds, without values: {names(waiting)}")
    return lines or ["nothing is suspended: nothing changes"]


RESUME = Action(
    id="workflow.resume", title="Resume", key="s", danger=Danger.ASK,
    applies=_can_resume, fields=_reason_only, plan=_plan_resume,
    needs=(("update", None),),
)  # fmt: skip


# stop and terminate

_SUSPENDED = (
    "the workflow is suspended (spec.suspend): the controller acts on nothing until it is resumed, "
    "so the request alone would have no effect"
)


def _can_shut_down(selection: Selection) -> Verdict:
    return all_of(selection, map(_over, selection.targets))


def _shutdown_fields(selection: Selection) -> tuple[Field, ...]:
    if not any(is_suspended(target) for target in selection.targets):
        return (REASON_FIELD,)
    release = Field("release", "also resume it", FieldKind.FLAG, default="true", description=_SUSPENDED)
    return (release, REASON_FIELD)


Shutdown = Callable[[Document], Document]


async def _plan_shutdown(
    session: ActionSession, selection: Selection, answers: Answers, action: Action, operation: Shutdown
) -> Plan:
    """A merge patch for each target. With `release` a suspended workflow is resumed in the same request."""
    verb = action.title.lower()
    steps, lines = [], []
    for target in [await reread(session, target) for target in selection.targets]:
        release = is_suspended(target) and flag(answers, "release")
        steps.append(_shutdown_step(target, operation, release=release))
        lines += _labelled(selection, target, _shutdown_lines(target, terminates=operation is terminate))
        if is_suspended(target):
            more = ["it is resumed in the same request"] if release else [_SUSPENDED]
            lines += _labelled(selection, target, more)
    return Plan(action.id, title(action.title, selection), tuple(lines), tuple(steps), _words(selection, verb))


def _shutdown_step(target: Target, operation: Shutdown, *, release: bool) -> Step:
    try:
        patch = operation(target.document)
    except OperationRefused as error:
        raise refused(error) from error
    if release:
        patch = {**patch, "spec": {**(patch.get("spec") or {}), "suspend": None}}
    past = "terminated" if operation is terminate else "stopped"
    write = Write("PATCH", WORKFLOWS, target.namespace, target.name, patch, target.document)
    notes = () if release or not is_suspended(target) else (f"workflow {target.name}: {_SUSPENDED}",)
    effect = Effect(status_changed, f"nothing has ended yet: {_CONTROLLER}")
    return Step(target, (write,), f"workflow {target.name} {past}", effect, notes=notes)


def _shutdown_lines(target: Target, *, terminates: bool) -> list[str]:
    running, waiting, handler = _running(target), _waiting(target), _exit_handler(target)
    lines = []
    if running:
        lines.append(f"{count(len(running), 'running step')} will be ended: {names(running)}")
    if waiting:
        lines.append(f"{count(len(waiting), 'waiting gate')} will fail: {names(waiting)}")
    if handler:
        verb = "will NOT run" if terminates else "will run"
        lines.append(f"the exit handler {handler!r} {verb}")
    lines.append("no other step will start; the workflow ends as Failed")
    return lines


async def _plan_stop(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    return await _plan_shutdown(session, selection, answers, STOP, stop)


async def _plan_terminate(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    return await _plan_shutdown(session, selection, answers, TERMINATE, terminate)


STOP = Action(
    id="workflow.stop", title="Stop", key="ctrl+x", danger=Danger.DESTRUCTIVE,
    applies=_can_shut_down, fields=_shutdown_fields, plan=_plan_stop,
    needs=(("patch", None),),
)  # fmt: skip
TERMINATE = Action(
    id="workflow.terminate", title="Terminate", key="ctrl+k", danger=Danger.DESTRUCTIVE,
    applies=_can_shut_down, fields=_shutdown_fields, plan=_plan_terminate,
    needs=(("patch", None),),
)  # fmt: skip


# delete


def _can_delete(selection: Selection) -> Verdict:
    return all_of(selection, (None for _ in selection.targets))


def _delete_fields(selection: Selection) -> tuple[Field, ...]:
    if not any(documents.dig(target.document, "metadata", "finalizers") for target in selection.targets):
        return (REASON_FIELD,)
    force = Field(
        "force", "remove finalizers first", FieldKind.FLAG, default="false",
        description="finalizers hold the object back until their owner has cleaned up (artifacts, for one)",
    )  # fmt: skip
    return (force, REASON_FIELD)


async def _plan_delete(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    """The targets are taken as they are known: a partial object is enough to delete it."""
    check(_delete_fields(selection), answers)
    force = flag(answers, "force")
    many = len(selection.targets) >= TYPE_FROM
    lines = [line for target in selection.targets for line in _delete_lines(selection, target)]
    return Plan(
        "workflow.delete",
        title("Delete", selection),
        (*lines, "pods of a workflow, and their logs, go with it"),
        tuple(_delete_step(target, force=force) for target in selection.targets),
        _words(selection, "delete", *(["--force"] if force else [])),
        typed=str(len(selection.targets)) if many else None,
    )


def _delete_lines(selection: Selection, target: Target) -> list[str]:
    if not is_over(target):
        return [f"{target.label} still runs: its steps are killed, no exit handler runs"]
    if len(selection.targets) == 1:
        return [f"{target.label} ({phase_of(target) or 'completed'}) is removed for good"]
    return [f"{target.label} ({phase_of(target) or 'completed'})"]


def _delete_step(target: Target, *, force: bool) -> Step:
    writes: Sequence[Write] = [Write("DELETE", target.resource, target.namespace, target.name, before=target.document)]
    if force:
        patch = {"metadata": {"finalizers": None}}
        writes = [Write("PATCH", target.resource, target.namespace, target.name, patch, target.document), *writes]
    uid = documents.uid(target.document)
    effect = Effect(
        lambda now, _: now is None or bool(uid and documents.uid(now) != uid),
        "it is still there: a finalizer holds it back until its owner has cleaned up",
    )
    said = f"{target.resource.singular} {target.name} deleted"
    return Step(target, tuple(writes), said, effect)


DELETE = Action(
    id="workflow.delete", title="Delete", key="ctrl+d", danger=Danger.DESTRUCTIVE,
    applies=_can_delete, fields=_delete_fields, plan=_plan_delete,
    needs=(("delete", None),),
)  # fmt: skip
