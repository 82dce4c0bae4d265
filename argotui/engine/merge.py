"""Layers of a spec: the Workflow over its WorkflowTemplate over the controller's defaults (§2.3).

All functions return new documents.  Lists merge by the keys of the strategic merge patch; on top of that the
hooks, the labels from expressions and the arguments have rules of their own, because a half-merged hook or a
parameter with two sources would be nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argotui.model.documents import Document, clone
from argotui.model.patching import strategic_merge

Spec = Mapping[str, Any]

TEMPLATE_TYPES: Final[tuple[str, ...]] = (
    "steps", "dag", "container", "containerSet", "script", "resource", "data", "suspend", "http", "plugin",
)  # fmt: skip
"""Fields of a template that say what it does; exactly one is set."""

_BACKENDS: Final[tuple[str, ...]] = ("artifactory", "azure", "git", "gcs", "hdfs", "http", "oss", "raw", "s3", "plugin")
"""Storage backends in the order in which the first one set counts as the artifact's."""

_VALUES: Final[tuple[str, ...]] = ("value", "default", "valueFrom")


def join_specs(workflow: Spec, template: Spec | None, defaults: Spec | None) -> Document:
    """The spec that runs: the workflow's own fields first, then the template's, then the controller's defaults."""
    joined = _layered(template or {}, workflow)
    joined = _layered(defaults or {}, joined)
    joined.pop("suspend", None)
    if workflow.get("suspend") is not None:
        joined["suspend"] = workflow["suspend"]
    arguments = joined.get("arguments")
    if arguments:
        _settle_parameters(arguments, workflow, template or {})
        _settle_artifacts(arguments, workflow, template or {})
    return joined


def stored_spec_is_stale(workflow: Document) -> bool:
    """Whether `status.storedWorkflowTemplateSpec` has to be joined anew, so that an edit of the spec arrives."""
    spec = workflow.get("spec") or {}
    stored = (workflow.get("status") or {}).get("storedWorkflowTemplateSpec")
    if not stored:
        return True
    if spec.get("entrypoint") and not stored.get("entrypoint"):
        return True
    if spec.get("suspend") is not None or stored.get("suspend") is not None:
        return True
    return (spec.get("shutdown") or "") != (stored.get("shutdown") or "")


def fill_metadata(metadata: Spec, defaults: Spec) -> Document:
    """Metadata with the labels and annotations of the defaults wherever it has none of that key."""
    result: Document = clone(dict(metadata))
    for key in ("labels", "annotations"):
        if defaults.get(key):
            result[key] = {**defaults[key], **(result.get(key) or {})}
    return result


def with_template_defaults(template: Document, defaults: Spec | None) -> Document:
    """A template over `spec.templateDefaults`; what the defaults say about other types of template is left out."""
    if not defaults:
        return template
    kind = template_type(template)
    under = {key: value for key, value in defaults.items() if key not in TEMPLATE_TYPES or key == kind}
    return strategic_merge(under, template, "Template")


def template_type(template: Spec) -> str:
    """The field that says what the template does (`container`, `steps`, …), empty when none is set."""
    return next((key for key in TEMPLATE_TYPES if template.get(key) is not None), "")


def _layered(lower: Spec, upper: Spec) -> Document:
    lower_hooks, lower_labels = lower.get("hooks") or {}, _labels_from(lower)
    below = {key: value for key, value in lower.items() if key != "hooks"}
    if lower_labels:
        metadata = below["workflowMetadata"]
        below["workflowMetadata"] = {key: value for key, value in metadata.items() if key != "labelsFrom"}
    joined = strategic_merge(below, dict(upper), "WorkflowSpec")
    if lower_hooks:
        joined["hooks"] = {**clone(lower_hooks), **(joined.get("hooks") or {})}
    if lower_labels:
        metadata = joined["workflowMetadata"]
        metadata["labelsFrom"] = {**clone(lower_labels), **(metadata.get("labelsFrom") or {})}
    return joined


def _labels_from(spec: Spec) -> Mapping[str, Any]:
    return (spec.get("workflowMetadata") or {}).get("labelsFrom") or {}


def _by_name(spec: Spec, key: str) -> dict[str, Document]:
    entries = (spec.get("arguments") or {}).get(key) or ()
    return {entry.get("name") or "": entry for entry in entries}


def _has_value(parameter: Spec) -> bool:
    return any(parameter.get(key) is not None for key in _VALUES)


def _settle_parameters(arguments: Document, workflow: Spec, template: Spec) -> None:
    """A parameter is taken whole from the highest layer that gives it a value, never mixed."""
    layers = [_by_name(workflow, "parameters"), _by_name(template, "parameters")]
    for index, parameter in enumerate(arguments.get("parameters") or ()):
        if not _has_value(parameter):
            continue
        for layer in layers:
            own = layer.get(parameter.get("name") or "")
            if own is not None and _has_value(own):
                arguments["parameters"][index] = clone(own)
                break


def _settle_artifacts(arguments: Document, workflow: Spec, template: Spec) -> None:
    layers = [_by_name(workflow, "artifacts"), _by_name(template, "artifacts")]
    for index, artifact in enumerate(arguments.get("artifacts") or ()):
        for layer in layers:
            own = layer.get(artifact.get("name") or "")
            if own is not None:
                arguments["artifacts"][index] = _overridden(artifact, own)
                break


def _overridden(merged: Document, own: Document) -> Document:
    """The layer's own artifact; what it leaves open about the same backend comes from below."""
    backend = _backend(own)
    if not backend or _backend(merged) != backend:
        return clone(own)  # type: ignore[no-any-return]
    location = {key: merged[key] for key in _BACKENDS if key in merged}
    return strategic_merge(location, own, "ArtifactLocation")


def _backend(artifact: Spec) -> str:
    return next((key for key in _BACKENDS if artifact.get(key) is not None), "")
