"""Which API server to talk to and as whom, read from kubeconfig files or from a pod's own mounts.

Written here because `import kubernetes` costs most of a second, which no start can afford. File
merging follows kubectl: the first file that names an entry wins, relative paths belong to the file
that states them. What needs another program or a second protocol is refused by name.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from argotui.kube.errors import ConfigError

_POD_FILES = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_UNSUPPORTED_USER = {
    "exec": "credential plugins",
    "auth-provider": "auth providers",
    "username": "basic authentication",
    "password": "basic authentication",
    "as": "impersonation",
    "as-uid": "impersonation",
    "as-groups": "impersonation",
    "as-user-extra": "impersonation",
}
_UNSUPPORTED_CLUSTER = {"proxy-url": "proxies"}


@dataclass(frozen=True)
class ClusterConfig:
    """One server, one identity. Secrets are kept out of `repr`."""

    server: str
    ca_data: bytes | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    client_cert_data: bytes | None = None
    client_key_data: bytes | None = field(default=None, repr=False)
    namespace: str = "default"
    context_name: str = ""
    insecure: bool = False
    tls_server_name: str = ""


@dataclass
class _Entry:
    """A named entry of a kubeconfig together with the directory its relative paths start from."""

    content: Mapping[str, Any]
    base: Path
    where: str

    def text(self, key: str) -> str:
        """A text value, "" when it is not set. Raises ConfigError for another type."""
        value = self.content.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ConfigError(f"{self.where}: {key} must be text, not {type(value).__name__}")
        return value

    def data(self, key: str) -> bytes | None:
        """Inline base64 (`key-data`) wins over a file (`key`), as in kubectl."""
        inline = self.text(f"{key}-data")
        if inline:
            try:
                return base64.b64decode(inline, validate=False)
            except binascii.Error as error:
                raise ConfigError(f"{self.where}: {key}-data is not base64: {error}") from error
        path = self.text(key)
        return _read(self.base / path, f"{self.where}: {key}") if path else None

    def refuse(self, unsupported: Mapping[str, str]) -> None:
        """Raises ConfigError when one of these keys is set."""
        for key, what in unsupported.items():
            if self.content.get(key):
                raise ConfigError(f"{self.where}: {key}: {what} are not supported by this version of argotui")


def load_cluster(*, kubeconfig: str | None = None, context: str | None = None) -> ClusterConfig:
    """The cluster that kubectl would use: `kubeconfig`, else $KUBECONFIG, else ~/.kube/config, else the pod's own.

    Raises ConfigError with the file and the entry that is at fault.
    """
    paths = _paths(kubeconfig)
    if kubeconfig is None and not any(path.exists() for path in paths):
        if os.environ.get("KUBERNETES_SERVICE_HOST") and context is None:
            return in_cluster()
        raise ConfigError(
            f"no kubeconfig: {_names(paths)} not found; pass --kubeconfig, set KUBECONFIG, or use --local"
        )
    return _Merged(paths, explicit=kubeconfig is not None).cluster(context)


def contexts(*, kubeconfig: str | None = None) -> tuple[list[str], str]:
    """Names of all contexts, sorted, and the current one ("" when none is set)."""
    merged = _Merged(_paths(kubeconfig), explicit=kubeconfig is not None)
    return sorted(merged.contexts), merged.current


def in_cluster(files: Path = _POD_FILES, environ: Mapping[str, str] = os.environ) -> ClusterConfig:
    """The service account of the pod that this process runs in. Raises ConfigError outside a pod."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigError("not in a pod: KUBERNETES_SERVICE_HOST is not set")
    namespace = files / "namespace"
    return ClusterConfig(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_data=_read(files / "ca.crt", "in-cluster CA"),
        token_file=files / "token",
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        context_name="in-cluster",
    )


class _Merged:
    """All files of one KUBECONFIG, first mention of a name wins."""

    def __init__(self, paths: list[Path], *, explicit: bool) -> None:
        self.current = ""
        self.contexts: dict[str, _Entry] = {}
        self.clusters: dict[str, _Entry] = {}
        self.users: dict[str, _Entry] = {}
        for path in paths:
            if path.exists() or explicit:
                self._add(path)

    def _add(self, path: Path) -> None:
        document = _parse(path)
        self.current = self.current or str(document.get("current-context") or "")
        for key, singular, entries in (
            ("contexts", "context", self.contexts),
            ("clusters", "cluster", self.clusters),
            ("users", "user", self.users),
        ):
            for item in document.get(key) or []:
                if not isinstance(item, dict) or not item.get("name"):
                    raise ConfigError(f"{path}: {key}: an entry without a name")
                name = str(item["name"])
                content = item.get(singular) or {}
                entries.setdefault(name, _Entry(content, path.parent, f"{path}: {singular} {name!r}"))

    def cluster(self, context: str | None) -> ClusterConfig:
        """What `context`, or the current one, stands for. Raises ConfigError."""
        name = context or self.current
        if not name:
            raise ConfigError(f"no current context; choose one with --context: {_listing(self.contexts)}")
        chosen = self._find(self.contexts, name, "context")
        server = self._find(self.clusters, chosen.text("cluster"), "cluster")
        user_name = chosen.text("user")
        user = self._find(self.users, user_name, "user") if user_name else _Entry({}, Path(), "")
        config = ClusterConfig(
            server=_server(server),
            ca_data=server.data("certificate-authority"),
            namespace=chosen.text("namespace") or "default",
            context_name=name,
            insecure=bool(server.content.get("insecure-skip-tls-verify")),
            tls_server_name=server.text("tls-server-name"),
        )
        return _with_user(config, user)

    @staticmethod
    def _find(entries: dict[str, _Entry], name: str, kind: str) -> _Entry:
        if name not in entries:
            raise ConfigError(f"kubeconfig has no {kind} {name!r}; it has {_listing(entries)}")
        return entries[name]


def _with_user(config: ClusterConfig, user: _Entry) -> ClusterConfig:
    user.refuse(_UNSUPPORTED_USER)
    certificate, key = user.data("client-certificate"), user.data("client-key")
    if (certificate is None) != (key is None):
        raise ConfigError(f"{user.where}: client-certificate and client-key must be given together")
    token_file = user.text("tokenFile")
    return replace(
        config,
        token=user.text("token") or None,
        token_file=user.base / token_file if token_file and not user.text("token") else None,
        client_cert_data=certificate,
        client_key_data=key,
    )


def _server(entry: _Entry) -> str:
    entry.refuse(_UNSUPPORTED_CLUSTER)
    server = entry.text("server").rstrip("/")
    if not server:
        raise ConfigError(f"{entry.where}: server is not set")
    # kubectl takes a bare host and port for plain http
    return server if "://" in server else f"http://{server}"


def _parse(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        document = yaml.load(_read(path, "kubeconfig"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: not a kubeconfig")
    return document


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{what}: cannot read {path}: {error.strerror or error}") from error


def _paths(kubeconfig: str | None) -> list[Path]:
    if kubeconfig is not None:
        return [Path(kubeconfig).expanduser()]
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in listed] or [Path.home() / ".kube" / "config"]


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _listing(entries: Mapping[str, Any]) -> str:
    return ", ".join(sorted(entries)) or "none"
