"""Pods with more than one container, daemons, and the time a pod may wait."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine.effects import TerminatePod

from .builders import call, steps, worker, workflow
from .simulator import START, Outcome, Simulation


def states(simulation: Simulation) -> dict[str, tuple[str, str]]:
    """Phase and message by node name."""
    return {name: (node["phase"], node.get("message") or "") for name, node in simulation.nodes.items()}


def seconds(simulation: Simulation) -> float:
    return (simulation.now - START).total_seconds()


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(("allowed", "after"), [("30", 30), ("1m30s", 90)])
def test_a_pod_that_waits_longer_than_it_may(allowed: str, after: int, fresh: bool) -> None:
    work = worker("work", pendingTimeout=allowed)
    simulation = Simulation(workflow(work), lambda _node: Outcome(pending=True), fresh=fresh).play()
    assert states(simulation) == {"wf": ("Failed", "timeout")}
    assert after <= seconds(simulation) < after + 1
    assert [effect.name for effect in simulation.effects if isinstance(effect, TerminatePod)] == ["wf"]


def test_a_pod_that_runs_is_not_bounded_by_it() -> None:
    work = worker("work", pendingTimeout="1s")
    simulation = Simulation(workflow(work), lambda _node: Outcome(seconds=60)).play()
    assert simulation.phase == "Succeeded"
    assert "activeDeadlineSeconds" not in simulation.created[0]["spec"]


def test_a_timed_out_pod_is_followed_by_another_attempt() -> None:
    work = worker("work", pendingTimeout="5s", retryStrategy={"limit": "1"})
    simulation = Simulation(workflow(work), lambda node: Outcome(pending=node.endswith("(0)"))).play()
    assert simulation.phase == "Succeeded"
    assert states(simulation)["wf(0)"] == ("Failed", "timeout")


def test_a_pending_timeout_that_cannot_be_read() -> None:
    simulation = Simulation(workflow(steps(call("a", "work")), worker("work", pendingTimeout="soon"))).play()
    phase, message = states(simulation)["wf[0].a"]
    assert phase == "Error"
    assert message.startswith("invalid pendingTimeout format.")


def test_retries_go_to_other_hosts() -> None:
    work = worker("work", retryStrategy={"limit": "3", "affinity": {"nodeAntiAffinity": {}}})
    codes = {"wf(0)": 1, "wf(1)": 1}
    simulation = Simulation(workflow(work), lambda node: Outcome(exit_code=codes.get(node, 0))).play()
    assert [_avoided(pod) for pod in simulation.created] == [[], ["node"], ["node"]]


def _avoided(pod: dict[str, Any]) -> list[str]:
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    return [value for term in terms for one in term["matchExpressions"] for value in one["values"]]


def test_a_sidecar_does_not_keep_its_step() -> None:
    side = {"name": "side", "image": "i", "command": ["serve"]}
    simulation = Simulation(
        workflow(worker("work", sidecars=[side])), lambda _node: Outcome(members={"side": (143, "")})
    )
    simulation.play()
    assert states(simulation) == {"wf": ("Succeeded", "")}


def test_a_sidecar_that_fails_fails_its_step() -> None:
    side = {"name": "side", "image": "i", "command": ["serve"]}
    simulation = Simulation(workflow(worker("work", sidecars=[side])), lambda _node: Outcome(members={"side": (3, "")}))
    simulation.play()
    assert states(simulation) == {"wf": ("Failed", "side: Error (exit code 3)")}
