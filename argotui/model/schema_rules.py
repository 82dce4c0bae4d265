"""The rules of the CustomResourceDefinitions that a schema cannot express, by hand.

A real API server evaluates them as CEL (`x-kubernetes-validations`); the local one calls this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argotui.model.documents import Document, dig

TEMPLATE_TYPES = (
    "container", "containerSet", "dag", "data", "http", "plugin", "resource", "script", "steps", "suspend",
)  # fmt: skip
"""The fields of a template of which at most one may be there."""

ONE_TYPE_MESSAGE = "template must have at most one template type"

NO_SCHEDULE_MESSAGE = "schedules is required"

_TEMPLATE_LISTS = {
    "Workflow": ("spec", "templates"),
    "WorkflowTemplate": ("spec", "templates"),
    "ClusterWorkflowTemplate": ("spec", "templates"),
    "CronWorkflow": ("spec", "workflowSpec", "templates"),
}


def _one_template_type(document: Document) -> list[tuple[str, str]]:
    path = _TEMPLATE_LISTS.get(str(document.get("kind")))
    templates = dig(document, *path) if path else None
    if not isinstance(templates, list) or not path:
        return []
    crowded = any(len(template_types(template)) > 1 for template in templates)
    return [(".".join(path), ONE_TYPE_MESSAGE)] if crowded else []


def template_types(template: Any) -> list[str]:
    """The template types that a template has; null and absent count as not there."""
    if not isinstance(template, dict):
        return []
    return [name for name in TEMPLATE_TYPES if template.get(name) is not None]


def _some_schedule(document: Document) -> list[tuple[str, str]]:
    spec = document.get("spec")
    if document.get("kind") != "CronWorkflow" or not isinstance(spec, dict):
        return []
    silent = spec.get("schedules") is None and spec.get("schedule") is None
    return [("spec", NO_SCHEDULE_MESSAGE)] if silent else []


RULES: dict[str, Callable[[Document], list[tuple[str, str]]]] = {
    "template.one-type": _one_template_type,
    "cron.some-schedule": _some_schedule,
}
"""Rule id to its check."""


def check_rules(document: Document) -> list[tuple[str, str]]:
    """What a document breaks: (path of the field, message), as the API server reports it.

    A refusal reads `KIND.GROUP "NAME" is invalid: PATH: Invalid value: MESSAGE`.
    """
    return [finding for rule in RULES.values() for finding in rule(document)]
