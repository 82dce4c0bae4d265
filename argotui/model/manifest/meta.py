"""Object metadata and references to other objects (Kubernetes core)."""

from pydantic import Field

from argotui.model.manifest.parts import Int64, Part, Quantity, RawObject, Strings, Time


class OwnerReference(Part):
    """An object that this one belongs to, in the same namespace or cluster-wide."""

    api_version: str
    """API version of the owner."""
    kind: str
    """Kind of the owner."""
    name: str
    """Name of the owner."""
    uid: str
    """UID of the owner; an owner that was made anew under the old name does not count."""
    controller: bool | None = None
    """Whether this owner manages the object. At most one owner does."""
    block_owner_deletion: bool | None = None
    """Whether a foreground deletion of the owner waits for this object to be gone."""


class ManagedFieldsEntry(Part):
    """Which fields one writer set; kept by the API server."""

    manager: str | None = None
    """Name of the writer."""
    operation: str | None = None
    """Apply or Update."""
    api_version: str | None = None
    """Version of the object that the field set refers to."""
    time: Time | None = None
    """When the entry last changed."""
    fields_type: str | None = None
    """Format of the field set: FieldsV1."""
    fields_v1: RawObject | None = None
    """The field set itself."""
    subresource: str | None = None
    """Subresource the write went to, empty for the object itself."""


class ObjectMeta(Part):
    """Name, labels and bookkeeping that every object has."""

    name: str | None = None
    """Name of the object, unique in its namespace for its kind."""
    generate_name: str | None = None
    """Prefix for a name that the server completes with random characters when no name is given."""
    namespace: str | None = None
    """Namespace the object lives in."""
    labels: Strings | None = None
    """Short key/value pairs that selectors can match."""
    annotations: Strings | None = None
    """Key/value pairs for people and tools; selectors do not see them."""
    finalizers: list[str] | None = None
    """Names of the parties that must act before a deleted object goes away."""
    owner_references: list[OwnerReference] | None = None
    """Objects this one belongs to; when all are gone, it is removed."""
    uid: str | None = None
    """Identity in time, set by the server."""
    resource_version: str | None = None
    """Version for optimistic locking and watches, set by the server; treat it as opaque."""
    generation: Int64 | None = None
    """Counts changes of the wanted state, set by the server."""
    creation_timestamp: Time | None = None
    """When the server created the object."""
    deletion_timestamp: Time | None = None
    """When the object will be gone, set by the server once a deletion was asked for."""
    deletion_grace_period_seconds: Int64 | None = None
    """Seconds between the request to delete and the removal."""
    self_link: str | None = None
    """Path of the object; no longer filled in."""
    managed_fields: list[ManagedFieldsEntry] | None = None
    """Which writer set which fields, kept by the server."""


class LabelSelectorRequirement(Part):
    """One condition on a label."""

    key: str
    """Label key the condition is about."""
    operator: str
    """In, NotIn, Exists or DoesNotExist."""
    values: list[str] | None = None
    """Values for In and NotIn."""


class LabelSelector(Part):
    """Conditions on labels, all of which must hold; an empty selector matches everything."""

    match_labels: Strings | None = None
    """Labels that must be there with exactly these values."""
    match_expressions: list[LabelSelectorRequirement] | None = None
    """Further conditions."""


class LocalObjectReference(Part):
    """An object in the same namespace, by name."""

    name: str | None = None
    """Name of the object."""


class TypedLocalObjectReference(Part):
    """An object in the same namespace, by kind and name."""

    api_group: str | None = None
    """API group, empty for the core group."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class TypedObjectReference(Part):
    """An object by kind and name, in any namespace."""

    api_group: str | None = None
    """API group, empty for the core group."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespace: str | None = None
    """Namespace of the object, if not the same one."""


class SecretKeySelector(Part):
    """One key of a Secret."""

    name: str | None = None
    """Name of the Secret."""
    key: str
    """Key whose value is taken."""
    optional: bool | None = None
    """Whether a missing Secret or key is acceptable."""


class ConfigMapKeySelector(Part):
    """One key of a ConfigMap."""

    name: str | None = None
    """Name of the ConfigMap."""
    key: str
    """Key whose value is taken."""
    optional: bool | None = None
    """Whether a missing ConfigMap or key is acceptable."""


class ObjectFieldSelector(Part):
    """One field of the pod itself."""

    api_version: str | None = None
    """Version the path is written for, v1 if not given."""
    field_path: str
    """Path of the field, e.g. metadata.name."""


class ResourceFieldSelector(Part):
    """One resource request or limit of a container."""

    container_name: str | None = None
    """Container the value is taken from; needed for volumes, optional for environment variables."""
    resource: str
    """Which value, e.g. limits.cpu."""
    divisor: Quantity | None = None
    """Unit the value is divided by, 1 if not given."""


class FileKeySelector(Part):
    """One variable in a file of environment variables inside a volume."""

    volume_name: str
    """Volume that holds the file."""
    path: str
    """Path of the file in the volume."""
    key: str
    """Variable to take."""
    optional: bool | None = None
    """Whether a missing file or variable is acceptable."""


class KeyToPath(Part):
    """Where one key of a Secret or ConfigMap is put in a volume."""

    key: str
    """Key to put into a file."""
    path: str
    """Relative path of the file."""
    mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of the file, between 0 and 0777."""
