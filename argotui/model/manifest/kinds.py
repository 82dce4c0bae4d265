"""Kinds of Kubernetes that people look at beside workflows (for `kubectl explain`)."""

from pydantic import Field

from argotui.model.manifest.container import Container, ResourceRequirements
from argotui.model.manifest.meta import Condition, LocalObjectReference, ObjectMeta
from argotui.model.manifest.parts import Int32, Int64, Part, Quantities, RawObject, Strings, Time
from argotui.model.manifest.scheduling import (
    Affinity,
    HostAlias,
    PodDNSConfig,
    PodResourceClaim,
    PodSecurityContext,
    Toleration,
    TopologySpreadConstraint,
)
from argotui.model.manifest.volume import Volume


class PodReadinessGate(Part):
    """A condition that must hold before the pod counts as ready."""

    condition_type: str
    """Type of the condition."""


class PodSchedulingGate(Part):
    """Something that keeps the pod from being placed."""

    name: str
    """Name of the gate."""


class PodOS(Part):
    """Operating system of the pod."""

    name: str
    """linux or windows."""


class PodSpec(Part):
    """Containers of a pod and how they are run."""

    containers: list[Container]
    """Containers that run side by side."""
    init_containers: list[Container] | None = None
    """Containers that run before, one after the other."""
    ephemeral_containers: list[Container] | None = None
    """Containers added for debugging."""
    volumes: list[Volume] | None = None
    """Volumes that containers can mount."""
    restart_policy: str | None = None
    """Always, OnFailure or Never."""
    active_deadline_seconds: Int64 | None = None
    """Seconds the pod may run."""
    termination_grace_period_seconds: Int64 | None = None
    """Seconds between the request to stop and the kill."""
    service_account_name: str | None = None
    """Service account of the pod."""
    service_account: str | None = None
    """Older name of serviceAccountName."""
    automount_service_account_token: bool | None = None
    """Whether the pod gets a token of its service account."""
    node_name: str | None = None
    """Node the pod is bound to."""
    node_selector: Strings | None = None
    """Labels of the nodes the pod may run on."""
    affinity: Affinity | None = None
    """Rules about where the pod is placed."""
    tolerations: list[Toleration] | None = None
    """Taints that the pod puts up with."""
    topology_spread_constraints: list[TopologySpreadConstraint] | None = None
    """How evenly pods are spread."""
    scheduler_name: str | None = None
    """Scheduler that places the pod."""
    scheduling_gates: list[PodSchedulingGate] | None = None
    """What keeps the pod from being placed."""
    priority_class_name: str | None = None
    """Priority class of the pod."""
    priority: Int32 | None = None
    """Priority, from the class."""
    preemption_policy: str | None = None
    """Whether the pod may push others away."""
    security_context: PodSecurityContext | None = None
    """Security settings."""
    image_pull_secrets: list[LocalObjectReference] | None = None
    """Secrets for pulling images."""
    hostname: str | None = None
    """Host name of the pod."""
    subdomain: str | None = None
    """Domain below the cluster's."""
    hostname_override: str | None = None
    """Host name that wins over all else."""
    set_hostname_as_fqdn: bool | None = Field(default=None, alias="setHostnameAsFQDN")
    """Whether the host name is fully qualified."""
    host_aliases: list[HostAlias] | None = None
    """Names for addresses in the hosts file."""
    host_network: bool | None = None
    """Whether to use the network of the node."""
    host_pid: bool | None = Field(default=None, alias="hostPID")
    """Whether to see the processes of the node."""
    host_ipc: bool | None = Field(default=None, alias="hostIPC")
    """Whether to share memory and semaphores with the node."""
    host_users: bool | None = None
    """Whether users are those of the node."""
    share_process_namespace: bool | None = None
    """Whether containers see each other's processes."""
    dns_policy: str | None = None
    """How the pod resolves names."""
    dns_config: PodDNSConfig | None = None
    """Resolver settings."""
    enable_service_links: bool | None = None
    """Whether services appear as environment variables."""
    readiness_gates: list[PodReadinessGate] | None = None
    """Conditions that must hold before the pod counts as ready."""
    runtime_class_name: str | None = None
    """Runtime that runs the containers."""
    overhead: Quantities | None = None
    """Resources that the runtime itself needs."""
    os: PodOS | None = None
    """Operating system."""
    resources: ResourceRequirements | None = None
    """CPU, memory and other resources of the pod as a whole."""
    resource_claims: list[PodResourceClaim] | None = None
    """Device claims that containers can use."""


class ContainerStatus(Part):
    """How a container is doing."""

    name: str
    """Name of the container."""
    image: str | None = None
    """Image that runs."""
    image_id: str | None = Field(default=None, alias="imageID")
    """Exact image that runs."""
    container_id: str | None = Field(default=None, alias="containerID")
    """Id given by the runtime."""
    ready: bool | None = None
    """Whether it can serve."""
    started: bool | None = None
    """Whether it has started."""
    restart_count: Int32 | None = None
    """How often it was restarted."""
    state: RawObject | None = None
    """waiting, running or terminated, with details."""
    last_state: RawObject | None = None
    """State before the last restart."""


