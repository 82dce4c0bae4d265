"""Templates that can be submitted, by namespace and name."""

from __future__ import annotations

from dataclasses import dataclass, field

from argotui.engine.tree import Changed
from argotui.model import documents
from argotui.model.documents import Document
from argotui.store.text import one_line

ANNOTATION_DESCRIPTION = "workflows.argoproj.io/description"


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One WorkflowTemplate. Texts are clean; `document` is the object as the cluster has it."""

    key: tuple[str, str]
    document: Document = field(compare=False)
    version: str = ""
    created: str = ""
    entrypoint: str = ""
    parameters: str = ""
    description: str = ""

    @property
    def namespace(self) -> str:
        return one_line(self.key[0])

    @property
    def name(self) -> str:
        return one_line(self.key[1])


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


class TemplateTable:
    """All templates in the order of their names."""

    def __init__(self) -> None:
        self.rows: list[TemplateRow] = []
        self._all: dict[tuple[str, str], TemplateRow] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, key: tuple[str, str]) -> TemplateRow | None:
        """The row of a template."""
        return self._all.get(key)

    def number_of(self, key: tuple[str, str]) -> int | None:
        """The row number of a template."""
        return next((number for number, row in enumerate(self.rows) if row.key == key), None)

    def put(self, row: TemplateRow) -> Changed:
        """Takes over a row."""
        before = self._all.get(row.key)
        self._all[row.key] = row
        here = self.number_of(row.key) if before is not None else None
        if here is not None:
            self.rows[here] = row
            return Changed((here,))
        return self._rebuild()

    def remove(self, key: tuple[str, str]) -> Changed:
        """Takes a template out."""
        return self._rebuild() if self._all.pop(key, None) is not None else Changed()

    def clear(self) -> Changed:
        """Forgets everything."""
        self._all = {}
        return self._rebuild()

    def _rebuild(self) -> Changed:
        self.rows = sorted(self._all.values(), key=lambda row: (row.key[1], row.key[0]))
        return Changed((), 0)
