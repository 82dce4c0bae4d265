"""Resuming, rejecting and supplying gates: the nodes end as upstream's did."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from argotui.engine.operations import OperationRefused, resume, set_node, stop_gate

from .recorded import NOW, NOW_TEXT, expected, named, waiting


def recorded_gate(case: str, display_name: str) -> dict[str, Any]:
    """Phase, message and outputs of a gate at the end of the recorded run."""
    nodes = expected(case)["workflow"]["nodes"].values()
    found = next(n for n in nodes if n["displayName"] == display_name)
    return {key: found[key] for key in ("phase", "message", "outputs") if key in found}


def seen(document: dict[str, Any], display_name: str) -> dict[str, Any]:
    found = named(document, display_name)
    return {key: found[key] for key in ("phase", "message", "outputs") if key in found}


def test_resume_lets_the_gate_succeed() -> None:
    before = waiting("suspend-resume", "approve")
    kept = copy.deepcopy(before)
    after = resume(before, now=NOW)
    assert before == kept
    assert seen(after, "approve") == recorded_gate("suspend-resume", "approve")
    assert named(after, "approve")["finishedAt"] == NOW_TEXT


def test_supplied_values_then_resume_with_a_default() -> None:
    gate = waiting("suspend-supplied", "ask")
    supplied = set_node(gate, selector="displayName=ask", now=NOW, outputs={"answer": "YES"}, message="chosen")
    assert named(supplied, "ask")["phase"] == "Running"
    assert seen(resume(supplied, now=NOW), "ask") == recorded_gate("suspend-supplied", "ask")


def test_resume_by_selector_fills_no_default() -> None:
    supplied = set_node(
        waiting("seed-approval-gate", "approval"),
        selector="displayName=approval", now=NOW, outputs={"approve": "YES"},
    )  # fmt: skip
    after = resume(supplied, now=NOW, selector="displayName=approval")
    assert seen(after, "approval") == recorded_gate("seed-approval-gate", "approval")
    bare = resume(waiting("suspend-supplied", "ask"), now=NOW, selector="displayName=ask")
    assert named(bare, "ask")["outputs"]["parameters"][1]["valueFrom"] == {"supplied": {}, "default": "dflt"}


def test_set_to_failed() -> None:
    after = set_node(
        waiting("suspend-node-failed", "gate"),
        selector="displayName=gate", now=NOW, phase="Failed", message="rejected by reviewer",
    )  # fmt: skip
    assert seen(after, "gate") == recorded_gate("suspend-node-failed", "gate")
    assert named(after, "gate")["finishedAt"] == NOW_TEXT


def test_stop_and_resume_one_gate_each() -> None:
    gates = waiting("suspend-stop-selector", "g1", "g2")
    stopped = stop_gate(gates, selector="displayName=g1", message="not this one", now=NOW)
    after = resume(stopped, now=NOW, selector="displayName=g2")
    for gate in ("g1", "g2"):
        assert seen(after, gate) == recorded_gate("suspend-stop-selector", gate)


def test_a_missing_default_refuses_the_resume() -> None:
    said = next(a for a in expected("suspend-supplied-missing")["actions"] if a["op"] == "resume")["output"]
    with pytest.raises(OperationRefused) as refused:
        resume(waiting("suspend-supplied-missing", "ask"), now=NOW)
    assert str(refused.value) in said


def test_resume_takes_spec_suspend_away() -> None:
    before = {"metadata": {"name": "w"}, "spec": {"suspend": True, "entrypoint": "m"}}
    assert resume(before, now=NOW)["spec"] == {"entrypoint": "m"}


def test_nothing_to_resume_is_nothing_to_write() -> None:
    before = {"metadata": {"name": "w"}, "spec": {}, "status": {"nodes": {}}}
    assert resume(before, now=NOW) is before


def test_resume_joins_messages() -> None:
    gate = waiting("suspend-resume", "approve")
    gate["status"]["nodes"][named(gate, "approve")["id"]]["message"] = "asked twice"
    assert named(resume(gate, now=NOW, message="by Ann"), "approve")["message"] == "asked twice; by Ann"
    assert named(resume(gate, now=NOW), "approve")["message"] == "asked twice; "


def test_a_global_name_reaches_the_outputs_of_the_workflow() -> None:
    gate = waiting("suspend-supplied", "ask")
    ask = gate["status"]["nodes"][named(gate, "ask")["id"]]
    ask["outputs"]["parameters"][0]["globalName"] = "decision"
    once = set_node(gate, selector="displayName=ask", now=NOW, outputs={"answer": "YES"})
    assert once["status"]["outputs"]["parameters"] == [{"name": "decision", "value": "YES"}]
    ask["outputs"]["parameters"][0]["globalName"] = "decision"
    gate["status"]["outputs"] = {"parameters": [{"name": "decision", "value": "NO"}]}
    again = set_node(gate, selector="displayName=ask", now=NOW, outputs={"answer": "YES"})
    assert again["status"]["outputs"]["parameters"] == [{"name": "decision", "value": "YES"}]


NO_MATCH = "currently, set only targets suspend nodes: no suspend nodes matching nodeFieldSelector: {}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"selector": "displayName=nobody", "phase": "Failed"}, NO_MATCH.format("displayName=nobody")),
        ({"selector": "displayName=ask"}, NO_MATCH.format("displayName=ask")),
        ({"selector": "displayName=use", "phase": "Failed"}, NO_MATCH.format("displayName=use")),
        (
            {"selector": "", "phase": "Failed"},
            "'set' currently only targets suspend nodes, use a node field selector to target them",
        ),
        (
            {"selector": "displayName=ask", "outputs": {"nope": "1"}},
            "node is not expecting output parameter 'nope'",
        ),
        ({"selector": "displayName=ask", "phase": "Skipped"}, "unknown node phase 'Skipped'"),
        ({"selector": "ask", "phase": "Failed"}, "selector"),
    ],
)
def test_refusals(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OperationRefused) as refused:
        set_node(waiting("suspend-supplied", "ask"), now=NOW, **options)
    assert text in str(refused.value)


def test_a_value_is_supplied_once() -> None:
    once = set_node(waiting("suspend-supplied", "ask"), selector="displayName=ask", now=NOW, outputs={"answer": "NO"})
    with pytest.raises(OperationRefused, match="cannot set output parameter 'answer' because it does not use"):
        set_node(once, selector="displayName=ask", now=NOW, outputs={"answer": "YES"})
    with pytest.raises(OperationRefused, match="node is not expecting any raw parameters"):
        set_node(waiting("suspend-resume", "approve"), selector="displayName=approve", now=NOW, outputs={"a": "b"})
