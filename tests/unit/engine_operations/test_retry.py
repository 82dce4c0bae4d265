"""Retry plans against what upstream did in the recorded runs, and against each rule of its algorithm."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from argotui.engine.operations import OperationRefused, RetryPlan, plan_retry
from argotui.model.names import pod_name

from .recorded import NOW, NOW_TEXT, expected, live, live_from, names

AFTER = "after the failure"


def workflow(*nodes: dict[str, Any], phase: str = "Failed") -> dict[str, Any]:
    """A workflow `w` of the given nodes; ids are the names, everything not said is a succeeded pod."""
    made = {}
    for node in nodes:
        base = {"id": node["name"], "displayName": node["name"], "type": "Pod", "phase": "Succeeded"}
        made[node["name"]] = base | {"templateName": "t", "startedAt": "x", "finishedAt": "y"} | node
    return {
        "metadata": {"name": "w", "labels": {"workflows.argoproj.io/completed": "true"}},
        "spec": {"arguments": {"parameters": [{"name": "p", "value": "1"}]}},
        "status": {"phase": phase, "nodes": made},
    }


def node(name: str, kind: str = "Pod", phase: str = "Succeeded", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "phase": phase, **more}


def plan(document: dict[str, Any], **options: Any) -> RetryPlan:
    before = copy.deepcopy(document)
    result = plan_retry(document, now=NOW, **options)
    assert document == before, "the argument is never changed"
    return result


def test_steps_keep_what_succeeded() -> None:
    before = live("argo-retry", AFTER)
    found = plan(before)
    assert names(before, found.deleted) == {"argo-retry[1].two"}
    assert names(before, found.reset) == {"argo-retry", "argo-retry[1]"}
    assert names(before, found.kept) == {"argo-retry[0]", "argo-retry[0].one", "argo-retry[1].par"}
    assert found.delete_pods == ("argo-retry-flip-3764861482",)


def test_a_gate_approved_before_the_failure_stays_approved() -> None:
    before = live("suspend-then-retry", AFTER)
    found = plan(before)
    assert names(before, found.deleted) == {"suspend-then-retry[1].work"}
    assert "suspend-then-retry[0].gate" in names(before, found.kept)


def test_restart_of_successful_nodes_forgets_everything_below_them() -> None:
    before = live("argo-retry-restart", AFTER)
    found = plan(before, restart_successful=True, selector="templateName=sub")
    assert {n.removeprefix("argo-retry-restart") for n in names(before, found.kept)} == {".a", ".gate"}
    assert names(before, found.reset) == {"argo-retry-restart"}
    gone = {n.removeprefix("argo-retry-restart") for n in names(before, found.deleted)}
    assert gone == {".b", ".b[0]", ".b[0].s", ".c", ".c(0)", ".c(1)", ".d"}
    assert found.delete_pods == (
        "argo-retry-restart-ok-1440714786",
        "argo-retry-restart-flip-3126164441",
        "argo-retry-restart-flip-3730305820",
    )


def test_an_upper_seed_covers_the_failures_below_it() -> None:
    """Without the selector only the attempts go, and the Retry node starts over."""
    before = live("argo-retry-restart", AFTER)
    found = plan(before)
    gone = {n.removeprefix("argo-retry-restart") for n in names(before, found.deleted)}
    assert gone == {".c(0)", ".c(1)", ".d"}
    again = {n.removeprefix("argo-retry-restart") for n in names(before, found.reset)}
    assert again == {"", ".c", ".b", ".b[0]"}, "a group passed on the way up is looked at again, as upstream does"


def test_changed_parameters_reach_spec_and_stored_spec() -> None:
    seen = copy.deepcopy(expected("argo-retry-parameters")["workflow"])
    seen["phase"] = seen["nodes"]["argo-retry-parameters[1].b"]["phase"] = "Failed"
    before = live_from("argo-retry-parameters", seen)
    before["status"]["storedWorkflowTemplateSpec"] = {"shutdown": "Stop", "arguments": {"parameters": []}}
    found = plan(before, parameters=["v=good", "w=a=b"])
    want = [{"name": "v", "value": "good"}, {"name": "w", "value": "a=b"}]
    assert found.workflow["spec"]["arguments"]["parameters"] == want
    assert found.workflow["status"]["storedWorkflowTemplateSpec"] == {"arguments": {"parameters": want}}
    assert names(before, found.deleted) == {"argo-retry-parameters[1].b"}
    assert "argo-retry-parameters[0].a" in names(before, found.kept)


def test_changed_parameters_expand_loops_anew() -> None:
    before = workflow(
        node("w", "DAG", "Failed", children=["w.l"]),
        node("w.l", "TaskGroup", "Failed", boundaryID="w", children=["w.l(0:a)", "w.l(1:b)"]),
        node("w.l(0:a)", boundaryID="w"),
        node("w.l(1:b)", "Pod", "Failed", boundaryID="w"),
    )
    assert plan(before).deleted == ("w.l(1:b)",)
    assert plan(before, parameters=["p=2"]).deleted == ("w.l(0:a)", "w.l(1:b)")


def test_what_the_object_says_afterwards() -> None:
    before = live("argo-retry", AFTER)
    before["metadata"]["labels"] |= {
        "workflows.argoproj.io/workflow-archiving-status": "Archived",
        "workflows.argoproj.io/actor": "someone",
    }
    before["spec"] |= {"shutdown": "Stop", "activeDeadlineSeconds": 0}
    before["status"]["persistentVolumeClaims"] = [{"name": "v"}]
    after = plan(before).workflow
    assert after["metadata"]["labels"] == {"workflows.argoproj.io/phase": "Failed"}
    assert after["metadata"]["resourceVersion"] == "7"
    assert "shutdown" not in after["spec"]
    assert "activeDeadlineSeconds" not in after["spec"]
    status = after["status"]
    assert not {"phase", "message", "persistentVolumeClaims"} & set(status)
    assert (status["startedAt"], status["finishedAt"]) == (NOW_TEXT, None)
    assert {"type": "Completed", "status": "False"} in status["conditions"]
    assert {"type": "PodRunning", "status": "False"} in status["conditions"]


def test_reset_and_kept_nodes() -> None:
    after = plan(live("argo-retry", AFTER)).workflow["status"]["nodes"]
    root, group, kept = after["argo-retry"], after["argo-retry-3884614174"], after["argo-retry-853931379"]
    for reset in (root, group):
        assert reset["phase"] == "Running"
        assert reset["startedAt"] == NOW_TEXT
        assert reset["finishedAt"] is None
        assert "message" not in reset
    assert root["outboundNodes"] == ["argo-retry-853931379"]
    assert group["children"] == ["argo-retry-853931379"]
    assert kept["phase"] == "Succeeded"
    assert kept["finishedAt"]


def test_a_skipped_group_stays_skipped() -> None:
    before = workflow(
        node("w", "DAG", "Failed", children=["w.l"]),
        node("w.l", "TaskGroup", "Skipped", boundaryID="w", children=["w.a"]),
        node("w.a", "Pod", "Error", boundaryID="w"),
    )
    after = plan(before).workflow["status"]["nodes"]
    assert (after["w"]["phase"], after["w.l"]["phase"]) == ("Running", "Skipped")


def test_a_failure_that_a_later_success_followed_is_left_alone() -> None:
    """continueOn: the failed step is over and done with."""
    before = workflow(
        node("w", "Steps", "Failed", children=["w[0]"]),
        node("w[0]", "StepGroup", boundaryID="w", children=["w[0].a"]),
        node("w[0].a", "Pod", "Failed", boundaryID="w", children=["w[1]"]),
        node("w[1]", "StepGroup", "Failed", boundaryID="w", children=["w[1].b", "w[1].c"]),
        node("w[1].b", boundaryID="w"),
        node("w[1].c", "Pod", "Failed", boundaryID="w"),
    )
    assert plan(before).deleted == ("w[1].c",)


def test_attempts_of_a_retry_that_succeeded_below_stay() -> None:
    before = workflow(
        node("w", "DAG", "Failed", children=["w.a", "w.z"]),
        node("w.a", "Retry", boundaryID="w", children=["w.a(0)", "w.a(1)"]),
        node("w.a(0)", "Pod", "Failed", boundaryID="w", nodeFlag={"retried": True}),
        node("w.a(1)", boundaryID="w", nodeFlag={"retried": True}),
        node("w.z", "Pod", "Error", boundaryID="w"),
    )
    assert plan(before).deleted == ("w.z",)


def test_a_failed_container_takes_its_pod_along() -> None:
    before = workflow(
        node("w", "Steps", "Failed", children=["w[0]"]),
        node("w[0]", "StepGroup", "Failed", boundaryID="w", children=["w[0].set"]),
        node("w[0].set", "Pod", "Failed", boundaryID="w", children=["w[0].set.a"]),
        node("w[0].set.a", "Container", boundaryID="w[0].set", children=["w[0].set.b"]),
        node("w[0].set.b", "Container", "Failed", boundaryID="w[0].set"),
    )
    found = plan(before)
    assert found.deleted == ("w[0].set", "w[0].set.a", "w[0].set.b")
    assert found.reset == ("w", "w[0]")


def test_a_nested_failure_resets_every_enclosing_boundary() -> None:
    before = workflow(
        node("w", "DAG", "Failed", children=["w.outer"]),
        node("w.outer", "Retry", "Failed", boundaryID="w", children=["w.outer(0)"]),
        node("w.outer(0)", "Steps", "Failed", boundaryID="w", children=["w.outer(0)[0]"], nodeFlag={"retried": True}),
        node("w.outer(0)[0]", "StepGroup", "Failed", boundaryID="w.outer(0)", children=["w.outer(0)[0].x"]),
        node("w.outer(0)[0].x", "Pod", "Failed", boundaryID="w.outer(0)"),
    )
    assert plan(before).reset == ("w", "w.outer", "w.outer(0)", "w.outer(0)[0]")


def test_exit_handler_nodes_are_always_dropped() -> None:
    before = workflow(
        node("w", "Pod", "Failed"),
        node("w.onExit", "Steps", "Succeeded", children=["w.onExit[0]"]),
        node("w.onExit[0]", "StepGroup", "Succeeded", boundaryID="w.onExit", children=["w.onExit[0].n"]),
        node("w.onExit[0].n", "Pod", "Failed", boundaryID="w.onExit"),
    )
    found = plan(before)
    assert found.kept == ()
    assert found.workflow["status"]["nodes"] == {}
    below = [pod_name("w", f"w.onExit{rest}", "t") for rest in ("", "[0]", "[0].n")]
    assert found.delete_pods == ("w", *below)


def test_pod_names_follow_the_template_reference_and_the_recorded_format() -> None:
    before = workflow(node("w", "DAG", "Failed", children=["w.a"]), node("w.a", "Pod", "Failed", boundaryID="w"))
    before["status"]["nodes"]["w.a"]["templateRef"] = {"name": "lib", "template": "deploy"}
    assert plan(before).delete_pods[0].startswith("w-deploy-")
    before["metadata"]["annotations"] = {"workflows.argoproj.io/pod-name-format": "v1"}
    assert not plan(before).delete_pods[0].startswith("w-deploy-")


@pytest.mark.parametrize("phase", ["Running", "Pending", ""])
def test_only_what_is_over_is_retried(phase: str) -> None:
    with pytest.raises(OperationRefused, match=f"^Cannot retry a workflow in phase {phase}$"):
        plan(workflow(node("w"), phase=phase))


def test_a_success_is_retried_only_when_told_what() -> None:
    before = workflow(node("w", "DAG", children=["w.a"]), node("w.a", boundaryID="w"), phase="Succeeded")
    text = "To retry a succeeded workflow, set the options restartSuccessful and nodeFieldSelector"
    with pytest.raises(OperationRefused, match=text):
        plan(before, restart_successful=True)
    with pytest.raises(OperationRefused, match=text):
        plan(before, selector="name=w.a")
    assert plan(before, restart_successful=True, selector="name=w.a").deleted == ("w.a",)


def test_a_selector_without_restart_is_ignored_for_failures() -> None:
    before = workflow(
        node("w", "DAG", "Failed", children=["w.a", "w.b"]), node("w.a", boundaryID="w"),
        node("w.b", "Pod", "Failed", boundaryID="w"),
    )  # fmt: skip
    assert plan(before, selector="name=w.a").deleted == ("w.b",)


def test_refusals_of_damaged_maps_and_wrong_texts() -> None:
    with pytest.raises(OperationRefused, match=r"couldn't find parent node for w.a"):
        plan(workflow(node("w", "DAG", "Failed"), node("w.a", "Pod", "Failed")))
    with pytest.raises(OperationRefused, match=r"couldn't obtain child w.a"):
        plan(workflow(node("w", "DAG", "Failed", children=["w.a"])))
    with pytest.raises(OperationRefused, match=r"expected parameter of the form: NAME=VALUE. Received: x"):
        plan(workflow(node("w", "Pod", "Failed")), parameters=["x"])
    with pytest.raises(OperationRefused, match="selector"):
        plan(workflow(node("w", "Pod", "Failed")), restart_successful=True, selector="nonsense")
    offloaded = workflow(node("w", "Pod", "Failed"))
    offloaded["status"] = {"phase": "Failed", "offloadNodeStatusVersion": "fnv:1"}
    with pytest.raises(OperationRefused, match="database"):
        plan(offloaded)


def test_a_wide_diamond_is_planned_in_no_time() -> None:
    """Each level doubles the number of paths; walking them one by one would not end."""
    nodes = [node("w", "DAG", "Failed", children=["w.0a", "w.0b"])]
    for level in range(60):
        below = [f"w.{level + 1}a", f"w.{level + 1}b"] if level < 59 else []
        phase = "Failed" if level == 59 else "Succeeded"
        nodes += [node(f"w.{level}{side}", "Pod", phase, boundaryID="w", children=below) for side in "ab"]
    assert plan(workflow(*nodes)).deleted == ("w.59a", "w.59b")
