"""Templates: what a step does."""

from argotui.model.manifest.artifact import Artifact, ArtifactLocation, ArtifactPaths, Metadata
from argotui.model.manifest.container import Container, ResourceRequirements, VolumeMount
from argotui.model.manifest.meta import ConfigMapKeySelector, SecretKeySelector
from argotui.model.manifest.parts import (
    AnyString,
    Int64,
    IntOrString,
    OneKeyObject,
    Part,
    Raw,
    Strings,
)
from argotui.model.manifest.scheduling import (
    Affinity,
    HostAlias,
    PodResourceClaim,
    PodSecurityContext,
    Toleration,
)
from argotui.model.manifest.volume import Volume


class SuppliedValueFrom(Part):
    """A value that a person gives while the step waits."""


class ValueFrom(Part):
    """Where the value of a parameter comes from; give exactly one, and a default if you like."""

    path: str | None = None
    """File of the container whose content is the value."""
    parameter: str | None = None
    """Output of a step, e.g. {{steps.count.outputs.result}}."""
    expression: str | None = None
    """Expression that gives the value."""
    supplied: SuppliedValueFrom | None = None
    """A person gives the value while the step waits."""
    config_map_key_ref: ConfigMapKeySelector | None = None
    """Key of a ConfigMap."""
    json_path: str | None = None
    """Path into the object of a resource template."""
    jq_filter: str | None = None
    """jq filter over the object of a resource template."""
    event: str | None = None
    """Expression over the event that starts the workflow."""
    default: AnyString | None = None
    """Value when the source gives none."""


class Parameter(Part):
    """A named text."""

    name: str
    """Name of the parameter."""
    value: AnyString | None = None
    """Its value; numbers and booleans become texts."""
    default: AnyString | None = None
    """Value when none is given."""
    value_from: ValueFrom | None = None
    """Where the value comes from."""
    global_name: str | None = None
    """Name under which an output becomes an output of the workflow."""
    enum: list[AnyString] | None = None
    """Values that may be chosen."""
    description: AnyString | None = None
    """What the parameter is for."""


class Inputs(Part):
    """What a template takes."""

    parameters: list[Parameter] | None = None
    """Texts."""
    artifacts: list[Artifact] | None = None
    """Files."""


class Arguments(Part):
    """What a template is given."""

    parameters: list[Parameter] | None = None
    """Texts."""
    artifacts: list[Artifact] | None = None
    """Files."""


class Outputs(Part):
    """What a template gives back."""

    parameters: list[Parameter] | None = None
    """Texts."""
    artifacts: list[Artifact] | None = None
    """Files."""
    result: str | None = None
    """Standard output of the main container; set by the controller."""
    exit_code: str | None = None
    """Exit code of the main container; set by the controller."""


class TemplateRef(Part):
    """A template of a WorkflowTemplate."""

    name: str | None = None
    """Name of the WorkflowTemplate."""
    template: str | None = None
    """Name of the template in it."""
    cluster_scope: bool | None = None
    """Whether a ClusterWorkflowTemplate is meant."""


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


class ScriptTemplate(Container):
    """A script run by an interpreter in a container."""

    source: str | None = None
    """The script; the interpreter is the command."""


class SuspendTemplate(Part):
    """A step that waits."""

    duration: str | None = None
    """How long; a plain number is seconds. Until somebody resumes it if not given."""


class UserContainer(Container):
    """A container beside the main one."""

    mirror_volume_mounts: bool | None = None
    """Whether it gets the mounts of the main container."""


class ContainerNode(Container):
    """One container of a set."""

    dependencies: list[str] | None = None
    """Containers that must have ended before it starts."""


class ContainerSetRetryStrategy(Part):
    """How containers of a set are retried inside the pod."""

    retries: IntOrString | None = None
    """How many times."""
    duration: str | None = None
    """Pause between tries."""


class ContainerSetTemplate(Part):
    """Several containers in one pod."""

    containers: list[ContainerNode] | None = None
    """The containers; outputs come from the one called main."""
    volume_mounts: list[VolumeMount] | None = None
    """Mounts of all containers."""
    retry_strategy: ContainerSetRetryStrategy | None = None
    """How containers are retried."""


class ManifestFrom(Part):
    """A file with a manifest."""

    artifact: Artifact
    """The file."""


class ResourceTemplate(Part):
    """Work on an object of the cluster."""

    action: str
    """get, create, apply, delete, replace or patch."""
    manifest: str | None = None
    """The object as YAML."""
    manifest_from: ManifestFrom | None = None
    """A file with the object."""
    merge_strategy: str | None = None
    """For patch: strategic, merge or json."""
    set_owner_reference: bool | None = None
    """Whether the object belongs to the workflow."""
    success_condition: str | None = None
    """Condition on the object's fields that ends the wait well."""
    failure_condition: str | None = None
    """Condition on the object's fields that ends the wait badly."""
    flags: list[str] | None = None
    """Further options for kubectl."""


class HTTPHeaderSource(Part):
    """Where the value of a header comes from."""

    secret_key_ref: SecretKeySelector | None = None
    """Key of a Secret."""


class HTTPRequestHeader(Part):
    """One header of a request."""

    name: str
    """Name of the header."""
    value: str | None = None
    """Value of the header."""
    value_from: HTTPHeaderSource | None = None
    """Where the value comes from."""


