"""A stand-in engine and a stand-in kubelet, so that the controller's loop is tested without the real ones.

A scripted workflow has `stages` of `width` pods each (annotations `test/stages`, `test/width`): a stage
starts when the one before has succeeded. `python -m tests.cluster.scripted FLAGS` is a controller
that runs such workflows.
"""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argotui.controller.flags import parse_options
from argotui.controller.running import run_controller
from argotui.engine.effects import (
    CreatePod,
    DeleteTaskResults,
    Effect,
    EmitEvent,
    LabelPodCompleted,
    TerminatePod,
    WakeAt,
)
from argotui.engine.facts import Fact, PodChanged, PodCreateFailed, PodGone, Tick
from argotui.engine.nodemap import node_map
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model import keys
from argotui.model.documents import Document, annotations, labels, name, namespace, owner, uid
from argotui.model.patching import merge_patch
from argotui.model.resources import PODS, WORKFLOW_TASK_RESULTS
from argotui.model.times import format_time


def scripted_workflow(wf: str, *, stages: int = 2, width: int = 1, **notes: str) -> Document:
    script = {"test/stages": str(stages), "test/width": str(width)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": wf,
            "namespace": "argo",
            "annotations": {**script, **{f"test/{k}": v for k, v in notes.items()}},
        },
        "spec": {
            "entrypoint": "main",
            "templates": [{"name": "main", "container": {"image": "busybox", "command": ["true"]}}],
        },
    }


@dataclass(frozen=True)
class ScriptStep:
    changes: Document
    effects: tuple[Effect, ...]


class ScriptRun:
    """Keeps to the same contract as the engine's Run."""

    def __init__(self, workflow: Document) -> None:
        status = dict(workflow.get("status") or {})
        status.pop("compressedNodes", None)
        self.workflow = {**workflow, "status": {**status, "nodes": dict(node_map(workflow))}}
        notes = annotations(workflow)
        self._stages, self._width = int(notes["test/stages"]), int(notes["test/width"])
        self._ballast = "x" * int(notes.get("test/ballast", "0"))
        self._crash = notes.get("test/crash", "")
        self._delay = float(notes.get("test/delay", "0"))
        self._pods: dict[str, Document] = {}

    @classmethod
    def load(cls, workflow: Document, config: Any, lookup: Any) -> "ScriptRun":
        return cls(workflow)

    def advance(self, facts: Sequence[Fact], now: datetime, entropy: bytes) -> ScriptStep:
        if self._crash == "always":
            raise ZeroDivisionError("a bug")
        changes: Document = {}
        effects: list[Effect] = []
        nodes: Document = {}
        for fact in facts:
            self._note(fact, nodes, effects)
        self._apply(changes, {"status": {"nodes": nodes}} if nodes else {})
        for node_id, node in self.workflow["status"]["nodes"].items():
            shutdown = (self.workflow["spec"] or {}).get("shutdown")
            if shutdown and node["phase"] in ("Pending", "Running") and node_id in self._pods:
                effects.append(TerminatePod(node_id, uid(self._pods[node_id]), 1))
        self._plan(changes, effects, now, isinstance(facts[-1] if facts else None, Tick))
        return ScriptStep(changes, tuple(effects))

    def _note(self, fact: Fact, nodes: Document, effects: list[Effect]) -> None:
        known = self.workflow["status"]["nodes"]
        match fact:
            case PodChanged(pod):
                pod_name, phase = name(pod), (pod.get("status") or {}).get("phase") or "Pending"
                self._pods[pod_name] = pod
                before = known.get(pod_name, {}).get("phase")
                if before in ("Succeeded", "Failed"):
                    effects.append(LabelPodCompleted(pod_name))
                elif before != phase:
                    nodes[pod_name] = {"id": pod_name, "phase": phase, "ballast": self._ballast}
                    if phase in ("Succeeded", "Failed"):
                        effects.append(LabelPodCompleted(pod_name))
            case PodGone(gone):
                self._pods.pop(gone, None)
            case PodCreateFailed(node_id, message, transient):
                phase = "Pending" if transient else "Error"
                nodes[node_id] = {"id": node_id, "phase": phase, "message": message}

    @property
    def _status(self) -> Document:
        status: Document = self.workflow["status"]
        return status

    def _plan(self, changes: Document, effects: list[Effect], now: datetime, tick: bool) -> None:
        if self._status.get("phase") in ("Succeeded", "Failed"):
            return None
        if not self._status.get("phase"):
            self._apply(changes, {"metadata": {"labels": {keys.LABEL_PHASE: "Running"}}})
            self._apply(changes, {"status": {"phase": "Running", "startedAt": format_time(now)}})
            effects.append(EmitEvent("Normal", "WorkflowRunning", "Workflow Running", {}))
            if self._delay:
                effects.append(WakeAt(now + timedelta(seconds=self._delay)))
        for stage in range(self._stages):
            ids = [f"{name(self.workflow)}-{stage}-{i}" for i in range(self._width)]
            missing = {
                i: {"id": i, "phase": "Pending", "ballast": self._ballast}
                for i in ids
                if i not in self._status["nodes"]
            }
            if missing:
                self._apply(changes, {"status": {"nodes": missing}})
            phases = [self._status["nodes"][i]["phase"] for i in ids]
            for i in ids:
                if self._status["nodes"][i]["phase"] == "Pending" and i not in self._pods and (missing or tick):
                    effects.append(CreatePod(i, self._pod(i)))
            if any(phase in ("Failed", "Error") for phase in phases) and not set(phases) & {"Pending", "Running"}:
                return self._finish(changes, effects, "Failed", now)
            if any(phase != "Succeeded" for phase in phases):
                return None
        return self._finish(changes, effects, "Succeeded", now)

    def _finish(self, changes: Document, effects: list[Effect], phase: str, now: datetime) -> None:
        done = {keys.LABEL_PHASE: phase, keys.LABEL_COMPLETED: "true"}
        self._apply(changes, {"metadata": {"labels": done}})
        self._apply(changes, {"status": {"phase": phase, "finishedAt": format_time(now)}})
        effects.append(EmitEvent("Normal", f"Workflow{phase}", "Workflow completed", {}))
        effects.append(DeleteTaskResults())

    def _apply(self, changes: Document, patch: Document) -> None:
        if patch:
            self.workflow = merge_patch(self.workflow, patch)
            for key, value in patch.items():
                changes[key] = _joined(changes.get(key), value)

    def _pod(self, pod_name: str) -> Document:
        wf = self.workflow
        own = {
            "apiVersion": wf["apiVersion"],
            "kind": wf["kind"],
            "name": name(wf),
            "uid": uid(wf),
            "controller": True,
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": pod_name,
                "namespace": namespace(wf),
                "labels": {keys.LABEL_WORKFLOW: name(wf), keys.LABEL_COMPLETED: "false"},
                "ownerReferences": [own],
            },
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]},
        }


