"""volumeClaimTemplates: made before the first node, kept or deleted after the last (§2.15)."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine import operations
from argotui.engine.claims import CREATE_AGAIN_AFTER
from argotui.model.documents import Document, clone

from .builders import call, steps, workflow
from .simulator import START, Outcome, Simulation


def claim(name: str = "work", size: str = "1Mi") -> Document:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": name, "labels": {"mine": "yes"}}, "spec": spec}


def mounting(*templates: Document, fails: bool = False, fresh: bool = False, **spec: Any) -> Simulation:
    pod = {
        "name": "pod",
        "container": {"image": "alpine", "command": ["true"], "volumeMounts": [{"name": "work", "mountPath": "/w"}]},
    }
    document = workflow(steps(call("a"), call("b")), pod, volumeClaimTemplates=[claim(), *templates], **spec)
    return Simulation(document, lambda _node: Outcome(exit_code=int(fails)), fresh=fresh)


def stored(simulation: Simulation) -> list[str]:
    return [volume["name"] for volume in simulation.workflow["status"].get("persistentVolumeClaims") or []]


@pytest.mark.parametrize("fresh", [False, True])
def test_claims_are_made_first_used_by_all_and_deleted_last(fresh: bool) -> None:
    simulation = mounting(claim("more", "{{workflow.parameters.size}}"), fresh=fresh)
    simulation.workflow["spec"]["arguments"] = {"parameters": [{"name": "size", "value": "2Mi"}]}
    simulation.play(until=lambda: bool(simulation.pods))
    assert stored(simulation) == ["work", "more"]
    made = simulation.volumes.claims["wf-more"]
    assert made["metadata"]["labels"] == {"mine": "yes", "workflows.argoproj.io/workflow": "wf"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == simulation.workflow["metadata"]["uid"]
    assert made["spec"]["resources"]["requests"]["storage"] == "2Mi"
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert [v["name"] for v in simulation.created[0]["spec"]["volumes"]].count("work") == 1
    assert (stored(simulation), simulation.volumes.claims) == ([], {})


@pytest.mark.parametrize(
    ("strategy", "fails", "left"),
    [
        ("", False, 0),
        ("", True, 1),
        ("OnWorkflowSuccess", True, 1),
        ("OnWorkflowCompletion", True, 0),
        ("Sometimes", False, 1),
    ],
)
def test_what_volume_claim_gc_says(strategy: str, fails: bool, left: int) -> None:
    simulation = mounting(fails=fails)
    if strategy:
        simulation.workflow["spec"]["volumeClaimGC"] = {"strategy": strategy}
    simulation.play()
    assert (len(simulation.volumes.claims), len(stored(simulation))) == (left, left)


def test_a_retry_finds_its_claims_again() -> None:
    simulation = mounting(fails=True).play()
    simulation.script = lambda _node: Outcome()
    plan = operations.plan_retry(clone(simulation.workflow), now=simulation.now)
    for name in plan.delete_pods:
        simulation.remove_pod(name)
    simulation.change(plan.workflow)
    simulation.play()
    assert (simulation.phase, simulation.volumes.claims) == ("Succeeded", {})
    assert simulation.volumes.requests == [("create", "wf-work"), ("create", "wf-work"), ("delete", "wf-work")]


def test_a_claim_that_cannot_be_had_for_the_moment_is_waited_for() -> None:
    simulation = mounting()
    simulation.volumes.refused["wf-work"] = ("exceeded quota: storage", True)
    simulation.play(until=lambda: simulation.phase == "Pending")
    status = simulation.workflow["status"]
    assert status["message"] == "Waiting for a PVC to be created. exceeded quota: storage"
    assert not simulation.nodes
    simulation.play(until=lambda: len(simulation.volumes.requests) == 2)
    assert simulation.now - START >= CREATE_AGAIN_AFTER
    simulation.volumes.refused.clear()
    simulation.play()
    assert (simulation.phase, simulation.workflow["status"].get("message") or "") == ("Succeeded", "")


def test_a_claim_of_somebody_else_ends_the_workflow() -> None:
    simulation = mounting()
    simulation.volumes.claims["wf-work"] = {"metadata": {"name": "wf-work", "ownerReferences": []}}
    simulation.play()
    assert simulation.phase == "Error"
    assert simulation.workflow["status"]["message"] == (
        "pvc create error: wf-work pvc already exists with different ownerreference"
    )
    assert "wf-work" in simulation.volumes.claims


def test_a_claim_without_a_name() -> None:
    simulation = mounting({"spec": {}})
    simulation.play()
    assert simulation.workflow["status"]["message"] == (
        "pvc create error: volumeClaimTemplates[1].metadata.name is required"
    )


def test_a_claim_that_cannot_be_deleted_stays_in_the_status() -> None:
    simulation = mounting(claim("other"))
    simulation.volumes.stuck.add("wf-other")
    simulation.play()
    assert (simulation.phase, stored(simulation)) == ("Succeeded", ["other"])


def test_a_workflow_that_is_stopped_does_not_wait_for_claims() -> None:
    simulation = mounting()
    simulation.volumes.refused["wf-work"] = ("no room", True)
    simulation.play(until=lambda: simulation.phase == "Pending")
    stopped = clone(simulation.workflow)
    stopped["spec"]["shutdown"] = "Stop"
    simulation.change(stopped)
    simulation.play()
    assert simulation.phase == "Failed"
    assert not simulation.created


def test_suspended_workflows_make_no_claims() -> None:
    simulation = mounting(suspend=True).play()
    assert simulation.volumes.requests == []
    resumed = clone(simulation.workflow)
    resumed["spec"]["suspend"] = None
    simulation.change(resumed)
    simulation.play()
    assert simulation.phase == "Succeeded"
