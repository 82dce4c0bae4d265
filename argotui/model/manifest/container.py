"""Containers: image, command, environment, mounts, probes (Kubernetes core)."""

from pydantic import Field

from argotui.model.manifest.meta import (
    ConfigMapKeySelector,
    FileKeySelector,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretKeySelector,
)
from argotui.model.manifest.parts import Int32, Int64, IntOrString, Part, Quantities


class EnvVarSource(Part):
    """Where the value of an environment variable comes from; give exactly one."""

    secret_key_ref: SecretKeySelector | None = None
    """A key of a Secret."""
    config_map_key_ref: ConfigMapKeySelector | None = None
    """A key of a ConfigMap."""
    field_ref: ObjectFieldSelector | None = None
    """A field of the pod."""
    resource_field_ref: ResourceFieldSelector | None = None
    """A request or limit of the container."""
    file_key_ref: FileKeySelector | None = None
    """A variable from a file in a volume."""


class EnvVar(Part):
    """One environment variable."""

    name: str
    """Name of the variable."""
    value: str | None = None
    """Its value; $(OTHER) is replaced by an earlier variable."""
    value_from: EnvVarSource | None = None
    """Where the value comes from, instead of value."""


class ConfigMapEnvSource(Part):
    """A ConfigMap whose keys become variables."""

    name: str | None = None
    """Name of the ConfigMap."""
    optional: bool | None = None
    """Whether the ConfigMap may be missing."""


class SecretEnvSource(Part):
    """A Secret whose keys become variables."""

    name: str | None = None
    """Name of the Secret."""
    optional: bool | None = None
    """Whether the Secret may be missing."""


class EnvFromSource(Part):
    """A source that gives many variables at once."""

    prefix: str | None = None
    """Text put before each name."""
    config_map_ref: ConfigMapEnvSource | None = None
    """Take all keys of a ConfigMap."""
    secret_ref: SecretEnvSource | None = None
    """Take all keys of a Secret."""


class VolumeMount(Part):
    """Where a volume appears in a container."""

    name: str
    """Name of a volume of the pod."""
    mount_path: str
    """Path in the container."""
    sub_path: str | None = None
    """Path inside the volume that is mounted, instead of its root."""
    sub_path_expr: str | None = None
    """Like subPath, with $(VARIABLE) replaced from the container's environment."""
    read_only: bool | None = None
    """Whether writes are refused."""
    recursive_read_only: str | None = None
    """Whether mounts below are read-only too: Disabled, IfPossible or Enabled."""
    mount_propagation: str | None = None
    """How later mounts pass between host and container."""


class VolumeDevice(Part):
    """A raw block device in a container."""

    name: str
    """Name of a claim of the pod."""
    device_path: str
    """Path of the device in the container."""


class ContainerPort(Part):
    """A port that the container listens on; informative."""

    container_port: Int32
    """Number of the port."""
    name: str | None = None
    """Name by which services and probes can mean it."""
    host_ip: str | None = Field(default=None, alias="hostIP")
    """Host address to bind."""
    host_port: Int32 | None = None
    """Port on the host."""
    protocol: str | None = None
    """TCP, UDP or SCTP."""


class ResourceClaim(Part):
    """A device claim of the pod that a container uses."""

    name: str
    """Name of the claim in the pod."""
    request: str | None = None
    """One request of the claim; all of them if not given."""


class ResourceRequirements(Part):
    """CPU, memory and other resources of a container."""

    limits: Quantities | None = None
    """The most the container may use, by resource name."""
    requests: Quantities | None = None
    """What the container is sure to get, by resource name."""
    claims: list[ResourceClaim] | None = None
    """Device claims the container uses."""


class ContainerResizePolicy(Part):
    """Whether a change of a resource restarts the container."""

    resource_name: str
    """cpu or memory."""
    restart_policy: str
    """NotRequired or RestartContainer."""


class ContainerRestartRuleOnExitCodes(Part):
    """Exit codes that a restart rule is about."""

    operator: str
    """In or NotIn."""
    values: list[Int32] | None = None
    """The exit codes."""


class ContainerRestartRule(Part):
    """What happens when a container ends with certain exit codes."""

    action: str
    """Restart."""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None
    """The exit codes."""


class ExecAction(Part):
    """A command that is run in the container."""

    command: list[str] | None = None
    """Command and arguments; no shell is involved."""


class HTTPHeader(Part):
    """One header of a request."""

    name: str
    """Name of the header."""
    value: str
    """Value of the header."""


class HTTPGetAction(Part):
    """A GET request to the container."""

    port: IntOrString
    """Number or name of the port."""
    path: str | None = None
    """Path of the request."""
    host: str | None = None
    """Host to connect to; the pod if not given."""
    scheme: str | None = None
    """HTTP or HTTPS."""
    http_headers: list[HTTPHeader] | None = None
    """Headers to send."""


class TCPSocketAction(Part):
    """A connection to the container."""

    port: IntOrString
    """Number or name of the port."""
    host: str | None = None
    """Host to connect to; the pod if not given."""


class GRPCAction(Part):
    """A gRPC health check."""

    port: Int32
    """Number of the port."""
    service: str | None = None
    """Service name sent with the check."""


class SleepAction(Part):
    """A pause."""

    seconds: Int64
    """Seconds to wait."""


