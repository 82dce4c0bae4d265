"""Submitting from the console: a file, or a template through its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from argotui.engine.operations import OperationRefused, SubmitOptions
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.resources import CLUSTER_WORKFLOW_TEMPLATES, CRON_WORKFLOWS, WORKFLOW_TEMPLATES, WORKFLOWS
from argotui.services.actions.asking import (
    PARAMETER,
    REASON_FIELD,
    all_of,
    check,
    command,
    count,
    parameter_texts,
    refused,
)
from argotui.services.actions.perform import perform
from argotui.services.actions.rerun import OVERRIDES, TAKEN_UP, overrides, parameter_field, parameter_fields
from argotui.services.actions.types import (
    Action,
    ActionRefused,
    ActionSession,
    Allowed,
    Answers,
    Danger,
    Field,
    FieldKind,
    Outcome,
    Plan,
    Result,
    Selection,
    Step,
    Target,
    Verdict,
    Write,
)
from argotui.services.manifests import Draft, load, read_sources
from argotui.services.submit import SOURCES, Submission, from_files, from_source

_NAME = Field("name", "name", description="empty: one is made up")
_RESOURCES = {resource.kind: resource for resource in (WORKFLOW_TEMPLATES, CLUSTER_WORKFLOW_TEMPLATES, CRON_WORKFLOWS)}


def options_of(answers: Answers, parameters: list[str]) -> SubmitOptions:
    """The answers of a form as options: name, generateName, entrypoint, serviceaccount, priority, labels (k=v,k=v)."""
    priority = answers.get("priority", "")
    try:
        number = int(priority) if priority else None
    except ValueError as error:
        raise ActionRefused(f"priority must be a whole number, not {priority!r}") from error
    return SubmitOptions(
        name=answers.get("name", ""),
        generate_name=answers.get("generateName", ""),
        entrypoint=answers.get("entrypoint", ""),
        service_account=answers.get("serviceaccount", ""),
        priority=number,
        labels=pairs(answers.get("labels", "")),
        parameters=parameters,
    )


def pairs(text: str) -> dict[str, str]:
    """`k=v,k=v` as a mapping. Raises ActionRefused for a part without `=`."""
    found = {}
    for part in text.split(","):
        key, separator, value = part.strip().partition("=")
        if part.strip() and not separator:
            raise ActionRefused(f"{part.strip()!r} is not of the form key=value")
        if separator:
            found[key.strip()] = value.strip()
    return found


# what both have in common


def plan_submission(submission: Submission, *, action: str, words: Sequence[str] = ()) -> Plan:
    """One POST for each workflow. `words` are the arguments of the equal `argo submit`."""
    steps = tuple(_step(draft) for draft in submission.drafts)
    first = steps[0].target if len(steps) == 1 else None
    lines = [f"a new workflow {_name(draft)} is created in {step.target.namespace}" for draft, step in
             zip(submission.drafts, steps, strict=True)]  # fmt: skip
    return Plan(
        action,
        f"Submit {count(len(steps), 'workflow')}" if first is None else f"Submit {_name(submission.drafts[0])}",
        (*lines, *submission.notes),
        steps,
        command(first, "submit", *words) if words else "",
    )


def _name(draft: Draft) -> str:
    return documents.name(draft.document) or f"{documents.generate_name(draft.document)}…"


def _step(draft: Draft) -> Step:
    target = Target(draft.document)
    write = Write("POST", WORKFLOWS, target.namespace, "", draft.document)
    said = f"workflow {_name(draft)} submitted"
    return Step(target, (write,), said, TAKEN_UP, audit=f"submitted from {draft.source}")


@dataclass(frozen=True)
class Created:
    """How far a submission got. `failed` is None when all were created."""

    workflows: tuple[Document, ...]
    failed: Outcome | None = None
    notes: tuple[str, ...] = ()


async def create(session: ActionSession, plan: Plan, reason: str = "") -> Created:
    """Creates the workflows in order and stops at the first that is refused."""
    made: list[Document] = []
    notes: list[str] = []
    for step in plan.steps:
        (outcome,) = await perform(session, replace(plan, steps=(step,)), reason, verify=False)
        notes += outcome.notes
        if outcome.result is Result.FAILED or outcome.document is None:
            return Created(tuple(made), outcome, tuple(dict.fromkeys(notes)))
        made.append(outcome.document)
    return Created(tuple(made), None, tuple(dict.fromkeys(notes)))


def _namespace(session: ActionSession, target: Target | None = None) -> str:
    return (target.namespace if target else "") or session.namespace or session.client.config.namespace


# from a template


def _is_source(target: Target) -> bool:
    return target.resource in SOURCES


def _can_submit_template(selection: Selection) -> Verdict:
    wrong = ("this is not a template" if not _is_source(target) else None for target in selection.targets)
    return all_of(selection, (*wrong, "choose one template" if len(selection.targets) > 1 else None))


def _template_fields(selection: Selection) -> tuple[Field, ...]:
    if not selection.targets:
        return ()
    document = selection.targets[0].document
    spec = _spec(document)
    declared = [p for p in dig(spec, "arguments", "parameters") or () if isinstance(p, dict)]
    names = tuple(str(t.get("name")) for t in spec.get("templates") or () if isinstance(t, dict) and t.get("name"))
    entrypoint = Field(
        "entrypoint", "entrypoint", FieldKind.CHOICE if names else FieldKind.TEXT,
        default=str(spec.get("entrypoint") or ""), choices=names, required=not spec.get("entrypoint"),
    )  # fmt: skip
    asked = tuple(parameter_field(parameter, required=True) for parameter in declared)
    labels = Field("labels", "labels", description="key=value, comma separated")
    return (*asked, entrypoint, _NAME, labels, REASON_FIELD)


def _spec(document: Document) -> Document:
    """The workflow spec of a template or of a cron workflow."""
    spec = document.get("spec") or {}
    found: Document = spec.get("workflowSpec") or spec
    return found


async def _plan_template(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    (target,) = selection.targets
    fields = _template_fields(selection)
    check(fields, answers)
    source = target.document | {"apiVersion": target.resource.api_version, "kind": target.resource.kind}
    defaults = {field.name: field.default for field in fields}
    passed = {k: v for k, v in answers.items() if k.startswith(PARAMETER) and defaults.get(k) != v}
    texts = parameter_texts(passed)
    chosen = {k: v for k, v in answers.items() if k != "entrypoint" or v != defaults.get("entrypoint")}
    options = options_of(chosen, texts)
    try:
        submission = await from_source(
            session.client, _namespace(session, target), source, options, is_local=session.is_local
        )
    except OperationRefused as error:
        raise refused(error) from error
    words = ["--from", f"{target.resource.singular}/{target.name}", *_words(options)]
    return plan_submission(submission, action=TEMPLATE_SUBMIT.id, words=words)


def _words(options: SubmitOptions) -> list[str]:
    words = [word for text in options.parameters for word in ("-p", text)]
    words += ["--name", options.name] if options.name else []
    words += ["--entrypoint", options.entrypoint] if options.entrypoint else []
    words += ["--serviceaccount", options.service_account] if options.service_account else []
    words += ["--priority", str(options.priority)] if options.priority is not None else []
    words += ["--labels", ",".join(f"{k}={v}" for k, v in options.labels.items())] if options.labels else []
    return words


TEMPLATE_SUBMIT = Action(
    id="template.submit", title="Submit", key="t", danger=Danger.ASK, several=False,
    applies=_can_submit_template, fields=_template_fields, plan=_plan_template,
    needs=(("create", WORKFLOWS),),
)  # fmt: skip


# from a file


def _can_submit_file(_: Selection) -> Verdict:
    return Allowed()


def _file_fields(_: Selection) -> tuple[Field, ...]:
    file = Field("file", "file", required=True, description="a manifest of one or more workflows")
    return (file, _NAME, REASON_FIELD)


def drafts_of(answers: Answers) -> list[Draft]:
    """The documents of the answered `file`, or of the `text` that was typed. Raises ManifestError."""
    if answers.get("text"):
        return load([("text", answers["text"])])
    return load(read_sources([answers["file"]]))


def draft_fields(draft: Draft) -> tuple[Field, ...]:
    """The parameters of one workflow of a file, to be asked for once the file was read."""
    return parameter_fields(draft.document)


async def _plan_file(session: ActionSession, selection: Selection, answers: Answers) -> Plan:
    """Raises ManifestError with located problems, besides ActionRefused."""
    if not answers.get("text"):
        check(_file_fields(selection), answers)
    drafts = drafts_of(answers)
    if not drafts:
        raise ActionRefused("the file holds no workflow")
    several = len(drafts) > 1
    texts = overrides(drafts[0].document, answers) if not several or OVERRIDES in answers else parameter_texts(answers)
    if several and answers.get("name"):
        raise ActionRefused("the file holds several workflows: they cannot all have the same name")
    options = options_of(answers, texts)
    try:
        submission = await from_files(session.client, _namespace(session), drafts, options, is_local=session.is_local)
    except OperationRefused as error:
        raise refused(error) from error
    words = [answers["file"], *_words(options)] if answers.get("file") else []
    return plan_submission(submission, action=FILE_SUBMIT.id, words=words)


FILE_SUBMIT = Action(
    id="workflow.submit", title="Submit a file", key="t", danger=Danger.ASK, several=False,
    applies=_can_submit_file, fields=_file_fields, plan=_plan_file,
    needs=(("create", WORKFLOWS),),
)  # fmt: skip


def template_target(document: Document) -> Target:
    """The target for `template.submit`. Raises KeyError for a document of another kind."""
    return Target(document, resource=_RESOURCES[documents.kind(document)])
