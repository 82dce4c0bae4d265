"""Volumes and the common places they come from (Kubernetes core)."""

from pydantic import Field

from argotui.model.manifest.disks import (
    ISCSI,
    RBD,
    AWSElasticBlockStore,
    AzureDisk,
    AzureFile,
    CephFS,
    Cinder,
    FibreChannel,
    FlexVolume,
    Flocker,
    GCEPersistentDisk,
    GitRepo,
    Glusterfs,
    PhotonPersistentDisk,
    Portworx,
    Quobyte,
    ScaleIO,
    StorageOS,
    VsphereVirtualDisk,
)
from argotui.model.manifest.meta import (
    KeyToPath,
    LabelSelector,
    LocalObjectReference,
    ObjectFieldSelector,
    ObjectMeta,
    ResourceFieldSelector,
    TypedLocalObjectReference,
    TypedObjectReference,
)
from argotui.model.manifest.parts import Int32, Int64, Part, Quantities, Quantity, RawObject, Strings


class EmptyDir(Part):
    """A directory that lives as long as the pod."""

    medium: str | None = None
    """Memory for a file system in memory; the node's own storage if not given."""
    size_limit: Quantity | None = None
    """The most it may hold."""


class HostPath(Part):
    """A file or directory of the node."""

    path: str
    """Path on the node."""
    type: str | None = None
    """What must be there, e.g. Directory or DirectoryOrCreate."""


class ConfigMapVolume(Part):
    """Files made from the keys of a ConfigMap."""

    name: str | None = None
    """Name of the ConfigMap."""
    items: list[KeyToPath] | None = None
    """Keys to use and their paths; all keys if not given."""
    default_mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of the files, 0644 if not given."""
    optional: bool | None = None
    """Whether the ConfigMap or its keys may be missing."""


class SecretVolume(Part):
    """Files made from the keys of a Secret."""

    secret_name: str | None = None
    """Name of the Secret."""
    items: list[KeyToPath] | None = None
    """Keys to use and their paths; all keys if not given."""
    default_mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of the files, 0644 if not given."""
    optional: bool | None = None
    """Whether the Secret or its keys may be missing."""


class PersistentVolumeClaimVolume(Part):
    """Storage behind a claim in the same namespace."""

    claim_name: str
    """Name of the claim."""
    read_only: bool | None = None
    """Whether writes are refused."""


class DownwardAPIFile(Part):
    """A file made from a field of the pod."""

    path: str
    """Relative path of the file."""
    field_ref: ObjectFieldSelector | None = None
    """Field of the pod."""
    resource_field_ref: ResourceFieldSelector | None = None
    """Request or limit of a container."""
    mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of the file."""


class DownwardAPIVolume(Part):
    """Files made from fields of the pod."""

    items: list[DownwardAPIFile] | None = None
    """The files."""
    default_mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of the files, 0644 if not given."""


class ConfigMapProjection(Part):
    """Keys of a ConfigMap in a projected volume."""

    name: str | None = None
    """Name of the ConfigMap."""
    items: list[KeyToPath] | None = None
    """Keys to use and their paths; all keys if not given."""
    optional: bool | None = None
    """Whether the ConfigMap or its keys may be missing."""


class SecretProjection(Part):
    """Keys of a Secret in a projected volume."""

    name: str | None = None
    """Name of the Secret."""
    items: list[KeyToPath] | None = None
    """Keys to use and their paths; all keys if not given."""
    optional: bool | None = None
    """Whether the Secret or its keys may be missing."""


class DownwardAPIProjection(Part):
    """Fields of the pod in a projected volume."""

    items: list[DownwardAPIFile] | None = None
    """The files."""


class ServiceAccountTokenProjection(Part):
    """A token of the pod's service account in a projected volume."""

    path: str
    """Relative path of the file."""
    audience: str | None = None
    """Whom the token is for; the API server if not given."""
    expiration_seconds: Int64 | None = None
    """Life time of the token, one hour if not given."""


class ClusterTrustBundleProjection(Part):
    """Certificates of a trust bundle in a projected volume."""

    path: str
    """Relative path of the file."""
    name: str | None = None
    """Name of one bundle."""
    signer_name: str | None = None
    """All bundles of a signer, instead of a name."""
    label_selector: LabelSelector | None = None
    """Which bundles of the signer."""
    optional: bool | None = None
    """Whether the bundle may be missing."""


class PodCertificateProjection(Part):
    """A certificate made for the pod in a projected volume."""

    signer_name: str
    """Who signs the certificate."""
    key_type: str
    """Kind of the private key, e.g. ED25519."""
    certificate_chain_path: str | None = None
    """File for the certificates."""
    credential_bundle_path: str | None = None
    """File for key and certificates together."""
    key_path: str | None = None
    """File for the key."""
    max_expiration_seconds: Int32 | None = None
    """Longest life time of the certificate."""
    user_annotations: Strings | None = None
    """Annotations handed to the signer."""


class VolumeProjection(Part):
    """One source of a projected volume; give exactly one."""

    config_map: ConfigMapProjection | None = None
    """Keys of a ConfigMap."""
    secret: SecretProjection | None = None
    """Keys of a Secret."""
    downward_api: DownwardAPIProjection | None = Field(default=None, alias="downwardAPI")
    """Fields of the pod."""
    service_account_token: ServiceAccountTokenProjection | None = None
    """A token of the service account."""
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    """Certificates of a trust bundle."""
    pod_certificate: PodCertificateProjection | None = None
    """A certificate made for the pod."""


