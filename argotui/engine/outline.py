"""What the spec says about nodes: which tasks belong to a steps or DAG node, in which order, and what a gate waits for.

The tree orders siblings by it and shows tasks that have not been created yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from argotui.model.documents import Document, dig


@dataclass(frozen=True, slots=True)
class Planned:
    """One step or task of a template. `group` is the index of its step group, 0 for a DAG task."""

    name: str
    template: str
    group: int
    position: int
    parallel: bool


class Outline:
    """The templates of one workflow, wherever the object keeps them (§1.6, §2.3)."""

    def __init__(self, workflow: Document) -> None:
        self._plans: dict[str, dict[str, Planned]] = {}
        self._stored: Mapping[str, Any] = dig(workflow, "status", "storedTemplates") or {}
        self._local = {
            template.get("name") or "": template
            for path in (("spec", "templates"), ("status", "storedWorkflowTemplateSpec", "templates"))
            for template in dig(workflow, *path) or ()
            if isinstance(template, dict)
        }
        spec = dig(workflow, "status", "storedWorkflowTemplateSpec") or dig(workflow, "spec") or {}
        self.entrypoint: str = spec.get("entrypoint") or dig(workflow, "spec", "entrypoint") or ""

    def template(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The template of a node; empty when the object does not hold it."""
        key, name = _stored_key(node)
        found = self._stored.get(key) if key else None
        found = found or self._local.get(name)
        return found if isinstance(found, dict) else {}

    def tasks(self, node: Mapping[str, Any]) -> Mapping[str, Planned]:
        """The steps or tasks of a node's template by name, in the order in which they are shown."""
        key = "/".join(_stored_key(node))
        if key not in self._plans:
            self._plans[key] = {plan.name: plan for plan in _plan(self.template(node))}
        return self._plans[key]

    def is_delay(self, node: Mapping[str, Any]) -> bool:
        """Whether a suspend node goes on by itself after a time."""
        return bool(dig(dict(self.template(node)), "suspend", "duration"))


def _stored_key(node: Mapping[str, Any]) -> tuple[str, str]:
    """(key in storedTemplates or "", template name) of a node."""
    ref = node.get("templateRef")
    if isinstance(ref, dict):
        scope = "cluster" if ref.get("clusterScope") else "namespaced"
        return f"{scope}/{ref.get('name')}/{ref.get('template')}", str(ref.get("template") or "")
    name = str(node.get("templateName") or "")
    scope = str(node.get("templateScope") or "")
    return (f"{scope}/{name}" if scope and not scope.startswith("local/") else ""), name


def _plan(template: Mapping[str, Any]) -> Iterator[Planned]:
    for group, entry in enumerate(template.get("steps") or ()):
        steps = [s for s in (entry if isinstance(entry, list) else [entry]) if isinstance(s, dict)]
        for position, step in enumerate(steps):
            yield Planned(str(step.get("name") or ""), _target(step), group, position, len(steps) > 1)
    tasks = [t for t in dig(dict(template), "dag", "tasks") or () if isinstance(t, dict)]
    for position, task in enumerate(_by_dependency(tasks)):
        yield Planned(str(task.get("name") or ""), _target(task), 0, position, False)


def _target(step: Mapping[str, Any]) -> str:
    return str(step.get("template") or dig(dict(step), "templateRef", "template") or "")


def _by_dependency(tasks: list[Document]) -> list[Document]:
    """Tasks after what they wait for; among those that are free, in the order of the manifest (which a cycle keeps)."""
    names = {task.get("name") for task in tasks}
    waits = {id(task): _dependencies(task) & names for task in tasks}
    ordered: list[Document] = []
    placed: set[Any] = set()
    rest = tasks
    while rest:
        ready = [task for task in rest if waits[id(task)] <= placed]
        if not ready:
            return ordered + rest
        ordered += ready
        placed |= {task.get("name") for task in ready}
        done = {id(task) for task in ready}
        rest = [task for task in rest if id(task) not in done]
    return ordered


def _dependencies(task: Document) -> set[Any]:
    """Names that a task waits for. `depends` is read as words: a name more than needed only affects the order."""
    depends = str(task.get("depends") or "")
    for sign in "&|!()":
        depends = depends.replace(sign, " ")
    return {word.split(".")[0] for word in depends.split()} | set(task.get("dependencies") or ()) - {task.get("name")}
