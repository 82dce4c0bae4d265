"""Suspend, resume, delete, create and backfill of CronWorkflows (§6.6)."""

from __future__ import annotations

from collections.abc import Sequence

from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import CRON_WORKFLOWS, WORKFLOWS
from argotui.services.actions.asking import REASON_FIELD, all_of, command, count, names, reread
from argotui.services.actions.types import (
    Action,
    ActionSession,
    Answers,
    Danger,
    Field,
    Plan,
    Selection,
    Step,
    Target,
    Verdict,
    Write,
)

_WITH_CHILDREN = "the workflows that it started are deleted with it"


def _reason_only(_: Selection) -> tuple[Field, ...]:
    return (REASON_FIELD,)


def _is_suspended(target: Target) -> bool:
    return documents.dig(target.document, "spec", "suspend") is True


def _wrong_kind(target: Target) -> str | None:
    return None if target.resource is CRON_WORKFLOWS else "this is not a cron workflow"


def _can_suspend(selection: Selection) -> Verdict:
    def why_not(target: Target) -> str | None:
        return _wrong_kind(target) or ("the cron workflow is suspended already" if _is_suspended(target) else None)

    return all_of(selection, map(why_not, selection.targets))


def _can_resume(selection: Selection) -> Verdict:
    def why_not(target: Target) -> str | None:
        return _wrong_kind(target) or (None if _is_suspended(target) else "the cron workflow is not suspended")

    return all_of(selection, map(why_not, selection.targets))


def _can_delete(selection: Selection) -> Verdict:
    return all_of(selection, map(_wrong_kind, selection.targets))


def _title(verb: str, selection: Selection) -> str:
    if len(selection.targets) == 1:
        return f"{verb} {selection.targets[0].label}"
    return f"{verb} {count(len(selection.targets), 'cron workflow')}"


def _words(selection: Selection, verb: str) -> str:
    if len({target.namespace for target in selection.targets}) > 1:
        return ""
    return command(selection.targets[0], "cron", verb, *(target.name for target in selection.targets))


async def _plan_switch(session: ActionSession, selection: Selection, verb: str, line: str, *, suspend: bool) -> Plan:
    targets = [await reread(session, target) for target in selection.targets]
    body = {"spec": {"suspend": suspend}}
    steps = tuple(
        Step(
            target,
            (Write("PATCH", CRON_WORKFLOWS, target.namespace, target.name, body),),
            f"cron workflow {target.name} {'suspended' if suspend else 'resumed'}",
        )
        for target in targets
    )
    action, title = f"cron.{verb}", _title(verb.capitalize(), selection)
    return Plan(action, title, (line,), steps, _words(selection, verb))


async def _plan_suspend(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    line = "nothing is started until it is resumed; what runs goes on"
    return await _plan_switch(session, selection, "suspend", line, suspend=True)


async def _plan_resume(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    return await _plan_switch(session, selection, "resume", "it runs again when its time comes", suspend=False)


async def _plan_delete(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    targets = [await reread(session, target) for target in selection.targets]
    steps = tuple(
        Step(
            target,
            (Write("DELETE", CRON_WORKFLOWS, target.namespace, target.name, before=target.document, optional=True),),
            f"cron workflow {target.name} deleted",
        )
        for target in targets
    )
    lines = (f"{names([target.label for target in targets])}: {_WITH_CHILDREN}",)
    return Plan("cron.delete", _title("Delete", selection), lines, steps, _words(selection, "delete"))


SUSPEND_CRON = Action(
    id="cron.suspend", title="Suspend", key="s", danger=Danger.ASK,
    applies=_can_suspend, fields=_reason_only, plan=_plan_suspend,
    needs=(("patch", None),),
)  # fmt: skip
RESUME_CRON = Action(
    id="cron.resume", title="Resume", key="s", danger=Danger.ASK,
    applies=_can_resume, fields=_reason_only, plan=_plan_resume,
    needs=(("patch", None),),
)  # fmt: skip
DELETE_CRON = Action(
    id="cron.delete", title="Delete", key="ctrl+d", danger=Danger.DESTRUCTIVE,
    applies=_can_delete, fields=_reason_only, plan=_plan_delete,
    needs=(("delete", None),),
)  # fmt: skip


def plan_creation(made: Sequence[Document]) -> Plan:
    """One POST for each CronWorkflow."""
    steps = []
    for document in made:
        target = Target(document, resource=CRON_WORKFLOWS)
        write = Write("POST", CRON_WORKFLOWS, target.namespace, "", document)
        steps.append(Step(target, (write,), f"cron workflow {target.name} created"))
    return Plan("cron.create", f"Create {count(len(steps), 'cron workflow')}", (), tuple(steps), "")


def plan_backfill(cron: Document, monitors: Sequence[Document]) -> Plan:
    """One POST for each monitor of a backfill."""
    steps = tuple(
        Step(
            Target(monitor),
            (Write("POST", WORKFLOWS, documents.namespace(monitor), "", monitor),),
            f"backfill of {documents.name(cron)} submitted",
        )
        for monitor in monitors
    )
    return Plan("cron.backfill", f"Backfill {documents.name(cron)}", (), steps, "")
