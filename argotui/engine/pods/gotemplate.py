"""The template as the executor reads it from `ARGO_TEMPLATE` (§4.5)."""

from __future__ import annotations

from argotui.engine.goform import go_template
from argotui.model.documents import Document


def executor_template(template: Document) -> Document:
    """A copy in Go's form, without the input parameters: they are substituted already, and may be large."""
    result = go_template(template)
    artifacts = result["inputs"].get("artifacts")
    result["inputs"] = {"artifacts": artifacts} if artifacts else {}
    return result
