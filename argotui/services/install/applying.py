"""Puts the objects of an installation on a cluster, by server-side apply."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    CRDS,
    DEPLOYMENTS,
    NAMESPACES,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    Resource,
)
from argotui.services.install.settings import FIELD_MANAGER, MANAGED_BY, MANAGER

KINDS = {
    resource.kind: resource
    for resource in (
        *(NAMESPACES, CRDS, SERVICE_ACCOUNTS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS),
        *(ROLES, ROLE_BINDINGS, CONFIG_MAPS, DEPLOYMENTS),
    )
}
"""What an installation is made of."""
_KEPT = (NAMESPACES, CRDS, CONFIG_MAPS)
"""What may be there already by somebody else's hand, and is then left as it is."""


@dataclass(frozen=True)
class Outcome:
    """What became of one. `did`: created, configured, unchanged, deleted, left, refused (the last two say why)."""

    did: str
    called: str
    why: str = ""

    @property
    def refused(self) -> bool:
        """Whether the cluster does not have it as asked."""
        return self.did == "refused"


def called(document: Document) -> str:
    """How a person names the object: `clusterrole/argotui-viewer`, `role/argo/argotui-executor`."""
    place = documents.namespace(document)
    return "/".join(part for part in (documents.kind(document).lower(), place, documents.name(document)) if part)


def is_ours(document: Document) -> bool:
    """Whether an installation of argotui made the object."""
    return documents.labels(document).get(MANAGED_BY) == MANAGER


async def install(
    client: Client, wanted: Sequence[Document], *, force: bool = False, dry_run: bool = False
) -> AsyncIterator[Outcome]:
    """Applies each object; one that is refused does not keep the others from being applied.

    `force` takes over fields that somebody else applied. Raises Unreachable when the server does not answer.
    """
    for document in wanted:
        resource = KINDS[documents.kind(document)]
        try:
            yield await _install(client, resource, document, force=force, dry_run=dry_run)
        except ApiError as error:
            yield Outcome("refused", called(document), _reason(error))


async def _install(client: Client, resource: Resource, document: Document, *, force: bool, dry_run: bool) -> Outcome:
    before = await existing(client, resource, document)
    if before is not None and resource in _KEPT and not is_ours(before):
        return Outcome("left", called(document), "it is there already and is not argotui's")
    after = await client.apply(resource, document, field_manager=FIELD_MANAGER, force=force, dry_run=dry_run)
    if before is None:
        return Outcome("created", called(document))
    same = documents.resource_version(before) == documents.resource_version(after)
    return Outcome("unchanged" if same else "configured", called(document))


async def existing(client: Client, resource: Resource, document: Document) -> Document | None:
    """The object as it is now; None where there is none. Raises ApiError."""
    try:
        return await client.get(resource, documents.name(document), documents.namespace(document) or None)
    except ApiError as error:
        if error.is_not_found:
            return None
        raise


def _reason(error: ApiError) -> str:
    if error.is_conflict:
        return f"{error.message}; --force takes these fields over"
    if error.is_not_found and "namespaces" in error.message:
        return f"{error.message}; make it first, or use --create-namespace"
    return error.message
