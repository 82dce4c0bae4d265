"""podDisruptionBudget: there from the workflow's start to its end (§2.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argotui.engine.effects import CreateDisruptionBudget, DeleteDisruptionBudget
from argotui.engine.owners import owned_by
from argotui.model.documents import Document
from argotui.model.keys import LABEL_WORKFLOW

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def open_budget(ex: Execution) -> None:
    """Ask for the budget, if the workflow wants one; also after each load, since it may have been lost."""
    wanted = ex.spec.get("podDisruptionBudget")
    if isinstance(wanted, dict):
        ex.effects.append(CreateDisruptionBudget(_budget(ex, wanted)))


def close_budget(ex: Execution) -> None:
    """The workflow is over: nothing has to be protected any more."""
    program = getattr(ex, "program", None)  # there is none when the workflow could not even be prepared
    if program is not None and isinstance(ex.spec.get("podDisruptionBudget"), dict):
        ex.effects.append(DeleteDisruptionBudget(ex.name))


def _budget(ex: Execution, wanted: Document) -> Document:
    labels = {LABEL_WORKFLOW: ex.name}
    spec = dict(wanted)
    if spec.get("selector") is None:
        spec["selector"] = {"matchLabels": labels}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {
            "name": ex.name,
            "namespace": ex.namespace,
            "labels": labels,
            "ownerReferences": [owned_by(ex.workflow)],
        },
        "spec": spec,
    }
