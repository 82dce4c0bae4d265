"""The status of a pod as Kubernetes would write it, computed from the states of its containers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from argotui.local.kubelet.environment import ADDRESS
from argotui.local.runtime.types import Description
from argotui.model.documents import Document
from argotui.model.quantity import Quantity, QuantityError
from argotui.model.times import format_time

HOST_TOOLS = "argotui.io/HostTools"
"""Condition of pods whose images were not pulled."""
INITIALIZING, CREATING = "PodInitializing", "ContainerCreating"


@dataclass(frozen=True)
class Waiting:
    """Not started yet."""

    reason: str = CREATING
    message: str = ""


@dataclass(frozen=True)
class Running:
    """Started and not ended."""

    at: datetime


@dataclass(frozen=True)
class Terminated:
    """Ended. `reason` is "" for what the exit code says: Completed or Error."""

    exit_code: int
    started_at: datetime | None
    finished_at: datetime
    reason: str = ""
    message: str = ""


State = Waiting | Running | Terminated


@dataclass(frozen=True)
class PodState:
    """All that the status is made of. `reason` and `message` are set where the kubelet itself ended the pod."""

    states: Mapping[str, State]
    started_at: datetime | None
    reason: str = ""
    message: str = ""
    """With a reason the pod has Failed, whatever the exit codes, once nothing runs any more."""
    unready: Collection[str] = ()
    """Containers that run but whose probes do not say that they are ready."""


def status_of(pod: Document, state: PodState, runtime: Description, now: datetime, before: Document) -> Document:
    """The whole `status`. `before` is the last one: conditions keep their times while they do not change."""
    spec = pod["spec"]
    inits: list[Document] = spec.get("initContainers") or []
    mains: list[Document] = spec.get("containers") or []
    phase = phase_of(spec, state)
    status: Document = {
        "phase": phase,
        "conditions": _conditions(spec, state, phase, runtime, now, before),
        "qosClass": qos_class([*inits, *mains]),
        "hostIP": ADDRESS,
        "hostIPs": [{"ip": ADDRESS}],
        "podIP": ADDRESS,
        "podIPs": [{"ip": ADDRESS}],
    }
    if state.started_at is not None:
        status["startTime"] = format_time(state.started_at)
    if inits:
        status["initContainerStatuses"] = [_container(c, state, runtime, pod, init=True) for c in inits]
    # by name, as Kubernetes writes them: the controller tells of the first that waits, which is then `main`
    found = [_container(c, state, runtime, pod, init=False) for c in mains]
    status["containerStatuses"] = sorted(found, key=lambda one: str(one["name"]))
    if state.reason and phase == "Failed":
        status["reason"], status["message"] = state.reason, state.message
    return status


def phase_of(spec: Document, state: PodState) -> str:
    """Pending, Running, Succeeded or Failed, for pods that are never restarted."""
    inits = [state.states.get(str(c["name"]), Waiting()) for c in spec.get("initContainers") or ()]
    mains = [state.states.get(str(c["name"]), Waiting()) for c in spec.get("containers") or ()]
    if state.reason:
        return "Running" if any(isinstance(s, Running) for s in [*inits, *mains]) else "Failed"
    if any(isinstance(s, Terminated) and s.exit_code != 0 for s in inits):
        return "Failed"
    if any(not isinstance(s, Terminated) for s in inits):
        return "Pending"
    if all(isinstance(s, Terminated) for s in mains):
        return "Succeeded" if all(isinstance(s, Terminated) and s.exit_code == 0 for s in mains) else "Failed"
    return "Pending" if any(isinstance(s, Waiting) for s in mains) else "Running"


def changes(before: Document, after: Document) -> Document:
    """The merge patch from one status to the next; lists go as a whole."""
    patch = {key: value for key, value in after.items() if before.get(key) != value}
    patch |= {key: None for key in before if key not in after and key in _OURS}
    return patch


_OURS = ("reason", "message")


def image_id(runtime: Description, image: str) -> str:
    """Names the image, or says that the host's tools stood in for it."""
    return f"{runtime.name}://{image}" if runtime.pulls_images else "host-tools://not-pulled"


