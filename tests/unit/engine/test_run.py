"""A run as its controller sees it: what it writes, what it asks for, and when."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import timedelta
from math import inf
from typing import Any

import pytest

from argotui.engine.config import EngineConfig
from argotui.engine.effects import CreatePod, DeleteTaskResults, LabelPodCompleted, TerminatePod, WakeAt
from argotui.engine.facts import Fact, PodChanged, PodCreateFailed, TaskResultChanged, TemplatesChanged, Tick
from argotui.engine.nodemap import NodesUnreadable
from argotui.engine.run import Run
from argotui.model.documents import Document, annotations, clone, labels
from argotui.model.keys import LABEL_COMPLETED, LABEL_PHASE

from .builders import POD, call, dag, gate, steps, worker, workflow
from .simulator import START, Objects, Outcome, Simulation

ONE = workflow(POD)


def conditions(simulation: Simulation) -> dict[str, str]:
    return {c["type"]: c["status"] for c in simulation.workflow["status"].get("conditions") or ()}


# --- beginning --------------------------------------------------------------------------------


def test_the_first_step_marks_the_workflow() -> None:
    run = Run.load(ONE, EngineConfig(), Objects())
    step = run.advance([Tick()], START, b"")
    assert step.changes["metadata"] == {
        "labels": {LABEL_PHASE: "Running", LABEL_COMPLETED: "false"},
        "annotations": {"workflows.argoproj.io/pod-name-format": "v2"},
    }
    status = step.changes["status"]
    assert status["phase"] == "Running"
    assert status["startedAt"] == "2030-01-01T12:00:00Z"
    assert status["progress"] == "0/1"
    assert status["artifactGCStatus"] == {"notSpecified": True}
    assert status["artifactRepositoryRef"] == {"default": True, "artifactRepository": {}}
    assert "conditions" not in status
    assert status["nodes"]["wf"]["phase"] == "Pending"
    assert [effect.node_id for effect in step.effects if isinstance(effect, CreatePod)] == ["wf"]


def test_nothing_changes_without_news() -> None:
    run = Run.load(ONE, EngineConfig(), Objects())
    run.advance([], START, b"")
    for fact in (Tick(), TemplatesChanged()):
        step = run.advance([fact], START + timedelta(seconds=1), b"")
        assert step.changes == {}
        assert step.effects == ()


def test_the_given_object_is_not_changed() -> None:
    document = workflow(steps(call("a"), call("b")), workflowMetadata={"labels": {"x": "y"}})
    before = clone(document)
    simulation = Simulation(document)
    run = Run.load(document, EngineConfig(), Objects())
    run.advance([], START, b"")
    assert document == before
    half = simulation.play(until=lambda: "wf[1].b" in simulation.nodes).workflow
    before = clone(half)
    Run.load(half, EngineConfig(), Objects()).advance([], simulation.now, b"")
    assert half == before


def test_metadata_of_the_spec_and_defaults() -> None:
    document = workflow(
        POD,
        arguments={"parameters": [{"name": "team", "value": "blue"}]},
        workflowMetadata={"labels": {"team": "{{workflow.parameters.team}}"}, "annotations": {"note": "n"}},
    )
    defaults = {"metadata": {"labels": {"from": "config"}}, "spec": {"serviceAccountName": "runner", "priority": 3}}
    simulation = Simulation(document, config=EngineConfig(workflow_defaults=defaults)).play()
    found = labels(simulation.workflow)
    assert (found["team"], found["from"]) == ("blue", "config")
    assert annotations(simulation.workflow)["note"] == "n"
    assert simulation.workflow["spec"]["serviceAccountName"] == "runner"
    assert simulation.created[0]["spec"]["serviceAccountName"] == "runner"


@pytest.mark.parametrize(
    ("document", "phase", "message"),
    [
        (workflow(POD, entrypoint="nowhere"), "Failed", "invalid spec: template name 'nowhere' undefined"),
        (
            workflow(POD, arguments={"parameters": [{"name": "x"}]}),
            "Failed",
            "invalid spec: spec.arguments.x.value or spec.arguments.x.valueFrom is required",
        ),
        (
            workflow(
                POD,
                arguments={"parameters": [{"name": "x", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}]},
            ),
            "Failed",
            "failed to set global parameters: failed to set global parameter x from configmap with name m and key k: "
            "ConfigMap 'm' does not exist. Please make sure it has the label workflows.argoproj.io/configmap-type: "
            "Parameter to be detectable by the controller",
        ),
        (
            {**workflow(POD), "spec": {"workflowTemplateRef": {"name": "gone"}}},
            "Error",
            'workflowtemplates.argoproj.io "gone" not found',
        ),
        (
            {**workflow(POD), "spec": {"workflowTemplateRef": {"name": "gone", "clusterScope": True}}},
            "Error",
            'clusterworkflowtemplates.argoproj.io "gone" not found',
        ),
        (
            workflow({"name": "main", "plugin": {"x": {}}}),
            "Error",
            "spec.templates[0].plugin: plugin templates are not supported by this version of argotui, as there is no "
            "agent that serves plugins",
        ),
    ],
)  # fmt: skip
def test_what_cannot_run_ends_at_once(document: Document, phase: str, message: str) -> None:
    simulation = Simulation(document).play()
    status = simulation.workflow["status"]
    assert (status["phase"], status["message"]) == (phase, message)
    assert status["progress"] == "0/0"
    assert status["finishedAt"]
    assert "nodes" not in status
    assert conditions(simulation) == {"Completed": "True"}
    assert labels(simulation.workflow)[LABEL_COMPLETED] == "true"
    assert [event for event in simulation.events() if event[0] != "InvalidSpec"] == [("WorkflowFailed", message)]
    assert not any(isinstance(effect, DeleteTaskResults) for effect in simulation.effects)


TEMPLATE: Document = {
    "kind": "WorkflowTemplate",
    "metadata": {"name": "recipe", "namespace": "argo"},
    "spec": {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "x", "value": "theirs"}]},
        "templates": [steps(call("a", "work", i="{{workflow.parameters.x}}")), worker("work", "i")],
    },
}


@pytest.mark.parametrize("cluster", [False, True])
def test_workflow_template_ref(cluster: bool) -> None:
    document = workflow(POD)
    document["spec"] = {
        "workflowTemplateRef": {"name": "recipe", **({"clusterScope": True} if cluster else {})},
        "arguments": {"parameters": [{"name": "x", "value": "mine"}]},
    }
    kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
    simulation = Simulation(document, objects=Objects.of([{**TEMPLATE, "kind": kind}]))
    simulation.play(until=lambda: bool(simulation.nodes))
    status = simulation.workflow["status"]
    scope, word = ("cluster", "cluster-workflow-template") if cluster else ("namespaced", "workflow-template")
    assert sorted(status["storedTemplates"]) == [f"{scope}/recipe/main", f"{scope}/recipe/work"]
    assert status["storedWorkflowTemplateSpec"]["entrypoint"] == "main"
    assert labels(simulation.workflow)[f"workflows.argoproj.io/{word}"] == "recipe"
    assert simulation.nodes["wf[0].a"]["inputs"]["parameters"][0]["value"] == "mine"
    assert simulation.nodes["wf"]["templateScope"] == "local/"
    # what happens to the template from now on comes too late
    simulation.objects.templates.clear()
    simulation.objects.cluster_templates.clear()
    simulation.reload()
    assert simulation.play().phase == "Succeeded"


def test_a_template_that_is_gone_when_the_spec_is_joined_again() -> None:
    document = {**workflow(POD), "spec": {"workflowTemplateRef": {"name": "recipe"}}}
    simulation = Simulation(document, objects=Objects.of([TEMPLATE]))
    simulation.play(until=lambda: bool(simulation.pods))
    simulation.objects.templates.clear()
    stopped = {**simulation.workflow, "spec": {**simulation.workflow["spec"], "shutdown": "Terminate"}}
    simulation.change(stopped)
    simulation.play()
    assert simulation.workflow["status"]["message"] == "Stopped with strategy 'Terminate'"


# --- going on ---------------------------------------------------------------------------------


def test_compressed_nodes_are_read() -> None:
    simulation = Simulation(workflow(steps(call("a"), call("b"))))
    simulation.play(until=lambda: "wf[1].b" in simulation.nodes)
    plain = simulation.workflow
    packed = base64.b64encode(gzip.compress(json.dumps(plain["status"]["nodes"]).encode())).decode()
    status = {key: value for key, value in plain["status"].items() if key != "nodes"}
    compressed = {**plain, "status": {**status, "compressedNodes": packed}}
    one, other = (Run.load(document, EngineConfig(), Objects()) for document in (plain, compressed))
    assert one.workflow == other.workflow
    offloaded = {**plain, "status": {**status, "offloadNodeStatusVersion": "fnv:1"}}
    with pytest.raises(NodesUnreadable):
        Run.load(offloaded, EngineConfig(), Objects())


def test_a_pod_that_runs_is_told_as_a_condition_from_the_second_step_on() -> None:
    simulation = Simulation(ONE)
    simulation.play(until=lambda: simulation.nodes.get("wf", {}).get("phase") == "Running")
    assert conditions(simulation) == {"PodRunning": "True"}
    simulation.play()
    assert conditions(simulation) == {"PodRunning": "False", "Completed": "True"}


def test_events() -> None:
    simulation = Simulation(workflow(steps([call("a"), call("b", when="false")])))
    simulation.script = lambda _node: Outcome(exit_code=2)
    simulation.play()
    assert [reason for reason, _ in simulation.events()] == [
        "WorkflowNodeRunning",
        "WorkflowNodeRunning",
        "WorkflowRunning",
        "WorkflowNodeRunning",
        "WorkflowNodeFailed",
        "WorkflowNodeFailed",
        "WorkflowNodeFailed",
        "WorkflowFailed",
    ]
    last = simulation.workflow["status"]["message"]
    assert simulation.events()[-1] == ("WorkflowFailed", last)
    assert ("WorkflowNodeFailed", "Failed node wf[0].a: main: Error (exit code 2)") in simulation.events()
    silent = Simulation(ONE, config=EngineConfig(node_events=False, workflow_events=False)).play()
    assert silent.events() == []


def test_a_node_that_ends_before_it_was_seen_running_is_told_as_running_first() -> None:
    run = Run.load(ONE, EngineConfig(), Objects())
    step = run.advance([], START, b"")
    pod = next(effect.pod for effect in step.effects if isinstance(effect, CreatePod))
    ended = {"terminated": {"exitCode": 0, "startedAt": "2030-01-01T12:00:00Z", "finishedAt": "2030-01-01T12:00:01Z"}}
    statuses = [{"name": "main", "state": ended}]
    step = run.advance(
        [PodChanged({**pod, "status": {"phase": "Succeeded", "containerStatuses": statuses}})], START, b""
    )
    events = [effect for effect in step.effects if hasattr(effect, "reason")]
    assert [event.reason for event in events] == ["WorkflowNodeRunning", "WorkflowNodeSucceeded", "WorkflowSucceeded"]
    assert events[0].annotations == {
        "workflows.argoproj.io/node-id": "wf",
        "workflows.argoproj.io/node-name": "wf",
        "workflows.argoproj.io/node-type": "Pod",
        "workflows.argoproj.io/node-start-time": str(int(START.timestamp()) * 10**9),
    }


def test_the_end_of_a_workflow() -> None:
    simulation = Simulation(ONE).play()
    last = [type(effect).__name__ for effect in simulation.effects if not hasattr(effect, "reason")]
    assert last == ["CreatePod", "LabelPodCompleted", "DeleteTaskResults"]
    assert all(effect.after_persist for effect in simulation.effects[-2:])


def test_a_complete_workflow_is_left_alone_but_tidied() -> None:
    simulation = Simulation(ONE).play()
    pod = clone(simulation.pods["wf"])
    pod["metadata"]["labels"][LABEL_COMPLETED] = "false"
    running = clone(pod)
    running["status"] = {"phase": "Running"}
    result: Document = {"metadata": {"name": "wf", "labels": {}}}
    run = Run.load(simulation.workflow, EngineConfig(), Objects())
    step = run.advance([PodChanged(pod), PodChanged(running), TaskResultChanged(result)], simulation.now, b"")
    assert step.changes == {}
    assert step.effects == (LabelPodCompleted("wf"), DeleteTaskResults())
    assert run.advance([Tick()], simulation.now, b"").effects == ()


def test_suspending_a_workflow_keeps_what_runs() -> None:
    simulation = Simulation(workflow(steps(call("a"), call("b"))))
    simulation.play(until=lambda: simulation.nodes.get("wf[0].a", {}).get("phase") == "Running")
    simulation.change({**simulation.workflow, "spec": {**simulation.workflow["spec"], "suspend": True}})
    simulation.play()
    assert simulation.nodes["wf[0].a"]["phase"] == "Succeeded"
    assert simulation.nodes["wf[0]"]["phase"] == "Running"
    simulation.change({**simulation.workflow, "spec": {**simulation.workflow["spec"], "suspend": None}})
    assert simulation.play().phase == "Succeeded"


# --- time -------------------------------------------------------------------------------------


def alarms(simulation: Simulation) -> list[float]:
    return [(effect.time - START).total_seconds() for effect in simulation.effects if isinstance(effect, WakeAt)]


def test_the_earliest_alarm_is_told_when_it_changes() -> None:
    simulation = Simulation(
        workflow(steps([call("a", "gate"), call("b", "late")]), gate(duration="5"), gate("late", duration="9"))
    )
    simulation.play()
    assert alarms(simulation) == [5.0, 9.0]
    assert simulation.phase == "Succeeded"


def test_the_deadline_of_a_workflow() -> None:
    """A gate ends at the deadline, a pod by itself; one that does not is ended soon after."""
    document = workflow(
        dag(call("a"), call("g", "gate"), call("n", dependencies=["a"])), gate(), activeDeadlineSeconds=4
    )
    simulation = Simulation(document, lambda _node: Outcome(inf)).play()
    assert simulation.created[0]["spec"]["activeDeadlineSeconds"] == 4
    nodes = simulation.nodes
    assert nodes["wf.g"]["message"] == "Step exceeded its deadline"
    assert nodes["wf.g"]["finishedAt"] == "2030-01-01T12:00:04Z"
    assert nodes["wf.a"]["message"] == "Pod was active on the node longer than the specified deadline"
    assert nodes["wf.n"]["phase"] == "Omitted"
    assert simulation.phase == "Failed"
    assert ("WorkflowTimedOut", "Workflow timed out") in simulation.events()


def test_a_pod_that_ignores_the_deadline_is_ended() -> None:
    simulation = Simulation(workflow(POD, activeDeadlineSeconds=4), lambda _node: Outcome(inf))
    simulation.play(until=lambda: bool(simulation.pods))
    for pod in simulation.pods.values():
        del pod["spec"]["activeDeadlineSeconds"]
    run_out = simulation.play()
    assert run_out.nodes["wf"]["message"] == "Step exceeded its deadline"
    assert any(isinstance(effect, TerminatePod) for effect in run_out.effects)


def test_no_pod_is_made_after_the_deadline() -> None:
    document = workflow(
        steps(call("g", "gate", continueOn={"failed": True}), call("a"), call("h", "gate")),
        gate(),
        activeDeadlineSeconds=2,
    )
    simulation = Simulation(document).play()
    assert simulation.nodes["wf[1].a"]["message"] == "Step exceeded its deadline"
    assert not simulation.created
    document = workflow(
        steps(call("g", "gate", continueOn={"failed": True}), call("h", "gate")), gate(), activeDeadlineSeconds=2
    )
    simulation = Simulation(document).play()
    assert simulation.nodes["wf[1].h"]["message"] == "Step exceeded its deadline"


def test_the_exit_handler_has_no_deadline() -> None:
    document = workflow(
        steps(call("g", "gate")), gate(), gate("bye", duration="3"), activeDeadlineSeconds=2, onExit="bye"
    )
    simulation = Simulation(document).play()
    assert simulation.nodes["wf.onExit"]["phase"] == "Succeeded"


# --- pods that cannot be made -----------------------------------------------------------------


def refused(run: Run, fact: Fact, at: float) -> list[Any]:
    return list(run.advance([fact], START + timedelta(seconds=at), b"").effects)


def test_a_pod_that_the_api_never_takes() -> None:
    run = Run.load(workflow(steps(call("a"))), EngineConfig(), Objects())
    created = next(e for e in run.advance([], START, b"").effects if isinstance(e, CreatePod))
    refused(run, PodCreateFailed(created.node_id, "admission webhook denied it", transient=False), 1)
    nodes = {node["name"]: node for node in run.workflow["status"]["nodes"].values()}
    assert (nodes["wf[0].a"]["phase"], nodes["wf[0].a"]["message"]) == ("Error", "admission webhook denied it")
    assert (
        nodes["wf[0]"]["message"] == "step group deemed errored due to child wf[0].a error: admission webhook denied it"
    )
    assert run.workflow["status"]["phase"] == "Failed"


def test_a_pod_that_the_api_cannot_take_now_is_asked_for_again() -> None:
    run = Run.load(ONE, EngineConfig(), Objects())
    run.advance([], START, b"")
    effects = refused(run, PodCreateFailed("wf", "exceeded quota", transient=True), 1)
    assert WakeAt(START + timedelta(seconds=11)) in effects
    node = run.workflow["status"]["nodes"]["wf"]
    assert (node["phase"], node["message"]) == ("Pending", "exceeded quota")
    again = [effect for effect in refused(run, Tick(), 11) if isinstance(effect, CreatePod)]
    assert [effect.node_id for effect in again] == ["wf"]
    pod = {**again[0].pod, "status": {"phase": "Running"}}
    refused(run, PodChanged(pod), 12)
    assert "message" not in run.workflow["status"]["nodes"]["wf"]
    assert refused(run, PodCreateFailed("wf", "too late", transient=True), 13) == []
    assert run.workflow["status"]["nodes"]["wf"]["phase"] == "Running"


def test_a_pod_that_cannot_be_built_is_an_error() -> None:
    document = workflow({**POD, "container": {"image": "alpine"}})
    simulation = Simulation(document).play()
    assert simulation.phase == "Error"
    assert simulation.workflow["status"]["message"].startswith("error in entry template execution: ")


def test_all_problems_of_a_spec_are_told_as_events() -> None:
    bad = workflow(
        steps([call("a", "nope"), call("b", "nowhere", when="1 == 1")]),
        {"name": "x", "container": {"command": ["true"]}},
        onExit="gone",
    )
    played = Simulation(bad).play()
    assert played.phase == "Failed"
    told = [message for reason, message in played.events() if reason == "InvalidSpec"]
    assert any(
        message.startswith("spec.templates[0].steps[0][0].template: template name 'nope' undefined") for message in told
    )
    assert any("spec.templates[0].steps[0][1].template" in message for message in told)
    assert any(message.startswith("spec.onExit: template name 'gone' undefined") for message in told)
    assert [reason for reason, _ in played.events()].count("WorkflowFailed") == 1


def test_older_forms_are_read_as_todays_and_not_written_back() -> None:
    played = Simulation(workflow(steps(call("a")), ttlSecondsAfterFinished=60, podPriority=3)).play()
    assert played.phase == "Succeeded"
    assert played.workflow["spec"]["ttlSecondsAfterFinished"] == 60
    assert "ttlStrategy" not in played.workflow["spec"]