class PodCondition(Condition):
    """One aspect of a pod's state."""

    reason: str | None = None
    """Short reason."""
    last_probe_time: Time | None = None
    """When it was last looked at."""
    last_transition_time: Time | None = None
    """When it last changed."""


class PodStatus(Part):
    """How a pod is doing; written by the kubelet."""

    phase: str | None = None
    """Pending, Running, Succeeded, Failed or Unknown."""
    message: str | None = None
    """Details for people."""
    reason: str | None = None
    """Short reason, e.g. Evicted."""
    conditions: list[PodCondition] | None = None
    """Aspects of the state."""
    start_time: Time | None = None
    """When the kubelet took the pod."""
    host_ip: str | None = Field(default=None, alias="hostIP")
    """Address of the node."""
    pod_ip: str | None = Field(default=None, alias="podIP")
    """Address of the pod."""
    qos_class: str | None = None
    """Class that follows from requests and limits."""
    container_statuses: list[ContainerStatus] | None = None
    """How the containers are doing."""
    init_container_statuses: list[ContainerStatus] | None = None
    """How the init containers are doing."""


class _Object(Part):
    api_version: str | None = None
    """Version of the object's format."""
    kind: str | None = None
    """Kind of the object."""
    metadata: ObjectMeta | None = None
    """Name, labels and bookkeeping."""


class Pod(_Object):
    """Containers that run together on one node."""

    spec: PodSpec | None = None
    """What is to run."""
    status: PodStatus | None = None
    """How it is doing."""


class ConfigMap(_Object):
    """Texts for programs to read."""

    data: Strings | None = None
    """Texts by key."""
    binary_data: Strings | None = None
    """Bytes by key, in base64."""
    immutable: bool | None = None
    """Whether changes are refused."""


class Secret(_Object):
    """Confidential texts for programs to read."""

    type: str | None = None
    """What the secret is for."""
    data: Strings | None = None
    """Bytes by key, in base64."""
    string_data: Strings | None = None
    """Texts by key; only for writing."""
    immutable: bool | None = None
    """Whether changes are refused."""


class Namespace(_Object):
    """A space in which names are unique."""

    spec: RawObject | None = None
    """Finalizers."""
    status: RawObject | None = None
    """Active or Terminating."""


class ServiceAccount(_Object):
    """Who a pod is towards the API."""

    secrets: list[LocalObjectReference] | None = None
    """Secrets with tokens."""
    image_pull_secrets: list[LocalObjectReference] | None = None
    """Secrets for pulling images."""
    automount_service_account_token: bool | None = None
    """Whether pods get a token."""


class ObjectReference(Part):
    """An object that an event is about."""

    api_version: str | None = None
    """API version of the object."""
    kind: str | None = None
    """Kind of the object."""
    namespace: str | None = None
    """Namespace of the object."""
    name: str | None = None
    """Name of the object."""
    uid: str | None = None
    """UID of the object."""
    resource_version: str | None = None
    """Version of the object."""
    field_path: str | None = None
    """Part of the object."""


class EventSource(Part):
    """Who reported an event."""

    component: str | None = None
    """Name of the program."""
    host: str | None = None
    """Node it ran on."""


class Event(_Object):
    """Something that happened to an object."""

    involved_object: ObjectReference | None = None
    """The object."""
    reason: str | None = None
    """What happened, in one word."""
    message: str | None = None
    """What happened, for people."""
    type: str | None = None
    """Normal or Warning."""
    source: EventSource | None = None
    """Who reported it."""
    count: Int32 | None = None
    """How often it happened."""
    first_timestamp: Time | None = None
    """When it happened first."""
    last_timestamp: Time | None = None
    """When it happened last."""
    event_time: Time | None = None
    """When it happened, with fractions of a second."""
    action: str | None = None
    """What was done."""
    related: ObjectReference | None = None
    """Another object that took part."""
    reporting_component: str | None = None
    """Name of the program."""
    reporting_instance: str | None = None
    """Which instance of the program."""


class LeaseSpec(Part):
    """Who holds a lease and until when."""

    holder_identity: str | None = None
    """Who holds it."""
    lease_duration_seconds: Int32 | None = None
    """How long it holds after a renewal."""
    acquire_time: Time | None = None
    """When the holder got it."""
    renew_time: Time | None = None
    """When the holder last renewed it."""
    lease_transitions: Int32 | None = None
    """How often it changed hands."""
    preferred_holder: str | None = None
    """Who should get it next."""
    strategy: str | None = None
    """How the next holder is chosen."""


class Lease(_Object):
    """A lock with a time limit, used to choose a leader."""

    spec: LeaseSpec | None = None
    """Who holds it and until when."""