def _container(container: Document, state: PodState, runtime: Description, pod: Document, init: bool) -> Document:
    name = str(container["name"])
    found = state.states.get(name, Waiting(INITIALIZING if not init else CREATING))
    image = str(container.get("image") or "")
    status: Document = {
        "name": name,
        "state": _state(found, f"{runtime.name}://{pod['metadata'].get('uid')}/{name}"),
        "lastState": {},
        "ready": _is_ready(found, init) and name not in state.unready,
        "started": isinstance(found, Running),
        "restartCount": 0,
        "image": image,
        "imageID": "" if isinstance(found, Waiting) else image_id(runtime, image),
    }
    if not isinstance(found, Waiting):
        status["containerID"] = f"{runtime.name}://{pod['metadata'].get('uid')}/{name}"
    return status


def _is_ready(state: State, init: bool) -> bool:
    if init:
        return isinstance(state, Terminated) and state.exit_code == 0
    return isinstance(state, Running)


def _state(state: State, container_id: str) -> Document:
    if isinstance(state, Waiting):
        waiting = {"reason": state.reason}
        return {"waiting": {**waiting, "message": state.message} if state.message else waiting}
    if isinstance(state, Running):
        return {"running": {"startedAt": format_time(state.at)}}
    ended: Document = {
        "exitCode": state.exit_code,
        "reason": state.reason or ("Completed" if state.exit_code == 0 else "Error"),
        "startedAt": format_time(state.started_at or state.finished_at),
        "finishedAt": format_time(state.finished_at),
        "containerID": container_id,
    }
    if state.message:
        ended["message"] = state.message
    return {"terminated": ended}


def _conditions(
    spec: Document, state: PodState, phase: str, runtime: Description, now: datetime, before: Document
) -> list[Document]:
    inits = [str(c["name"]) for c in spec.get("initContainers") or ()]
    mains = [str(c["name"]) for c in spec.get("containers") or ()]
    over = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "")
    unready = [n for n in mains if not isinstance(state.states.get(n), Running) or n in state.unready]
    uninitialized = [name for name in inits if not isinstance(state.states.get(name), Terminated)]
    not_ready = (over or "ContainersNotReady", "" if over else f"containers with unready status: [{' '.join(unready)}]")
    wanted = [
        _condition("PodReadyToStartContainers", state.started_at is not None and not over),
        _initialized(uninitialized, over),
        _condition("Ready", not unready, *not_ready),
        _condition("ContainersReady", not unready, *not_ready),
        _condition("PodScheduled", True),
    ]
    if not runtime.pulls_images:
        text = f"The {runtime.name} runtime pulled no image: this machine's own tools stood in for it"
        text += f"; {runtime.remark}" if runtime.remark else ""
        wanted.append({**_condition(HOST_TOOLS, True), "reason": "NoImagePulled", "message": text})
    return _with_times(wanted, before.get("conditions") or (), format_time(now))


def _initialized(uninitialized: Sequence[str], over: str) -> Document:
    if uninitialized and over != "PodCompleted":
        message = f"containers with incomplete status: [{' '.join(uninitialized)}]"
        return _condition("Initialized", False, "ContainersNotInitialized", message)
    return {**_condition("Initialized", True), **({"reason": over} if over == "PodCompleted" else {})}


def _condition(kind: str, holds: bool, reason: str = "", message: str = "") -> Document:
    condition: Document = {"type": kind, "status": "True" if holds else "False"}
    if not holds and reason:
        condition["reason"] = reason
    if not holds and message:
        condition["message"] = message
    return condition


def _with_times(wanted: Sequence[Document], before: Sequence[Document], now: str) -> list[Document]:
    known = {str(condition.get("type")): condition for condition in before}
    found = []
    for condition in wanted:
        old = known.get(condition["type"], {})
        same = old.get("status") == condition["status"]
        found.append({**condition, "lastTransitionTime": old.get("lastTransitionTime", now) if same else now})
    return found


def qos_class(containers: Sequence[Document]) -> str:
    """Guaranteed, Burstable or BestEffort."""
    guaranteed, any_set = True, False
    for container in containers:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            limit, request = _amount(limits.get(name)), _amount(requests.get(name, limits.get(name)))
            any_set = any_set or bool(limit) or bool(request)
            guaranteed = guaranteed and bool(limit) and limit == request
    if not any_set:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amount(text: object) -> int:
    try:
        return Quantity.parse(str(text)).nano if text is not None else 0
    except QuantityError:
        return 0
