"""Steps that work on objects of the cluster, workflows among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import Place, View

_WORKFLOW: Final = re.compile(r"^kind:\s*[\"']?Workflow[\"']?\s*$", re.MULTILINE)


def _children(view: View) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The templates that create workflows."""
    for place in view.templates:
        resource = place.template.get("resource") or {}
        if resource.get("action") in ("create", "apply") and _WORKFLOW.search(str(resource.get("manifest") or "")):
            yield place, resource


def unwatched_children(view: View) -> Iterator[Remark]:
    """Workflows that are created and then forgotten: the step succeeds whatever becomes of them."""
    for place, resource in _children(view):
        if not resource.get("successCondition"):
            reason = "the step is over as soon as the child workflow exists, whatever becomes of it"
            hint = (
                "add successCondition: status.phase == Succeeded and failureCondition: status.phase in (Failed, Error)"
            )
            yield Remark(f"{place.path}.resource", reason, hint)


def workflow_of_workflows(view: View) -> Iterator[Remark]:
    """Workflows that create workflows."""
    for place, _ in _children(view):
        reason = "a workflow that creates workflows is hard to follow, to stop and to retry"
        yield Remark(f"{place.path}.resource", reason, "call the template itself with templateRef where that does")


def acts_as_default(view: View) -> Iterator[Remark]:
    """Resource templates whose pods act as the service account `default`."""
    if view.spec.get("serviceAccountName"):
        return
    for place in view.templates:
        if place.template.get("resource") is not None and not place.template.get("serviceAccountName"):
            reason = "acts on the cluster with the rights of the service account `default`, whoever submits"
            yield Remark(f"{place.path}.resource", reason, "name a serviceAccountName that may do this")