class HTTPBodySource(Part):
    """Where the body comes from."""

    bytes: str | None = None
    """The body in base64."""


class HTTP(Part):
    """A request made by the agent."""

    url: str
    """URL to call."""
    method: str | None = None
    """GET if not given."""
    headers: list[HTTPRequestHeader] | None = None
    """Headers to send."""
    body: str | None = None
    """Body to send."""
    body_from: HTTPBodySource | None = None
    """Where the body comes from."""
    timeout_seconds: Int64 | None = None
    """Seconds until the request counts as failed, 30 if not given."""
    success_condition: str | None = None
    """Expression over request and response; any 2xx if not given."""
    insecure_skip_verify: bool | None = None
    """Whether to trust any certificate."""


class TransformationStep(Part):
    """One transformation."""

    expression: str
    """Expression over the data so far."""


class DataSource(Part):
    """Where the data comes from."""

    artifact_paths: ArtifactPaths | None = None
    """Names of the files below a key."""


class Data(Part):
    """Data taken from a source and transformed."""

    source: DataSource | None = None
    """Where the data comes from."""
    transformation: list[TransformationStep] | None = None
    """Transformations, one after the other."""


class CacheConfigMap(Part):
    """ConfigMap that remembers results."""

    name: str | None = None
    """Name of the ConfigMap."""
    key: str | None = None
    """Not used: every result has its own key."""
    optional: bool | None = None
    """Not used."""


class Cache(Part):
    """Where results are remembered."""

    config_map: CacheConfigMap | None = None
    """ConfigMap that holds them."""


class Memoize(Part):
    """Reuse of the result of an earlier run."""

    key: str | None = None
    """What makes two runs equal."""
    cache: Cache | None = None
    """Where results are remembered."""
    max_age: str | None = None
    """How old a result may be, e.g. 24h."""


class MetricLabel(Part):
    """One label of a metric."""

    key: str
    """Name of the label."""
    value: str
    """Value of the label."""


class Gauge(Part):
    """A value that goes up and down."""

    value: str
    """The value."""
    realtime: bool | None = None
    """Whether it is reported while the step runs."""
    operation: str | None = None
    """Set, Add or Sub."""


class Histogram(Part):
    """A distribution."""

    value: str
    """The value to count."""
    buckets: list[float]
    """Upper bounds of the buckets."""


class Counter(Part):
    """A value that only goes up."""

    value: str
    """How much to add."""


class Prometheus(Part):
    """One metric."""

    name: str
    """Name of the metric."""
    help: str
    """What it says."""
    labels: list[MetricLabel] | None = None
    """Labels of the metric."""
    when: str | None = None
    """Condition under which it is reported."""
    gauge: Gauge | None = None
    """A value that goes up and down."""
    histogram: Histogram | None = None
    """A distribution."""
    counter: Counter | None = None
    """A value that only goes up."""


class Metrics(Part):
    """Metrics reported when a step or workflow ends."""

    prometheus: list[Prometheus] | None = None
    """The metrics."""


class SyncDatabaseRef(Part):
    """A limit kept in the database."""

    key: str
    """Key of the limit."""


class SemaphoreRef(Part):
    """A number of places of which one is taken."""

    config_map_key_ref: ConfigMapKeySelector | None = None
    """Key of a ConfigMap that holds the number."""
    namespace: str | None = None
    """Namespace of the ConfigMap; the workflow's if not given."""
    database: SyncDatabaseRef | None = None
    """Number kept in the database, instead of a ConfigMap."""


class Mutex(Part):
    """A lock that one at a time can hold."""

    name: str | None = None
    """Name of the lock."""
    namespace: str | None = None
    """Namespace of the lock; the workflow's if not given."""
    database: bool | None = None
    """Whether the lock is kept in the database."""


class Synchronization(Part):
    """Locks that are held while something runs; all are taken or none."""

    semaphores: list[SemaphoreRef] | None = None
    """Semaphores."""
    mutexes: list[Mutex] | None = None
    """Mutexes."""


class Backoff(Part):
    """Pauses between attempts."""

    duration: str | None = None
    """First pause; a plain number is seconds."""
    factor: IntOrString | None = None
    """What each pause is multiplied with."""
    max_duration: str | None = None
    """Time from the first start after which no attempt is made."""
    cap: str | None = None
    """Longest pause."""


class RetryNodeAntiAffinity(Part):
    """Keep away from nodes where an attempt failed."""


class RetryAffinity(Part):
    """Where an attempt runs."""

    node_anti_affinity: RetryNodeAntiAffinity | None = None
    """Keep away from nodes where an attempt failed."""


class RetryStrategy(Part):
    """Whether and when a failed step is tried again."""

    limit: IntOrString | None = None
    """Attempts after the first one; without a limit if not given."""
    retry_policy: str | None = None
    """Which ends are tried again: OnFailure, OnError, Always or OnTransientError."""
    backoff: Backoff | None = None
    """Pauses between attempts."""
    expression: str | None = None
    """Condition on the last attempt."""
    affinity: RetryAffinity | None = None
    """Where an attempt runs."""


class ExecutorConfig(Part):
    """Settings of the executor's containers."""

    service_account_name: str | None = None
    """Service account that they report with."""


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
