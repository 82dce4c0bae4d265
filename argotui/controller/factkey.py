"""Which facts say something about the same thing."""

from argotui.engine.facts import (
    Admitted,
    CacheLoaded,
    ClaimCreated,
    ClaimNotCreated,
    Fact,
    LockGranted,
    LockRefused,
    LocksAwaited,
    LocksHeld,
    PodChanged,
    PodCreateFailed,
    PodDelayed,
    PodGone,
    Postponed,
    TaskResultChanged,
)
from argotui.model.documents import name, uid


def fact_key(fact: Fact) -> tuple[str, str]:
    """Facts with the same key say something about the same thing; the latest one counts."""
    match fact:
        case PodChanged(pod):
            return "pod", uid(pod)
        case PodGone(_, pod_uid):
            return "pod", pod_uid
        case PodCreateFailed(node_id):
            return "creation", node_id
        case PodDelayed(node_id):
            return "creation", node_id
        case TaskResultChanged(result):
            return "result", name(result)
        case LockGranted(holder) | LocksHeld(holder) | LocksAwaited(holder) | LockRefused(holder):
            return "lock", holder
        case CacheLoaded(node_id):
            return "cache", node_id
        case Postponed() | Admitted():
            return "admission", ""
        case ClaimCreated(claim) | ClaimNotCreated(claim):
            return "claim", claim
        case _:
            return type(fact).__name__, ""
