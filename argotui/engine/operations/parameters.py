"""Overriding workflow parameters, the same way in submit, retry and resubmit (§6.1)."""

from __future__ import annotations

from collections.abc import Sequence

from argotui.engine.operations.refusal import OperationRefused
from argotui.model.documents import Document


def override_parameters(spec: Document, texts: Sequence[str]) -> None:
    """Puts the `NAME=VALUE` texts before the declared parameters that are not overridden.  Changes `spec`."""
    if not texts:
        return
    passed = [_parameter(text) for text in texts]
    names = {parameter["name"] for parameter in passed}
    arguments = spec["arguments"] = dict(spec.get("arguments") or {})
    declared = arguments.get("parameters") or []
    arguments["parameters"] = [*passed, *(p for p in declared if p.get("name") not in names)]


def _parameter(text: str) -> Document:
    name, separator, value = text.partition("=")
    if not separator:
        raise OperationRefused(f"expected parameter of the form: NAME=VALUE. Received: {text}")
    return {"name": name, "value": value}
