"""Suspend, stop, terminate; and nodes that are stored compressed."""

from __future__ import annotations

import copy
import json

import pytest

from argotui.engine.nodemap import node_map
from argotui.engine.operations import OperationRefused, resume, stop, suspend, terminate
from argotui.engine.operations.drafts import MAX_PLAIN_BYTES, draft_of, packed

from .recorded import NOW, live, waiting


def test_suspend_sets_one_field() -> None:
    before = waiting("suspend-resume")
    after = suspend(before)
    assert after == {**before, "spec": {**before["spec"], "suspend": True}}
    assert "suspend" not in before["spec"]
    assert suspend(after) is after


def test_a_completed_workflow_is_not_suspended() -> None:
    with pytest.raises(OperationRefused, match=r"^cannot suspend completed workflows$"):
        suspend(live("suspend-resume"))


def test_stop_and_terminate_are_patches() -> None:
    running = waiting("suspend-resume")
    assert stop(running) == {"spec": {"shutdown": "Stop"}}
    assert terminate(running) == {"spec": {"shutdown": "Terminate"}}


def test_what_is_over_cannot_be_shut_down() -> None:
    with pytest.raises(OperationRefused) as refused:
        stop(live("suspend-resume"))
    text = 'cannot shutdown a completed workflow: workflow: "suspend-resume", namespace: "argo"'
    assert str(refused.value) == text


def test_actor_labels_of_the_last_operation_go() -> None:
    running = waiting("suspend-resume")
    running["metadata"]["labels"]["workflows.argoproj.io/actor"] = "someone-else"
    assert "workflows.argoproj.io/actor" not in suspend(running)["metadata"]["labels"]


def test_large_node_maps_travel_compressed_both_ways() -> None:
    large = waiting("suspend-resume", "approve")
    filler = {"name": "x", "type": "Pod", "phase": "Succeeded", "message": "m" * 5000}
    large["status"]["nodes"] |= {f"n-{i}": {**filler, "id": f"n-{i}"} for i in range(300)}
    assert len(json.dumps(large)) > MAX_PLAIN_BYTES
    stored = packed(copy.deepcopy(large))
    assert "nodes" not in stored["status"]
    assert draft_of(stored)["status"]["nodes"] == large["status"]["nodes"]
    after = resume(stored, now=NOW)
    assert "nodes" not in after["status"]
    assert {n["phase"] for n in node_map(after).values() if n["type"] == "Suspend"} == {"Succeeded"}


def test_small_node_maps_come_back_plain() -> None:
    stored = waiting("suspend-resume", "approve")
    squeezed = packed({**stored, "padding": "p" * MAX_PLAIN_BYTES})
    del squeezed["padding"]
    assert "compressedNodes" in squeezed["status"]
    after = resume(squeezed, now=NOW)
    assert "compressedNodes" not in after["status"]
    assert len(after["status"]["nodes"]) == len(stored["status"]["nodes"])
