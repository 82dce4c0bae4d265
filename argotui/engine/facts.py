"""What a run is told about the world: the arguments of `Run.advance`.

The first `advance` after a `Run.load` is given `PodChanged` for every pod of the workflow and
`TaskResultChanged` for every result that exist at that moment; after that only what changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argotui.engine.estimation import Baseline
from argotui.model.documents import Document


@dataclass(frozen=True, slots=True)
class PodChanged:
    """A pod of the workflow as it is now (new, changed, or seen for the first time)."""

    pod: Document


@dataclass(frozen=True, slots=True)
class PodGone:
    """A pod of the workflow does not exist any more. uid may be empty when it is not known."""

    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class PodCreateFailed:
    """The API refused the pod of a `CreatePod` effect.

    transient: the request may succeed later (quota, 429, 5xx, network); the run asks again then. A pod of
    the same name that belongs to this workflow is no failure.
    """

    node_id: str
    message: str
    transient: bool


@dataclass(frozen=True, slots=True)
class TaskResultChanged:
    """A WorkflowTaskResult of the workflow as it is now."""

    result: Document


@dataclass(frozen=True, slots=True)
class ClaimCreated:
    """The claim of a `CreatePVC` effect exists and belongs to this workflow."""

    name: str


@dataclass(frozen=True, slots=True)
class ClaimNotCreated:
    """The API refused the claim of a `CreatePVC` effect. transient: it may succeed later; the run asks again then."""

    name: str
    message: str
    transient: bool


@dataclass(frozen=True, slots=True)
class ClaimsDeleted:
    """A `DeletePVCs` effect is done. left: names of claims that could not be deleted."""

    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskSetChanged:
    """The workflow's WorkflowTaskSet as it is now; also given to the first `advance` when there is one."""

    task_set: Document


@dataclass(frozen=True, slots=True)
class TaskSetRefused:
    """The API refused a `PutTasks` effect, and will again."""

    message: str


@dataclass(frozen=True, slots=True)
class BaselineKnown:
    """The last good run of the same kind, for estimates; told with the first facts after a load."""

    baseline: Baseline


@dataclass(frozen=True, slots=True)
class TemplatesChanged:
    """A WorkflowTemplate, ClusterWorkflowTemplate or parameter ConfigMap changed; what a run uses of them
    is fixed at its start, so this only wakes it."""


@dataclass(frozen=True, slots=True)
class LockGranted:
    """The locks that a holder asked for (`AcquireLocks`) are reserved for it. Nothing may be done with them before
    that is stored: see `LocksHeld`."""

    holder: str


@dataclass(frozen=True, slots=True)
class LocksHeld:
    """The status that says that the holder has its locks is stored: what they protect may begin."""

    holder: str


@dataclass(frozen=True, slots=True)
class LocksAwaited:
    """The holder has to wait: lock is the first one it cannot have, message is for people.

    holders: who has each of the locks it asked for now. Told again when that changes.
    """

    holder: str
    lock: str
    message: str
    holders: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LockRefused:
    """The locks cannot be had at all."""

    holder: str
    message: str


@dataclass(frozen=True, slots=True)
class CacheLoaded:
    """The answer to a `LoadCache`. entry: what is remembered ({nodeID, outputs, creationTimestamp, …}), or None.

    error: why the cache cannot be used; empty when it can.
    """

    node_id: str
    entry: Document | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Postponed:
    """Too many workflows are running: this one is not begun before `Admitted` is told (§2.1)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """There is room for the workflow."""


@dataclass(frozen=True, slots=True)
class PodDelayed:
    """The pod of a `CreatePod` is made later, without being asked for again; message says why."""

    node_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: nothing else to tell. Sent when a `WakeAt` is due."""


LockFact = LockGranted | LocksHeld | LocksAwaited | LockRefused

Fact = (
    PodChanged
    | PodGone
    | PodCreateFailed
    | PodDelayed
    | TaskResultChanged
    | ClaimCreated
    | ClaimNotCreated
    | ClaimsDeleted
    | TaskSetChanged
    | TaskSetRefused
    | BaselineKnown
    | TemplatesChanged
    | LockFact
    | CacheLoaded
    | Postponed
    | Admitted
    | Tick
)
