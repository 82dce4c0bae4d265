"""Submitting: options of the command line over a manifest, and workflows made from templates (§6.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from argotui.engine.operations.parameters import override_parameters
from argotui.engine.operations.refusal import OperationRefused
from argotui.engine.owners import owned_by
from argotui.model import documents
from argotui.model.documents import Document, clone
from argotui.model.keys import (
    ANNOTATION_SCHEDULED_TIME,
    API_VERSION,
    LABEL_CLUSTER_WORKFLOW_TEMPLATE,
    LABEL_CREATOR,
    LABEL_CREATOR_EMAIL,
    LABEL_CREATOR_PREFERRED_USERNAME,
    LABEL_CRON_WORKFLOW,
    LABEL_INSTANCE_ID,
    LABEL_WORKFLOW_TEMPLATE,
)
from argotui.model.times import format_time


@dataclass(frozen=True)
class SubmitOptions:
    """What can be said beside the manifest.  Empty values leave it as it is."""

    name: str = ""
    generate_name: str = ""
    entrypoint: str = ""
    service_account: str = ""
    pod_priority_class: str = ""
    priority: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    parameters: Sequence[str] = ()
    """`NAME=VALUE`; they come first and replace declared ones of the same name."""
    scheduled_time: str = ""
    """RFC 3339; what `workflow.scheduledTime` will be."""
    owner: Document | None = None
    """An owner reference to add."""
    instance_id: str = ""
    """The controller that is to run it; empty means the one without an instance id."""


def parameters_of_file(values: Mapping[str, Any]) -> list[str]:
    """`NAME=VALUE` texts of a parameter file's mapping; what is not text becomes JSON."""
    return [f"{k}={v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in values.items()]


def apply_submit_options(document: Document, options: SubmitOptions) -> Document:
    """A copy of a Workflow as it is sent.  Raises OperationRefused."""
    result: Document = clone(document)
    spec = result.setdefault("spec", {})
    given = {
        "entrypoint": options.entrypoint,
        "serviceAccountName": options.service_account,
        "podPriorityClassName": options.pod_priority_class,
        "priority": options.priority,
    }
    spec |= {key: value for key, value in given.items() if value not in ("", None)}
    override_parameters(spec, options.parameters)
    _name(result.setdefault("metadata", {}), options)
    return result


def _name(metadata: Document, options: SubmitOptions) -> None:
    names = {"generateName": options.generate_name, "name": options.name}
    metadata |= {key: value for key, value in names.items() if value}
    labels = {**(metadata.get("labels") or {}), **options.labels}
    annotations = {**(metadata.get("annotations") or {}), **options.annotations}
    if options.scheduled_time:
        annotations[ANNOTATION_SCHEDULED_TIME] = options.scheduled_time
    for key in (LABEL_CREATOR, LABEL_CREATOR_EMAIL, LABEL_CREATOR_PREFERRED_USERNAME, LABEL_INSTANCE_ID):
        labels.pop(key, None)
    if options.instance_id:
        labels[LABEL_INSTANCE_ID] = options.instance_id
    for key, value in (("labels", labels), ("annotations", annotations)):
        if value:
            metadata[key] = value
        else:
            metadata.pop(key, None)
    if options.owner is not None:
        metadata["ownerReferences"] = [*(metadata.get("ownerReferences") or ()), clone(options.owner)]


def submit_from(source: Document, *, now: datetime) -> Document:
    """The Workflow that a WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow stands for.

    Its namespace is the source's, or absent for a cluster template.  Raises OperationRefused for other kinds.
    """
    kind = documents.kind(source)
    if kind == "CronWorkflow":
        return _of_cron(source, now)
    labels = {
        "WorkflowTemplate": LABEL_WORKFLOW_TEMPLATE,
        "ClusterWorkflowTemplate": LABEL_CLUSTER_WORKFLOW_TEMPLATE,
    }
    if kind not in labels:
        raise OperationRefused(f"Resource Kind '{kind}' is not supported for submitting")
    name = documents.name(source)
    reference: Document = {"name": name}
    if kind == "ClusterWorkflowTemplate":
        reference["clusterScope"] = True
    return _workflow(source, {"labels": {labels[kind]: name}}, {"workflowTemplateRef": reference})


def _of_cron(cron: Document, now: datetime) -> Document:
    spec = cron.get("spec") or {}
    extra = clone(spec.get("workflowMetadata") or {})
    name = documents.name(cron)
    labels = {LABEL_CRON_WORKFLOW: name}
    if instance := documents.labels(cron).get(LABEL_INSTANCE_ID):
        labels[LABEL_INSTANCE_ID] = instance
    metadata: Document = {
        "labels": {**labels, **(extra.get("labels") or {})},
        "annotations": {ANNOTATION_SCHEDULED_TIME: format_time(now), **(extra.get("annotations") or {})},
        "ownerReferences": [owned_by(cron, "CronWorkflow")],
    }
    if extra.get("finalizers"):
        metadata["finalizers"] = extra["finalizers"]
    return _workflow(cron, metadata, clone(spec.get("workflowSpec") or {}))


def _workflow(source: Document, metadata: Document, spec: Document) -> Document:
    head: Document = {"generateName": f"{documents.name(source)}-"}
    if documents.namespace(source):
        head["namespace"] = documents.namespace(source)
    return {"apiVersion": API_VERSION, "kind": "Workflow", "metadata": {**head, **metadata}, "spec": spec}
