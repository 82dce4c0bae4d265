"""Recorded conformance cases played in memory: pods end as the recording says they did."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

import yaml

from argotui.engine import operations
from argotui.engine.config import EngineConfig
from argotui.engine.retention import expires, is_done
from argotui.model.documents import Document
from argotui.model.patching import merge_patch

from .simulator import Objects, Outcome, Simulation

CONFORMANCE = Path(__file__).parents[2] / "conformance"
CASES = CONFORMANCE / "cases"

sys.path.insert(0, str(CONFORMANCE))
import compare  # type: ignore[import-not-found]  # noqa: E402

REACTION = 0.3
"""Seconds from a condition to the action that waited for it, as when people or the recorder acted."""

_EXIT = re.compile(r"([\w-]+): \w+ \(exit code (\d+)\)(?:: (.*))?\Z", re.DOTALL)


@dataclass
class Case:
    """One recorded case."""

    name: str
    folder: Path
    workflow: Document
    objects: list[Document]
    actions: list[Document]
    expected: Document

    @classmethod
    def read(cls, name: str, root: Path = CASES, workflow: Document | None = None) -> Case:
        """workflow: what is played where the case holds only what makes it."""
        folder = root / name
        documents = _documents(folder / "workflow.yaml")
        actions = _documents(folder / "actions.yaml")
        expected = json.loads((folder / "expected.json").read_text())
        objects = [*_documents(folder / "objects.yaml"), *(d for d in documents if d["kind"] != "Workflow")]
        workflow = workflow or next(d for d in documents if d["kind"] == "Workflow")
        return cls(name, folder, workflow, objects, actions[0] if actions else [], expected)


def _documents(path: Path) -> list[Any]:
    return [d for d in yaml.load_all(path.read_text(), yaml.CSafeLoader) if d] if path.exists() else []


def recorded_config() -> EngineConfig:
    """The controller's configuration of the recorded runs."""
    data = _documents(CONFORMANCE / "base.yaml")[0]["data"]
    return EngineConfig.from_config_map(data, namespace="argo", executor_image="argoexec:v4.1.2")


class Recorded:
    """What each pod did, read from the recorded nodes; after a retry from those of the next stage.

    first: nodes of a first stage that was not recorded.
    """

    def __init__(self, expected: Document, seconds: float, first: Document | None) -> None:
        self._stages = [s["workflow"]["nodes"] for s in expected.get("snapshots") or () if _is_over(s["workflow"])]
        if first is not None:
            self._stages.append(first)
        self._stages.append(expected["workflow"].get("nodes") or {})
        self._seconds = seconds
        self._names: tuple[str, str] = ("", "")

    def nodes(self) -> dict[str, Document]:
        """Of the present stage, by name."""
        return self._stages[0]

    def next_stage(self, name: str = "", alias: str = "") -> None:
        """From now on the outcomes of the next stage; in its recording the workflow's name is an alias."""
        self._stages.pop(0)
        self._names = (name, alias)

    def __call__(self, node: str) -> Outcome:
        recorded = self._stages[0].get(node.replace(*self._names) if self._names[0] else node)
        assert recorded is not None, f"a pod for {node}, which was never recorded"
        outcome = _outcome(recorded, self._seconds)
        nodes = self._stages[0].values()
        members = [n for n in nodes if n.get("type") == "Container" and n["boundaryID"] == recorded["id"]]
        if members:
            return replace(outcome, exit_code=0, init=None, members=dict(map(_member, members)))
        if (
            recorded.get("type") == "Pod"
            and recorded["phase"] == "Succeeded"
            and "exitCode" not in (recorded.get("outputs") or {})
        ):
            return replace(outcome, seconds=inf)  # a daemon, ended with what is around it
        return outcome


def _member(node: Document) -> tuple[str, tuple[int, str]]:
    """Name of a container of a set, and how it ended."""
    found = re.match(r".* \(exit code (\d+)\): (.*)\Z", node.get("message") or "", re.DOTALL)
    return node["displayName"], (int(found[1]), found[2]) if found else (0, "")


