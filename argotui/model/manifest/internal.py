"""The kinds of Argo Workflows that the controller, the executor and the agent write for each other."""

from argotui.model.manifest.artifact import Artifact, ArtifactLocation
from argotui.model.manifest.meta import ObjectMeta
from argotui.model.manifest.parameter import Outputs
from argotui.model.manifest.parts import Part, RawObject
from argotui.model.manifest.template import Template


class WorkflowTaskResult(Part):
    """What the executor of one pod reports."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """WorkflowTaskResult."""
    metadata: ObjectMeta
    """Name (the node id), labels and bookkeeping."""
    phase: str | None = None
    """Phase of the node, where the executor decides it."""
    message: str | None = None
    """Message of the node."""
    outputs: Outputs | None = None
    """Outputs of the step."""
    progress: str | None = None
    """Progress as N/M."""


class WorkflowTaskSetSpec(Part):
    """Templates for the agent."""

    tasks: dict[str, Template] | None = None
    """Templates by node id."""


class WorkflowTaskSet(Part):
    """Work that one agent does for a workflow."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """WorkflowTaskSet."""
    metadata: ObjectMeta
    """Name (the workflow's), labels and bookkeeping."""
    spec: WorkflowTaskSetSpec
    """Templates for the agent."""
    status: RawObject | None = None
    """Results by node id; written by the agent."""


class ArtifactNodeSpec(Part):
    """Artifacts of one node."""

    archive_location: ArtifactLocation | None = None
    """Where they are kept, where they do not say."""
    artifacts: dict[str, Artifact] | None = None
    """The artifacts by name."""


class ArtifactGCSpec(Part):
    """Artifacts to delete."""

    artifacts_by_node: dict[str, ArtifactNodeSpec] | None = None
    """Artifacts by node id."""


class WorkflowArtifactGCTask(Part):
    """Artifacts that one pod deletes from their store."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """WorkflowArtifactGCTask."""
    metadata: ObjectMeta
    """Name, labels and bookkeeping."""
    spec: ArtifactGCSpec
    """Artifacts to delete."""
    status: RawObject | None = None
    """What was deleted; written by the pod."""
