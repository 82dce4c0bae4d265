"""Create or replace objects of any known kind, for machines without kubectl."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.problem import ManifestError, Problem
from argotui.model.resources import ALL, WORKFLOWS, Resource
from argotui.services.manifests import Draft, check

if TYPE_CHECKING:
    from argotui.kube.client import Client

Applied = tuple[str, str, str]
"""(verb, kind, name): the verb is created, configured or unchanged."""

_KEPT = ("resourceVersion", "uid", "creationTimestamp", "generation", "finalizers", "ownerReferences")
"""Metadata of an existing object that a manifest without it leaves alone."""


class NotApplied(Exception):
    """The API refused one object. `applied` were done before it."""

    def __init__(self, draft: str, error: Exception, applied: Sequence[Applied]) -> None:
        super().__init__(f"{draft}: {error}")
        self.applied = tuple(applied)


def resource_of(document: Document) -> Resource | None:
    """The resource of the document's apiVersion and kind; None for one that this program does not know."""
    wanted = documents.api_version(document), documents.kind(document)
    return next((resource for resource in ALL if (resource.api_version, resource.kind) == wanted), None)


async def check_applicable(client: Client, namespace: str, drafts: Sequence[Draft], *, is_local: bool) -> list[str]:
    """Checks everything before anything is sent. Returns notes; raises ManifestError with all problems."""
    problems = [*_unknown(drafts), *_nameless(drafts)]
    checked = await check(client, namespace, drafts, is_local=is_local)
    problems += checked.problems
    if problems:
        raise ManifestError(problems)
    return list(checked.notes)


def _unknown(drafts: Iterable[Draft]) -> Iterable[Problem]:
    for draft in drafts:
        if resource_of(draft.document) is None:
            called = f"{documents.api_version(draft.document)} {draft.kind}"
            yield draft.problem("kind", f"{called} is not a kind that argotui knows", "use kubectl apply for it")


def _nameless(drafts: Iterable[Draft]) -> Iterable[Problem]:
    for draft in drafts:
        if not documents.name(draft.document) and not documents.generate_name(draft.document):
            yield draft.problem("metadata", "the object has no name", "set metadata.name")


async def apply_documents(client: Client, these: Iterable[Document], namespace: str = "") -> list[Applied]:
    """Creates what does not exist and replaces what does, in order. Status, and labels and annotations that a
    manifest does not mention, stay.

    `namespace` is for documents that name none. Raises NotApplied at the first refusal.
    """
    applied: list[Applied] = []
    for document in these:
        called = f"{documents.kind(document)} {documents.name(document) or documents.generate_name(document)}"
        resource = resource_of(document)
        if resource is None:
            raise NotApplied(called, ValueError("not a kind that argotui knows"), applied)
        try:
            verb, stored = await _apply(client, resource, _placed(document, resource, namespace))
        except ApiError as error:
            raise NotApplied(called, error, applied) from error
        applied.append((verb, resource.kind, documents.name(stored)))
    return applied


def _placed(document: Document, resource: Resource, namespace: str) -> Document:
    if not resource.namespaced or documents.namespace(document):
        return document
    metadata = {**(document.get("metadata") or {}), "namespace": namespace or "default"}
    return {**document, "metadata": metadata}


async def _apply(client: Client, resource: Resource, document: Document) -> tuple[str, Document]:
    existing = await _existing(client, resource, document)
    if existing is None:
        return "created", await client.create(resource, document)
    replacement = merged(existing, document)
    if replacement == existing:
        return "unchanged", existing
    if resource is WORKFLOWS:
        text = "a workflow runs once: delete it, or submit it under another name"
        raise ApiError(409, "AlreadyExists", f"it exists already with another spec; {text}")
    return "configured", await client.replace(resource, replacement)


async def _existing(client: Client, resource: Resource, document: Document) -> Document | None:
    if not documents.name(document):
        return None
    try:
        found = await client.get(resource, documents.name(document), documents.namespace(document) or None)
    except ApiError as error:
        if error.is_not_found:
            return None
        raise
    return {"apiVersion": resource.api_version, "kind": resource.kind, **found}


def merged(existing: Document, wanted: Document) -> Document:
    """What to send in place of `existing`: the manifest, with everything that the cluster keeps for itself."""
    before, after = existing.get("metadata") or {}, wanted.get("metadata") or {}
    metadata = {key: before[key] for key in _KEPT if key in before} | after
    for key in ("labels", "annotations"):
        both = {**(before.get(key) or {}), **(after.get(key) or {})}
        if both or key in before:
            metadata[key] = both
    result = {**wanted, "metadata": metadata}
    if "status" in existing:
        result["status"] = existing["status"]
    if "stringData" in result:
        result = _encoded(result)
    return result


def _encoded(secret: Document) -> Document:
    """A Secret as the API keeps it, so that it can be compared with what exists."""
    import base64

    texts = secret["stringData"] or {}
    data = {name: base64.b64encode(str(text).encode()).decode() for name, text in texts.items()}
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {**rest, "data": {**(secret.get("data") or {}), **data}}
