"""Output parameters of resource templates: `jsonPath` and `jqFilter` (§5.3)."""

from __future__ import annotations

from argotui.engine.kubectlpath import PathError, render
from argotui.executor.jq import JqError, jq_filter
from argotui.executor.resource.api import ResourceError, usage
from argotui.model.anystring import any_string
from argotui.model.documents import Document, clone


async def outputs_of(template: Document, document: Document | None) -> Document:
    """The template's outputs with their values; without an object these are the defaults. Raises ResourceError."""
    outputs: Document = clone(template.get("outputs") or {})
    for parameter in outputs.get("parameters") or ():
        source = parameter.get("valueFrom")
        if source is None:
            continue
        if document is None:
            parameter["value"] = any_string(source.get("default")) or ""
        elif source.get("jsonPath"):
            parameter["value"] = _by_path(str(source["jsonPath"]), document)
        elif source.get("jqFilter"):
            parameter["value"] = await _by_filter(str(source["jqFilter"]), document)
    return outputs


def _by_path(path: str, document: Document) -> str:
    try:
        return render(path, document)
    except PathError as error:
        raise usage(f"error executing jsonpath {_quoted(path)}: Error executing template: {error}") from None


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def _by_filter(program: str, document: Document) -> str:
    try:
        return await jq_filter(program, document)
    except JqError as error:
        raise ResourceError(str(error)) from None
