"""The kinds of Argo Workflows that people write."""

from pydantic import Field

from argotui.model.manifest.artifact import Metadata, WorkflowLevelArtifactGC
from argotui.model.manifest.container import ResourceRequirements
from argotui.model.manifest.meta import LabelSelector, LocalObjectReference, ObjectMeta
from argotui.model.manifest.parameter import Arguments
from argotui.model.manifest.parts import Int32, Int64, Part, RawObject, Strings
from argotui.model.manifest.running import ExecutorConfig, Metrics, RetryStrategy, Synchronization
from argotui.model.manifest.scheduling import (
    Affinity,
    HostAlias,
    PodDisruptionBudgetSpec,
    PodDNSConfig,
    PodResourceClaim,
    PodSecurityContext,
    Toleration,
)
from argotui.model.manifest.template import LifecycleHook, Template
from argotui.model.manifest.volume import PersistentVolumeClaim, Volume


class ArtifactRepositoryRef(Part):
    """Which artifact repository to use."""

    config_map: str | None = None
    """ConfigMap with repositories, artifact-repositories if not given."""
    key: str | None = None
    """Key of the repository; the ConfigMap's default if not given."""


class PodGC(Part):
    """When pods are deleted."""

    strategy: str | None = None
    """OnPodCompletion, OnPodSuccess, OnWorkflowCompletion or OnWorkflowSuccess."""
    label_selector: LabelSelector | None = None
    """Which pods; all if not given."""
    delete_delay_duration: str | None = None
    """Time between the end and the deletion."""


class TTLStrategy(Part):
    """When a workflow that has ended is deleted."""

    seconds_after_completion: Int32 | None = None
    """Seconds after any end."""
    seconds_after_success: Int32 | None = None
    """Seconds after a good end."""
    seconds_after_failure: Int32 | None = None
    """Seconds after a failure."""


class VolumeClaimGC(Part):
    """When claims made for the workflow are deleted."""

    strategy: str | None = None
    """OnWorkflowSuccess or OnWorkflowCompletion."""


class LabelValueFrom(Part):
    """Where the value of a label comes from."""

    expression: str
    """Expression that gives the value."""


class WorkflowMetadata(Part):
    """Labels and annotations added to the workflow when it starts."""

    labels: Strings | None = None
    """Labels to add."""
    annotations: Strings | None = None
    """Annotations to add."""
    labels_from: dict[str, LabelValueFrom] | None = None
    """Labels whose values are computed."""


class WorkflowTemplateRef(Part):
    """A WorkflowTemplate that the workflow is made of."""

    name: str | None = None
    """Name of the WorkflowTemplate."""
    cluster_scope: bool | None = None
    """Whether a ClusterWorkflowTemplate is meant."""
    runtime_resolution: bool | None = None
    """Of older versions, without effect."""


class WorkflowSpec(Part):
    """What a workflow does and how its pods are run."""

    entrypoint: str | None = None
    """Template to start with."""
    templates: list[Template] | None = None
    """The templates."""
    arguments: Arguments | None = None
    """What the entry point is given; parameters can be used everywhere."""
    workflow_template_ref: WorkflowTemplateRef | None = None
    """WorkflowTemplate to run, instead of own templates."""
    template_defaults: Template | None = None
    """Settings that every template starts from."""
    on_exit: str | None = None
    """Template that runs at the end, however the workflow ended."""
    hooks: dict[str, LifecycleHook] | None = None
    """Templates that run at points in the life of the workflow; exit runs at the end."""
    retry_strategy: RetryStrategy | None = None
    """Whether and when steps are tried again, where the template does not say."""
    active_deadline_seconds: Int64 | None = None
    """Seconds the workflow may run; 0 ends it now."""
    parallelism: Int64 | None = None
    """How many pods may run at the same time."""
    priority: Int32 | None = None
    """Which workflow goes first when the controller runs a limited number."""
    suspend: bool | None = None
    """Whether to start nothing new for now."""
    shutdown: str | None = None
    """Stop (exit handlers run) or Terminate (nothing runs any more)."""
    synchronization: Synchronization | None = None
    """Locks that are held while the workflow runs."""
    metrics: Metrics | None = None
    """Metrics reported when the workflow ends."""
    ttl_strategy: TTLStrategy | None = None
    """When the workflow is deleted after its end."""
    ttl_seconds_after_finished: Int32 | None = None
    """Older form of ttlStrategy.secondsAfterCompletion."""
    pod_gc: PodGC | None = Field(default=None, alias="podGC")
    """When pods are deleted."""
    volumes: list[Volume] | None = None
    """Volumes that containers can mount."""
    volume_claim_templates: list[PersistentVolumeClaim] | None = None
    """Claims that are made for the workflow."""
    volume_claim_gc: VolumeClaimGC | None = Field(default=None, alias="volumeClaimGC")
    """When those claims are deleted."""
    artifact_repository_ref: ArtifactRepositoryRef | None = None
    """Which artifact repository to use."""
    artifact_gc: WorkflowLevelArtifactGC | None = Field(default=None, alias="artifactGC")
    """When artifacts are deleted from their store."""
    archive_logs: bool | None = None
    """Whether logs are kept as artifacts."""
    workflow_metadata: WorkflowMetadata | None = None
    """Labels and annotations added to the workflow when it starts."""
    pod_metadata: Metadata | None = None
    """Labels and annotations of all pods."""
    service_account_name: str | None = None
    """Service account of all pods."""
    automount_service_account_token: bool | None = None
    """Whether pods get a token of their service account."""
    executor: ExecutorConfig | None = None
    """Settings of the executor's containers."""
    node_selector: Strings | None = None
    """Labels of the nodes that pods may run on."""
    affinity: Affinity | None = None
    """Rules about where pods are placed."""
    tolerations: list[Toleration] | None = None
    """Taints that pods put up with."""
    scheduler_name: str | None = None
    """Scheduler that places pods."""
    pod_priority_class_name: str | None = None
    """Priority class of pods."""
    pod_priority: Int32 | None = None
    """Older form of podPriorityClassName, without effect."""
    pod_resources: ResourceRequirements | None = None
    """CPU, memory and other resources of each pod as a whole."""
    resource_claims: list[PodResourceClaim] | None = None
    """Device claims of pods."""
    security_context: PodSecurityContext | None = None
    """Security settings of pods."""
    image_pull_secrets: list[LocalObjectReference] | None = None
    """Secrets for pulling images."""
    host_network: bool | None = None
    """Whether pods use the network of their node."""
    host_aliases: list[HostAlias] | None = None
    """Names for addresses in the pods' hosts file."""
    dns_policy: str | None = None
    """How pods resolve names: ClusterFirst, ClusterFirstWithHostNet, Default or None."""
    dns_config: PodDNSConfig | None = None
    """Resolver settings of pods."""
    pod_disruption_budget: PodDisruptionBudgetSpec | None = None
    """How many pods may be evicted at a time."""
    pod_spec_patch: str | None = None
    """Strategic merge patch of every pod's spec, as YAML or JSON."""