class ProjectedVolume(Part):
    """Several sources in one directory."""

    sources: list[VolumeProjection] | None = None
    """The sources."""
    default_mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of the files, 0644 if not given."""


class CSIVolume(Part):
    """A volume that a storage driver makes for the pod."""

    driver: str
    """Name of the driver."""
    fs_type: str | None = None
    """File system type."""
    node_publish_secret_ref: LocalObjectReference | None = None
    """Secret handed to the driver."""
    read_only: bool | None = None
    """Whether writes are refused."""
    volume_attributes: Strings | None = None
    """Settings for the driver."""


class NFSVolume(Part):
    """A directory of an NFS server."""

    server: str
    """Host name or address of the server."""
    path: str
    """Exported path."""
    read_only: bool | None = None
    """Whether writes are refused."""


class ImageVolume(Part):
    """The files of an image."""

    reference: str | None = None
    """The image."""
    pull_policy: str | None = None
    """When the image is pulled."""


class VolumeResourceRequirements(Part):
    """How much storage a claim asks for."""

    limits: Quantities | None = None
    """The most it may get."""
    requests: Quantities | None = None
    """What it needs, under the name storage."""


class PersistentVolumeClaimSpec(Part):
    """What storage a claim asks for."""

    access_modes: list[str] | None = None
    """How it may be mounted, e.g. ReadWriteOnce."""
    resources: VolumeResourceRequirements | None = None
    """How much storage."""
    storage_class_name: str | None = None
    """Which storage class provides it."""
    volume_mode: str | None = None
    """Filesystem or Block."""
    volume_name: str | None = None
    """A certain volume to bind to."""
    selector: LabelSelector | None = None
    """Which volumes come into question."""
    data_source: TypedLocalObjectReference | None = None
    """Snapshot or claim whose content it starts with."""
    data_source_ref: TypedObjectReference | None = None
    """Any object whose content it starts with."""
    volume_attributes_class_name: str | None = None
    """Class of further settings of the volume."""


class PersistentVolumeClaim(Part):
    """A claim on storage."""

    api_version: str | None = None
    """v1."""
    kind: str | None = None
    """PersistentVolumeClaim."""
    metadata: ObjectMeta | None = None
    """Name and labels; the name is what mounts refer to."""
    spec: PersistentVolumeClaimSpec | None = None
    """What is asked for."""
    status: RawObject | None = None
    """What was given, set by the server."""


class PersistentVolumeClaimTemplate(Part):
    """A claim that is made with the pod."""

    metadata: ObjectMeta | None = None
    """Labels and annotations of the claim."""
    spec: PersistentVolumeClaimSpec
    """What is asked for."""


class EphemeralVolume(Part):
    """Storage that is made with the pod and removed with it."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None
    """The claim."""


class Volume(Part):
    """A volume that containers can mount, and where it comes from; give exactly one source."""

    name: str
    """Name that mounts refer to."""
    empty_dir: EmptyDir | None = None
    """A directory that lives as long as the pod."""
    config_map: ConfigMapVolume | None = None
    """Files made from a ConfigMap."""
    secret: SecretVolume | None = None
    """Files made from a Secret."""
    host_path: HostPath | None = None
    """A file or directory of the node."""
    persistent_volume_claim: PersistentVolumeClaimVolume | None = None
    """Storage behind a claim."""
    projected: ProjectedVolume | None = None
    """Several sources in one directory."""
    downward_api: DownwardAPIVolume | None = Field(default=None, alias="downwardAPI")
    """Files made from fields of the pod."""
    ephemeral: EphemeralVolume | None = None
    """Storage that is made with the pod."""
    csi: CSIVolume | None = None
    """A volume that a storage driver makes."""
    nfs: NFSVolume | None = None
    """A directory of an NFS server."""
    image: ImageVolume | None = None
    """The files of an image."""
    aws_elastic_block_store: AWSElasticBlockStore | None = None
    """An AWS disk (use csi today)."""
    azure_disk: AzureDisk | None = None
    """An Azure disk (use csi today)."""
    azure_file: AzureFile | None = None
    """An Azure file share (use csi today)."""
    cephfs: CephFS | None = None
    """A CephFS directory (no longer supported by Kubernetes)."""
    cinder: Cinder | None = None
    """An OpenStack disk (use csi today)."""
    fc: FibreChannel | None = None
    """A Fibre Channel disk."""
    flex_volume: FlexVolume | None = None
    """A volume of an exec driver (use csi today)."""
    flocker: Flocker | None = None
    """A Flocker dataset (no longer supported by Kubernetes)."""
    gce_persistent_disk: GCEPersistentDisk | None = None
    """A Google disk (use csi today)."""
    git_repo: GitRepo | None = None
    """A clone of a repository (use an artifact today)."""
    glusterfs: Glusterfs | None = None
    """A Gluster volume (no longer supported by Kubernetes)."""
    iscsi: ISCSI | None = None
    """An iSCSI disk."""
    photon_persistent_disk: PhotonPersistentDisk | None = None
    """A Photon disk (no longer supported by Kubernetes)."""
    portworx_volume: Portworx | None = None
    """A Portworx volume (use csi today)."""
    quobyte: Quobyte | None = None
    """A Quobyte volume (no longer supported by Kubernetes)."""
    rbd: RBD | None = None
    """A Ceph block device (no longer supported by Kubernetes)."""
    scale_io: ScaleIO | None = Field(default=None, alias="scaleIO")
    """A ScaleIO volume (no longer supported by Kubernetes)."""
    storageos: StorageOS | None = None
    """A StorageOS volume (no longer supported by Kubernetes)."""
    vsphere_volume: VsphereVirtualDisk | None = None
    """A vSphere disk (use csi today)."""
