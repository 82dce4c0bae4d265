"""Artifacts: files and directories handed between steps, and where they are kept."""

from pydantic import Field

from argotui.model.manifest.meta import ConfigMapKeySelector, SecretKeySelector
from argotui.model.manifest.parts import Int32, Int64, Part, Strings


class S3EncryptionOptions(Part):
    """How objects are encrypted in the bucket."""

    enable_encryption: bool | None = None
    """Whether to encrypt with a key of the service."""
    kms_key_id: str | None = None
    """Key of the key service to encrypt with."""
    kms_encryption_context: str | None = None
    """JSON text with further data for the key service."""
    server_side_customer_key_secret: SecretKeySelector | None = None
    """Key given by the customer."""


class CreateS3BucketOptions(Part):
    """Settings of a bucket that is made when missing."""

    object_locking: bool | None = None
    """Whether objects can be locked."""


class S3Artifact(Part):
    """An object in an S3 bucket, or all objects below a key."""

    endpoint: str | None = None
    """Host of the service."""
    bucket: str | None = None
    """Name of the bucket."""
    region: str | None = None
    """Region of the bucket."""
    key: str | None = None
    """Key of the object, or the common start of several keys."""
    insecure: bool | None = None
    """Whether to connect without TLS."""
    access_key_secret: SecretKeySelector | None = None
    """Access key."""
    secret_key_secret: SecretKeySelector | None = None
    """Secret key."""
    session_token_secret: SecretKeySelector | None = None
    """Session token of temporary credentials."""
    role_arn: str | None = Field(default=None, alias="roleARN")
    """Role to assume."""
    use_sdk_creds: bool | None = Field(default=None, alias="useSDKCreds")
    """Whether to find credentials the way the AWS libraries do."""
    create_bucket_if_not_present: CreateS3BucketOptions | None = None
    """Make the bucket when it is missing."""
    encryption_options: S3EncryptionOptions | None = None
    """How objects are encrypted."""
    ca_secret: SecretKeySelector | None = None
    """Certificate that vouches for the service."""
    addressing_style: str | None = None
    """How the bucket appears in URLs: path, virtual-hosted or auto."""


class GCSArtifact(Part):
    """An object in Google Cloud Storage."""

    bucket: str | None = None
    """Name of the bucket."""
    key: str
    """Key of the object."""
    service_account_key_secret: SecretKeySelector | None = None
    """Key file of the account."""


class AzureArtifact(Part):
    """A blob in Azure storage."""

    endpoint: str
    """URL of the storage account."""
    container: str
    """Container of the blob."""
    blob: str
    """Name of the blob."""
    account_key_secret: SecretKeySelector | None = None
    """Key of the account."""
    use_sdk_creds: bool | None = Field(default=None, alias="useSDKCreds")
    """Whether to find credentials the way the Azure libraries do."""


class OSSLifecycleRule(Part):
    """When objects move to cheaper storage and when they go."""

    mark_infrequent_access_after_days: Int32 | None = None
    """Days until cheaper storage."""
    mark_deletion_after_days: Int32 | None = None
    """Days until deletion."""


class OSSArtifact(Part):
    """An object in Alibaba storage."""

    endpoint: str | None = None
    """Host of the service."""
    bucket: str | None = None
    """Name of the bucket."""
    key: str
    """Key of the object."""
    access_key_secret: SecretKeySelector | None = None
    """Access key."""
    secret_key_secret: SecretKeySelector | None = None
    """Secret key."""
    security_token: str | None = None
    """Token of temporary credentials."""
    create_bucket_if_not_present: bool | None = None
    """Whether to make the bucket when it is missing."""
    lifecycle_rule: OSSLifecycleRule | None = None
    """What becomes of objects with time."""
    use_sdk_creds: bool | None = Field(default=None, alias="useSDKCreds")
    """Whether to find credentials the way the service's libraries do."""