def _joined(before: Any, value: Any) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        return {**before, **{k: _joined(before.get(k), v) for k, v in value.items()}}
    return value


class ScriptedKubelet:
    """Moves every pod to Running and Succeeded, and counts how often each name was started."""

    def __init__(self, client: Client, seconds: float = 0.02) -> None:
        self.started: Counter[str] = Counter()
        self.deleted: list[str] = []
        self._client = client
        self._seconds = seconds
        self._seen: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reflector = Reflector(client, PODS, None, on_change=self._change)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedKubelet"]:
        task = asyncio.create_task(self._reflector.run())
        try:
            yield self
        finally:
            for each in (task, *self._tasks):
                each.cancel()
            await asyncio.wait({task, *self._tasks})

    def _change(self, delta: Delta) -> None:
        if delta.type is DeltaType.DELETED:
            self.deleted.append(name(delta.object))
        elif uid(delta.object) not in self._seen and _is_new(delta.object):
            self._seen.add(uid(delta.object))
            task = asyncio.create_task(self._run(delta.object))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, pod: Document) -> None:
        self.started[name(pod)] += 1
        result = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTaskResult",
            "metadata": {
                "name": name(pod),
                "labels": {keys.LABEL_WORKFLOW: labels(pod)[keys.LABEL_WORKFLOW]},
                "ownerReferences": pod["metadata"]["ownerReferences"],
            },
        }
        with contextlib.suppress(ApiError):
            await self._insist(lambda: self._client.create(WORKFLOW_TASK_RESULTS, result, namespace(pod)))
        for phase in ("Running", "Succeeded"):
            with contextlib.suppress(ApiError):
                await self._insist(lambda phase=phase: self._status(pod, phase))
            await asyncio.sleep(self._seconds)

    async def _status(self, pod: Document, phase: str) -> Document:
        return await self._client.patch(
            PODS, name(pod), {"status": {"phase": phase}}, namespace(pod), subresource="status"
        )

    async def _insist(self, request: Any) -> None:
        while True:
            try:
                await request()
            except ApiError:
                raise
            except KubeError:
                await asyncio.sleep(0.1)
            else:
                return


def _is_new(pod: Document) -> bool:
    return ((pod.get("status") or {}).get("phase") or "Pending") == "Pending" and bool(owner(pod))


def once(started: Counter[str]) -> Iterator[str]:
    """Names that were started more than once."""
    return (pod for pod, count in started.items() if count != 1)


if __name__ == "__main__":
    import logging

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    sys.exit(asyncio.run(run_controller(parse_options(sys.argv[1:]), ScriptRun.load)))
