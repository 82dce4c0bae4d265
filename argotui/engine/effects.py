"""What a run asks of the world: the second part of the answer of `Run.advance`.

`after_persist` says that the effect may only happen once the changes of the same step are stored (§4.12):
a pod is labelled completed only when its result is safe, an event tells only what is true. All other
effects are harmless when they happen twice, and may start at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from argotui.model.documents import Document


@dataclass(frozen=True, slots=True)
class CreatePod:
    """Create the pod of a node. Asked again with the same name after a crash: an existing pod with this
    workflow as its owner is success; any other outcome comes back as `PodCreateFailed`.

    config_map: has to exist before the pod, which mounts it; that it exists already is fine (§4.7).
    """

    node_id: str
    pod: Document
    config_map: Document | None = None
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete a pod; not found is success. uid guards against a newer pod of the same name."""

    name: str
    uid: str | None = None
    grace_seconds: int | None = None
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class TerminatePod:
    """End a pod's containers (§4.6): a pending pod is deleted; in a running one every running container
    gets SIGTERM through the executor, and SIGKILL after grace_seconds (30 when None)."""

    name: str
    uid: str
    grace_seconds: int | None = None
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class LabelPodCompleted:
    """Set the label `completed=true` on the pod of a finished node; not found is success."""

    name: str
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CollectPod:
    """Delete the pod of a finished node after some seconds (podGC, §4.12); not found is success. Asked again after a
    reload: a pod that is waiting for its end already is not to wait anew."""

    name: str
    uid: str
    after_seconds: float
    grace_seconds: int | None = None
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CreatePVC:
    """Create a PersistentVolumeClaim. Asked again after a reload: one that exists and has this workflow as an owner is
    success. Comes back as `ClaimCreated` or `ClaimNotCreated`."""

    claim: Document
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class AcquireLocks:
    """Take the locks for the holder, all or none, in its turn (§2.13). Idempotent, and asked again after a reload.

    The answer is `LockGranted`, `LocksAwaited` (after which `LockGranted` follows one day) or `LockRefused`.
    holder: `ns/workflow[/node]`. locks: keys as in the status. order: place in the tree, earlier ones first.
    """

    holder: str
    locks: tuple[str, ...]
    order: tuple[int, ...] = ()
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeletePVCs:
    """Delete PersistentVolumeClaims of a workflow whose nodes are all over, their protection included; not found is
    success. Asked again after a reload. Comes back as `ClaimsDeleted`."""

    names: tuple[str, ...]
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CreateDisruptionBudget:
    """Create the workflow's PodDisruptionBudget. Asked at each load: one that exists is success. Nothing comes back;
    the workflow runs without one where the API refuses it."""

    budget: Document
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ConfirmLocks:
    """Say `LocksHeld`: that the holder has its locks is stored now. Not asked again after a reload, which reads it."""

    holder: str
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ReleaseLocks:
    """The holder has no locks and waits for none. Empty: nobody of the workflow, which is complete. Only when that
    is stored, since a status that still has the lock would take it again after a restart."""

    holder: str = ""
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class LoadCache:
    """Look up a memoized result (§2.12) in a ConfigMap of the controller's namespace, and note the time of the hit.

    The answer is `CacheLoaded`. Asked again after a reload. After every `SaveCache` of the same ConfigMap.
    """

    node_id: str
    cache: str
    key: str
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeleteDisruptionBudget:
    """Delete the workflow's PodDisruptionBudget; not found is success."""

    name: str
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class SaveCache:
    """Remember the outputs of a node. There is no answer: the node has succeeded whether this works or not."""

    node_id: str
    cache: str
    key: str
    outputs: Document | None
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class PutTasks:
    """Put templates by node id into the workflow's WorkflowTaskSet, made when there is none, and take away results
    that stand there for these ids. Asked again after a reload, with the same templates. What the agent reports comes
    back as `TaskSetChanged`; a refusal that stays one as `TaskSetRefused`."""

    tasks: Mapping[str, Document]
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ForgetTasks:
    """Take entries of these node ids out of the TaskSet; not found is success."""

    node_ids: tuple[str, ...]
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CompleteTaskSet:
    """Label the TaskSet `completed=true`, which ends the agent; not found is success."""

    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DeleteTaskResults:
    """Delete the collection of the workflow's WorkflowTaskResults."""

    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class EmitEvent:
    """A Kubernetes Event (§8.8). type is Normal or Warning. about: {apiVersion, kind, metadata} of what it is about,
    None for the workflow."""

    type: str
    reason: str
    message: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    about: Document | None = None
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class EmitMetric:
    """Report one value of a metric that the workflow defines; only once its cause is stored, so once for each node.

    kind: gauge, counter or histogram. labels: (key, value), sorted. operation: Set, Add or Sub of a gauge. buckets:
    upper bounds of a histogram. since: a real-time gauge shows the seconds from then until `until`, or until it is
    looked at; asked again at each load. Nothing comes back.
    """

    kind: str
    name: str
    help: str
    labels: tuple[tuple[str, str], ...]
    value: float
    operation: str = "Set"
    buckets: tuple[float, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class EndMetrics:
    """The workflow is over: its real-time gauges are not shown any more."""

    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PodMissed:
    """A pod was gone although its node was not over; for the controller's own metrics.

    restarted: the reason, when its host gave it up and it is made again; "" when it was just gone.
    recently: soon after the node's start.
    """

    node_phase: str
    recently: bool = False
    restarted: str = ""
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Call `advance` with a `Tick` at this time at the latest. A later `WakeAt` of the same run replaces it."""

    time: datetime
    after_persist: ClassVar[bool] = False


LockEffect = AcquireLocks | ConfirmLocks | ReleaseLocks
CacheEffect = LoadCache | SaveCache

Effect = (
    CreatePod
    | DeletePod
    | TerminatePod
    | LabelPodCompleted
    | CollectPod
    | CreatePVC
    | DeletePVCs
    | PutTasks
    | ForgetTasks
    | CompleteTaskSet
    | CreateDisruptionBudget
    | DeleteDisruptionBudget
    | LockEffect
    | CacheEffect
    | DeleteTaskResults
    | EmitEvent
    | EmitMetric
    | EndMetrics
    | PodMissed
    | WakeAt
)
