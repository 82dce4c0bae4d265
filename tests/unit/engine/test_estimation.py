"""Estimates from the last good run of the same kind (§1.8)."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine.estimation import Baseline, is_kin, origin
from argotui.engine.facts import BaselineKnown
from argotui.model.documents import Document

from .builders import call, steps, workflow
from .simulator import Outcome, Simulation

W = "workflows.argoproj.io/"


def test_a_run_estimates_the_next_one() -> None:
    first = Simulation(workflow(steps(call("a"), call("b")), name="first"), lambda _node: Outcome(seconds=7)).play()
    baseline = Baseline.of(first.workflow)
    second = Simulation(workflow(steps(call("a"), call("c")), name="second"))
    second.advance([BaselineKnown(baseline)])
    second.play()
    assert second.workflow["status"]["estimatedDuration"] == baseline.seconds >= 14
    estimates = {name: node.get("estimatedDuration") for name, node in second.nodes.items()}
    assert estimates["second"] == baseline.seconds
    assert estimates["second[0].a"] == baseline.nodes["[0].a"] >= 7
    assert estimates["second[1].c"] is None


def test_without_a_baseline_nothing_is_said() -> None:
    simulation = Simulation(workflow(steps(call("a")))).play()
    assert "estimatedDuration" not in simulation.workflow["status"]


@pytest.mark.parametrize(
    ("labels", "reference", "expected"),
    [
        ({}, None, None),
        ({f"{W}cron-workflow": "c"}, None, (f"{W}cron-workflow", "c")),
        ({f"{W}cron-workflow": "c"}, {"name": "t"}, (f"{W}workflow-template", "t")),
        ({}, {"name": "t", "clusterScope": True}, (f"{W}cluster-workflow-template", "t")),
    ],
)
def test_where_a_workflow_comes_from(labels: dict[str, str], reference: Any, expected: tuple[str, str] | None) -> None:
    spec = {"workflowTemplateRef": reference} if reference else {}
    assert origin({"metadata": {"labels": labels}, "spec": spec}) == expected


@pytest.mark.parametrize(
    ("phase", "namespace", "template", "kin"),
    [
        ("Succeeded", "argo", "t", True),
        ("Failed", "argo", "t", False),
        ("Succeeded", "other", "t", False),
        ("Succeeded", "argo", "u", False),
    ],
)
def test_only_good_runs_of_the_same_kind_count(phase: str, namespace: str, template: str, kin: bool) -> None:
    labels = {f"{W}workflow-template": template}
    candidate: Document = {"metadata": {"namespace": namespace, "labels": labels}, "status": {"phase": phase}}
    asked = {"metadata": {"namespace": "argo"}, "spec": {"workflowTemplateRef": {"name": "t"}}}
    assert is_kin(candidate, asked, (f"{W}workflow-template", "t")) is kin


def test_nodes_that_cannot_be_read_say_nothing() -> None:
    status = {"startedAt": "2030-01-01T12:00:00Z", "finishedAt": "2030-01-01T12:01:00Z", "compressedNodes": "%"}
    assert Baseline.of({"metadata": {"name": "w"}, "status": status}) == Baseline(60, {})
