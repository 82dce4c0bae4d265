"""Resubmitting, plain and memoized."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from argotui.engine.operations import OperationRefused, resubmit
from argotui.model.names import node_id

from .recorded import NOW, NOW_TEXT, expected, live_from

ENTROPY = bytes([0, 25, 26, 35, 36])
"""a, z, 0, 9 and a again."""


def failed() -> dict[str, Any]:
    """The first run of the memoized case: a succeeded, b failed, c was omitted."""
    seen = copy.deepcopy(expected("argo-resubmit-memoized")["workflow"])
    renamed = {}
    for name, node in seen["nodes"].items():
        old = name.replace("RESUBMITTED", "argo-resubmit-memoized")
        node["id"] = node_id("argo-resubmit-memoized", old)
        for key in ("children", "outboundNodes"):
            if key in node:
                node[key] = [
                    node_id("argo-resubmit-memoized", n.replace("RESUBMITTED", "argo-resubmit-memoized"))
                    for n in node[key]
                ]
        if node.get("boundaryID"):
            node["boundaryID"] = "argo-resubmit-memoized"
        renamed[old] = node
    a, b, c = (renamed[f"argo-resubmit-memoized.{x}"] for x in "abc")
    a.update(type="Pod", phase="Succeeded")
    a.pop("message")
    b.update(phase="Failed", message="main: Error (exit code 1)", outputs={"exitCode": "1"})
    c.update(type="Skipped", phase="Omitted", message="omitted: depends condition not met", nodeFlag={})
    renamed["argo-resubmit-memoized"].update(phase="Failed")
    seen.update(phase="Failed", nodes=renamed)
    return live_from("argo-resubmit-memoized", seen)


def test_plain() -> None:
    before = failed()
    before["spec"] |= {"shutdown": "Terminate", "activeDeadlineSeconds": 0, "suspend": True}
    before["metadata"] |= {"ownerReferences": [{"kind": "CronWorkflow", "name": "c"}], "finalizers": ["f"]}
    before["metadata"]["labels"] |= {
        "team": "red",
        "workflows.argoproj.io/creator": "ann",
        "workflows.argoproj.io/workflow-archiving-status": "Archived",
        "workflows.argoproj.io/workflow-template": "lib",
    }
    kept = copy.deepcopy(before)
    after = resubmit(before, now=NOW)
    assert before == kept
    assert after["metadata"] == {
        "generateName": "argo-resubmit-memoized-",
        "namespace": "argo",
        "labels": {
            "team": "red",
            "workflows.argoproj.io/workflow-template": "lib",
            "workflows.argoproj.io/resubmitted-from-workflow": "argo-resubmit-memoized",
        },
        "annotations": before["metadata"]["annotations"],
        "ownerReferences": [{"kind": "CronWorkflow", "name": "c"}],
    }
    assert after["spec"]["suspend"] is True
    assert not {"shutdown", "activeDeadlineSeconds"} & set(after["spec"])
    assert "status" not in after


def test_the_old_generate_name_is_used_again() -> None:
    before = failed()
    before["metadata"]["generateName"] = "nightly-"
    assert resubmit(before, now=NOW)["metadata"]["generateName"] == "nightly-"


def test_parameters_come_first() -> None:
    before = failed()
    before["spec"]["arguments"] = {
        "parameters": [{"name": "a", "value": "1", "enum": ["1"]}, {"name": "b", "value": "2"}]
    }
    after = resubmit(before, now=NOW, parameters=["a=9"])
    assert after["spec"]["arguments"]["parameters"] == [{"name": "a", "value": "9"}, {"name": "b", "value": "2"}]


def test_memoized_takes_results_over() -> None:
    after = resubmit(failed(), now=NOW, memoized=True, entropy=ENTROPY)
    name = after["metadata"]["name"]
    assert name == "argo-resubmit-memoized-az09a"
    nodes = {n["name"].replace(name, "RESUBMITTED"): n for n in after["status"]["nodes"].values()}
    assert set(nodes) == {"RESUBMITTED", "RESUBMITTED.a", "RESUBMITTED.b"}, "an omitted task is decided anew"
    recorded = expected("argo-resubmit-memoized")["workflow"]["nodes"]["RESUBMITTED.a"]
    taken = nodes["RESUBMITTED.a"]
    for key in ("type", "phase", "message", "outputs", "templateName"):
        assert taken[key] == recorded[key]
    assert taken["finishedAt"] == NOW_TEXT
    again = nodes["RESUBMITTED.b"]
    assert (again["phase"], again["startedAt"], again["finishedAt"]) == ("Pending", None, None)
    assert "message" not in again
    assert nodes["RESUBMITTED"]["phase"] == "Pending"
    for key, node in after["status"]["nodes"].items():
        assert key == node["id"] == node_id(name, node["name"])
    assert nodes["RESUBMITTED"]["children"] == [taken["id"]]
    assert nodes["RESUBMITTED"]["outboundNodes"] == [node_id(name, f"{name}.c")]
    assert after["status"]["conditions"] == [{"type": "Completed", "status": "False"}]
    assert "phase" not in after["status"]


def test_memoized_needs_a_failure_and_entropy() -> None:
    before = failed()
    before["status"]["phase"] = "Succeeded"
    with pytest.raises(OperationRefused, match="workflow must be Failed/Error to resubmit in memoized mode"):
        resubmit(before, now=NOW, memoized=True, entropy=ENTROPY)
    with pytest.raises(ValueError, match="entropy"):
        resubmit(failed(), now=NOW, memoized=True, entropy=b"abc")


def test_memoized_drops_the_exit_handler() -> None:
    before = failed()
    before["status"]["nodes"]["x"] = {
        "id": "x",
        "name": "argo-resubmit-memoized.onExit",
        "type": "Pod",
        "phase": "Succeeded",
    }
    after = resubmit(before, now=NOW, memoized=True, entropy=ENTROPY)
    assert not [n for n in after["status"]["nodes"].values() if "onExit" in n["name"]]
