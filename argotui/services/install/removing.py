"""Takes an installation away again: what argotui made, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS, CRDS, NAMESPACES, WORKFLOWS, Resource
from argotui.services.install.applying import KINDS, Outcome, called
from argotui.services.install.settings import MANAGED_BY, MANAGER

_MADE = f"{MANAGED_BY}={MANAGER},app.kubernetes.io/part-of=argotui"
_UNFINISHED = "workflows.argoproj.io/completed!=true"


async def uninstall(
    client: Client, namespace: str, *, crds: bool = False, dry_run: bool = False
) -> AsyncIterator[Outcome]:
    """Deletes what an installation made: everywhere, or only in `namespace` for users who may not look elsewhere.

    Namespaces stay, since they hold more than this, and so does a configuration that somebody filled. `crds`
    deletes the CustomResourceDefinitions, and with them every workflow. Raises Unreachable.
    """
    for resource in reversed(KINDS.values()):
        if resource is NAMESPACES or (resource is CRDS and not crds):
            continue
        try:
            made = await _made(client, resource, namespace)
        except ApiError as error:
            yield Outcome("refused", resource.group_resource, error.message)
            continue
        for document in made:
            yield await _remove(client, resource, document, dry_run=dry_run)


async def _made(client: Client, resource: Resource, namespace: str) -> list[Document]:
    try:
        return (await client.list(resource, None, label_selector=_MADE)).items
    except ApiError as error:
        if not (error.is_forbidden and resource.namespaced):
            raise
    return (await client.list(resource, namespace, label_selector=_MADE)).items


async def _remove(client: Client, resource: Resource, document: Document, *, dry_run: bool) -> Outcome:
    if resource is CONFIG_MAPS and document.get("data"):
        return Outcome("left", called(document), "it holds a configuration")
    place = documents.namespace(document) or None
    try:
        if not dry_run:
            await client.delete(resource, documents.name(document), place, uid=documents.uid(document))
    except ApiError as error:
        if not error.is_not_found:
            return Outcome("refused", called(document), error.message)
    return Outcome("deleted", called(document))


async def workflows(client: Client, *, unfinished: bool) -> int | None:
    """How many workflows there are, all or those not completed; None where that cannot be known."""
    try:
        table = await client.table(WORKFLOWS, None, label_selector=_UNFINISHED if unfinished else "")
    except ApiError as error:
        if error.is_forbidden or error.is_not_found:
            return None
        raise
    return len(table.get("rows") or [])
