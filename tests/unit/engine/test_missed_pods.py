"""Pods that are gone although their node is not over: made again or an error, and told to the controller's metrics."""

from __future__ import annotations

from math import inf

import pytest

from argotui.engine.config import EngineConfig
from argotui.engine.effects import PodMissed

from .simulator import Outcome, Simulation

ONE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"name": "w", "namespace": "argo"},
    "spec": {"entrypoint": "m", "templates": [{"name": "m", "container": {"image": "i", "command": ["c"]}}]},
}


@pytest.mark.parametrize(
    ("seconds", "phase", "pods"), [(10.0, "Running", 2), (0.0, "Error", 1)], ids=["recently started", "later"]
)
def test_a_missing_pod(seconds: float, phase: str, pods: int) -> None:
    """RECENTLY_STARTED_POD_DURATION decides which of the two it is."""
    config = EngineConfig(namespace="argo", recently_started_seconds=seconds)
    simulation = Simulation(ONE, lambda _node: Outcome(inf), config=config)
    simulation.play(until=lambda: any(pod["status"]["phase"] == "Running" for pod in simulation.pods.values()))
    simulation.after(1.0, list)
    simulation.play(until=lambda: simulation.next_moment is None)
    simulation.remove_pod("w")
    simulation.play(until=lambda: simulation.phase != "Running" or len(simulation.created) == 2)
    assert simulation.nodes["w"]["phase"] == phase
    assert len(simulation.created) == pods
    missed = [effect for effect in simulation.effects if isinstance(effect, PodMissed)]
    assert missed == [PodMissed("Running", recently=seconds > 0)]


def test_a_pod_that_its_host_lost() -> None:
    simulation = Simulation(ONE, lambda _node: Outcome(inf), config=EngineConfig(namespace="argo", pod_restarts=1))
    simulation.play(until=lambda: "w" in simulation.pods)
    simulation.pods["w"]["status"] = {"phase": "Failed", "reason": "Evicted", "message": "no room"}
    simulation.after(0.0, lambda: simulation._tell(simulation.pods["w"]))
    simulation.play(until=lambda: len(simulation.created) == 2)
    missed = [effect for effect in simulation.effects if isinstance(effect, PodMissed)]
    assert [(each.node_phase, each.restarted) for each in missed] == [("Pending", "Evicted")]
