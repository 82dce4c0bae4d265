"""A document as the rules look at it: its spec, its templates with their defaults, and who calls whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from argotui.engine.merge import template_type, with_template_defaults
from argotui.model.documents import Document, dig

_DEEPEST: Final = 16
"""Inline templates within each other that are looked at."""


class Place(NamedTuple):
    """A template with its defaults, and where it stands."""

    path: str
    template: Document

    @property
    def name(self) -> str:
        """The template's name; of an inline one, its place."""
        return str(self.template.get("name") or self.path)


class Use(NamedTuple):
    """A step or task, and where it stands."""

    path: str
    step: Document


class Box(NamedTuple):
    """A container of a template, and where it stands."""

    path: str
    container: Document


@dataclass(frozen=True)
class View:
    """document: in today's form, of the right types. path: of the workflow's spec in it."""

    document: Document
    kind: str
    spec: Document
    path: str

    @classmethod
    def of(cls, document: Document) -> View:
        """The view of one document."""
        kind = str(document.get("kind") or "")
        spec = document.get("spec") or {}
        if kind == "CronWorkflow":
            return cls(document, kind, spec.get("workflowSpec") or {}, "spec.workflowSpec")
        return cls(document, kind, spec, "spec")

    @property
    def runs(self) -> bool:
        """Whether the spec stands for a whole workflow: no library of templates, no mere reference to one."""
        return bool(self.spec.get("entrypoint")) and not self.spec.get("workflowTemplateRef")

    @cached_property
    def templates(self) -> tuple[Place, ...]:
        """All templates, inline ones behind the one that has them."""
        found: list[Place] = []
        for index, template in enumerate(rows(self.spec.get("templates"))):
            self._collect(template, f"{self.path}.templates[{index}]", found, 0)
        return tuple(found)

    def _collect(self, template: Document, path: str, found: list[Place], depth: int) -> None:
        place = Place(path, with_template_defaults(template, self.spec.get("templateDefaults")))
        found.append(place)
        if depth < _DEEPEST:
            for use in uses(place):
                if use.step.get("inline") is not None:
                    self._collect(use.step["inline"], f"{use.path}.inline", found, depth + 1)

    @cached_property
    def by_name(self) -> Mapping[str, Place]:
        """The named templates."""
        return {place.template["name"]: place for place in reversed(self.templates) if place.template.get("name")}

    def called(self, use: Use) -> Place | None:
        """The template that a step runs, when it stands in this document."""
        inline = use.step.get("inline")
        if inline is not None:
            return Place(f"{use.path}.inline", with_template_defaults(inline, self.spec.get("templateDefaults")))
        return self.by_name.get(str(use.step.get("template") or ""))


def rows(value: Any) -> list[Any]:
    """A list field that may be absent or null."""
    return value if isinstance(value, list) else []


def groups(place: Place) -> Iterator[list[Use]]:
    """The groups of a steps template: what is in one of them runs at the same time."""
    for row, group in enumerate(rows(place.template.get("steps"))):
        yield [Use(f"{place.path}.steps[{row}][{column}]", step) for column, step in enumerate(rows(group))]


def tasks(place: Place) -> list[Use]:
    """The tasks of a dag template."""
    found = rows(dig(place.template, "dag", "tasks"))
    return [Use(f"{place.path}.dag.tasks[{index}]", task) for index, task in enumerate(found)]


def uses(place: Place) -> list[Use]:
    """All steps and tasks of a template."""
    return [*(use for group in groups(place) for use in group), *tasks(place)]


def main_containers(place: Place) -> list[Box]:
    """The containers that do the work of a template."""
    template, kind = place.template, template_type(place.template)
    if kind in ("container", "script"):
        return [Box(f"{place.path}.{kind}", template[kind])]
    if kind != "containerSet":
        return []
    return _boxes(template[kind].get("containers"), f"{place.path}.containerSet.containers")


def all_containers(place: Place) -> list[Box]:
    """Those, and what runs before and beside them."""
    found = main_containers(place)
    for key in ("initContainers", "sidecars"):
        found += _boxes(place.template.get(key), f"{place.path}.{key}")
    return found


def _boxes(containers: Any, path: str) -> list[Box]:
    return [Box(f"{path}[{index}]", container) for index, container in enumerate(rows(containers))]


def listed(names: list[str], limit: int = 5) -> str:
    """Names in a sentence, not too many of them."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
