"""The templates that a person can submit, with what their forms ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_DESCRIPTION, ANNOTATION_TITLE
from argotui.model.resources import CLUSTER_WORKFLOW_TEMPLATES, WORKFLOW_TEMPLATES, Resource
from argotui.services.actions.rerun import parameter_field
from argotui.services.actions.types import Field

if TYPE_CHECKING:
    from argotui.kube.client import Client


@dataclass(frozen=True)
class TemplateInfo:
    """One WorkflowTemplate or ClusterWorkflowTemplate (`namespace` empty). Texts are as the cluster has them."""

    resource: Resource
    namespace: str
    name: str
    title: str
    description: str
    entrypoint: str
    templates: tuple[str, ...]
    """Names of its templates: what may be chosen as entrypoint."""
    parameters: tuple[Field, ...]
    """Its workflow parameters, with enum, default and description."""
    document: Document


@dataclass(frozen=True)
class TemplateList:
    """What was found; `notes` say what could not be looked at."""

    templates: tuple[TemplateInfo, ...]
    notes: tuple[str, ...] = ()


async def list_templates(client: Client, namespace: str | None) -> TemplateList:
    """Templates of a namespace (None: of all), then those of the cluster, each by name.

    Missing rights for the cluster's templates are a note; for the namespace's own they are raised (ApiError).
    """
    found = await _listed(client, WORKFLOW_TEMPLATES, namespace)
    notes: list[str] = []
    try:
        found += await _listed(client, CLUSTER_WORKFLOW_TEMPLATES, None)
    except ApiError as error:
        if not (error.is_forbidden or error.is_not_found):
            raise
        notes.append(f"cluster templates are not shown: {error.message}")
    return TemplateList(tuple(found), tuple(notes))


async def _listed(client: Client, resource: Resource, namespace: str | None) -> list[TemplateInfo]:
    items: list[Document] = []
    token = ""
    while True:
        page = await client.list(resource, namespace, limit=500, continue_token=token)
        items += page.items
        token = page.continue_token
        if not token:
            return sorted((template_info(item, resource) for item in items), key=lambda t: (t.namespace, t.name))


def template_info(document: Document, resource: Resource) -> TemplateInfo:
    """What a form needs to know of one template object."""
    annotations = documents.annotations(document)
    templates = [t for t in dig(document, "spec", "templates") or () if isinstance(t, dict)]
    declared = [p for p in dig(document, "spec", "arguments", "parameters") or () if isinstance(p, dict)]
    return TemplateInfo(
        resource=resource,
        namespace=documents.namespace(document),
        name=documents.name(document),
        title=annotations.get(ANNOTATION_TITLE, ""),
        description=annotations.get(ANNOTATION_DESCRIPTION, ""),
        entrypoint=str(dig(document, "spec", "entrypoint") or ""),
        templates=tuple(str(t.get("name")) for t in templates if t.get("name")),
        parameters=tuple(parameter_field(parameter, required=True) for parameter in declared),
        document=document,
    )
