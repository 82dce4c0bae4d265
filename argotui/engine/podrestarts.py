"""Pods that their host lost before the work began are made again, whatever the retryStrategy (§2.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argotui.engine import podstatus
from argotui.engine.effects import DeletePod, PodMissed
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import CONTAINER_SUPERVISOR, CONTAINER_WAIT
from argotui.model.phase import Phase

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

_REASONS: Final = ("Evicted", "NodeShutdown", "NodeAffinity", "UnexpectedAdmissionError")


def is_restarting(ex: Execution, node_id: str, pod: Document) -> bool:
    """The pod failed and is about to go, so that another one can take its place."""
    uid = (ex.nodes.get(node_id) or {}).get("restartingPodUID")
    return bool(uid) and uid == documents.uid(pod)


def restart(ex: Execution, node_id: str, pod: Document) -> bool:
    """Whether the pod is one to be made again; it is deleted then, and its node waits for the next one."""
    if is_restarting(ex, node_id, pod):  # asked again, in case the first time was lost
        if not documents.deleted(pod):
            _delete(ex, pod)
        return True
    node = ex.nodes[node_id]
    if node.get("restartingPodUID"):
        ex.nodes.update(node_id, {"restartingPodUID": None})
    done = int(node.get("failedPodRestarts") or 0)
    if done >= ex.config.pod_restarts or not _was_lost(pod):
        return False
    ex.nodes.update(node_id, {"failedPodRestarts": done + 1, "restartingPodUID": documents.uid(pod)})
    reason, message = dig(pod, "status", "reason"), dig(pod, "status", "message") or ""
    ex.effects.append(PodMissed(str(node.get("phase") or ""), restarted=str(reason)))
    ex.set_phase(node_id, Phase.PENDING, f"Pod auto-restarting due to {reason}: {message}")
    _delete(ex, pod)
    return True


def _delete(ex: Execution, pod: Document) -> None:
    ex.effects.append(DeletePod(documents.name(pod), documents.uid(pod)))


def _was_lost(pod: Document) -> bool:
    """Its host gave it up, and nothing of the step's own has run."""
    if podstatus.pod_phase(pod) != Phase.FAILED or dig(pod, "status", "reason") not in _REASONS:
        return False
    return not any(_has_started(status) for status in podstatus.statuses(pod))


def _has_started(status: Document) -> bool:
    if status.get("name") in (CONTAINER_WAIT, CONTAINER_SUPERVISOR):
        return False
    state = status.get("state") or {}
    return state.get("running") is not None or bool((state.get("terminated") or {}).get("startedAt"))
