"""HTTP templates: what stands in the TaskSet when, and what ends a request from outside."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from argotui.engine import operations
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CompleteTaskSet, CreatePod, DeletePod, ForgetTasks, PutTasks
from argotui.engine.facts import PodChanged, PodCreateFailed, PodGone, TaskSetChanged, TaskSetRefused
from argotui.engine.pods.agent import build_agent_pod
from argotui.model.documents import Document, clone
from argotui.model.names import node_id
from argotui.model.patching import merge_patch

from .simulator import Outcome, Simulation

AGENT = node_id("w", "agent")
GET = {"name": "get", "http": {"url": "http://127.0.0.1/x"}}


def workflow(*templates: Document, **spec: Any) -> Document:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w", "namespace": "argo"},
        "spec": {"entrypoint": templates[0]["name"], "templates": list(templates), **spec},
    }


def steps(*names: str, **more: Any) -> Document:
    return {"name": "m", "steps": [[{"name": name, "template": "get", **more} for name in names]]}


def never(_node: str) -> Outcome:
    return Outcome(inf)


def started(script: Any = never, fresh: bool = False, document: Document | None = None, **spec: Any) -> Simulation:
    """Until the agent works on everything."""
    simulation = Simulation(document or workflow(steps("a", "b"), GET, **spec), script, fresh=fresh)
    return simulation.play(until=lambda: len(simulation.agent.made) == 2)


def of(simulation: Simulation, kind: type[Any]) -> list[Any]:
    return [effect for effect in simulation.effects if isinstance(effect, kind)]


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
def test_tasks_come_and_go(fresh: bool) -> None:
    simulation = Simulation(workflow(steps("a", "b"), GET), lambda _: Outcome(outputs={"result": "r"}), fresh=fresh)
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert sorted(simulation.agent.made) == sorted(simulation.nodes[f"w[0].{name}"]["id"] for name in "ab")
    assert simulation.nodes["w[0].a"]["outputs"] == {"result": "r"}
    assert simulation.nodes["w[0].a"]["progress"] == "1/1"
    task_set = simulation.agent.task_set
    assert task_set is not None
    assert (task_set["spec"]["tasks"], task_set["status"]["nodes"]) == ({}, {})
    assert task_set["metadata"]["labels"]["workflows.argoproj.io/completed"] == "true"
    assert simulation.pods == {}, "the agent is gone"
    assert [effect.node_id for effect in of(simulation, CreatePod) if not fresh] == ([] if fresh else [AGENT])


def test_the_result_of_a_request_reaches_the_next_step() -> None:
    say = {
        "name": "say",
        "http": {"url": "http://h/{{inputs.parameters.x}}"},
        "inputs": {"parameters": [{"name": "x"}]},
    }
    argument = {"parameters": [{"name": "x", "value": "{{steps.a.outputs.result}}"}]}
    main = {
        "name": "m",
        "steps": [[{"name": "a", "template": "get"}], [{"name": "b", "template": "say", "arguments": argument}]],
    }
    simulation = Simulation(workflow(main, GET, say), lambda _: Outcome(outputs={"result": "one"})).play()
    assert simulation.phase == "Succeeded"
    put = [template for effect in of(simulation, PutTasks) for template in effect.tasks.values()]
    assert put[1]["http"]["url"] == "http://h/one"


@pytest.mark.parametrize("strategy", ["Stop", "Terminate"])
@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
def test_a_shutdown_ends_requests(strategy: str, fresh: bool) -> None:
    simulation = started(fresh=fresh)
    change = operations.stop if strategy == "Stop" else operations.terminate
    simulation.change(merge_patch(simulation.workflow, change(simulation.workflow)))
    simulation.play()
    assert simulation.phase == "Failed"
    assert simulation.nodes["w[0].a"]["message"] == f"Stopped with strategy '{strategy}'"
    assert set(of(simulation, ForgetTasks)[0].node_ids) == set(simulation.agent.made)
    assert of(simulation, CompleteTaskSet)


def test_an_exit_handler_makes_its_request_after_a_stop() -> None:
    document = workflow(steps("a", "b"), GET, onExit="get")
    simulation = started(lambda node: Outcome() if node == "w.onExit" else Outcome(inf), document=document)
    simulation.change(merge_patch(simulation.workflow, operations.stop(simulation.workflow)))
    simulation.play()
    assert simulation.nodes["w.onExit"]["phase"] == "Succeeded"
    assert simulation.nodes["w[0].a"]["phase"] == "Failed"


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
def test_the_workflows_deadline_ends_requests(fresh: bool) -> None:
    simulation = started(fresh=fresh, activeDeadlineSeconds=5).play()
    assert simulation.phase == "Failed"
    assert {simulation.nodes[f"w[0].{name}"]["message"] for name in "ab"} == {"Step exceeded its deadline"}


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
def test_a_timeout_ends_a_request(fresh: bool) -> None:
    simulation = Simulation(workflow(steps("a"), {**GET, "timeout": "5s"}), never, fresh=fresh).play()
    assert simulation.phase == "Failed"
    assert simulation.nodes["w[0].a"]["message"] == "timeout"


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
def test_an_agent_that_fails_fails_what_is_open(fresh: bool) -> None:
    simulation = started(lambda node: Outcome(0.1) if node.endswith("a") else Outcome(inf), fresh=fresh)
    simulation.play(until=lambda: simulation.nodes["w[0].a"]["phase"] == "Succeeded")
    name = f"{AGENT}-agent"
    pod = simulation.pods[name]
    pod["status"] = {"phase": "Failed", "message": "evicted"}
    simulation.advance([PodChanged(clone(pod))])
    simulation.play()
    assert simulation.nodes["w[0].a"]["phase"] == "Succeeded"
    assert simulation.nodes["w[0].b"]["phase"] == "Error"
    assert simulation.nodes["w[0].b"]["message"] == 'agent pod failed with reason:"evicted"'
    assert simulation.phase == "Failed"


def test_an_agent_that_was_deleted_is_made_again() -> None:
    simulation = started()
    name = f"{AGENT}-agent"
    simulation.remove_pod(name)
    simulation.play(until=lambda: name in simulation.pods)
    assert len(of(simulation, CreatePod)) == 2


def test_the_pod_of_an_agent_cannot_be_made() -> None:
    simulation = Simulation(workflow(steps("a"), GET), never)
    simulation.advance([])
    simulation.advance([PodCreateFailed(AGENT, "exceeded quota", transient=True)])
    assert simulation.nodes["w[0].a"]["phase"] == "Pending"
    simulation.pods.clear()
    simulation.play(until=lambda: len(of(simulation, CreatePod)) == 2)
    simulation.advance([PodGone(f"{AGENT}-agent"), PodCreateFailed(AGENT, "admission denied it", transient=False)])
    assert simulation.nodes["w[0].a"]["message"] == 'create agent pod failed with reason:"admission denied it"'
    assert simulation.phase == "Failed"


def test_the_task_set_cannot_be_written() -> None:
    simulation = Simulation(workflow(steps("a"), GET), never)
    simulation.advance([])
    simulation.advance([TaskSetRefused("workflowtasksets is forbidden")])
    assert simulation.nodes["w[0].a"]["message"] == "failed to write the WorkflowTaskSet: workflowtasksets is forbidden"


def test_no_agent_of_ours() -> None:
    config = EngineConfig.from_config_map({"disableAgentPodCreation": "true"})
    simulation = Simulation(workflow(steps("a"), GET), never, config=config)
    simulation.advance([])
    assert of(simulation, PutTasks)
    assert not of(simulation, CreatePod)
    identifier = simulation.nodes["w[0].a"]["id"]
    result = {"spec": {"tasks": {identifier: {}}}, "status": {"nodes": {identifier: {"phase": "Succeeded"}}}}
    simulation.advance([TaskSetChanged({"metadata": {}, **result})])
    assert simulation.phase == "Succeeded"
    assert not of(simulation, DeletePod)


@pytest.mark.parametrize("result", [{"phase": "Nonsense"}, {}, "text", {"phase": "Running", "message": "half way"}])
def test_results_that_are_none(result: Any) -> None:
    simulation = Simulation(workflow(steps("a"), GET), never)
    simulation.advance([])
    identifier = simulation.nodes["w[0].a"]["id"]
    nodes = {identifier: result, "unknown": {"phase": "Succeeded"}, "w": {"phase": "Succeeded"}}
    simulation.advance([TaskSetChanged({"metadata": {}, "status": {"nodes": nodes}})])
    assert simulation.phase == "Running"
    assert simulation.nodes["w[0].a"]["phase"] in ("Pending", "Running")
    assert of(simulation, ForgetTasks)[0].node_ids == ("unknown",)


def test_retries_are_tasks_of_their_own() -> None:
    template = {**GET, "retryStrategy": {"limit": 2}}
    tries: list[str] = []

    def script(node: str) -> Outcome:
        tries.append(node)
        return Outcome(exit_code=0 if len(tries) == 3 else 1, message="no")

    simulation = Simulation(workflow(steps("a"), template), script).play()
    assert simulation.phase == "Succeeded"
    assert tries == ["w[0].a(0)", "w[0].a(1)", "w[0].a(2)"]


def test_a_controller_that_dies_again_and_again_makes_no_request_twice() -> None:
    simulation = Simulation(workflow(steps("a", "b"), GET), lambda _: Outcome())
    lost = iter([False, True] * 6)
    simulation.lose = lambda: next(lost, False)
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert len(simulation.agent.made) == 2


def test_the_agents_pod() -> None:
    document = workflow(GET, serviceAccountName="robot", nodeSelector={"a": "b"}, hostNetwork=True)
    document["spec"]["podMetadata"] = {"labels": {"team": "x"}}
    document["spec"]["podSpecPatch"] = '{"terminationGracePeriodSeconds": {{=1 + 2}}}'.replace("{{=1 + 2}}", "3")
    document["metadata"]["uid"] = "u"
    pod = build_agent_pod(document, EngineConfig(instance_id="me"), {})
    labels = {key.rpartition("/")[2]: value for key, value in pod["metadata"]["labels"].items()}
    assert labels == {
        "workflow": "w",
        "completed": "false",
        "team": "x",
        "component": "agent",
        "controller-instanceid": "me",
    }
    spec = pod["spec"]
    assert (spec["restartPolicy"], spec["serviceAccountName"], spec["nodeSelector"]) == (
        "OnFailure",
        "robot",
        {"a": "b"},
    )
    assert (spec["terminationGracePeriodSeconds"], "hostNetwork" in spec) == (3, False)
    (init,), (main,) = spec["initContainers"], spec["containers"]
    assert [init["args"][:2], main["args"][:2]] == [["agent", "init"], ["agent", "main"]]
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