class Probe(Part):
    """A repeated check of a container."""

    exec_: ExecAction | None = None
    """Healthy when a command ends with 0."""
    http_get: HTTPGetAction | None = None
    """Healthy when a request is answered with 2xx or 3xx."""
    tcp_socket: TCPSocketAction | None = None
    """Healthy when a port takes connections."""
    grpc: GRPCAction | None = None
    """Healthy when a gRPC health check says so."""
    initial_delay_seconds: Int32 | None = None
    """Seconds before the first check."""
    timeout_seconds: Int32 | None = None
    """Seconds until a check counts as failed."""
    period_seconds: Int32 | None = None
    """Seconds between checks."""
    success_threshold: Int32 | None = None
    """Successes in a row that make it healthy."""
    failure_threshold: Int32 | None = None
    """Failures in a row that make it unhealthy."""
    termination_grace_period_seconds: Int64 | None = None
    """Seconds the container gets to end when the probe fails."""


class LifecycleHandler(Part):
    """Something done when a container starts or stops; give exactly one."""

    exec_: ExecAction | None = None
    """Run a command."""
    http_get: HTTPGetAction | None = None
    """Make a request."""
    tcp_socket: TCPSocketAction | None = None
    """No longer supported by Kubernetes."""
    sleep: SleepAction | None = None
    """Wait."""


class Lifecycle(Part):
    """What is done when a container starts and stops."""

    post_start: LifecycleHandler | None = None
    """Done right after the start."""
    pre_stop: LifecycleHandler | None = None
    """Done before the container is stopped."""
    stop_signal: str | None = None
    """Signal that asks the container to stop."""


class Capabilities(Part):
    """Linux capabilities added to or taken from a container."""

    add: list[str] | None = None
    """Capabilities to add."""
    drop: list[str] | None = None
    """Capabilities to take away."""


class SELinuxOptions(Part):
    """SELinux labels."""

    level: str | None = None
    """Level label."""
    role: str | None = None
    """Role label."""
    type: str | None = None
    """Type label."""
    user: str | None = None
    """User label."""


class SeccompProfile(Part):
    """Seccomp profile."""

    type: str
    """Localhost, RuntimeDefault or Unconfined."""
    localhost_profile: str | None = None
    """Profile file on the node, for Localhost."""


class AppArmorProfile(Part):
    """AppArmor profile."""

    type: str
    """Localhost, RuntimeDefault or Unconfined."""
    localhost_profile: str | None = None
    """Profile loaded on the node, for Localhost."""


class WindowsSecurityContextOptions(Part):
    """Security settings for Windows."""

    gmsa_credential_spec: str | None = None
    """Content of the GMSA credential spec."""
    gmsa_credential_spec_name: str | None = None
    """Name of the GMSA credential spec."""
    host_process: bool | None = None
    """Whether to run as a host process."""
    run_as_user_name: str | None = None
    """User the process runs as."""


class SecurityContext(Part):
    """Security settings of one container."""

    run_as_user: Int64 | None = None
    """UID of the process."""
    run_as_group: Int64 | None = None
    """GID of the process."""
    run_as_non_root: bool | None = None
    """Whether to refuse to run as root."""
    privileged: bool | None = None
    """Whether the container has the host's privileges."""
    allow_privilege_escalation: bool | None = None
    """Whether a process may gain more privileges than its parent."""
    read_only_root_filesystem: bool | None = None
    """Whether the root file system is read-only."""
    capabilities: Capabilities | None = None
    """Linux capabilities."""
    se_linux_options: SELinuxOptions | None = None
    """SELinux labels."""
    seccomp_profile: SeccompProfile | None = None
    """Seccomp profile."""
    app_armor_profile: AppArmorProfile | None = None
    """AppArmor profile."""
    proc_mount: str | None = None
    """Kind of the /proc mount."""
    windows_options: WindowsSecurityContextOptions | None = None
    """Settings for Windows."""


class Container(Part):
    """One container of a pod."""

    name: str | None = None
    """Name of the container; the main container of a template is always called main."""
    image: str | None = None
    """Image to run."""
    command: list[str] | None = None
    """Program and first arguments; the image's entry point if not given."""
    args: list[str] | None = None
    """Arguments; the image's own if neither command nor args is given."""
    working_dir: str | None = None
    """Directory the program starts in."""
    env: list[EnvVar] | None = None
    """Environment variables."""
    env_from: list[EnvFromSource] | None = None
    """Sources of many environment variables; env wins over them."""
    volume_mounts: list[VolumeMount] | None = None
    """Volumes and where they appear."""
    volume_devices: list[VolumeDevice] | None = None
    """Raw block devices."""
    resources: ResourceRequirements | None = None
    """CPU, memory and other resources."""
    resize_policy: list[ContainerResizePolicy] | None = None
    """Whether a change of resources restarts the container."""
    ports: list[ContainerPort] | None = None
    """Ports the container listens on."""
    image_pull_policy: str | None = None
    """When the image is pulled: Always, IfNotPresent or Never."""
    liveness_probe: Probe | None = None
    """Check that the container still works."""
    readiness_probe: Probe | None = None
    """Check that the container can serve; a daemon step counts as started when it holds."""
    startup_probe: Probe | None = None
    """Check that the container has started."""
    lifecycle: Lifecycle | None = None
    """What is done when the container starts and stops."""
    security_context: SecurityContext | None = None
    """Security settings."""
    restart_policy: str | None = None
    """Always, for an init container that keeps running."""
    restart_policy_rules: list[ContainerRestartRule] | None = None
    """Restarts that depend on the exit code."""
    termination_message_path: str | None = None
    """File whose content becomes the termination message."""
    termination_message_policy: str | None = None
    """Where the termination message comes from: File or FallbackToLogsOnError."""
    stdin: bool | None = None
    """Whether standard input is kept open."""
    stdin_once: bool | None = None
    """Whether standard input is closed after the first client."""
    tty: bool | None = None
    """Whether to allocate a terminal."""
