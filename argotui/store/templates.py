"""Templates that can be submitted, by namespace and name."""

from __future__ import annotations

from dataclasses import dataclass, field

from argotui.model import documents
from argotui.model.documents import Document
from argotui.store.named import Key, NamedObject
from argotui.store.text import one_line

ANNOTATION_DESCRIPTION = "workflows.argoproj.io/description"


@dataclass(frozen=True, slots=True)
class TemplateRow(NamedObject):
    """One WorkflowTemplate. Texts are clean; `document` is the object as the cluster has it."""

    key: Key
    document: Document = field(compare=False)
    version: str = ""
    created: str = ""
    entrypoint: str = ""
    parameters: str = ""
    description: str = ""


def row_of_template(template: Document) -> TemplateRow:
    """A row from the whole object."""
    spec = template.get("spec") or {}
    parameters = (spec.get("arguments") or {}).get("parameters") or ()
    described = documents.annotations(template).get(ANNOTATION_DESCRIPTION, "")
    return TemplateRow(
        key=documents.key(template),
        document=template,
        version=documents.resource_version(template),
        created=one_line(documents.created(template)),
        entrypoint=one_line(spec.get("entrypoint")),
        parameters=one_line(", ".join(str(p.get("name")) for p in parameters if isinstance(p, dict))),
        description=one_line(described),
    )
