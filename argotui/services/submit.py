"""The workflows that files, templates or cron workflows stand for, checked as a whole and ready to be created."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from argotui.engine.operations import SubmitOptions, apply_submit_options, submit_from
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.problem import ManifestError, Problem
from argotui.model.resources import (
    CLUSTER_WORKFLOW_TEMPLATES,
    CRON_WORKFLOWS,
    WORKFLOW_TEMPLATES,
    Resource,
    find,
)
from argotui.services.lookup import LookupFailed
from argotui.services.manifests import Checked, Draft, as_understood, check

if TYPE_CHECKING:
    from argotui.kube.client import Client

SOURCES = (WORKFLOW_TEMPLATES, CLUSTER_WORKFLOW_TEMPLATES, CRON_WORKFLOWS)
"""Kinds that a workflow can be made from."""


@dataclass(frozen=True)
class Submission:
    """Checked workflows, ready to be created. `notes` are what the person should know first."""

    drafts: tuple[Draft, ...]
    notes: tuple[str, ...] = ()


async def from_files(
    client: Client, namespace: str, drafts: Sequence[Draft], options: SubmitOptions, *, is_local: bool
) -> Submission:
    """The workflows of files with the options applied. Raises ManifestError with everything that is wrong (other
    kinds than Workflow included), OperationRefused for bad options."""
    others = [draft for draft in drafts if draft.kind != "Workflow"]
    if others:
        raise ManifestError([problem for draft in others for problem in draft.faults or [_not_a_workflow(draft)]])
    own = [_with_options(_placed(draft, namespace), options) if draft.checkable else draft for draft in drafts]
    checked = await check(client, namespace, own, is_local=is_local)
    sent, notes = as_understood(own, is_local=is_local)
    return _submission(sent, replace(checked, notes=(*checked.notes, *notes)))


def _not_a_workflow(draft: Draft) -> Problem:
    kind = draft.kind
    hint = f"create it with `argotui apply {draft.source}`"
    if find(kind) in SOURCES:
        name = documents.name(draft.document) or "NAME"  # the API makes one up for generateName
        hint += f", then run it with `argotui submit --from {kind.lower()}/{name}`"
    return draft.problem("kind", f"only workflows can be submitted, not a {kind}", hint)


async def from_source(
    client: Client, namespace: str, source: Document, options: SubmitOptions, *, is_local: bool
) -> Submission:
    """The workflow that a template or cron workflow stands for. Raises as `from_files` does."""
    made = submit_from(source, now=datetime.now(UTC))
    called = f"{documents.kind(source).lower()}/{documents.name(source)}"
    draft = _with_options(_placed(Draft(called, made), namespace), options)
    return _submission([draft], await check(client, namespace, [draft], is_local=is_local, submit=True))


def _submission(drafts: Sequence[Draft], checked: Checked) -> Submission:
    if checked.problems:
        raise ManifestError(checked.problems)
    return Submission(tuple(drafts), checked.notes)


def _placed(draft: Draft, namespace: str) -> Draft:
    """The namespace of the manifest wins over the command's, as upstream has it."""
    if documents.namespace(draft.document):
        return draft
    metadata = {**(draft.document.get("metadata") or {}), "namespace": namespace}
    return replace(draft, document={**draft.document, "metadata": metadata})


def _with_options(draft: Draft, options: SubmitOptions) -> Draft:
    document = apply_submit_options(draft.document, options)
    if not options.parameters:
        return replace(draft, document=document)

    def locate(path: str) -> tuple[int | None, int | None]:
        # passed parameters stand first, so numbers of the list mean others in the file
        return draft.locate("spec.arguments") if path.startswith("spec.arguments.parameters") else draft.locate(path)

    return replace(draft, document=document, locate=locate)


async def source_named(client: Client, namespace: str, text: str) -> Document:
    """The object that `kind/name` means for `submit --from`. Raises LookupFailed."""
    kind, separator, name = text.partition("/")
    if not (separator and kind and name):
        raise LookupFailed(f"{text!r} is not of the form kind/name, for example workflowtemplate/ci-pipeline")
    resource = find(kind)
    if resource not in SOURCES or resource is None:
        known = ", ".join(resource.singular for resource in SOURCES)
        raise LookupFailed(f"{kind!r} is nothing that can be submitted; use one of {known}")
    return await _existing(client, resource, name, namespace if resource.namespaced else None)


async def _existing(client: Client, resource: Resource, name: str, namespace: str | None) -> Document:
    try:
        found = await client.get(resource, name, namespace)
    except ApiError as error:
        if error.is_not_found:
            where = f"{namespace}/{name}" if namespace else name
            raise LookupFailed(f"{resource.singular} {where} not found") from error
        raise
    return {"apiVersion": resource.api_version, "kind": resource.kind, **found}