class Workflow(Part):
    """One run of a workflow: what is to be done, and how far it is."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """Workflow."""
    metadata: ObjectMeta
    """Name, labels and bookkeeping."""
    spec: WorkflowSpec
    """What is to be done."""
    status: RawObject | None = None
    """How far it is; written by the controller."""


class WorkflowTemplate(Part):
    """Templates that workflows of a namespace can use."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """WorkflowTemplate."""
    metadata: ObjectMeta
    """Name, labels and bookkeeping."""
    spec: WorkflowSpec
    """Templates, and defaults for workflows made of them."""


class ClusterWorkflowTemplate(Part):
    """Templates that workflows of all namespaces can use."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """ClusterWorkflowTemplate."""
    metadata: ObjectMeta
    """Name, labels and bookkeeping."""
    spec: WorkflowSpec
    """Templates, and defaults for workflows made of them."""


class StopStrategy(Part):
    """When a schedule ends for good."""

    expression: str
    """Condition on cronworkflow.failed, cronworkflow.succeeded and the like."""


class CronWorkflowSpec(Part):
    """When and what to run."""

    schedules: list[str] | None = None
    """Cron expressions; the workflow runs when any of them says so."""
    schedule: str | None = None
    """Older form of schedules: one cron expression."""
    workflow_spec: WorkflowSpec
    """What is run."""
    workflow_metadata: ObjectMeta | None = None
    """Labels, annotations and finalizers of the workflows."""
    timezone: str | None = None
    """Time zone of the schedules, e.g. Europe/Berlin."""
    suspend: bool | None = None
    """Whether to run nothing for now."""
    concurrency_policy: str | None = None
    """What happens when one still runs: Allow, Forbid or Replace."""
    starting_deadline_seconds: Int64 | None = None
    """How late a missed run may still start."""
    successful_jobs_history_limit: Int32 | None = None
    """How many good runs are kept, 3 if not given."""
    failed_jobs_history_limit: Int32 | None = None
    """How many bad runs are kept, 1 if not given."""
    stop_strategy: StopStrategy | None = None
    """When the schedule ends for good."""
    when: str | None = None
    """Condition under which a run starts."""


class CronWorkflow(Part):
    """Workflows that run at certain times."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """CronWorkflow."""
    metadata: ObjectMeta
    """Name, labels and bookkeeping."""
    spec: CronWorkflowSpec
    """When and what to run."""
    status: RawObject | None = None
    """What has run; written by the controller."""


class EventSelector(Part):
    """Which events are meant."""

    selector: str
    """Expression over the event."""


class Submit(Part):
    """The workflow that an event starts."""

    workflow_template_ref: WorkflowTemplateRef
    """WorkflowTemplate to run."""
    metadata: ObjectMeta | None = None
    """Name, labels and annotations of the workflow."""
    arguments: Arguments | None = None
    """Arguments, taken from the event."""


class WorkflowEventBindingSpec(Part):
    """Which events start which workflow."""

    event: EventSelector
    """Which events."""
    submit: Submit | None = None
    """Which workflow."""


class WorkflowEventBinding(Part):
    """Starts workflows when events arrive."""

    api_version: str
    """argoproj.io/v1alpha1."""
    kind: str
    """WorkflowEventBinding."""
    metadata: ObjectMeta
    """Name, labels and bookkeeping."""
    spec: WorkflowEventBindingSpec
    """Which events start which workflow."""
