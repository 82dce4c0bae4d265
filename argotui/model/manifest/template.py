"""Templates: what a step does."""

from argotui.model.manifest.artifact import ArtifactLocation, Metadata
from argotui.model.manifest.container import Container, ResourceRequirements
from argotui.model.manifest.parameter import Arguments, Inputs, Outputs
from argotui.model.manifest.parts import (
    Int32,
    Int64,
    IntOrString,
    OneKeyObject,
    Part,
    Raw,
    Strings,
)
from argotui.model.manifest.running import ExecutorConfig, Memoize, Metrics, RetryStrategy, Synchronization
from argotui.model.manifest.scheduling import (
    Affinity,
    HostAlias,
    PodResourceClaim,
    PodSecurityContext,
    Toleration,
)
from argotui.model.manifest.volume import Volume
from argotui.model.manifest.work import (
    HTTP,
    ContainerSetTemplate,
    Data,
    ResourceTemplate,
    ScriptTemplate,
    SuspendTemplate,
    UserContainer,
)


class TemplateRef(Part):
    """A template of a WorkflowTemplate."""

    name: str | None = None
    """Name of the WorkflowTemplate."""
    template: str | None = None
    """Name of the template in it."""
    cluster_scope: bool | None = None
    """Whether a ClusterWorkflowTemplate is meant."""
    runtime_resolution: bool | None = None
    """Of older versions, without effect."""


class LifecycleHook(Part):
    """A template that runs at a point in the life of a step or workflow."""

    template: str | None = None
    """Name of the template."""
    template_ref: TemplateRef | None = None
    """A template of a WorkflowTemplate, instead of a name."""
    arguments: Arguments | None = None
    """What the template is given."""
    expression: str | None = None
    """Condition under which the hook runs; needed for every hook but exit."""


class Sequence(Part):
    """Numbers to loop over."""

    count: IntOrString | None = None
    """How many numbers; not together with end."""
    start: IntOrString | None = None
    """First number, 0 if not given."""
    end: IntOrString | None = None
    """Last number; smaller than start counts down."""
    format: str | None = None
    """How a number is written, e.g. %02d."""


class ContinueOn(Part):
    """Which bad ends do not stop the rest."""

    error: bool | None = None
    """Go on after an error."""
    failed: bool | None = None
    """Go on after a failure."""


class WorkflowStep(Part):
    """One step of a group: the use of a template."""

    name: str | None = None
    """Name of the step, unique in its template."""
    template: str | None = None
    """Name of the template to run."""
    template_ref: TemplateRef | None = None
    """A template of a WorkflowTemplate, instead of a name."""
    inline: "Template | None" = None
    """The template itself, instead of a name."""
    arguments: Arguments | None = None
    """What the template is given."""
    with_items: list[Raw] | None = None
    """Run once for each of these items."""
    with_param: str | None = None
    """Run once for each item of a JSON list."""
    with_sequence: Sequence | None = None
    """Run once for each number."""
    when: str | None = None
    """Condition; when it is false the step is skipped."""
    continue_on: ContinueOn | None = None
    """Which bad ends do not stop the rest."""
    hooks: dict[str, LifecycleHook] | None = None
    """Templates that run at points in the life of the step; exit runs when it has ended."""
    on_exit: str | None = None
    """Template that runs when the step has ended; hooks.exit is the newer way."""


class DAGTask(WorkflowStep):
    """One task of a graph: the use of a template after others."""

    dependencies: list[str] | None = None
    """Tasks that must have succeeded."""
    depends: str | None = None
    """Condition on the results of other tasks, e.g. A && (B.Failed || B.Skipped)."""


class DAGTemplate(Part):
    """Tasks that run as soon as those they depend on are done."""

    tasks: list[DAGTask] | None = None
    """The tasks."""
    target: str | None = None
    """Names of the tasks to reach, separated by blanks; all ends if not given."""
    fail_fast: bool | None = None
    """Whether a failure keeps further tasks from starting; true if not given."""


class Template(Part):
    """What a step does: exactly one of the template types, and how it is run."""

    name: str | None = None
    """Name of the template."""
    inputs: Inputs | None = None
    """What it takes."""
    outputs: Outputs | None = None
    """What it gives back."""
    container: Container | None = None
    """Run a container."""
    script: ScriptTemplate | None = None
    """Run a script in a container."""
    steps: list[list[WorkflowStep]] | None = None
    """Groups of steps: groups one after the other, steps of a group at the same time."""
    dag: DAGTemplate | None = None
    """Tasks that depend on each other."""
    suspend: SuspendTemplate | None = None
    """Wait for a time or for a person."""
    container_set: ContainerSetTemplate | None = None
    """Run several containers in one pod."""
    resource: ResourceTemplate | None = None
    """Work on an object of the cluster."""
    http: HTTP | None = None
    """Make a request."""
    data: Data | None = None
    """Collect and transform data."""
    plugin: OneKeyObject | None = None
    """Whatever an executor plugin understands."""
    retry_strategy: RetryStrategy | None = None
    """Whether and when it is tried again."""
    active_deadline_seconds: IntOrString | None = None
    """Seconds the pod may run; for leaf templates."""
    timeout: str | None = None
    """Time from the start, waiting included; for leaf templates."""
    pending_timeout: str | None = None
    """Time the pod may wait before it runs; for leaf templates."""
    parallelism: Int64 | None = None
    """How many children may run at the same time."""
    fail_fast: bool | None = None
    """Whether a failed child keeps further children from starting."""
    daemon: bool | None = None
    """Whether the rest goes on as soon as the container is ready."""
    metadata: Metadata | None = None
    """Labels and annotations of the pod."""
    annotations: Strings | None = None
    """Annotations of the template itself, e.g. its display name."""
    volumes: list[Volume] | None = None
    """Volumes for the containers."""
    init_containers: list[UserContainer] | None = None
    """Containers that run before the main one."""
    sidecars: list[UserContainer] | None = None
    """Containers that run beside the main one and end with it."""
    archive_location: ArtifactLocation | None = None
    """Where artifacts are kept."""
    memoize: Memoize | None = None
    """Reuse of the result of an earlier run."""
    synchronization: Synchronization | None = None
    """Locks that are held while it runs."""
    metrics: Metrics | None = None
    """Metrics reported when it ends."""
    node_selector: Strings | None = None
    """Labels of the nodes the pod may run on."""
    affinity: Affinity | None = None
    """Rules about where the pod is placed."""
    tolerations: list[Toleration] | None = None
    """Taints that the pod puts up with."""
    scheduler_name: str | None = None
    """Scheduler that places the pod."""
    priority_class_name: str | None = None
    """Priority class of the pod."""
    priority: Int32 | None = None
    """Older form of priorityClassName, without effect."""
    resubmit_pending_pods: bool | None = None
    """Of older versions, without effect: a pod that cannot be created yet is tried again anyway."""
    host_aliases: list[HostAlias] | None = None
    """Names for addresses in the pod's hosts file."""
    security_context: PodSecurityContext | None = None
    """Security settings of the pod."""
    pod_resources: ResourceRequirements | None = None
    """CPU, memory and other resources of the pod as a whole."""
    resource_claims: list[PodResourceClaim] | None = None
    """Device claims of the pod."""
    service_account_name: str | None = None
    """Service account of the pod."""
    automount_service_account_token: bool | None = None
    """Whether the pod gets a token of its service account."""
    executor: ExecutorConfig | None = None
    """Settings of the executor's containers."""
    pod_spec_patch: str | None = None
    """Strategic merge patch of the pod's spec, as YAML or JSON."""
