"""Outputs that a template declares (§3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from argotui.engine.validate.artifacts import path_fault
from argotui.engine.validate.finding import Finding, problem, rows
from argotui.engine.validate.names import check_names, parameter_name_fault
from argotui.model.documents import Document

GO_TYPES: Final = {
    "container": "Container", "containerSet": "ContainerSet", "script": "Script", "resource": "Resource",
    "dag": "DAG", "steps": "Steps", "suspend": "Suspend", "data": "Data", "http": "HTTP", "plugin": "Plugin",
}  # fmt: skip
LEAVES: Final = frozenset(GO_TYPES) - {"steps", "dag"}
_TAG: Final = re.compile(r"\{\{[-a-zA-Z0-9]+(\.[-a-zA-Z0-9_]+)*\}\}")
_SOURCES: Final = ("path", "jqFilter", "jsonPath", "parameter", "expression")


def is_parameterised(text: str) -> bool:
    """Whether a text holds a tag, so that it is known only when the workflow runs."""
    return _TAG.search(text) is not None


def check_output_names(outputs: Mapping[str, Any], path: str, at: str) -> Iterator[Finding]:
    """Names of parameters and artifacts."""
    for key in ("parameters", "artifacts"):
        yield from check_names(rows(outputs.get(key)), f"{path}.{key}", f"{at}.{key} ", parameters=True)


def check_outputs(template: Document, kind: str, path: str, at: str) -> Iterator[Finding]:
    """Paths and sources.  template: inputs filled in; at: `templates.NAME`."""
    outputs = template.get("outputs") or {}
    for index, artifact in enumerate(rows(outputs.get("artifacts"))):
        yield from _check_artifact(artifact, kind, f"{path}.outputs.artifacts[{index}]", at)
    for index, parameter in enumerate(rows(outputs.get("parameters"))):
        where = f"{path}.outputs.parameters[{index}]"
        reference = f"{at}.outputs.parameters.{parameter.get('name') or ''}"
        yield from _check_sources(parameter, where, reference)
        if parameter.get("valueFrom") is not None:
            yield from _check_fit(parameter["valueFrom"], kind, where, reference)
        yield from _check_global_name(parameter, where, reference)


def _check_artifact(artifact: Document, kind: str, path: str, at: str) -> Iterator[Finding]:
    reference = f"{at}.outputs.artifacts.{artifact.get('name') or ''}"
    if kind in LEAVES:
        if fault := path_fault(artifact):
            yield problem(f"{path}.path", fault, at=f"error in {reference}: ")
    elif artifact.get("path"):
        yield problem(f"{path}.path", "path only valid in container/script templates", at=f"{reference}.")
    yield from _check_global_name(artifact, path, reference)


def _check_global_name(output: Document, path: str, reference: str) -> Iterator[Finding]:
    name = output.get("globalName") or ""
    if name and not is_parameterised(name) and (fault := parameter_name_fault(name)):
        yield problem(f"{path}.globalName", fault, at=f"{reference}.globalName: ")


def _check_sources(parameter: Document, path: str, reference: str) -> Iterator[Finding]:
    """An output parameter has exactly one source."""
    source, value = parameter.get("valueFrom"), parameter.get("value")
    if source is not None and value is not None:
        yield problem(path, "has both valueFrom and value specified, choose one", at=f"{reference} ")
    elif source is None and value is None:
        yield problem(
            path, "does not have valueFrom or value specified", at=f"{reference} ", suggestion="add valueFrom"
        )
    elif source is not None:
        given = sum(1 for key in _SOURCES if source.get(key)) + (source.get("supplied") is not None)
        if given == 0:
            choices = "path, jqFilter, jsonPath, parameter, raw, expression"
            yield problem(f"{path}.valueFrom", f"valueFrom type unspecified. choose one of: {choices}")
        elif given > 1:
            choices = "path, jqFilter, jsonPath, parameter, raw"
            yield problem(f"{path}.valueFrom", f"multiple valueFrom types specified. choose one of: {choices}")


def _check_fit(source: Document, kind: str, path: str, reference: str) -> Iterator[Finding]:
    """The source is one that this type of template has."""
    where, go_type = f"{path}.valueFrom", GO_TYPES.get(kind, "")
    if kind in ("container", "containerSet", "script") and not source.get("path"):
        yield problem(where, f"path must be specified for {go_type} templates", at=f"{reference}.")
    elif kind == "resource" and not source.get("jqFilter") and not source.get("jsonPath"):
        reason = f".jqFilter or jsonPath must be specified for {go_type} templates"
        yield problem(where, reason, at=f"{reference} ")
    elif kind in ("steps", "dag"):
        if not source.get("parameter") and not source.get("expression"):
            reason = f"parameter or expression must be specified for {go_type} templates"
            yield problem(where, reason, at=f"{reference}.")
        elif source.get("parameter") and source.get("expression"):
            both = "shouldn't have both `from` and `expression` specified in `ValueFrom`"
            yield problem(where, f"{both} for {go_type} templates", at=f"{reference} ")
