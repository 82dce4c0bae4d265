"""podGC: which pods go, which stay, and when (§4.12)."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine.config import EngineConfig
from argotui.engine.effects import CollectPod, LabelPodCompleted
from argotui.engine.podgc import EndedPod, Fate, PodPolicy
from argotui.model import documents
from argotui.model.keys import ANNOTATION_POD_GC_STRATEGY
from argotui.model.phase import completed

from .builders import call, steps, workflow
from .simulator import Outcome, Simulation

PHASES = ("Running", "Succeeded", "Failed", "Error")
STRATEGIES = ("", "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")


def table(strategy: str, pod: str, workflow: str) -> Fate:
    """The reference's table, row by row."""
    if not strategy:
        return Fate.LABEL
    if strategy == "OnWorkflowCompletion" and completed(workflow):
        return Fate.DELETE
    if strategy == "OnWorkflowSuccess" and workflow == "Succeeded":
        return Fate.DELETE
    if strategy == "OnPodCompletion":
        return Fate.DELETE
    if strategy == "OnPodSuccess":
        return Fate.DELETE if pod == "Succeeded" else Fate.LABEL
    return Fate.LABEL if completed(workflow) else Fate.KEEP


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_row_of_the_table(strategy: str) -> None:
    policy = PodPolicy.of({"podGC": {"strategy": strategy}}, EngineConfig())
    for pod in ("Succeeded", "Failed"):
        for phase in PHASES:
            found = policy.fate(EndedPod("p", "u", {}, pod), phase)
            assert found is table(strategy, pod, phase), (strategy, pod, phase)


ONLY = {"matchLabels": {"a": "b"}}
BROKEN = {"matchExpressions": [{"key": "a", "operator": "?"}]}


@pytest.mark.parametrize(
    ("spec", "labels", "deleted"),
    [
        ({}, {}, False),
        ({"podGC": {"strategy": "OnPodCompletion"}}, {}, True),
        ({"podGC": {"strategy": "OnPodCompletion", "labelSelector": ONLY}}, {}, False),
        ({"podGC": {"strategy": "OnPodCompletion", "labelSelector": ONLY}}, {"a": "b"}, True),
        ({"podGC": {"strategy": "OnPodCompletion", "labelSelector": BROKEN}}, {}, False),
        ({"podGC": "hostile"}, {}, False),
    ],
)  # fmt: skip
def test_the_selector_decides_who_is_meant(spec: dict[str, Any], labels: dict[str, str], deleted: bool) -> None:
    fate = PodPolicy.of(spec, EngineConfig()).fate(EndedPod("p", "u", labels, "Succeeded"), "Running")
    assert fate is (Fate.DELETE if deleted else Fate.LABEL)


@pytest.mark.parametrize(
    ("said", "configured", "seconds", "note"),
    [
        (None, 5, 5, "OnPodCompletion/5s"),
        ("90", 5, 90, "OnPodCompletion/1m30s"),
        ("0s", 5, 0, "OnPodCompletion/0s"),
        ("soon", 7, 7, "OnPodCompletion/7s"),
        ("-3s", 7, 7, "OnPodCompletion/7s"),
    ],
)
def test_the_delay(said: str | None, configured: int, seconds: int, note: str) -> None:
    config = EngineConfig(pod_gc_delay_ns=configured * 10**9, pod_gc_grace_seconds=3)
    settings = {"strategy": "OnPodCompletion"} | ({"deleteDelayDuration": said} if said is not None else {})
    policy = PodPolicy.of({"podGC": settings}, config)
    assert policy.effect(EndedPod("p", "u", {}, "Failed"), "Running") == CollectPod("p", "u", seconds, 3)
    assert policy.note == note


def two_steps(**spec: Any) -> Simulation:
    script = {"wf[0].a": Outcome(), "wf[1].b": Outcome(exit_code=1)}
    return Simulation(workflow(steps(call("a"), call("b")), **spec), lambda node: script[node])


def test_pods_of_a_workflow_without_podgc_are_only_labelled() -> None:
    simulation = two_steps().play()
    assert len(simulation.pods) == 2
    assert {documents.labels(pod)["workflows.argoproj.io/completed"] for pod in simulation.pods.values()} == {"true"}
    assert all(ANNOTATION_POD_GC_STRATEGY not in documents.annotations(pod) for pod in simulation.created)


LEFT = [("OnWorkflowCompletion", 0), ("OnWorkflowSuccess", 2), ("OnPodSuccess", 1)]


@pytest.mark.parametrize(("strategy", "left"), LEFT)
@pytest.mark.parametrize("fresh", [False, True])
def test_pods_that_wait_for_the_end_are_put_away_with_it(strategy: str, left: int, fresh: bool) -> None:
    simulation = two_steps(podGC={"strategy": strategy, "deleteDelayDuration": "20s"})
    simulation.fresh = fresh
    simulation.play(until=lambda: simulation.is_complete)
    assert len(simulation.pods) == 2, "the delay is not over"
    simulation.play()
    assert len(simulation.pods) == left
    assert {documents.annotations(pod)[ANNOTATION_POD_GC_STRATEGY] for pod in simulation.created} == {f"{strategy}/20s"}


def test_a_pod_that_is_gone_is_not_asked_for_again() -> None:
    simulation = two_steps(podGC={"strategy": "OnWorkflowCompletion"})
    simulation.play(until=lambda: simulation.nodes.get("wf[0].a", {}).get("phase") == "Succeeded")
    first = next(iter(simulation.pods))
    simulation.remove_pod(first)
    simulation.play()
    asked = [effect.name for effect in simulation.effects if isinstance(effect, CollectPod | LabelPodCompleted)]
    assert first not in asked
    assert not simulation.pods
