"""Retry and resubmit: running again, in the same object or in a new one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from argotui.engine.operations import OperationRefused, RetryPlan, plan_retry, resubmit
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.phase import Phase, failed_or_error
from argotui.model.resources import PODS, WORKFLOWS
from argotui.services.actions.asking import (
    PARAMETER,
    REASON_FIELD,
    all_of,
    command,
    count,
    flag,
    is_over,
    known_nodes,
    names,
    nodes_of,
    parameter_texts,
    phase_of,
    refused,
    reread,
    title,
)
from argotui.services.actions.types import (
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
from argotui.services.audit import without_audit

_CONTROLLER = "no controller has taken it up: is the workflow controller running?"


def _taken_up(now: Document | None, _: Document) -> bool:
    return now is None or bool(documents.dig(now, "status", "phase"))


TAKEN_UP = Effect(_taken_up, _CONTROLLER)
"""A controller has given the workflow a phase."""


def parameter_fields(workflow: Document) -> tuple[Field, ...]:
    """The workflow's parameters with their present values; an answer that differs overrides."""
    spec = documents.dig(workflow, "status", "storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    declared = {p.get("name"): p for p in documents.dig(spec, "arguments", "parameters") or ()}
    declared |= {p.get("name"): p for p in documents.dig(workflow, "spec", "arguments", "parameters") or ()}
    return tuple(parameter_field(parameter, required=False) for parameter in declared.values())


def parameter_field(parameter: Mapping[str, Any], *, required: bool) -> Field:
    """The field for one declared parameter."""
    choices = tuple(str(choice) for choice in parameter.get("enum") or ())
    found = next((parameter[key] for key in ("value", "default") if parameter.get(key) is not None), None)
    default = "" if found is None else str(found)
    kind = FieldKind.CHOICE if choices else FieldKind.LINES if "\n" in default else FieldKind.TEXT
    return Field(
        name=f"{PARAMETER}{parameter.get('name')}",
        label=str(parameter.get("name")),
        kind=kind,
        required=required and found is None and not parameter.get("valueFrom"),
        default=default,
        choices=choices,
        description=str(parameter.get("description") or ""),
    )


OVERRIDES = "overrides"
"""Answer of the command line: a JSON list of `NAME=VALUE`, passed on as they are."""


def overrides(workflow: Document, answers: Answers) -> list[str]:
    """`NAME=VALUE` of what was passed, or of the answers that differ from what the workflow has."""
    if OVERRIDES in answers:
        return [str(text) for text in json.loads(answers[OVERRIDES])]
    present = {field.name: field.default for field in parameter_fields(workflow)}
    changed = {k: v for k, v in answers.items() if k.startswith(PARAMETER) and present.get(k) != v}
    return parameter_texts(changed)


# retry


def _retry_why_not(target: Target) -> str | None:
    if not is_over(target):
        return f"the workflow is not over ({phase_of(target) or 'not started'}): only a failed one can be retried"
    phase = phase_of(target)
    if failed_or_error(phase):
        return None
    if phase != Phase.SUCCEEDED:
        return f"cannot retry a workflow in phase {phase}"
    if target.node_id is None:
        return "the workflow succeeded: choose the step that is to run again"
    return None


def _can_retry(selection: Selection) -> Verdict:
    return all_of(selection, map(_retry_why_not, selection.targets))


def _retry_fields(selection: Selection) -> tuple[Field, ...]:
    if len(selection.targets) != 1:
        return (REASON_FIELD,)
    target = selection.targets[0]
    restart: tuple[Field, ...] = ()
    if target.node_id is not None:
        succeeded = (known_nodes(target).get(target.node_id) or {}).get("phase") == Phase.SUCCEEDED
        restart = (
            Field(
                "restart_successful", "run this step again although it succeeded", FieldKind.FLAG,
                default="true" if succeeded else "false",
                description="with everything that comes after it",
            ),
        )  # fmt: skip
    return (*restart, *parameter_fields(target.document), REASON_FIELD)


async def _plan_retry(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    """`selector` and `restart_successful` are taken from the answers; a node of the target stands for `id=NODE`."""
    steps, lines = [], []
    nodes: dict[str, str] = {}
    words: list[str] = []
    for target in selection.targets:
        retry = _Retry(await reread(session, target), answers)
        steps.append(retry.step())
        lines += retry.lines() if len(selection.targets) == 1 else [f"{target.label}: {retry.lines()[0]}"]
        nodes |= retry.nodes()
        words = retry.words
    one = command(selection.targets[0], *words) if len(steps) == 1 else ""
    many = command(selection.targets[0], "retry", *(target.name for target in selection.targets))
    return Plan(RETRY.id, title("Retry", selection), tuple(lines), tuple(steps), one or many, nodes=nodes)


class _Retry:
    """The retry of one workflow."""

    def __init__(self, target: Target, answers: Answers) -> None:
        self.target = target
        self.restart = flag(answers, "restart_successful")
        by_node = f"id={target.node_id}" if target.node_id else ""
        self.selector = answers.get("selector") or (by_node if self.restart else "")
        self.parameters = overrides(target.document, answers)
        try:
            self.plan = self._planned(target.document)
        except OperationRefused as error:
            raise refused(error) from error

    def _planned(self, workflow: Document) -> RetryPlan:
        return plan_retry(
            workflow,
            now=datetime.now(UTC),
            restart_successful=self.restart,
            selector=self.selector,
            parameters=self.parameters,
        )

    def _again(self, workflow: Document) -> Document:
        """The same retry of a newer object; refused when other nodes would be hit than the person has seen."""
        plan = self._planned(workflow)
        if (plan.reset, plan.deleted) != (self.plan.reset, self.plan.deleted):
            raise ActionRefused("the workflow has changed since the preview; look again before retrying")
        return plan.workflow

    @property
    def words(self) -> list[str]:
        words = ["retry", self.target.name]
        words += ["--restart-successful"] if self.restart else []
        words += ["--node-field-selector", self.selector] if self.selector else []
        return words + [word for text in self.parameters for word in ("--parameter", text)]

    def step(self) -> Step:
        target = self.target
        pods = [Write("DELETE", PODS, target.namespace, pod, optional=True) for pod in self.plan.delete_pods]
        put = Write("PUT", WORKFLOWS, target.namespace, target.name, self.plan.workflow, target.document, self._again)
        return Step(target, (*pods, put), f"workflow {target.name} retried", TAKEN_UP)

    def lines(self) -> list[str]:
        nodes = nodes_of(self.target)

        def called(ids: tuple[str, ...]) -> str:
            return names([str(nodes[i].get("displayName") or i) for i in ids if i in nodes])

        deleted, reset, kept = self.plan.deleted, self.plan.reset, self.plan.kept
        lines = [f"{count(len(deleted), 'node')} to run again, {len(reset)} to reset, {len(kept)} to keep"]
        lines += [f"run again: {called(deleted)}"] if deleted else []
        lines += [f"reset: {called(reset)}"] if reset else []
        pods = len(self.plan.delete_pods)
        lines += [f"{count(pods, 'pod')} will be deleted, with their logs"] if pods else []
        lines += [f"parameter {text}" for text in self.parameters]
        return lines

    def nodes(self) -> dict[str, str]:
        plan = self.plan
        parts = (("deleted", plan.deleted), ("reset", plan.reset), ("kept", plan.kept))
        return {node_id: what for what, ids in parts for node_id in ids}


RETRY = Action(
    id="workflow.retry", title="Retry", key="r", danger=Danger.ASK,
    applies=_can_retry, fields=_retry_fields, plan=_plan_retry,
    needs=(("update", None),),
)  # fmt: skip


# resubmit


def _can_resubmit(selection: Selection) -> Verdict:
    return all_of(selection, (None for _ in selection.targets))


def _resubmit_fields(selection: Selection) -> tuple[Field, ...]:
    memoized = Field(
        "memoized", "take over what succeeded", FieldKind.FLAG, default="false",
        description="only for a workflow that failed: its successful steps are not run again",
    )  # fmt: skip
    asked = (memoized,) if all(failed_or_error(phase_of(target)) for target in selection.targets) else ()
    if len(selection.targets) != 1:
        return (*asked, REASON_FIELD)
    return (*asked, *parameter_fields(selection.targets[0].document), REASON_FIELD)


async def _plan_resubmit(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    """`priority` is taken from the answers as well."""
    memoized = flag(answers, "memoized")
    steps, lines = [], []
    words: list[str] = []
    for target in [await reread(session, target) for target in selection.targets]:
        texts = overrides(target.document, answers)
        body = _resubmitted(target, answers, texts, memoized=memoized)
        write = Write("POST", WORKFLOWS, target.namespace, "", body)
        said = f"workflow {target.name} resubmitted"
        steps.append(Step(target, (write,), said, TAKEN_UP, audit=f"resubmitted from {target.name}"))
        taken = "with the results of its successful steps" if memoized else "from the beginning"
        lines += [f"a new workflow {_new_name(body)} runs {target.label} {taken}"]
        lines += [f"parameter {text}" for text in texts]
        words = [word for text in texts for word in ("--parameter", text)]
    words += ["--memoized"] if memoized else []
    originals = [target.name for target in selection.targets]
    return Plan(
        RESUBMIT.id, title("Resubmit", selection), tuple(lines), tuple(steps),
        command(selection.targets[0], "resubmit", *originals, *words),
    )  # fmt: skip


def _new_name(body: Document) -> str:
    return documents.name(body) or f"{documents.generate_name(body)}…"


def _resubmitted(target: Target, answers: Answers, texts: list[str], *, memoized: bool) -> Document:
    try:
        body = resubmit(
            target.document, now=datetime.now(UTC), entropy=os.urandom(8), memoized=memoized, parameters=texts
        )
    except OperationRefused as error:
        raise refused(error) from error
    if answers.get("priority"):
        body["spec"]["priority"] = int(answers["priority"])
    return without_audit(body)


RESUBMIT = Action(
    id="workflow.resubmit", title="Resubmit", key="R", danger=Danger.ASK,
    applies=_can_resubmit, fields=_resubmit_fields, plan=_plan_resubmit,
    needs=(("create", WORKFLOWS),),
)  # fmt: skip
