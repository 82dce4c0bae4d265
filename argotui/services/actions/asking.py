"""What actions ask of a selection and of the answers: whole objects, phases, required fields."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from argotui.engine.nodemap import Nodes, NodesUnreadable, node_map
from argotui.engine.operations import OperationRefused
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import LABEL_COMPLETED, LABEL_PHASE
from argotui.model.phase import completed
from argotui.services.actions.types import (
    REASON,
    ActionRefused,
    ActionSession,
    Allowed,
    Answers,
    Field,
    FieldKind,
    Refused,
    Selection,
    Target,
    Verdict,
)

PARAMETER = "parameters."
"""Prefix of the fields that stand for parameters."""

REASON_FIELD = Field(REASON, "reason", description="kept in the audit trail")
REQUIRED_REASON = replace(REASON_FIELD, required=True)


async def prepare(session: ActionSession, selection: Selection) -> Selection:
    """The selection with whole objects, read anew where only a part is known. Raises ActionRefused for one that
    is gone."""
    return Selection(tuple([await _whole(session, target) for target in selection.targets]))


async def reread(session: ActionSession, target: Target) -> Target:
    """The target as it is on the server now. Raises ActionRefused when it is gone or has been replaced."""
    try:
        found = await session.client.get(target.resource, target.name, target.namespace or None)
    except ApiError as error:
        if error.is_not_found:
            raise ActionRefused(f"{target.resource.singular} {target.label} does not exist any more") from error
        raise
    if documents.uid(target.document) and documents.uid(found) != documents.uid(target.document):
        raise ActionRefused(f"{target.resource.singular} {target.label} is another one by now, with the same name")
    return replace(target, document=found)


async def _whole(session: ActionSession, target: Target) -> Target:
    return target if "spec" in target.document else await reread(session, target)


def phase_of(target: Target) -> str:
    """The workflow's phase; from its label when the status is not known."""
    found = documents.dig(target.document, "status", "phase")
    return str(found or documents.labels(target.document).get(LABEL_PHASE) or "")


def is_over(target: Target) -> bool:
    """The workflow has run to its end, as far as is known."""
    label = documents.labels(target.document).get(LABEL_COMPLETED)
    return label == "true" or (label is None and completed(phase_of(target)))


def nodes_of(target: Target) -> Nodes:
    """The workflow's nodes; empty when they are not known. Raises ActionRefused when they cannot be read."""
    try:
        return node_map(target.document)
    except NodesUnreadable as error:
        raise ActionRefused(str(error)) from error


def known_nodes(target: Target) -> Nodes:
    """The workflow's nodes; empty also when they cannot be read, for what only tells about them."""
    try:
        return node_map(target.document)
    except NodesUnreadable:
        return {}


def all_of(selection: Selection, refusal: Iterable[str | None]) -> Verdict:
    """Allowed when there is a target and none of the refusals says something; else the first of them."""
    if not selection.targets:
        return Refused("nothing is selected")
    try:
        return next((Refused(reason) for reason in refusal if reason), Allowed())
    except ActionRefused as error:
        return Refused(str(error))


def flag(answers: Answers, name: str, default: bool = False) -> bool:
    """A flag's answer."""
    return answers.get(name, "true" if default else "false") == "true"


def parameters(answers: Answers) -> dict[str, str]:
    """The answers that are parameters, by the parameter's name."""
    return {name.removeprefix(PARAMETER): value for name, value in answers.items() if name.startswith(PARAMETER)}


def parameter_texts(answers: Answers) -> list[str]:
    """The answers that are parameters as `NAME=VALUE`."""
    return [f"{name}={value}" for name, value in parameters(answers).items()]


def check(fields: Sequence[Field], answers: Answers) -> None:
    """Raises ActionRefused for a required field without an answer and for an answer that is not on offer."""
    for field in fields:
        value = answers.get(field.name, field.default)
        if field.required and not value.strip():
            raise ActionRefused(f"{field.label} is required")
        if field.choices and field.name in answers and value not in field.choices and (value or field.required):
            raise ActionRefused(f"{field.label} must be one of: {', '.join(filter(None, field.choices))}")


def refused(error: OperationRefused) -> ActionRefused:
    """An operation's refusal in the words of the action."""
    return ActionRefused(str(error))


def command(target: Target | None, *words: str) -> str:
    """The equal `argo` line, quoted for a shell."""
    namespace = ("-n", target.namespace) if target and target.namespace else ()
    return shlex.join(["argo", *namespace, *words])


def names(items: Sequence[str], most: int = 5) -> str:
    """`a, b, c and 12 more`."""
    if len(items) <= most:
        return ", ".join(items)
    return f"{', '.join(items[:most])} and {len(items) - most} more"


def count(number: int, noun: str) -> str:
    """`1 step`, `3 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def title(verb: str, selection: Selection) -> str:
    """`Stop argo/nightly`, or `Stop 3 workflows`."""
    if len(selection.targets) == 1:
        return f"{verb} {selection.targets[0].label}"
    return f"{verb} {count(len(selection.targets), 'workflow')}"


def status_changed(now: Document | None, written: Document) -> bool:
    """Somebody (the controller) has changed the status since our write, or the object is gone."""
    return now is None or now.get("status") != written.get("status")


__all__ = [
    "PARAMETER",
    "REASON_FIELD",
    "REQUIRED_REASON",
    "FieldKind",
    "all_of",
    "check",
    "command",
    "count",
    "flag",
    "is_over",
    "known_nodes",
    "names",
    "nodes_of",
    "parameter_texts",
    "parameters",
    "phase_of",
    "prepare",
    "refused",
    "reread",
    "status_changed",
    "title",
]
