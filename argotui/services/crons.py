"""CronWorkflows: found by name or by labels, made from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from argotui.engine.operations import SubmitOptions, apply_submit_options
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.problem import ManifestError
from argotui.model.resources import CRON_WORKFLOWS
from argotui.services.lookup import PAGE, LookupFailed
from argotui.services.manifests import Draft, check

if TYPE_CHECKING:
    from argotui.kube.client import Client

KIND = CRON_WORKFLOWS.kind


async def cron_named(client: Client, namespace: str, name: str) -> Document:
    """The CronWorkflow of that name. Raises LookupFailed when there is none."""
    try:
        found = await client.get(CRON_WORKFLOWS, name, namespace)
    except ApiError as error:
        if error.is_not_found:
            raise LookupFailed(f"cron workflow {namespace}/{name} not found") from error
        raise
    return _whole(found)


async def crons(client: Client, namespace: str | None, labels: str = "") -> list[Document]:
    """All CronWorkflows that match, by namespace and name. `namespace` None: of all namespaces."""
    found: list[Document] = []
    token = ""
    while True:
        page = await client.list(CRON_WORKFLOWS, namespace, label_selector=labels, limit=PAGE, continue_token=token)
        found += map(_whole, page.items)
        token = page.continue_token
        if not token:
            return sorted(found, key=documents.key)


def _whole(found: Document) -> Document:
    return {"apiVersion": CRON_WORKFLOWS.api_version, "kind": KIND, **found}


async def from_files(
    client: Client, namespace: str, drafts: Sequence[Draft], options: SubmitOptions, schedule: str, *, is_local: bool
) -> tuple[list[Draft], tuple[str, ...]]:
    """The CronWorkflows of files with the options applied, and notes. `schedule` takes the place of theirs.

    Raises ManifestError with everything that is wrong, other kinds included; OperationRefused for bad options.
    """
    wrong = [
        draft.problem("kind", f"a CronWorkflow is expected here, not a {draft.kind}")
        for draft in drafts
        if draft.kind != KIND
    ]
    if wrong:
        raise ManifestError(wrong)
    sent = [replace(draft, document=_with(draft.document, namespace, options, schedule)) for draft in drafts]
    checked = await check(client, namespace, sent, is_local=is_local)
    if checked.problems:
        raise ManifestError(checked.problems)
    return sent, checked.notes


def _with(document: Document, namespace: str, options: SubmitOptions, schedule: str) -> Document:
    """Name, labels and annotations are the CronWorkflow's, the other options its workflow's, as upstream has it."""
    spec = dict(document.get("spec") or {})
    workflow = {"metadata": document.get("metadata") or {}, "spec": spec.get("workflowSpec") or {}}
    made = apply_submit_options(workflow, options)
    spec["workflowSpec"] = made["spec"]
    if schedule:
        spec.pop("schedule", None)
        spec["schedules"] = [schedule]
    metadata = made["metadata"] if documents.namespace(document) else {**made["metadata"], "namespace": namespace}
    return {**document, "metadata": metadata, "spec": spec}
