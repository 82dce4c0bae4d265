"""Displays say who holds what is waited for."""

from __future__ import annotations

from argotui.engine.digest import WorkflowState, digest
from argotui.engine.tree import display_rows

from .simulator import Outcome, Simulation
from .test_locks import locked, waiting_pair, waiting_workflows

MESSAGE = "Waiting for argo/Mutex/m lock. Lock status: 0/1"


def test_a_node_waits_for_another_workflow() -> None:
    _, second = waiting_pair()
    rows = {row.name: row.message for row in display_rows(second.workflow, clean=str)}
    assert rows["a"] == f"{MESSAGE}; held by argo/first"
    said = digest(second.workflow)
    assert (said.state, said.message) == (WorkflowState.WAITING_LOCK, f"a: {MESSAGE}; held by argo/first")


def test_a_node_waits_for_another_node() -> None:
    tasks = [{"name": name, "template": "leaf"} for name in "ab"]
    simulation = Simulation(locked("w", {"dag": {"tasks": tasks}}), lambda _: Outcome(float("inf")))
    simulation.play(until=lambda: "message" in simulation.nodes.get("w.b", {}) and bool(simulation.pods))
    rows = {row.name: row.message for row in display_rows(simulation.workflow, clean=str)}
    assert rows["b"] == f"{MESSAGE}; held by a"


def test_a_workflow_waits() -> None:
    _, second = waiting_workflows()
    said = digest(second.workflow)
    assert (said.state, said.message) == (WorkflowState.WAITING_LOCK, f"{MESSAGE}; held by argo/first")