def _is_over(workflow: Document) -> bool:
    return workflow.get("phase") in ("Succeeded", "Failed", "Error")


def _outcome(node: Document, seconds: float) -> Outcome:
    outputs = dict(node.get("outputs") or {})
    code = int(outputs.pop("exitCode", 0))
    message = node.get("message") or ""
    if node["phase"] == "Succeeded":
        return Outcome(seconds, code, outputs=outputs)
    if message.startswith(("workflow shutdown", "Pod was active", "Step exceeded", "pod deleted")):
        return Outcome(inf, code, outputs=outputs)
    found = _EXIT.match(message)
    if found is None:
        return Outcome(seconds, code or 1, outputs=outputs, pod_message=message)
    if found[1] == "wait":
        return Outcome(seconds, code, outputs=outputs, wait_code=int(found[2]), wait_message=found[3] or "")
    if found[1] != "main":
        return Outcome(seconds, init=(found[1], int(found[2])))
    return Outcome(seconds, int(found[2]), found[3] or "", outputs=outputs, ready=False)


class Replay:
    """One case, from submission to its end."""

    def __init__(
        self,
        case: Case,
        *,
        seconds: float = 1.0,
        first: Document | None = None,
        fresh: bool = False,
        seed: int | None = None,
    ) -> None:
        self.case = case
        self.script = Recorded(case.expected, seconds, first)
        self.snapshots: list[Document] = []
        self._fresh, self._seed = fresh, seed
        self.simulation = self._simulation(case.workflow)
        self.neighbours: list[Simulation] = []
        """Workflows that were created while the first one ran; the same controller runs them."""

    def _simulation(self, workflow: Document) -> Simulation:
        objects = Objects.of(self.case.objects)
        return Simulation(
            workflow, self.script, objects=objects, config=recorded_config(), fresh=self._fresh, seed=self._seed
        )

    def run(self) -> Replay:
        for action in self.case.actions:
            self._wait_for(action.get("when"))
            self._do(action)
        self.simulation.play()
        for neighbour in self.neighbours:
            neighbour.play()
        return self

    def differences(self) -> list[tuple[str, Any, Any]]:
        expected = self.case.expected
        workflow = self.simulation.workflow
        actual = self._normal(workflow)
        if expected["workflow"] == {"gone": True}:  # what the controller's garbage collection goes by
            actual = {"gone": is_done(workflow) and expires(workflow) is not None}
        found = list(compare.differences(expected["workflow"], actual, expected.get("ignore", []), skip_pods=False))
        if "remainingPods" in expected:
            left = {"remainingPods": sorted(self.simulation.pods)}
            found += compare.differences({"remainingPods": expected["remainingPods"]}, left)
        for wanted, made in zip(expected.get("snapshots") or (), self.snapshots, strict=True):
            ignored = [entry.removeprefix("snapshots/") for entry in expected.get("ignore", [])]
            found += compare.differences(wanted, made, ignored)
        also = (expected.get("also") or ()) if self.neighbours else ()  # else children of another kind
        for wanted, neighbour in zip(also, self.neighbours, strict=True):
            found += compare.differences(wanted, compare.normalise(neighbour.workflow, None))
        return found

    def _normal(self, workflow: Document) -> Document:
        expected = self.case.expected
        normal: Document = compare.normalise(
            workflow, self.simulation.created, expected.get("byName", False), expected.get("alias")
        )
        return normal

    def _create(self, workflow: Document) -> None:
        """Somebody else's workflow begins."""
        recorded = self.case.expected["also"][len(self.neighbours)]["nodes"]
        neighbour = Simulation(
            {**workflow, "metadata": {**workflow["metadata"], "uid": workflow["metadata"]["name"]}},
            lambda node: _outcome(recorded[node], 1.0),
            objects=self.simulation.objects,
            config=recorded_config(),
            fresh=self._fresh,
            room=self.simulation.room,
        )
        neighbour.now = self.simulation.now
        self.neighbours.append(neighbour)
        neighbour.play(until=lambda: neighbour.phase != "")

    def _wait_for(self, when: Document | None) -> None:
        simulation = self.simulation
        if when is not None and "track" in when and self.neighbours:
            return  # all of them end before anything is compared
        if when is not None:
            if set(when) == {"seconds"}:
                self._sleep(when["seconds"])
            else:
                simulation.play(until=lambda: self._holds(when))
                assert self._holds(when), f"{when} never came"
                self._sleep(REACTION)

    def _sleep(self, seconds: float) -> None:
        end: list[datetime] = []
        simulation = self.simulation
        if not simulation._loaded:
            simulation.advance([])

        def ring() -> list[Any]:
            end.append(simulation.now)
            return []

        simulation.after(seconds, ring)
        simulation.play(until=lambda: bool(end))

    def _holds(self, when: Document) -> bool:
        simulation = self.simulation
        if when.get("completed"):
            return simulation.is_complete
        if "node" in when:
            return any(
                when["node"] in (node["name"], node.get("displayName")) and when.get("phase") in (None, node["phase"])
                for node in simulation.nodes.values()
            )
        if "podRunning" in when:
            return any(
                re.search(when["podRunning"], name) and pod["status"]["phase"] == "Running"
                for name, pod in simulation.pods.items()
            )
        return bool(simulation.phase == when["phase"])

    def _do(self, action: Document) -> None:
        match action["op"]:
            case "sleep":
                self._sleep(action["seconds"])
            case "snapshot":
                label, workflow = action.get("label", ""), self._normal(self.simulation.workflow)
                self.snapshots.append({"label": label, "workflow": workflow})
            case "create":
                self._create(action["object"])
            case "kubectl":
                if action["args"][:2] == ["delete", "pod"]:
                    for pod in list(self.simulation.pods):
                        self.simulation.remove_pod(pod)
            case "retry":
                self._retry(action)
            case "resubmit":
                self._resubmit(action)
            case operation:
                try:
                    self._operate(operation, action)
                except operations.OperationRefused:
                    if not action.get("mayFail"):
                        raise

    def _retry(self, action: Document) -> None:
        simulation = self.simulation
        parameters = [f"{key}={value}" for key, value in (action.get("parameters") or {}).items()]
        plan = operations.plan_retry(
            simulation.workflow,
            now=simulation.now,
            restart_successful=bool(action.get("restartSuccessful")),
            selector=action.get("nodeFieldSelector", ""),
            parameters=parameters,
        )
        for pod in plan.delete_pods:
            simulation.pods.pop(pod, None)
        self.script.next_stage()
        simulation.change(plan.workflow)

    def _resubmit(self, action: Document) -> None:
        old = self.simulation
        new = operations.resubmit(old.workflow, now=old.now, entropy=b"chance", memoized=bool(action.get("memoized")))
        self.script.next_stage(new["metadata"]["name"], self.case.expected["alias"])
        self.simulation = self._simulation(new)

    def _operate(self, operation: str, action: Document) -> None:
        simulation, workflow = self.simulation, self.simulation.workflow
        selector, message = action.get("nodeFieldSelector", ""), action.get("message", "")
        now = simulation.now
        match operation:
            case "resume":
                workflow = operations.resume(workflow, now=now, selector=selector, message=message)
            case "suspend":
                workflow = operations.suspend(workflow)
            case "stop" if selector:
                workflow = operations.stop_gate(workflow, selector=selector, now=now, message=message)
            case "stop":
                workflow = merge_patch(workflow, operations.stop(workflow))
            case "terminate":
                workflow = merge_patch(workflow, operations.terminate(workflow))
            case "set":
                workflow = operations.set_node(
                    workflow,
                    selector=selector,
                    now=now,
                    phase=action.get("phase", ""),
                    message=message,
                    outputs=action.get("outputParameters") or {},
                )
            case _:
                raise NotImplementedError(operation)
        simulation.change(workflow)
