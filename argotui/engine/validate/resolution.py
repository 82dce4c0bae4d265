"""Finding the template that a step, a task or an entrypoint names (§2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from argotui.engine.merge import template_type
from argotui.engine.template import TemplateError, simple_tags
from argotui.engine.validate.finding import Checks, nearest, problem, rows
from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document, compact_json


class TemplateSource(Protocol):
    """The templates that exist beside the document."""

    def workflow_template(self, namespace: str, name: str) -> Document | None:
        """The WorkflowTemplate of a name, if there is one."""

    def cluster_workflow_template(self, name: str) -> Document | None:
        """The ClusterWorkflowTemplate of a name, if there is one."""


class NoTemplates:
    """A source without any templates."""

    def workflow_template(self, namespace: str, name: str) -> Document | None:
        """Nothing."""
        return None

    def cluster_workflow_template(self, name: str) -> Document | None:
        """Nothing."""
        return None


@dataclass(frozen=True)
class Base:
    """A spec in which a plain template name is looked up.

    path: of the spec in the document that is validated, empty for a spec of another object.
    source: what a person would call that other object.
    """

    spec: Mapping[str, Any]
    scope: str
    path: str
    source: str = ""

    def find(self, name: str) -> tuple[int, Document] | None:
        """Position and template of a name."""
        for index, template in enumerate(rows(self.spec.get("templates"))):
            if template.get("name") == name:
                return index, template
        return None

    def names(self) -> list[str]:
        """Names of all templates."""
        return [str(template.get("name") or "") for template in rows(self.spec.get("templates"))]


@dataclass(frozen=True)
class Resolved:
    """A template, the base that its own names are looked up in, and its path there."""

    template: Document
    base: Base
    path: str

    @property
    def name(self) -> str:
        """The template's name, empty for an inline one."""
        return str(self.template.get("name") or "")


@dataclass(frozen=True)
class Unresolved:
    """No template: either only the run will tell which one, or the reason was reported."""

    reported: bool


Called = Resolved | Unresolved
_REPORTED = Unresolved(reported=True)


class Resolver:
    """Looks templates up for one document."""

    def __init__(self, source: TemplateSource, namespace: str) -> None:
        self.source = source
        self.namespace = namespace

    def spec_of(self, name: str, *, cluster: bool) -> Base | None:
        """The spec of a WorkflowTemplate or ClusterWorkflowTemplate."""
        if cluster:
            found = self.source.cluster_workflow_template(name)
            kind, scope = "ClusterWorkflowTemplate", f"cluster/{name}"
        else:
            found = self.source.workflow_template(self.namespace, name)
            kind, scope = "WorkflowTemplate", f"namespaced/{name}"
        return Base(today(found).get("spec") or {}, scope, "", f"{kind} '{documents.name(found)}'") if found else None

    def resolve(self, holder: Mapping[str, Any], base: Base, path: str) -> Checks[Called]:
        """The template that `holder` asks for."""
        reference, name = holder.get("templateRef"), holder.get("template") or ""
        if reference is not None:
            for reason in _reference_faults(reference, name):
                yield problem(f"{path}.templateRef", reason)
                return _REPORTED
            if _has_tags(reference):
                return Unresolved(reported=False)
        elif name and base.find(name) is None:
            reason = f"template name '{name}' undefined"
            yield problem(f"{path}.template", reason, suggestion=nearest(name, base.names()))
            return _REPORTED
        return (yield from self._typed(holder, base, path))

    def _typed(self, holder: Mapping[str, Any], base: Base, path: str) -> Checks[Called]:
        found = yield from self._found(holder, base, path)
        if isinstance(found, Resolved) and not template_type(found.template):
            hint = "add one of: container, script, containerSet, resource, http, steps, dag, suspend"
            yield problem(found.path, f"template '{found.name}' type is unknown", suggestion=hint)
            return _REPORTED
        return found

    def _found(self, holder: Mapping[str, Any], base: Base, path: str) -> Checks[Called]:
        if holder.get("inline") is not None:
            return Resolved(holder["inline"], base, f"{path}.inline")
        reference, name = holder.get("templateRef"), holder.get("template") or ""
        if reference is not None:
            return (yield from self._referenced(reference, path))
        found = base.find(name) if name else None
        if found is None:
            yield problem(path, "failed to get a template", suggestion="name a template")
            return _REPORTED
        return Resolved(found[1], base, f"{base.path}.templates[{found[0]}]".lstrip("."))

    def _referenced(self, reference: Mapping[str, Any], path: str) -> Checks[Called]:
        name, template = str(reference["name"]), str(reference["template"])
        target = self.spec_of(name, cluster=bool(reference.get("clusterScope")))
        found = target.find(template) if target else None
        if target is None or found is None:
            hint = nearest(template, target.names()) if target else "create that template first"
            reason = f"template reference {name}.{template} not found"
            yield problem(f"{path}.templateRef", reason, suggestion=hint)
            return _REPORTED
        return Resolved(found[1], target, f"spec.templates[{found[0]}]")


def _reference_faults(reference: Mapping[str, Any], name: str) -> list[str]:
    faults = []
    if name:
        faults.append("template name cannot be specified with templateRef")
    if not reference.get("name"):
        faults.append("resource name is required")
    if not reference.get("template"):
        faults.append("template name is required")
    return faults


def _has_tags(reference: Mapping[str, Any]) -> bool:
    try:
        return bool(simple_tags(compact_json(reference)))
    except TemplateError:
        return True
