"""What a workflow refers to by name and the engine will look up: templates, ConfigMaps, service accounts."""

from collections.abc import Iterator
from typing import Any

from argotui.model.documents import Document
from argotui.model.resources import (
    CLUSTER_WORKFLOW_TEMPLATES,
    CONFIG_MAPS,
    SERVICE_ACCOUNTS,
    WORKFLOW_TEMPLATES,
    Resource,
)

Reference = tuple[Resource, str]
"""Kind and name; the namespace is the workflow's own."""


def references(document: Document) -> set[Reference]:
    """All references in `spec`, those with a name known only at run time left out."""
    return set(_walk(document.get("spec")))


def _walk(start: Any) -> Iterator[Reference]:
    stack = [start]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            for key, child in value.items():
                if key in ("templateRef", "workflowTemplateRef") and isinstance(child, dict):
                    yield from _template(child)
                elif key == "executor" and isinstance(child, dict):
                    yield from _account(child)
                elif key == "parameters" and isinstance(child, list):
                    for parameter in child:
                        yield from _config_map(parameter)
                stack.append(child)


def _template(reference: Document) -> Iterator[Reference]:
    name = reference.get("name")
    if isinstance(name, str) and name and "{{" not in name:
        yield (CLUSTER_WORKFLOW_TEMPLATES if reference.get("clusterScope") else WORKFLOW_TEMPLATES), name


def _account(executor: Document) -> Iterator[Reference]:
    name = executor.get("serviceAccountName")
    if isinstance(name, str) and name:
        yield SERVICE_ACCOUNTS, name


def _config_map(parameter: Any) -> Iterator[Reference]:
    source = parameter.get("valueFrom") if isinstance(parameter, dict) else None
    selector = source.get("configMapKeyRef") if isinstance(source, dict) else None
    name = selector.get("name") if isinstance(selector, dict) else None
    if isinstance(name, str) and name and "{{" not in name:
        yield CONFIG_MAPS, name
