"""Remembered results of runs (§2.12), and the way of a workflow to its first node (§2.1)."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine import operations
from argotui.engine.effects import SaveCache
from argotui.engine.entrance import POSTPONED
from argotui.engine.facts import Admitted, PodDelayed, Postponed
from argotui.model.documents import Document
from argotui.model.patching import merge_patch

from .lockroom import LockRoom
from .simulator import Objects, Outcome, Simulation

OUTPUT = {"parameters": [{"name": "r", "value": "made", "valueFrom": {"path": "/tmp/r"}, "globalName": "g"}]}


def made(_node: str) -> Outcome:
    return Outcome(1, outputs=OUTPUT)


def workflow(name: str = "w", key: str = "k", max_age: str = "", **leaf: Any) -> Document:
    memoize: Document = {"key": key, "cache": {"configMap": {"name": "cache"}}}
    if max_age:
        memoize["maxAge"] = max_age
    template = {
        "name": "leaf",
        "memoize": memoize,
        "container": {"image": "alpine", "command": ["true"]},
        "outputs": {"parameters": [{"name": "r", "valueFrom": {"path": "/tmp/r"}, "globalName": "g"}]},
        **leaf,
    }
    show = {
        "name": "show",
        "inputs": {"parameters": [{"name": "x"}]},
        "container": {"image": "alpine", "command": ["echo", "{{inputs.parameters.x}}"]},
    }
    value = "{{steps.a.outputs.parameters.r}}"
    arguments = {"parameters": [{"name": "x", "value": value}]}
    steps = [[{"name": "a", "template": "leaf"}], [{"name": "b", "template": "show", "arguments": arguments}]]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "argo", "uid": f"uid-{name}"},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", "steps": steps}, template, show]},
    }


def pair(first: Document, second: Document, *, later: float = 0, fresh: bool = False) -> tuple[Simulation, Simulation]:
    """Two workflows of one controller and one cache, one after the other."""
    room, objects = LockRoom(), Objects()
    runs = [Simulation(each, made, objects=objects, room=room, fresh=fresh) for each in (first, second)]
    runs[0].play()
    runs[1].now = runs[0].now
    runs[1].after(later, list)
    if later:
        runs[1]._happen()
    runs[1].play()
    return runs[0], runs[1]


@pytest.mark.parametrize("fresh", [False, True])
def test_the_second_time_nothing_is_done(fresh: bool) -> None:
    _, second = pair(workflow("one"), workflow("two"), fresh=fresh)
    assert second.phase == "Succeeded"
    node = second.nodes["two[0].a"]
    assert node["memoizationStatus"] == {"hit": True, "key": "k", "cacheName": "cache"}
    assert node["outputs"]["parameters"][0]["value"] == "made"
    assert len(second.created) == 1
    assert second.nodes["two[1].b"]["inputs"]["parameters"][0]["value"] == "made"
    assert second.nodes["two[1]"]["id"] in node["children"]


def test_attempts_are_remembered_as_one() -> None:
    first, second = pair(workflow("one", retryStrategy={"limit": 1}), workflow("two", retryStrategy={"limit": 1}))
    assert [effect.node_id for effect in first.effects if isinstance(effect, SaveCache)] == [
        first.nodes["one[0].a"]["id"]
    ]
    node = second.nodes["two[0].a"]
    assert (node["type"], node["phase"]) == ("Retry", "Succeeded")
    assert second.nodes["two[1]"]["id"] in node["children"], "the tree stays in one piece"
    assert second.phase == "Succeeded"


@pytest.mark.parametrize(("age", "pods"), [("1h", 1), ("30s", 2), ("", 1), ("2000000h", 1)])
def test_a_result_that_is_too_old(age: str, pods: int) -> None:
    _, second = pair(workflow("one", max_age=age), workflow("two", max_age=age), later=60)
    assert second.phase == "Succeeded"
    assert len(second.created) == pods


def test_a_failure_is_not_remembered() -> None:
    simulation = Simulation(workflow(), lambda _: Outcome(1, 1)).play()
    assert not any(isinstance(effect, SaveCache) for effect in simulation.effects)
    assert simulation.phase == "Failed"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (workflow(key="no spaces"), "invalid cache key: no spaces"),
        (workflow(key=""), "invalid cache key: "),
        (workflow(max_age="soon"), 'invalid maxAge: time: invalid duration "soon"'),
        (workflow(memoize={"key": "k"}), "cache could not be found or created"),
    ],
)
def test_what_cannot_be_looked_up(document: Document, message: str) -> None:
    simulation = Simulation(document).play()
    node = simulation.nodes["w[0].a"]
    assert (node["phase"], node["message"]) == ("Error", message)
    assert not simulation.created


def test_a_config_map_that_is_no_cache() -> None:
    config_map = {"metadata": {"name": "cache", "namespace": "argo"}, "kind": "ConfigMap", "data": {}}
    simulation = Simulation(workflow(), objects=Objects.of([config_map])).play()
    assert simulation.phase == "Failed"
    assert simulation.nodes["w[0].a"]["message"] == "refused"


def test_who_waited_for_a_lock_looks_the_result_up_then() -> None:
    """Two want the same result at once: a mutex makes one of them wait, and it need do nothing."""
    lock = {"mutexes": [{"name": "m"}]}
    room, objects = LockRoom(), Objects()
    first = Simulation(workflow("one", synchronization=lock), made, objects=objects, room=room)
    second = Simulation(workflow("two", synchronization=lock), made, objects=objects, room=room)
    first.play(until=lambda: bool(first.pods))
    second.now = first.now
    second.play(until=lambda: "two[0].a" in second.nodes)
    assert second.nodes["two[0].a"]["phase"] == "Pending"
    first.play()
    second.play()
    node = second.nodes["two[0].a"]
    assert (node["phase"], node["memoizationStatus"]["hit"]) == ("Succeeded", True)
    assert "message" not in node
    assert "synchronizationStatus" not in node
    assert room.table.locks() == []


def test_global_outputs_of_a_remembered_result() -> None:
    _, second = pair(workflow("one"), workflow("two"))
    assert second.workflow["status"]["outputs"] == {"parameters": [{"name": "g", "value": "made"}]}


# --- the entrance -----------------------------------------------------------------------------


def test_too_many_are_running() -> None:
    simulation = Simulation(workflow(), made)
    simulation.advance([Postponed()])
    status = simulation.workflow["status"]
    assert (status["phase"], status["message"]) == ("Pending", POSTPONED)
    assert not status.get("startedAt")
    assert simulation.workflow["metadata"]["labels"]["workflows.argoproj.io/phase"] == "Pending"
    simulation.advance([Admitted()])
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert "message" not in simulation.workflow["status"]
    assert simulation.workflow["status"]["startedAt"]


@pytest.mark.parametrize(("strategy", "phase"), [("Terminate", "Failed"), ("Stop", "Pending")])
def test_a_postponed_workflow_can_be_terminated(strategy: str, phase: str) -> None:
    simulation = Simulation(workflow(), made)
    simulation.advance([Postponed()])
    end = operations.stop if strategy == "Stop" else operations.terminate
    simulation.workflow = merge_patch(simulation.workflow, end(simulation.workflow))
    simulation.reload()
    simulation.advance([Postponed()])
    simulation.play()
    assert simulation.phase == phase


def test_a_workflow_that_runs_is_not_postponed() -> None:
    simulation = Simulation(workflow(), made)
    simulation.play(until=lambda: simulation.phase == "Running")
    simulation.advance([Postponed()])
    simulation.play()
    assert simulation.phase == "Succeeded"


def test_a_pod_that_has_to_wait_says_so() -> None:
    simulation = Simulation(workflow(), made)
    simulation.play(until=lambda: "w[0].a" in simulation.nodes)
    identifier = simulation.nodes["w[0].a"]["id"]
    simulation.advance([PodDelayed(identifier, "resource creation rate-limit reached")])
    node = simulation.nodes["w[0].a"]
    assert (node["phase"], node["message"]) == ("Pending", "resource creation rate-limit reached")
    simulation.play()
    assert "message" not in simulation.nodes["w[0].a"]
