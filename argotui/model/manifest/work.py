"""Kinds of work that a template can do beside steps, tasks and a plain container."""

from argotui.model.manifest.artifact import Artifact, ArtifactPaths
from argotui.model.manifest.container import Container, VolumeMount
from argotui.model.manifest.meta import SecretKeySelector
from argotui.model.manifest.parts import (
    Int64,
    IntOrString,
    Part,
)


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
