"""What the controller's configuration changes in a run (§8.1)."""

from __future__ import annotations

from datetime import timedelta

from argotui.engine.config import EngineConfig
from argotui.engine.effects import EmitEvent

from .builders import call, steps, workflow
from .simulator import START, Simulation


def test_a_new_workflow_is_left_alone_for_the_initial_delay() -> None:
    config = EngineConfig.from_config_map({"initialDelay": "90s"}, namespace="argo")
    simulation = Simulation(workflow(steps(call("a"))), config=config)
    simulation.advance([])
    assert (simulation.phase, simulation.created) == ("", [])
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert simulation.workflow["status"]["startedAt"] == "2030-01-01T12:01:30Z"
    assert simulation.now - START < timedelta(seconds=120)


def test_events_of_nodes_may_be_about_their_pods() -> None:
    config = EngineConfig.from_config_map({"nodeEvents": "{sendAsPod: true}"}, namespace="argo")
    simulation = Simulation(workflow(steps(call("a"))), config=config).play()
    events = [e for e in simulation.effects if isinstance(e, EmitEvent)]
    about = {e.message: e.about for e in events}
    pod = about["Succeeded node wf[0].a"]
    assert pod is not None
    made = simulation.created[0]["metadata"]
    assert (pod["kind"], pod["metadata"]["name"]) == ("Pod", made["name"])
    assert pod["metadata"]["uid"].startswith("uid-")
    assert about["Succeeded node wf"] is None
    ended = next(e for e in events if e.message == "Succeeded node wf[0].a")
    assert ended.annotations["workflows.argoproj.io/workflow-name"] == "wf"
    assert ended.annotations["workflows.argoproj.io/workflow-uid"] == simulation.workflow["metadata"]["uid"]


def test_events_can_be_switched_off() -> None:
    data = {"nodeEvents": "{enabled: false}", "workflowEvents": "{enabled: false}"}
    simulation = Simulation(workflow(steps(call("a"))), config=EngineConfig.from_config_map(data)).play()
    assert simulation.events() == []
