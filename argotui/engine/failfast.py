"""`failFast` of a template (not to be confused with that of a DAG): see §2.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argotui.engine.program import TemplatePlan

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

MESSAGE: Final = "template has failed or errored children and failFast enabled"


def fails_fast(ex: Execution, plan: TemplatePlan, node_id: str) -> str:
    """The message with which the node ends now, empty when it goes on: some child of it failed, no pod of
    it is active, and its template asks for it."""
    if not plan.document.get("failFast"):
        return ""
    tally = ex.nodes.tally(node_id)
    return MESSAGE if tally.failed and not tally.pods else ""


def is_failing(ex: Execution, plan: TemplatePlan, node_id: str) -> bool:
    """No more children are started, because one has failed and the template asks for it."""
    return bool(plan.document.get("failFast")) and ex.nodes.tally(node_id).failed > 0
