"""The template as the executor reads it: JSON in the form Go's encoder gives it (§4.5).

Go writes a struct field without `omitempty` even when it is empty, so `inputs`, `outputs`,
`metadata`, and a container's `name` and `resources` are always there.  Parameters of the inputs are
left out: they are substituted already, and may be large.
"""

from __future__ import annotations

from argotui.model.documents import Document, clone

_SINGLE = ("container", "script")
_LISTS = ("initContainers", "sidecars")


def executor_template(template: Document) -> Document:
    """A copy of the resolved template in the executor's form."""
    result: Document = clone(template)
    artifacts = (result.get("inputs") or {}).get("artifacts")
    result["inputs"] = {"artifacts": artifacts} if artifacts else {}
    for key in ("outputs", "metadata"):
        result[key] = result.get(key) or {}
    for container in _containers(result):
        container.setdefault("name", "")
        container["resources"] = container.get("resources") or {}
    if isinstance(result.get("script"), dict):
        result["script"].setdefault("source", "")
    return result


def _containers(template: Document) -> list[Document]:
    found = [template.get(key) for key in _SINGLE]
    for key in _LISTS:
        found.extend(template.get(key) or ())
    found.extend((template.get("containerSet") or {}).get("containers") or ())
    return [c for c in found if isinstance(c, dict)]
