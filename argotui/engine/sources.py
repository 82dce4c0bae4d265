"""Where templates come from: the workflow, (Cluster)WorkflowTemplates, or the step that calls them (§2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from argotui.engine.errors import EngineError
from argotui.model.dialect import today_spec
from argotui.model.documents import Document
from argotui.model.keys import API_VERSION
from argotui.model.manifest import unsupported

STORED: Final = "storedTemplates"
"""Field of the status in which templates from outside are kept as they were when they were first used."""


class Library(Protocol):
    """Reads of template objects that exist beside the workflow."""

    def workflow_template(self, namespace: str, name: str) -> Document | None: ...

    def cluster_workflow_template(self, name: str) -> Document | None: ...


@dataclass(frozen=True, slots=True)
class Base:
    """In what a bare template name is looked up.

    scope: as nodes carry it in `templateScope`. resource: name of a (Cluster)WorkflowTemplate, empty for the workflow
    itself.
    """

    scope: str
    resource: str = ""
    cluster: bool = False

    @property
    def is_local(self) -> bool:
        """The workflow's own templates."""
        return not self.resource


def referenced_base(reference: Mapping[str, Any]) -> Base:
    """The base that a `templateRef` leads to."""
    name, cluster = str(reference.get("name") or ""), bool(reference.get("clusterScope"))
    return Base(f"{'cluster' if cluster else 'namespaced'}/{name}", name, cluster)


def base_of(scope: str) -> Base | None:
    """The base that a node's `templateScope` names; None for the workflow itself. A scope without a kind is a
    WorkflowTemplate's, as old controllers wrote it."""
    kind, slash, name = scope.partition("/")
    if not slash:
        kind, name = "namespaced", scope
    return None if kind == "local" or not name else Base(f"{kind}/{name}", name, kind == "cluster")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which template a step, task, hook or workflow wants: a name, a `templateRef`, or the template itself.

    caller: name of the step or task.
    """

    template: str = ""
    reference: Document | None = None
    inline: Document | None = None
    caller: str = ""


def asked_by(holder: Mapping[str, Any]) -> Asked:
    """What a step, a task or a hook asks for."""
    reference, inline = holder.get("templateRef"), holder.get("inline")
    return Asked(str(holder.get("template") or ""), reference or None, inline, str(holder.get("name") or ""))


class Shelf:
    """Templates of other objects for one workflow. The first look at one is stored: later edits come too late."""

    def __init__(self, library: Library, namespace: str, status: Document) -> None:
        self._library = library
        self._namespace = namespace
        self._status = status

    def take(self, base: Base, name: str) -> Document:
        """The template of that name in a base that is not local. Raises EngineError."""
        key = f"{base.scope}/{name}"
        stored: Document | None = self._stored.get(key)
        if stored is not None:
            return stored
        template = self._find(base, name)
        self.put(key, template)
        return template

    def put(self, key: str, template: Document) -> None:
        """Store a template, unless there is one under that key."""
        if key not in self._stored:
            self._status[STORED] = {**self._stored, key: template}

    @property
    def _stored(self) -> Document:
        return self._status.get(STORED) or {}

    def _find(self, base: Base, name: str) -> Document:
        if base.cluster:
            holder = self._library.cluster_workflow_template(base.resource)
        else:
            holder = self._library.workflow_template(self._namespace, base.resource)
        if holder is None:
            raise EngineError(f"workflow template {base.resource} not found")
        spec = holder.get("spec") or {}
        for template in spec.get("templates") or ():
            if template.get("name") == name:
                [template] = today_spec({"templates": [template]})["templates"]
                _refuse_unsupported(base, template)
                return with_pod_metadata(template, spec.get("podMetadata"))
        raise EngineError(f"template {name} not found in workflow template {base.resource}")


def _refuse_unsupported(base: Base, template: Document) -> None:
    document = {"apiVersion": API_VERSION, "kind": "WorkflowTemplate", "spec": {"templates": [template]}}
    for path, reason in unsupported(document):
        place = path.removeprefix("spec.templates[0].")
        raise EngineError(f"{base.scope}/{template.get('name') or ''}: {place}: {reason}")


def with_pod_metadata(template: Document, given: Mapping[str, Any] | None) -> Document:
    """A template whose pods also carry the labels and annotations of `spec.podMetadata`; its own come first."""
    added = {key: given[key] for key in ("labels", "annotations") if given and given.get(key)}
    if not added:
        return template
    metadata = dict(template.get("metadata") or {})
    for key, entries in added.items():
        metadata[key] = {**entries, **(metadata.get(key) or {})}
    return {**template, "metadata": metadata}
