"""CustomResourceDefinitions of Argo Workflows, made from the manifest models."""

from __future__ import annotations

from functools import cache
from typing import Any

from argotui.model import resources
from argotui.model.documents import Document, clone
from argotui.model.manifest import internal, workflow
from argotui.model.manifest.parts import Part
from argotui.model.resources import Resource
from argotui.model.schema_rules import NO_SCHEDULE_MESSAGE, ONE_TYPE_MESSAGE, TEMPLATE_TYPES
from argotui.model.structural import Schema, structural

_MODELS: dict[Resource, type[Part]] = {
    resources.WORKFLOWS: workflow.Workflow,
    resources.WORKFLOW_TEMPLATES: workflow.WorkflowTemplate,
    resources.CLUSTER_WORKFLOW_TEMPLATES: workflow.ClusterWorkflowTemplate,
    resources.CRON_WORKFLOWS: workflow.CronWorkflow,
    resources.WORKFLOW_TASK_RESULTS: internal.WorkflowTaskResult,
    resources.WORKFLOW_TASK_SETS: internal.WorkflowTaskSet,
    resources.WORKFLOW_ARTIFACT_GC_TASKS: internal.WorkflowArtifactGCTask,
    resources.WORKFLOW_EVENT_BINDINGS: workflow.WorkflowEventBinding,
}
_COLUMNS: dict[str, list[Document]] = {
    "Workflow": [
        {
            "name": "Status",
            "type": "string",
            "jsonPath": ".status.phase",
            "description": "Phase of the workflow",
        },
        {
            "name": "Age",
            "type": "date",
            "format": "date-time",
            "jsonPath": ".status.startedAt",
            "description": "When the workflow started",
        },
        {
            "name": "Message",
            "type": "string",
            "jsonPath": ".status.message",
            "description": "Why the workflow is in this phase",
        },
    ],
}


_ANYTHING: Schema = {
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
    "x-kubernetes-preserve-unknown-fields": True,
}


def crds(*, minimal: bool = False) -> list[Document]:
    """The eight CustomResourceDefinitions, in the order of `resources.ARGO`; `minimal` ones let every field pass.

    Each list is new, but the schemas below `openAPIV3Schema` share parts: treat them as read-only.
    """
    return [_crd(resource, _ANYTHING if minimal else object_schema(resource)) for resource in resources.ARGO]


def _crd(resource: Resource, schema: Schema) -> Document:
    version: Document = {
        "name": resource.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    if columns := _COLUMNS.get(resource.kind):
        version["additionalPrinterColumns"] = clone(columns)
    if resource.status_subresource:
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.group_resource},
        "spec": {
            "group": resource.group,
            "names": _names(resource),
            "scope": "Namespaced" if resource.namespaced else "Cluster",
            "versions": [version],
        },
    }


def _names(resource: Resource) -> Document:
    names: Document = {
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
        "plural": resource.plural,
        "singular": resource.singular,
    }
    if resource.short_names:
        names["shortNames"] = list(resource.short_names)
    return names


@cache
def object_schema(resource: Resource) -> Schema:
    """The structural schema of one of the eight kinds (read-only).  KeyError for another resource."""
    schema = dict(structural(_MODELS[resource]))
    properties = dict(schema["properties"])
    properties["metadata"] = {"type": "object"}
    schema["properties"] = properties
    if resource is resources.CRON_WORKFLOWS:
        cron = _below(properties["spec"], "workflowSpec", _with_rule)
        properties["spec"] = {**cron, "x-kubernetes-validations": [_SOME_SCHEDULE]}
    elif "templates" in properties.get("spec", {}).get("properties", {}):
        properties["spec"] = _with_rule(properties["spec"])
    return schema


def _below(schema: Schema, name: str, change: Any) -> Schema:
    properties = schema["properties"]
    return {**schema, "properties": {**properties, name: change(properties[name])}}


def _with_rule(spec: Schema) -> Schema:
    """The workflow spec with the rule on its list of templates."""
    rule = {"maxItems": _MOST_TEMPLATES, "x-kubernetes-validations": [_ONE_TYPE]}
    return _below(spec, "templates", lambda templates: {**templates, **rule})


_MOST_TEMPLATES = 100_000
"""More than fit into the largest request that an API server takes. Without a bound it refuses the rule below, whose
cost it reckons by the longest list that there could be."""

_SOME_SCHEDULE: Document = {"rule": "has(self.schedules) || has(self.schedule)", "message": NO_SCHEDULE_MESSAGE}
_COUNT = " + ".join(f"(has(t.{name}) ? 1 : 0)" for name in TEMPLATE_TYPES)
_ONE_TYPE: Document = {"rule": f"self.all(t, {_COUNT} <= 1)", "message": ONE_TYPE_MESSAGE}
