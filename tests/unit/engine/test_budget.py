"""podDisruptionBudget: made with the workflow, gone with its end (§2.15)."""

from __future__ import annotations

import pytest

from argotui.engine.effects import CreateDisruptionBudget

from .builders import call, steps, workflow
from .simulator import Outcome, Simulation


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("code", [0, 1])
def test_a_budget_lasts_as_long_as_the_workflow(fresh: bool, code: int) -> None:
    document = workflow(steps(call("a")), podDisruptionBudget={"minAvailable": 9999})
    simulation = Simulation(document, lambda _node: Outcome(exit_code=code), fresh=fresh)
    simulation.play(until=lambda: bool(simulation.pods))
    budget = simulation.budgets["wf"]
    label = {"workflows.argoproj.io/workflow": "wf"}
    assert budget["spec"] == {"minAvailable": 9999, "selector": {"matchLabels": label}}
    assert (budget["metadata"]["labels"], budget["metadata"]["ownerReferences"][0]["kind"]) == (label, "Workflow")
    simulation.play()
    assert simulation.is_complete
    assert not simulation.budgets


def test_a_selector_of_its_own_stays() -> None:
    own = {"matchLabels": {"a": "b"}}
    simulation = Simulation(workflow(steps(call("a")), podDisruptionBudget={"maxUnavailable": 1, "selector": own}))
    simulation.advance([])
    assert simulation.budgets["wf"]["spec"]["selector"] == own


def test_nobody_else_gets_one() -> None:
    simulation = Simulation(workflow(steps(call("a")))).play()
    assert not any(isinstance(effect, CreateDisruptionBudget) for effect in simulation.effects)
