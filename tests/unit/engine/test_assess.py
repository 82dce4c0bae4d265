"""From pods and results to nodes: every way in which a pod can end, be late, or be lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from argotui.engine import podstatus
from argotui.engine.assess import RESULT_GRACE
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CreatePod, LabelPodCompleted, TerminatePod
from argotui.engine.facts import Fact, PodChanged, PodGone, TaskResultChanged, Tick
from argotui.engine.run import Run
from argotui.model.documents import Document
from argotui.model.keys import LABEL_COMPLETED, LABEL_REPORT_OUTPUTS_COMPLETED
from argotui.model.times import format_time

from .builders import POD, worker, workflow
from .simulator import START, Objects

Status = dict[str, Any]


def running() -> Status:
    return {"running": {"startedAt": "2030-01-01T12:00:01Z"}}


def ended(code: int = 0, message: str = "", reason: str = "", at: int = 5) -> Status:
    times = {"startedAt": "2030-01-01T12:00:01Z", "finishedAt": f"2030-01-01T12:00:{at:02}Z"}
    extra = {"message": message} if message else {}
    return {"terminated": {"exitCode": code, "reason": reason or ("Error" if code else "Completed"), **times, **extra}}


def waiting(reason: str, message: str = "") -> Status:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def status(phase: str, main: Status | None = None, wait: Status | None = None, **more: Any) -> Document:
    inits = more.pop("inits", {})
    sidecars = more.pop("sidecars", {})
    containers = {"main": main, "wait": wait, **sidecars}
    return {
        "phase": phase,
        "containerStatuses": [{"name": name, "state": state} for name, state in containers.items() if state],
        "initContainerStatuses": [{"name": name, "state": state} for name, state in inits.items()],
        **more,
    }


class World:
    """A workflow of one pod, told of things by hand."""

    def __init__(self, template: Document = POD, spec: Document | None = None) -> None:
        self.now = START
        self.effects: list[Any] = []
        self.run = Run.load(workflow(template, **(spec or {})), EngineConfig(node_events=False), Objects())
        self.tell()
        self.pod: Document = next(e.pod for e in self.effects if isinstance(e, CreatePod))
        self.pod["metadata"]["uid"] = "first"

    def tell(self, *facts: Fact, after: float = 0.0) -> World:
        self.now += timedelta(seconds=after)
        self.effects = list(self.run.advance(facts or [Tick()], self.now, b"").effects)
        return self

    def see(self, document: Document, after: float = 0.0, **metadata: Any) -> World:
        spec = {**self.pod["spec"], "nodeName": "node-1"}
        return self.tell(
            PodChanged({"metadata": self.pod["metadata"] | metadata, "spec": spec, "status": document}), after=after
        )

    def report(self, done: str, outputs: Document | None = None, after: float = 0.0, **fields: Any) -> World:
        labels = {LABEL_REPORT_OUTPUTS_COMPLETED: done} if done else {}
        result = {"metadata": {"name": "wf", "labels": labels}, **({"outputs": outputs} if outputs else {}), **fields}
        return self.tell(TaskResultChanged(result), after=after)

    def reload(self, *facts: Fact) -> World:
        self.run = Run.load(self.run.workflow, EngineConfig(node_events=False), Objects())
        return self.tell(*facts)

    @property
    def node(self) -> Document:
        found: Document = self.run.workflow["status"]["nodes"]["wf"]
        return found

    @property
    def outcome(self) -> tuple[str, str]:
        return self.node["phase"], self.node.get("message") or ""

    def made(self, kind: type) -> list[Any]:
        return [effect for effect in self.effects if isinstance(effect, kind)]


# --- phases -----------------------------------------------------------------------------------


def test_from_pending_to_the_end() -> None:
    world = World()
    assert world.node["taskResultSynced"] is True
    world.see(status("Pending", waiting("ContainerCreating")))
    assert world.outcome == ("Pending", "ContainerCreating")
    world.see(status("Pending", waiting("ImagePullBackOff", "no such image")))
    assert world.outcome == ("Pending", "ImagePullBackOff: no such image")
    world.see(status("Running", running(), running())).report("false")
    assert world.outcome == ("Running", "")
    assert world.node["hostNodeName"] == "node-1"
    assert world.node["taskResultSynced"] is False
    world.see(status("Running", ended(), running()))
    assert world.outcome == ("Running", "")
    assert world.node["outputs"] == {"exitCode": "0"}
    world.report("true", {"parameters": [{"name": "v", "value": "7"}], "exitCode": "9"})
    world.see(status("Succeeded", ended(at=9), ended(at=11)))
    assert world.outcome == ("Succeeded", "")
    assert world.node["outputs"] == {"parameters": [{"name": "v", "value": "7"}], "exitCode": "0"}
    assert world.node["finishedAt"] == "2030-01-01T12:00:11Z"
    assert world.node["progress"] == "1/1"
    assert world.node["resourcesDuration"] == {"cpu": 1, "memory": 18}
    assert world.made(LabelPodCompleted) == [LabelPodCompleted("wf")]


def test_the_scheduler_says_why() -> None:
    condition = {"type": "PodScheduled", "reason": "Unschedulable", "message": "0/1 nodes are available"}
    world = World().see({"phase": "Pending", "conditions": [condition]})
    assert world.outcome == ("Pending", "Unschedulable: 0/1 nodes are available")


def test_a_pod_that_starts_anew_is_pending_again() -> None:
    world = World().see(status("Running", running(), running())).see({"phase": "Pending"})
    assert world.outcome == ("Pending", "")


EARLY, COMPLETED = "Pod failed before ", "container completed successfully"
BAD: list[tuple[Document, str, str]] = [
    (status("Failed", ended(3), ended()), "Failed", "main: Error (exit code 3)"),
    (status("Failed", ended(137, "much", "OOMKilled"), ended()), "Failed", "main: OOMKilled (exit code 137): much"),
    (status("Failed", ended(), ended(1, "cannot report")), "Error", "wait: Error (exit code 1): cannot report"),
    (status("Failed", inits={"init": ended(64, "cannot load")}), "Error", "init: Error (exit code 64): cannot load"),
    (status("Failed", inits={"init": ended(), "mine": ended(2)}), "Failed", "mine: Error (exit code 2)"),
    (status("Failed", waiting("ErrImagePull", "no")), "Error", f"{EARLY}main container starts due to ErrImagePull: no"),
    (status("Failed", message="The node was low on memory", reason="Evicted"), "Failed", "The node was low on memory"),
    (status("Failed", ended(), ended(), sidecars={"side": ended(137)}), "Succeeded", ""),
    (status("Failed", ended(), ended(), sidecars={"side": ended(4)}), "Failed", "side: Error (exit code 4)"),
    (status("Failed", ended(), None), "Failed", "pod failed: wait container did not complete successfully"),
    (status("Failed", None, ended()), "Failed", "pod failed: main container did not complete successfully"),
    (status("Failed", sidecars={"side": ended()}), "Failed", f"pod failed: neither main nor wait {COMPLETED}"),
    ({"phase": "Failed"}, "Failed", "can't find failed message for pod wf namespace argo"),
    ({"phase": "Unknown"}, "Error", "Unexpected pod phase for wf: Unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "phase", "message"), BAD)
def test_who_is_to_blame(document: Document, phase: str, message: str) -> None:
    world = World().see(status("Running", running(), running())).report("true").see(document)
    assert world.outcome == (phase, message)


def test_times_and_resources() -> None:
    pod: Document = {
        "spec": {
            "initContainers": [{"name": "init"}],
            "containers": [
                {"name": "main", "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "500m"}}},
                {
                    "name": "wait",
                    "resources": {"requests": {"nvidia.com/gpu": "1", "ephemeral-storage": "20Gi", "x": "?"}},
                },
            ],
        },
        "status": status("Succeeded", ended(at=11), ended(at=21), inits={"init": ended(at=2)}),
    }
    # init 1 s, main 10 s, wait 20 s; memory counts in 100Mi, storage in 10Gi
    expected = {"cpu": 0 + 5 + 2, "memory": 1 + 102 + 20, "nvidia.com/gpu": 20, "ephemeral-storage": 40}
    assert podstatus.resource_seconds(pod) == expected
    assert podstatus.finished_at(pod, START) == "2030-01-01T12:00:21Z"
    assert podstatus.finished_at({"status": status("Running", running())}, START) == format_time(START)
    assert podstatus.finished_at({"status": {}}, START) is None


def test_progress_is_reported() -> None:
    world = World().see(status("Running", running(), running())).report("false", progress="3/10")
    assert world.node["progress"] == "3/10"
    assert world.run.workflow["status"]["progress"] == "3/10"
    world.report("false", progress="11/10")
    assert world.node["progress"] == "3/10"
    world.report("true").see(status("Succeeded", ended(), ended()))
    assert world.node["progress"] == "10/10"


# --- late and lost reports --------------------------------------------------------------------


def test_the_end_waits_for_the_report() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    world.see(status("Succeeded", ended(), ended()), after=5)
    assert world.outcome == ("Running", "")
    world.report("true", {"result": "late"}, after=3)
    assert world.outcome == ("Succeeded", "")
    assert world.node["outputs"] == {"result": "late", "exitCode": "0"}


@pytest.mark.parametrize("begun", [True, False])
def test_but_not_for_ever(begun: bool) -> None:
    world = World().see(status("Running", running(), running()))
    if begun:
        world.report("false")
    world.see(status("Succeeded", ended(), ended()), after=5)
    assert world.outcome == ("Running", "")
    world.tell(after=RESULT_GRACE.total_seconds() - 0.1)
    assert world.outcome == ("Running", "")
    world.tell(after=0.1)
    assert world.outcome == ("Succeeded", "")
    assert world.node["taskResultSynced"] is True
    assert world.run.workflow["status"]["phase"] == "Succeeded"


def test_an_executor_that_failed_will_not_report() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    world.see(status("Failed", ended(), ended(64, "no such file")))
    assert world.outcome == ("Error", "wait: Error (exit code 64): no such file")
    assert world.run.workflow["status"]["phase"] == "Error"


def test_an_evicted_pod_will_not_report() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    world.see({"phase": "Failed", "reason": "Evicted", "message": "too much"})
    assert world.outcome == ("Failed", "too much")
    assert world.run.workflow["status"]["phase"] == "Failed"


def test_a_pod_without_executor_is_not_waited_for() -> None:
    assert World().see(status("Succeeded", ended())).outcome == ("Succeeded", "")


def test_a_report_of_a_node_that_is_over_changes_nothing() -> None:
    world = (
        World().see(status("Running", running(), running())).report("true").see(status("Succeeded", ended(), ended()))
    )
    before = world.run.workflow
    world.report("false", {"result": "x"}, progress="5/6")
    assert world.run.workflow == before


def test_the_map_of_older_controllers_is_kept() -> None:
    world = World().see(status("Running", running(), running()))
    document = world.run.workflow
    old = {**document, "status": {**document["status"], "taskResultsCompletionStatus": {"wf": False, "other": True}}}
    world.run = Run.load(old, EngineConfig(), Objects())
    world.see(status("Succeeded", ended()))
    assert world.run.workflow["status"]["phase"] == "Running"
    world.report("true")
    assert world.run.workflow["status"]["taskResultsCompletionStatus"] == {"wf": True, "other": True}
    assert world.run.workflow["status"]["phase"] == "Succeeded"


# --- nodes that are ended from outside --------------------------------------------------------


def stopped(world: World) -> World:
    document = world.run.workflow
    shut = {**document, "spec": {**document["spec"], "shutdown": "Terminate"}}
    world.run = Run.load(shut, EngineConfig(node_events=False), Objects())
    return world


def alive(world: World) -> tuple[Fact, Fact]:
    labels = {LABEL_REPORT_OUTPUTS_COMPLETED: "false"}
    pod = PodChanged({**world.pod, "status": status("Running", running(), running())})
    return pod, TaskResultChanged({"metadata": {"name": "wf", "labels": labels}})


def test_a_pod_that_is_ended_reports_first() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    stopped(world).tell(*alive(world))
    assert world.outcome == ("Failed", "workflow shutdown with strategy:  Terminate")
    assert world.made(TerminatePod) == [TerminatePod("wf", "first", None)]
    assert world.run.workflow["status"]["phase"] == "Running"
    world.tell(after=1)
    assert world.made(TerminatePod) == []
    world.report("true", {"result": "half"}).see(status("Failed", ended(143), ended()))
    assert world.node["outputs"]["result"] == "half"
    assert world.run.workflow["status"]["message"] == "Stopped with strategy 'Terminate'"
    assert world.made(LabelPodCompleted) == [LabelPodCompleted("wf")]


def test_a_pod_that_vanishes_while_it_is_ended_is_not_waited_for() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    stopped(world).tell(*alive(world))
    world.tell(PodGone("wf", "first"), after=2)
    assert world.run.workflow["status"]["phase"] == "Running"
    world.tell(after=RESULT_GRACE.total_seconds())
    assert world.run.workflow["status"]["phase"] == "Failed"


def test_a_pod_that_does_not_end_is_given_up() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    stopped(world).tell(*alive(world))
    world.tell(after=EngineConfig().result_timeout_seconds - 1)
    assert world.run.workflow["status"]["phase"] == "Running"
    world.tell(after=1)
    assert world.run.workflow["status"]["phase"] == "Failed"


def test_a_pod_that_was_not_ended_with_its_node_is_ended_later() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    stopped(world).tell(*alive(world))
    world.reload(*alive(world))
    assert [effect.uid for effect in world.made(TerminatePod)] == ["first"]


def test_containers_that_nobody_waits_for_are_ended_once() -> None:
    world = World().see(status("Running", running(), running(), sidecars={"mesh": running()})).report("true")
    world.see(status("Running", ended(), ended(), sidecars={"mesh": running()}))
    assert len(world.made(TerminatePod)) == 1
    assert world.outcome == ("Running", "")
    world.see(status("Running", ended(), ended(), sidecars={"mesh": running()}))
    assert world.made(TerminatePod) == []
    world.see(status("Succeeded", ended(), ended(), sidecars={"mesh": ended(143)}))
    assert world.outcome == ("Succeeded", "")


# --- pods that are not there ------------------------------------------------------------------


def test_a_pod_that_goes_early_is_made_again() -> None:
    world = World().see(status("Running", running(), running()))
    world.tell(PodGone("wf", "first"), after=9)
    assert len(world.made(CreatePod)) == 1
    world.see(status("Running", running(), running()), uid="second")
    world.tell(PodGone("wf", "first"))
    assert world.outcome == ("Running", "")
    assert world.made(CreatePod) == []


def test_a_pod_that_goes_late_is_an_error() -> None:
    world = World().see(status("Running", running(), running()))
    world.tell(PodGone("wf", ""), after=11)
    assert world.outcome == ("Error", "pod deleted")
    assert world.run.workflow["status"]["phase"] == "Error"


def test_a_pending_pod_that_goes_is_made_again_at_any_time() -> None:
    world = World().see({"phase": "Pending"})
    world.tell(PodGone("wf", "first"), after=60)
    assert len(world.made(CreatePod)) == 1


def test_how_a_pod_ended_is_not_forgotten_when_it_goes() -> None:
    world = World().see(status("Running", running(), running())).report("false")
    world.see(status("Succeeded", ended(), ended()), after=5)
    world.tell(PodGone("wf", "first"), after=1)
    assert world.made(CreatePod) == []
    world.tell(after=RESULT_GRACE.total_seconds())
    assert world.outcome == ("Succeeded", "")


def test_a_pod_that_is_not_there_after_a_load() -> None:
    world = World().see(status("Running", running(), running()))
    world.now += timedelta(seconds=3)
    world.reload()
    assert len(world.made(CreatePod)) == 1
    world.now += timedelta(seconds=8)
    world.reload()
    assert world.outcome == ("Error", "pod deleted")


def test_a_pod_that_exists_before_its_node_is_taken_up() -> None:
    """The controller was killed after it had made the pod, before it had stored the node."""
    world = World()
    seen = {**world.pod, "status": status("Succeeded", ended(), ended())}
    labels = {LABEL_REPORT_OUTPUTS_COMPLETED: "true"}
    result = {"metadata": {"name": "wf", "labels": labels}, "outputs": {"result": "7"}}
    world.run = Run.load(workflow(POD), EngineConfig(node_events=False), Objects())
    world.tell(PodChanged(seen), TaskResultChanged(result))
    assert world.made(CreatePod) == []
    assert world.outcome == ("Succeeded", "")
    assert world.node["outputs"] == {"result": "7", "exitCode": "0"}


def test_a_pod_of_an_earlier_life_is_waited_out() -> None:
    """Retried while the old pod is still being deleted: its end means nothing for the new node."""
    world = World()
    old = {**world.pod, "status": status("Failed", ended(1), ended())}
    old["metadata"] = old["metadata"] | {
        "creationTimestamp": "2030-01-01T11:00:00Z",
        "deletionTimestamp": "2030-01-01T12:00:00Z",
    }
    world.run = Run.load(workflow(POD), EngineConfig(node_events=False), Objects())
    world.tell(PodChanged(old))
    assert world.outcome == ("Pending", "")
    assert world.made(CreatePod) == []
    world.tell(PodGone("wf", "first"))
    assert len(world.made(CreatePod)) == 1


def test_an_unlabelled_pod_of_a_node_that_is_over_is_labelled() -> None:
    world = World(worker("main"))
    done = status("Succeeded", ended(), ended())
    world.see(status("Running", running(), running())).report("true").see(done)
    assert world.made(LabelPodCompleted)
    world.see(done)
    assert world.made(LabelPodCompleted)
    world.see(done, labels={LABEL_COMPLETED: "true"})
    assert world.made(LabelPodCompleted) == []


def test_facts_about_strangers_are_passed_over() -> None:
    world = World()
    before = world.run.workflow
    stranger = {"metadata": {"name": "x", "annotations": {}}, "status": {"phase": "Running"}}
    world.tell(PodChanged(stranger), PodGone("y", ""), PodGone("x", ""))
    assert world.run.workflow == before
    assert world.effects == []