class HDFSArtifact(Part):
    """A file in HDFS."""

    addresses: list[str] | None = None
    """Name nodes."""
    path: str
    """Path of the file."""
    force: bool | None = None
    """Whether to overwrite."""
    hdfs_user: str | None = None
    """User, when Kerberos is not used."""
    data_transfer_protection: str | None = None
    """How transfers are protected: authentication, integrity or privacy."""
    krb_c_cache_secret: SecretKeySelector | None = None
    """Kerberos credential cache."""
    krb_keytab_secret: SecretKeySelector | None = None
    """Kerberos key table."""
    krb_username: str | None = None
    """Kerberos user, with a key table."""
    krb_realm: str | None = None
    """Kerberos realm, with a key table."""
    krb_config_config_map: ConfigMapKeySelector | None = None
    """Kerberos configuration."""
    krb_service_principal_name: str | None = None
    """Principal of the service."""


class GitArtifact(Part):
    """A clone of a git repository; input only."""

    repo: str
    """URL of the repository."""
    revision: str | None = None
    """Commit, tag or branch to check out."""
    branch: str | None = None
    """Branch to fetch, with singleBranch."""
    depth: Int64 | None = Field(default=None, ge=0)
    """How many commits to fetch; all if not given."""
    fetch: list[str] | None = None
    """Further refspecs to fetch."""
    username_secret: SecretKeySelector | None = None
    """User name."""
    password_secret: SecretKeySelector | None = None
    """Password or token."""
    ssh_private_key_secret: SecretKeySelector | None = None
    """SSH key."""
    insecure_ignore_host_key: bool | None = None
    """Whether to connect to unknown SSH hosts."""
    insecure_skip_tls: bool | None = Field(default=None, alias="insecureSkipTLS")
    """Whether to trust any certificate."""
    disable_submodules: bool | None = None
    """Whether to leave submodules alone."""
    single_branch: bool | None = None
    """Whether to fetch one branch only."""


class Header(Part):
    """One header of a request."""

    name: str
    """Name of the header."""
    value: str
    """Value of the header."""


class BasicAuth(Part):
    """User name and password."""

    username_secret: SecretKeySelector | None = None
    """User name."""
    password_secret: SecretKeySelector | None = None
    """Password."""


class ClientCertAuth(Part):
    """A client certificate."""

    client_cert_secret: SecretKeySelector | None = None
    """Certificate."""
    client_key_secret: SecretKeySelector | None = None
    """Its key."""


class OAuth2EndpointParam(Part):
    """One parameter of a token request."""

    key: str
    """Name of the parameter."""
    value: str | None = None
    """Its value."""


class OAuth2Auth(Part):
    """A token got with client credentials."""

    client_id_secret: SecretKeySelector | None = Field(default=None, alias="clientIDSecret")
    """Client id."""
    client_secret_secret: SecretKeySelector | None = None
    """Client secret."""
    token_url_secret: SecretKeySelector | None = Field(default=None, alias="tokenURLSecret")
    """URL that gives tokens."""
    scopes: list[str] | None = None
    """Scopes to ask for."""
    endpoint_params: list[OAuth2EndpointParam] | None = None
    """Further parameters of the request."""


class HTTPAuth(Part):
    """How a request is authenticated."""

    basic_auth: BasicAuth | None = None
    """User name and password."""
    client_cert: ClientCertAuth | None = None
    """Client certificate."""
    oauth2: OAuth2Auth | None = None
    """Token."""


class HTTPArtifact(Part):
    """A file behind a URL."""

    url: str
    """The URL."""
    headers: list[Header] | None = None
    """Headers to send."""
    auth: HTTPAuth | None = None
    """How requests are authenticated."""
    save_stream_via_file: bool | None = None
    """Whether an upload goes through a file, so that its length is known."""


class ArtifactoryArtifact(Part):
    """A file in Artifactory."""

    url: str
    """URL of the file."""
    username_secret: SecretKeySelector | None = None
    """User name."""
    password_secret: SecretKeySelector | None = None
    """Password."""


