"""The controller's ConfigMap, key by key, as far as its form goes (§8.1)."""

from __future__ import annotations

from pydantic import Field

from argotui.model.manifest.artifact import AzureArtifact, GCSArtifact, OSSArtifact, S3Artifact
from argotui.model.manifest.container import Container
from argotui.model.manifest.meta import ConfigMapKeySelector, SecretKeySelector
from argotui.model.manifest.parts import AnyString, Int32, Int64, Part, Raw, Strings
from argotui.model.manifest.workflow import WorkflowSpec


class S3Repository(S3Artifact):
    """Artifacts in S3; keyPrefix is the older form of keyFormat."""

    key_format: str | None = None
    key_prefix: str | None = None


class GCSRepository(GCSArtifact):
    """Artifacts in Google Cloud Storage."""

    key: str | None = None  # type: ignore[assignment]
    key_format: str | None = None


class AzureRepository(AzureArtifact):
    """Artifacts in Azure storage."""

    blob: str | None = None  # type: ignore[assignment]
    blob_name_format: str | None = None


class OSSRepository(OSSArtifact):
    """Artifacts in Alibaba storage."""

    key: str | None = None  # type: ignore[assignment]
    key_format: str | None = None


class HDFSRepository(Part):
    """Artifacts in HDFS."""

    addresses: list[str] | None = None
    path_format: str | None = None
    force: bool | None = None
    hdfs_user: str | None = None
    data_transfer_protection: str | None = None
    krb_c_cache_secret: SecretKeySelector | None = None
    krb_keytab_secret: SecretKeySelector | None = None
    krb_username: str | None = None
    krb_realm: str | None = None
    krb_config_config_map: ConfigMapKeySelector | None = None
    krb_service_principal_name: str | None = None


class ArtifactoryRepository(Part):
    """Artifacts in Artifactory."""

    repo_url: str | None = Field(default=None, alias="repoURL")
    key_format: str | None = None
    username_secret: SecretKeySelector | None = None
    password_secret: SecretKeySelector | None = None


class PluginRepository(Part):
    """Artifacts kept by a driver that is a plugin."""

    name: str | None = None
    configuration: str | None = None
    key_format: str | None = None
    connection_timeout_seconds: Int32 | None = None


class ArtifactRepository(Part):
    """Where artifacts go that name no place of their own."""

    archive_logs: bool | None = None
    s3: S3Repository | None = None
    gcs: GCSRepository | None = None
    azure: AzureRepository | None = None
    oss: OSSRepository | None = None
    hdfs: HDFSRepository | None = None
    artifactory: ArtifactoryRepository | None = None
    plugin: PluginRepository | None = None


class ArtifactDriver(Part):
    """A plugin that keeps artifacts."""

    name: str
    image: str
    connection_timeout_seconds: Int32 | None = None


class KubeConfigSource(Part):
    """Credentials of an executor outside the cluster."""

    secret_name: str
    secret_key: str
    volume_name: str | None = None
    mount_path: str | None = None


class ConnectionPool(Part):
    """How many connections to a database are kept."""

    max_idle_conns: Int32 | None = None
    max_open_conns: Int32 | None = None
    conn_max_lifetime: AnyString | None = None


class Reconnection(Part):
    """How a lost connection is made again."""

    max_retries: Int32 | None = None
    base_delay_seconds: Int32 | None = None
    max_delay_seconds: Int32 | None = None
    retry_multiple: float | int | None = None


class Database(Part):
    """What all databases are told by."""

    host: str | None = None
    port: Int32 | None = None
    database: str | None = None
    table_name: str | None = None
    user_name_secret: SecretKeySelector | None = None
    username_secret: SecretKeySelector | None = None
    password_secret: SecretKeySelector | None = None


class Switched(Part):
    """Something that is on or off, with more to say."""

    enabled: bool | None = None
    scope: str | None = None


class RDSToken(Switched):
    """A token of AWS in place of a password."""

    region: str | None = None


class PostgreSQL(Database):
    """A PostgreSQL database."""

    ssl: bool | None = None
    ssl_mode: str | None = None
    azure_token: Switched | None = None
    aws_rds_token: RDSToken | None = Field(default=None, alias="awsRDSToken")


class MySQL(Database):
    """A MySQL database."""

    options: Strings | None = None


class Databases(Part):
    """A database of one kind or the other."""

    postgresql: PostgreSQL | None = None
    mysql: MySQL | None = None
    connection_pool: ConnectionPool | None = None
    reconnection_config: Reconnection | None = None
    connection_timeout_seconds: Int32 | None = None
    db_reconnect_config: Reconnection | None = None
    skip_migration: bool | None = None


class Persistence(Databases):
    """The archive of workflows and the offloading of their nodes."""

    node_status_off_load: bool | None = None
    archive: bool | None = None
    archive_label_selector: Raw | None = None
    archive_ttl: AnyString | None = Field(default=None, alias="archiveTTL")
    cluster_name: str | None = None


class Synchronization(Databases):
    """Locks that are kept in a database."""

    enable_api: bool | None = Field(default=None, alias="enableAPI")
    controller_name: str | None = None
    limit_table_name: str | None = None
    state_table_name: str | None = None
    controller_table_name: str | None = None
    lock_table_name: str | None = None
    poll_seconds: Int32 | None = None
    heartbeat_seconds: Int32 | None = None
    inactive_controller_seconds: Int32 | None = None
    semaphore_limit_cache_seconds: Int64 | None = None


class Initless(Part):
    """The layout of pods without an init container."""

    enabled: bool | None = None


class PodSpecLogs(Part):
    """Whose pod specs are logged."""

    failed_pod: bool | None = None
    all_pods: bool | None = None


class Link(Part):
    """A link that a console shows."""

    name: str
    scope: str
    url: str
    target: str | None = None


class Column(Part):
    """A column of the list of workflows."""

    name: str
    type: str
    key: str


class Defaults(Part):
    """What workflows have that do not say otherwise."""

    api_version: str | None = None
    kind: str | None = None
    metadata: Raw | None = None
    spec: WorkflowSpec | None = None
    status: Raw | None = None


class Configuration(Part):
    """The keys whose form is checked here; the others are read, and checked, where they are used."""

    executor: Container | None = None
    main_container: Container | None = None
    workflow_defaults: Defaults | None = None
    artifact_repository: ArtifactRepository | None = None
    artifact_drivers: list[ArtifactDriver] | None = None
    kube_config: KubeConfigSource | None = None
    persistence: Persistence | None = None
    synchronization: Synchronization | None = None
    initless_pod: Initless | None = None
    pod_spec_log_strategy: PodSpecLogs | None = None
    links: list[Link] | None = None
    columns: list[Column] | None = None
    nav_color: str | None = None
    sso: Raw | None = None
    telemetry_config: Raw | None = None
