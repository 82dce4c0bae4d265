"""What holds for every retry plan, whatever the workflow looked like."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.engine.operations import plan_retry

from .recorded import NOW

GROUPS = {"DAG": "Pod", "Steps": "StepGroup", "TaskGroup": "Pod", "StepGroup": "Pod", "Retry": "Pod"}


@st.composite
def workflows(draw: st.DrawFn) -> dict[str, Any]:
    """A root DAG, nodes that each hang below an earlier one, and some second parents."""
    nodes: list[dict[str, Any]] = [
        {"id": "w", "name": "w", "type": "DAG", "phase": "Failed", "children": [], "message": "m"}
    ]
    for number in range(draw(st.integers(1, 14))):
        parent = draw(st.sampled_from(nodes))
        kind = draw(
            st.sampled_from(["Pod", "Pod", "Pod", "StepGroup", "TaskGroup", "Steps", "Retry", "Suspend", "Skipped"])
        )
        phase = draw(st.sampled_from(["Succeeded", "Succeeded", "Failed", "Error", "Skipped", "Omitted"]))
        inside = parent["type"] in ("DAG", "Steps")
        boundary = parent["id"] if inside else parent.get("boundaryID", "w")
        node_id = f"n{number:02d}"
        node = {"id": node_id, "name": f"w.{node_id}", "type": kind, "phase": phase, "boundaryID": boundary}
        node["children"] = []
        if parent["type"] == "Retry" and kind == "Pod":
            node["nodeFlag"] = {"retried": True}
        parent["children"].append(node_id)
        nodes.append(node)
    for later in nodes[2:]:
        if draw(st.booleans()):
            extra = draw(st.sampled_from([n for n in nodes[1:] if n["id"] < later["id"]] or [nodes[0]]))
            if later["id"] not in extra["children"] and extra.get("boundaryID", "w") == later["boundaryID"]:
                extra["children"].append(later["id"])
    return {
        "metadata": {"name": "w", "labels": {}},
        "spec": {},
        "status": {"phase": "Failed", "nodes": {node["id"]: node for node in nodes}},
    }


@settings(max_examples=300, deadline=None)
@given(workflows(), st.booleans())
def test_every_plan(workflow: dict[str, Any], overridden: bool) -> None:
    before = workflow["status"]["nodes"]
    plan = plan_retry(workflow, now=NOW, parameters=["p=1"] if overridden else [])
    reset, deleted, kept = set(plan.reset), set(plan.deleted), set(plan.kept)
    assert reset | deleted | kept == set(before)
    assert not reset & deleted
    assert not reset & kept
    assert not deleted & kept
    after = plan.workflow["status"]["nodes"]
    assert set(after) == reset | kept
    for node_id, node in after.items():
        assert set(node["children"]) <= set(after), "nothing hangs in the air"
        if node_id in kept:
            assert {**node, "children": []} == {**before[node_id], "children": []}, "what is kept is untouched"
        elif before[node_id]["phase"] != "Skipped":
            assert (node["phase"], node["finishedAt"]) == ("Running", None)
    pods = {before[i]["id"] for i in deleted if before[i]["type"] == "Pod"}
    assert len(plan.delete_pods) == len(pods)
    for node_id in deleted:
        assert set(before[node_id]["children"]) <= deleted, "what follows a deleted node is deleted"


@settings(max_examples=100, deadline=None)
@given(workflows())
def test_a_plan_is_the_same_every_time(workflow: dict[str, Any]) -> None:
    assert plan_retry(workflow, now=NOW) == plan_retry(workflow, now=NOW)
