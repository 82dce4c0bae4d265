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
    workflow as its owner is success; any other outcome comes back as `PodCreateFailed`."""

    node_id: str
    pod: Document
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
class DeleteDisruptionBudget:
    """Delete the workflow's PodDisruptionBudget; not found is success."""

    name: str
    after_persist: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeleteTaskResults:
    """Delete the collection of the workflow's WorkflowTaskResults."""

    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class EmitEvent:
    """A Kubernetes Event about the workflow (§8.8). type is Normal or Warning."""

    type: str
    reason: str
    message: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    after_persist: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Call `advance` with a `Tick` at this time at the latest. A later `WakeAt` of the same run replaces it."""

    time: datetime
    after_persist: ClassVar[bool] = False


Effect = (
    CreatePod
    | DeletePod
    | TerminatePod
    | LabelPodCompleted
    | CollectPod
    | CreatePVC
    | DeletePVCs
    | CreateDisruptionBudget
    | DeleteDisruptionBudget
    | DeleteTaskResults
    | EmitEvent
    | WakeAt
)
