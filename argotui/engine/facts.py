"""What a run is told about the world: the arguments of `Run.advance`.

The first `advance` after a `Run.load` is given `PodChanged` for every pod of the workflow and
`TaskResultChanged` for every result that exist at that moment; after that only what changes.
"""

from __future__ import annotations

from dataclasses import dataclass

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
class TemplatesChanged:
    """A WorkflowTemplate, ClusterWorkflowTemplate or parameter ConfigMap changed; what a run uses of them
    is fixed at its start, so this only wakes it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: nothing else to tell. Sent when a `WakeAt` is due."""


Fact = (
    PodChanged
    | PodGone
    | PodCreateFailed
    | TaskResultChanged
    | ClaimCreated
    | ClaimNotCreated
    | ClaimsDeleted
    | TemplatesChanged
    | Tick
)
