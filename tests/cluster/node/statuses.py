"""Pod statuses as a kubelet writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from argotui.model.documents import Document
from argotui.model.times import format_time
from tests.cluster.node.fate import Fate

OOM, KILLED, ASKED = ("OOMKilled", 137), 137, 143


def now() -> str:
    return format_time(datetime.now(UTC))


def _names(pod: Document, key: str = "containers") -> list[str]:
    return sorted(each["name"] for each in pod["spec"].get(key) or ())


def _one(pod: Document, name: str, state: Document, *, ready: bool = False) -> Document:
    images = {each["name"]: each.get("image", "") for key in ("containers", "initContainers") for each in pod["spec"].get(key) or ()}  # fmt: skip  # noqa: E501
    return {"name": name, "ready": ready, "restartCount": 0, "image": images[name], "imageID": "", "state": state}


def terminated(code: int, begun: str, message: str = "", reason: str = "") -> Document:
    """The state of a container that has ended."""
    state: Document = {"exitCode": code, "reason": reason or ("Completed" if code == 0 else "Error")}
    state |= {"startedAt": begun, "finishedAt": now()}
    return {"terminated": state | ({"message": message} if message else {})}


def running(pod: Document, fate: Fate, begun: str) -> Document:
    """Every container runs."""
    state = {"running": {"startedAt": begun}}
    return {
        "phase": "Running",
        "startTime": begun,
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "hostIP": "127.0.0.1",
        "conditions": [{"type": "Ready", "status": "True" if fate.ready else "False"}],
        "initContainerStatuses": [
            _one(pod, each, terminated(0, begun), ready=True) for each in _names(pod, "initContainers")
        ],
        "containerStatuses": [_one(pod, each, state, ready=fate.ready) for each in _names(pod)],
    }


def waiting(pod: Document, reason: str, message: str) -> Document:
    """No container can start."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [_one(pod, each, state) for each in _names(pod)]}


def init_failed(pod: Document, failed: str, code: int, begun: str) -> Document:
    """An init container ended badly; the others never began."""
    state = {"waiting": {"reason": "PodInitializing"}}
    return {
        "phase": "Failed",
        "initContainerStatuses": [_one(pod, failed, terminated(code, begun))],
        "containerStatuses": [_one(pod, each, state) for each in _names(pod)],
    }


def evicted() -> Document:
    """The node took back what the pod used; containers are not told of."""
    message = "The node was low on resource: memory. Container main was using 1Gi, request is 0."
    return {"phase": "Failed", "reason": "Evicted", "message": message, "containerStatuses": None}


def unscheduled() -> Document:
    """No node is good enough."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {"phase": "Pending", "conditions": [condition | {"message": "0/1 nodes are available: 1 Insufficient cpu."}]}


def ended(pod: Document, fate: Fate, begun: str, *, with_wait: bool) -> Document:
    """`main` and those beside it have ended; `wait` too, or not yet."""
    states = {each: _state(each, fate, begun, with_wait) for each in _names(pod)}
    codes = [state["terminated"]["exitCode"] for state in states.values() if "terminated" in state]
    status: Document = {"containerStatuses": [_one(pod, each, state) for each, state in states.items()]}
    if with_wait or "wait" not in states:
        status["phase"] = "Failed" if any(codes) else "Succeeded"
    if fate.pod_message and "phase" in status:
        status["message"] = fate.pod_message
    return status


def _state(name: str, fate: Fate, begun: str, with_wait: bool) -> Document:
    if name == "wait":
        wait = terminated(fate.wait_code, begun, fate.wait_message)
        return wait if with_wait else {"running": {"startedAt": begun}}
    if name == "main" and fate.oom:
        return terminated(KILLED, begun, fate.message, "OOMKilled")
    code, message = (fate.exit_code, fate.message) if name == "main" else fate.members.get(name, (0, ""))
    return terminated(code, begun, message)
