"""The spec that runs, and what is settled once at the start of a workflow (§2.1, §2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argotui.engine.errors import EngineError
from argotui.engine.expressions import evaluate, go_type
from argotui.engine.gotext import quote
from argotui.engine.merge import fill_metadata, join_specs, stored_spec_is_stale
from argotui.engine.program import Program
from argotui.engine.reporting import invalid_events
from argotui.engine.restrictions import MUST_NOT_CHANGE, refusal
from argotui.engine.scopes import Globals, global_variables
from argotui.engine.sources import Base, Shelf
from argotui.engine.template import TemplateError, substitute_document
from argotui.engine.validate import validate
from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document, dig
from argotui.model.keys import (
    ANNOTATION_POD_NAME_FORMAT,
    API_VERSION,
    LABEL_CLUSTER_WORKFLOW_TEMPLATE,
    LABEL_WORKFLOW_TEMPLATE,
)
from argotui.model.labels import label_value_problems
from argotui.model.manifest import unsupported
from argotui.model.phase import Phase

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


_LATER: Final = ("templates", "hooks")
"""Parts of a spec whose variables have their values only when they are used."""


class Halted(Exception):
    """The workflow cannot be run; it ends at once with this phase and message."""

    def __init__(self, phase: Phase, message: str) -> None:
        super().__init__(message)
        self.phase = phase
        self.message = message


def prepare(ex: Execution, is_new: bool) -> None:
    """Set up `ex.program` and `ex.globals`; a new workflow is checked and marked. Raises Halted."""
    spec = _joined(ex, is_new)
    if is_new:
        _check(ex, spec)
    try:
        ex.globals = Globals(global_variables(ex.workflow, spec, ex.config_map), ex.workflow)
    except EngineError as error:
        raise Halted(Phase.FAILED, f"failed to set global parameters: {error}") from None
    ex.globals.now = ex.now
    try:
        settled = substitute_document({k: v for k, v in spec.items() if k not in _LATER}, ex.globals)
    except TemplateError as error:
        raise Halted(Phase.ERROR, str(error)) from None
    settled |= {"hooks": spec["hooks"]} if "hooks" in spec else {}
    ex.metrics = spec.get("metrics") or {}
    ex.program = Program(settled, _templates(ex, spec), _base(ex), Shelf(ex.lookup, ex.namespace, ex.status))
    if is_new:
        _mark(ex, settled)


# --- layers -----------------------------------------------------------------------------------


def _joined(ex: Execution, is_new: bool) -> Document:
    defaults = ex.config.workflow_defaults
    if defaults.get("metadata") and is_new:
        ex.workflow["metadata"] = fill_metadata(ex.workflow["metadata"], defaults["metadata"])
    refused = refusal(ex.config.template_referencing, ex.workflow["spec"])
    if refused:
        raise Halted(Phase.ERROR, refused)
    reference = ex.workflow["spec"].get("workflowTemplateRef")
    if reference is not None:
        return _from_template(ex, reference)
    if defaults.get("spec"):
        ex.workflow["spec"] = join_specs(ex.workflow["spec"], None, defaults["spec"])
    spec: Document = ex.workflow["spec"]
    return spec


def _from_template(ex: Execution, reference: Document) -> Document:
    """The spec over that of its template, kept in the status; an edit of the template comes too late."""
    stored: Document | None = ex.status.get("storedWorkflowTemplateSpec")
    own, defaults = ex.workflow["spec"], ex.config.workflow_defaults.get("spec")
    if stored and not stored_spec_is_stale(ex.workflow):
        if ex.config.template_referencing == "Secure" and join_specs(own, stored, defaults) != stored:
            raise Halted(Phase.ERROR, MUST_NOT_CHANGE)
        return stored
    if stored:  # a shutdown that was taken back by a retry must not come from there
        below: Document = {key: value for key, value in stored.items() if key != "shutdown"}
    else:
        below = _spec_of(ex, reference)
    spec = join_specs(own, below, defaults)
    ex.status["storedWorkflowTemplateSpec"] = spec
    return spec


def _spec_of(ex: Execution, reference: Document) -> Document:
    """The spec of the template that the workflow refers to. Raises Halted when there is none."""
    name, cluster = str(reference.get("name") or ""), bool(reference.get("clusterScope"))
    found = ex.lookup.cluster_workflow_template(name) if cluster else ex.lookup.workflow_template(ex.namespace, name)
    if found is None:
        resource = "clusterworkflowtemplates" if cluster else "workflowtemplates"
        raise Halted(Phase.ERROR, f'{resource}.argoproj.io "{name}" not found')
    return today(found).get("spec") or {}


def _templates(ex: Execution, spec: Document) -> list[Document]:
    """The templates as they were when the workflow first ran."""
    templates: list[Document] = spec.get("templates") or []
    reference = ex.workflow["spec"].get("workflowTemplateRef")
    if reference is None:
        return templates
    scope = f"{'cluster' if reference.get('clusterScope') else 'namespaced'}/{reference.get('name') or ''}"
    stored: Document = ex.status.get("storedTemplates") or {}
    new = {f"{scope}/{t.get('name') or ''}": t for t in templates}
    if not new.keys() <= stored.keys():
        ex.status["storedTemplates"] = {**new, **stored}
    return [stored.get(key, template) for key, template in new.items()]


def _base(ex: Execution) -> Base:
    """The workflow's own templates; upstream's spec made of a template has no name of its own."""
    return Base("local/" if ex.workflow["spec"].get("workflowTemplateRef") is not None else f"local/{ex.name}")


# --- the first time ---------------------------------------------------------------------------


def _check(ex: Execution, spec: Document) -> None:
    document = {**ex.workflow, "apiVersion": API_VERSION, "kind": "Workflow"}
    findings = validate(document, ex.lookup, defaults=ex.config.workflow_defaults)
    if findings:
        if ex.config.workflow_events:
            ex.effects.extend(invalid_events(findings))
        raise Halted(Phase.FAILED, f"invalid spec: {findings[0].message}")
    refused = unsupported({**document, "spec": spec})
    if refused:
        path, reason = refused[0]
        raise Halted(Phase.ERROR, f"{path}: {reason}")


def _mark(ex: Execution, spec: Document) -> None:
    """What the workflow carries from its start on."""
    metadata = ex.workflow["metadata"]
    given = spec.get("workflowMetadata") or {}
    labels = {**documents.labels(ex.workflow), **_label_of_template(ex), **(given.get("labels") or {})}
    labels |= _computed_labels(ex, given.get("labelsFrom") or {})
    annotations = {**documents.annotations(ex.workflow), **(given.get("annotations") or {})}
    ex.workflow["metadata"] = {**metadata, "labels": labels, "annotations": annotations}
    if ex.status.get("artifactRepositoryRef") is None:
        repository = ex.config.artifact_repository or {}
        ex.status["artifactRepositoryRef"] = {"default": True, "artifactRepository": repository}
    ex.status["artifactGCStatus"] = {**(ex.status.get("artifactGCStatus") or {}), "notSpecified": True}


def _computed_labels(ex: Execution, sources: Document) -> dict[str, str]:
    """`workflowMetadata.labelsFrom`: labels that are the values of expressions. Raises Halted."""
    try:
        return {
            name: _computed_label(ex, name, (sources[name] or {}).get("expression") or "") for name in sorted(sources)
        }
    except EngineError as error:
        raise Halted(Phase.ERROR, str(error)) from None


def _computed_label(ex: Execution, name: str, expression: str) -> str:
    problem = f"failed to evaluate label {quote(name)} expression {quote(expression)}"
    try:
        value = evaluate(expression, ex.globals)
    except EngineError as error:
        raise EngineError(f"{problem}: {error}") from None
    if not isinstance(value, str):
        raise EngineError(f"{problem} evaluted to {go_type(value)} but must be a string")
    unfit = label_value_problems(value)
    if unfit:  # the API would refuse every later write of the workflow
        raise EngineError(f"{problem}: {quote(value)} cannot be the value of a label: {unfit[0]}")
    return value


def _label_of_template(ex: Execution) -> dict[str, str]:
    reference = ex.workflow["spec"].get("workflowTemplateRef")
    name = dig(ex.workflow["spec"], "workflowTemplateRef", "name")
    if reference is None or not name:
        return {}
    cluster = reference.get("clusterScope")
    return {LABEL_CLUSTER_WORKFLOW_TEMPLATE if cluster else LABEL_WORKFLOW_TEMPLATE: str(name)}


def name_pod_format(ex: Execution) -> None:
    """Say how the pods are named. As upstream, only of a workflow that did not have to wait for its own locks."""
    sections = (ex.status.get("synchronization") or {}).values()
    if any(section.get("waiting") for section in sections):
        return
    annotations = documents.annotations(ex.workflow)
    if annotations.get(ANNOTATION_POD_NAME_FORMAT) != ex.config.pod_name_version:
        annotations = {**annotations, ANNOTATION_POD_NAME_FORMAT: ex.config.pod_name_version}
        ex.workflow["metadata"] = {**ex.workflow["metadata"], "annotations": annotations}