class RawArtifact(Part):
    """Content written in the manifest itself; input only."""

    data: str
    """The content."""


class PluginArtifact(Part):
    """A file kept by a driver that is a plugin."""

    name: str | None = None
    """Name of the driver."""
    key: str
    """Key of the file."""
    configuration: str | None = None
    """Settings for the driver."""
    connection_timeout_seconds: Int32 | None = None
    """Seconds until a connection counts as failed."""


class TarStrategy(Part):
    """Pack as a compressed tar file."""

    compression_level: Int32 | None = None
    """gzip level: -1 (usual), 0 (none) to 9 (best)."""


class NoneStrategy(Part):
    """Do not pack."""


class ZipStrategy(Part):
    """Pack as a zip file."""


class ArchiveStrategy(Part):
    """How a file or directory is packed; give exactly one."""

    tar: TarStrategy | None = None
    """As a tar file."""
    none: NoneStrategy | None = None
    """Not at all."""
    zip: ZipStrategy | None = None
    """As a zip file."""


class Metadata(Part):
    """Labels and annotations for pods."""

    labels: Strings | None = None
    """Labels to add."""
    annotations: Strings | None = None
    """Annotations to add."""


class ArtifactGC(Part):
    """When an artifact is deleted from its store."""

    strategy: str | None = None
    """OnWorkflowCompletion, OnWorkflowDeletion or Never."""
    pod_metadata: Metadata | None = None
    """Labels and annotations of the deleting pod."""
    service_account_name: str | None = None
    """Service account of the deleting pod."""


class WorkflowLevelArtifactGC(ArtifactGC):
    """When the artifacts of a workflow are deleted from their store."""

    force_finalizer_removal: bool | None = None
    """Whether the workflow may go although a deletion failed."""
    pod_spec_patch: str | None = None
    """Patch of the deleting pod's spec."""


class ArtifactLocation(Part):
    """Where artifacts are kept; give at most one store."""

    archive_logs: bool | None = None
    """Whether logs are kept as artifacts."""
    s3: S3Artifact | None = None
    """In S3."""
    gcs: GCSArtifact | None = None
    """In Google Cloud Storage."""
    azure: AzureArtifact | None = None
    """In Azure storage."""
    oss: OSSArtifact | None = None
    """In Alibaba storage."""
    hdfs: HDFSArtifact | None = None
    """In HDFS."""
    git: GitArtifact | None = None
    """In a git repository; input only."""
    http: HTTPArtifact | None = None
    """Behind a URL."""
    artifactory: ArtifactoryArtifact | None = None
    """In Artifactory."""
    raw: RawArtifact | None = None
    """In the manifest itself; input only."""
    plugin: PluginArtifact | None = None
    """With a driver that is a plugin."""


class ArtifactPaths(ArtifactLocation):
    """A file or directory of a step, or where one comes from."""

    name: str | None = None
    """Name of the artifact."""
    path: str | None = None
    """Path in the container."""
    mode: int | None = Field(default=None, ge=0, le=0o777)
    """Permissions of an input, between 0 and 0777."""
    recurse_mode: bool | None = None
    """Whether mode applies to everything in a directory."""
    from_: str | None = None
    """Artifact of an earlier step, e.g. {{tasks.build.outputs.artifacts.binary}}."""
    from_expression: str | None = None
    """Expression that gives the artifact."""
    sub_path: str | None = None
    """Path inside the artifact that is meant."""
    global_name: str | None = None
    """Name under which the artifact becomes an output of the workflow."""
    archive: ArchiveStrategy | None = None
    """How an output is packed."""
    optional: bool | None = None
    """Whether the artifact may be missing."""
    artifact_gc: ArtifactGC | None = Field(default=None, alias="artifactGC")
    """When the artifact is deleted from its store."""
    deleted: bool | None = None
    """Whether it was deleted from its store; set by the controller."""


class Artifact(ArtifactPaths):
    """A file or directory of a step, with a name."""

    name: str
    """Name of the artifact, unique among the inputs or outputs of a template."""
