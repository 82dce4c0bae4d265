"""The row of a pod: what `kubectl get pods` says about its state."""

from __future__ import annotations

from typing import Any

from argotui.local.apiserver.printing import Moment, age
from argotui.model.documents import Document


def pod_cells(pod: Document) -> list[Any]:
    """Ready, Status, Restarts, Age, IP, Node, Nominated Node, Readiness Gates."""
    spec, found = pod.get("spec") or {}, pod.get("status") or {}
    containers = found.get("containerStatuses") or []
    ready = sum(1 for one in containers if one.get("ready") and "running" in (one.get("state") or {}))
    return [
        f"{ready}/{len(spec.get('containers') or ())}",
        pod_state(pod),
        _restarts(containers),
        age(pod),
        found.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        found.get("nominatedNodeName") or "<none>",
        "<none>",
    ]


def _restarts(containers: list[Document]) -> Any:
    count = sum(one.get("restartCount", 0) for one in containers)
    ends = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in containers]
    latest = max((end for end in ends if end), default="")
    return Moment(latest, f"{count} ({{}} ago)") if count and latest else str(count)


def pod_state(pod: Document) -> str:
    """The word for the pod's state: its phase, or what its containers say that is more exact."""
    found = pod.get("status") or {}
    state = found.get("reason") or found.get("phase") or "Unknown"
    waiting = _init_state(pod)
    state = waiting or _container_state(found, state)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if found.get("reason") == "NodeLost" else "Terminating"
    return str(state)


def _init_state(pod: Document) -> str:
    """`Init:0/1` and the like while init containers are not done; empty afterwards."""
    found = pod.get("status") or {}
    total = len((pod.get("spec") or {}).get("initContainers") or ())
    for index, one in enumerate(found.get("initContainerStatuses") or ()):
        state = one.get("state") or {}
        ended = state.get("terminated")
        if ended is not None:
            if ended.get("exitCode", 0) == 0:
                continue
            return f"Init:{_ended(ended)}"
        reason = (state.get("waiting") or {}).get("reason", "")
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{index}/{total}"
    return ""


def _ended(state: Document) -> str:
    if state.get("reason"):
        return str(state["reason"])
    if state.get("signal"):
        return f"Signal:{state['signal']}"
    return f"ExitCode:{state.get('exitCode', 0)}"


def _container_state(found: Document, state: str) -> str:
    running = False
    for one in reversed(found.get("containerStatuses") or ()):
        now = one.get("state") or {}
        if (now.get("waiting") or {}).get("reason"):
            state = now["waiting"]["reason"]
        elif "terminated" in now:
            state = _ended(now["terminated"] or {})
        elif one.get("ready") and "running" in now:
            running = True
    if state == "Completed" and running:
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in found.get("conditions") or ())
        return "Running" if ready else "NotReady"
    return state
