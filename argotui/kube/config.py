"""Which API server to talk to and as whom, read from kubeconfig files or from a pod's own mounts.

Written here because `import kubernetes` costs most of a second, which no start can afford; what each key means
follows client-go, so that a file that works with kubectl works here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from argotui.kube.errors import ConfigError
from argotui.kube.kubeconfig import Kubeconfig, Section, listing, read_file
from argotui.kube.plugin import ExecPlugin
from argotui.kube.proxies import proxy_url
from argotui.kube.user import Impersonation, User, user_of

_POD_FILES = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Origins:
    """Where the parts of a configuration were read, for messages: `file:line: key`. "" for what is not set."""

    server: str = ""
    ca: str = ""
    user: str = ""
    proxy: str = ""


@dataclass(frozen=True)
class ClusterConfig:
    """One server, one identity. Secrets are kept out of `repr`.

    `token_file` is read again as it changes and then wins over `token`; `proxy_url` wins over the environment.
    """

    server: str
    ca_data: bytes | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    client_cert_data: bytes | None = None
    client_key_data: bytes | None = field(default=None, repr=False)
    client_files: tuple[Path, Path] | None = None
    """Where certificate and key were read; they are read again as they change."""
    namespace: str = "default"
    context_name: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    plugin: ExecPlugin | None = None
    impersonation: Impersonation | None = None
    proxy_url: str = field(default="", repr=False)
    origins: Origins = Origins()


def load_cluster(
    *, kubeconfig: str | None = None, context: str | None = None, interactive: bool = False
) -> ClusterConfig:
    """The cluster that kubectl would use: `kubeconfig`, else $KUBECONFIG, else ~/.kube/config, else the pod's own.

    interactive: a person can answer on standard input, so credential plugins may ask.
    Raises ConfigError with the file and the entry that is at fault.
    """
    paths = _paths(kubeconfig)
    if kubeconfig is None and not any(path.exists() for path in paths):
        if os.environ.get("KUBERNETES_SERVICE_HOST") and context is None:
            return in_cluster()
        raise ConfigError(
            f"no kubeconfig: {_names(paths)} not found; pass --kubeconfig, set KUBECONFIG, or use --local"
        )
    return _cluster(_merged(paths, explicit=kubeconfig is not None), context, interactive=interactive)


def contexts(*, kubeconfig: str | None = None) -> tuple[list[str], str]:
    """Names of all contexts, sorted, and the current one ("" when none is set)."""
    merged = _merged(_paths(kubeconfig), explicit=kubeconfig is not None)
    return sorted(merged.contexts), merged.current


def in_cluster(files: Path = _POD_FILES, environ: Mapping[str, str] = os.environ) -> ClusterConfig:
    """The service account of the pod that this process runs in. Raises ConfigError outside a pod."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigError("not in a pod: KUBERNETES_SERVICE_HOST is not set")
    namespace = files / "namespace"
    return ClusterConfig(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_data=read_file(files / "ca.crt", "in-cluster CA"),
        token_file=files / "token",
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        context_name="in-cluster",
        origins=Origins("KUBERNETES_SERVICE_HOST", str(files / "ca.crt"), f"service account in {files}"),
    )


def _cluster(merged: Kubeconfig, context: str | None, *, interactive: bool) -> ClusterConfig:
    """What `context`, or the current one, stands for. Raises ConfigError."""
    name = context or merged.current
    if not name:
        raise ConfigError(f"no current context; choose one with --context: {listing(merged.contexts)}")
    chosen = merged.find("context", name)
    cluster = merged.find("cluster", chosen.text("cluster"))
    user_name = chosen.text("user")
    section = merged.find("user", user_name) if user_name else None
    user = User() if section is None else user_of(section, cluster, interactive=interactive)
    return ClusterConfig(
        server=_server(cluster),
        ca_data=_authority(cluster),
        token=user.token,
        token_file=user.token_file,
        client_cert_data=user.certificate,
        client_key_data=user.key,
        client_files=user.files,
        namespace=chosen.text("namespace") or "default",
        context_name=name,
        insecure=cluster.flag("insecure-skip-tls-verify"),
        tls_server_name=cluster.text("tls-server-name"),
        username=user.username,
        password=user.password,
        plugin=user.plugin,
        impersonation=user.impersonation,
        proxy_url=_proxy(cluster),
        origins=_origins(cluster, section),
    )


def _origins(cluster: Section, user: Section | None) -> Origins:
    return Origins(
        server=cluster.where("server"),
        ca=cluster.origin("certificate-authority"),
        user="" if user is None else user.where(),
        proxy=cluster.where("proxy-url") if "proxy-url" in cluster else "",
    )


def _server(cluster: Section) -> str:
    server = cluster.text("server").rstrip("/")
    if not server:
        raise ConfigError(f"{cluster.where('server')}: server is not set")
    # kubectl takes a bare host and port for plain http
    address = server if "://" in server else f"http://{server}"
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"{cluster.where('server')} must begin with https:// or http://, found {server!r}")
    return address


def _authority(cluster: Section) -> bytes | None:
    data = cluster.data("certificate-authority")
    if data is not None and cluster.flag("insecure-skip-tls-verify"):
        raise ConfigError(
            f"{cluster.where('insecure-skip-tls-verify')}: a certificate authority is given as well, which this would "
            "ignore; remove one of the two (kubectl refuses both, too)"
        )
    return data


def _proxy(cluster: Section) -> str:
    stated = cluster.text("proxy-url")
    return proxy_url(stated, cluster.where("proxy-url"), guess=False) if stated else ""


def _merged(paths: list[Path], *, explicit: bool) -> Kubeconfig:
    return Kubeconfig([path for path in paths if explicit or path.exists()])


def _paths(kubeconfig: str | None) -> list[Path]:
    if kubeconfig is not None:
        return [Path(kubeconfig).expanduser()]
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in listed] or [Path.home() / ".kube" / "config"]


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)
