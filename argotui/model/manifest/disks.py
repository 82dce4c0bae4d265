"""Volume sources of single vendors and protocols, most of them replaced by CSI (Kubernetes core)."""

from pydantic import Field

from argotui.model.manifest.meta import LocalObjectReference
from argotui.model.manifest.parts import Int32, Part, Strings


class _Disk(Part):
    fs_type: str | None = None
    """File system type."""
    read_only: bool | None = None
    """Whether writes are refused."""


class AWSElasticBlockStore(_Disk):
    """An AWS disk."""

    volume_id: str = Field(alias="volumeID")
    """Id of the disk."""
    partition: Int32 | None = None
    """Partition to mount."""


class AzureDisk(_Disk):
    """An Azure disk."""

    disk_name: str
    """Name of the disk."""
    disk_uri: str = Field(alias="diskURI")
    """URI of the disk."""
    caching_mode: str | None = None
    """None, ReadOnly or ReadWrite."""
    kind: str | None = None
    """Shared, Dedicated or Managed."""


class AzureFile(Part):
    """An Azure file share."""

    secret_name: str
    """Secret with account name and key."""
    share_name: str
    """Name of the share."""
    read_only: bool | None = None
    """Whether writes are refused."""


class CephFS(Part):
    """A CephFS directory."""

    monitors: list[str]
    """Monitors to ask."""
    path: str | None = None
    """Directory to mount, / if not given."""
    user: str | None = None
    """User to mount as."""
    secret_file: str | None = None
    """File with the key of the user."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the key of the user."""
    read_only: bool | None = None
    """Whether writes are refused."""


class Cinder(_Disk):
    """An OpenStack disk."""

    volume_id: str = Field(alias="volumeID")
    """Id of the disk."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the credentials."""


class FibreChannel(_Disk):
    """A Fibre Channel disk."""

    target_wwns: list[str] | None = Field(default=None, alias="targetWWNs")
    """World wide names of the targets."""
    lun: Int32 | None = None
    """Number of the unit."""
    wwids: list[str] | None = None
    """World wide ids, instead of targets and unit."""


class FlexVolume(_Disk):
    """A volume of an exec driver."""

    driver: str
    """Name of the driver."""
    options: Strings | None = None
    """Settings for the driver."""
    secret_ref: LocalObjectReference | None = None
    """Secret handed to the driver."""


class Flocker(Part):
    """A Flocker dataset."""

    dataset_name: str | None = None
    """Name of the dataset."""
    dataset_uuid: str | None = Field(default=None, alias="datasetUUID")
    """Id of the dataset."""


class GCEPersistentDisk(_Disk):
    """A Google disk."""

    pd_name: str
    """Name of the disk."""
    partition: Int32 | None = None
    """Partition to mount."""


class GitRepo(Part):
    """A clone of a repository."""

    repository: str
    """URL of the repository."""
    revision: str | None = None
    """Commit to check out."""
    directory: str | None = None
    """Directory to clone into."""


class Glusterfs(Part):
    """A Gluster volume."""

    endpoints: str
    """Endpoints object with the servers."""
    path: str
    """Name of the volume."""
    read_only: bool | None = None
    """Whether writes are refused."""


class ISCSI(_Disk):
    """An iSCSI disk."""

    target_portal: str
    """Address of the target."""
    iqn: str
    """Name of the target."""
    lun: Int32
    """Number of the unit."""
    portals: list[str] | None = None
    """Further addresses of the target."""
    iscsi_interface: str | None = None
    """Interface name, default if not given."""
    initiator_name: str | None = None
    """Own initiator name."""
    chap_auth_discovery: bool | None = None
    """Whether discovery uses CHAP."""
    chap_auth_session: bool | None = None
    """Whether sessions use CHAP."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the CHAP credentials."""


class PhotonPersistentDisk(Part):
    """A Photon disk."""

    pd_id: str = Field(alias="pdID")
    """Id of the disk."""
    fs_type: str | None = None
    """File system type."""


class Portworx(_Disk):
    """A Portworx volume."""

    volume_id: str = Field(alias="volumeID")
    """Id of the volume."""


class Quobyte(Part):
    """A Quobyte volume."""

    registry: str
    """Addresses of the registry."""
    volume: str
    """Name of the volume."""
    user: str | None = None
    """User that accesses are mapped to."""
    group: str | None = None
    """Group that accesses are mapped to."""
    tenant: str | None = None
    """Owner of the volume."""
    read_only: bool | None = None
    """Whether writes are refused."""


class RBD(_Disk):
    """A Ceph block device."""

    monitors: list[str]
    """Monitors to ask."""
    image: str
    """Name of the image."""
    pool: str | None = None
    """Pool of the image, rbd if not given."""
    user: str | None = None
    """User, admin if not given."""
    keyring: str | None = None
    """File with the key of the user."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the key of the user."""


class ScaleIO(_Disk):
    """A ScaleIO volume."""

    gateway: str
    """Address of the gateway."""
    system: str
    """Name of the system."""
    secret_ref: LocalObjectReference
    """Secret with the credentials."""
    ssl_enabled: bool | None = None
    """Whether to use TLS."""
    protection_domain: str | None = None
    """Protection domain."""
    storage_pool: str | None = None
    """Storage pool."""
    storage_mode: str | None = None
    """ThickProvisioned or ThinProvisioned."""
    volume_name: str | None = None
    """Name of the volume."""


class StorageOS(_Disk):
    """A StorageOS volume."""

    volume_name: str | None = None
    """Name of the volume."""
    volume_namespace: str | None = None
    """Scope of the volume."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the credentials."""


class VsphereVirtualDisk(Part):
    """A vSphere disk."""

    volume_path: str
    """Path of the disk."""
    fs_type: str | None = None
    """File system type."""
    storage_policy_name: str | None = None
    """Name of the storage profile."""
    storage_policy_id: str | None = Field(default=None, alias="storagePolicyID")
    """Id of the storage profile."""
