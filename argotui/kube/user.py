"""One `user` entry of a kubeconfig: who we are, and what proves it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from argotui.kube.errors import ConfigError
from argotui.kube.kubeconfig import Section
from argotui.kube.plugin import API_VERSIONS, ExecPlugin, InteractiveMode

_ADVICE = {
    "gcp": "install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials`",
    "azure": "install kubelogin and run `kubelogin convert-kubeconfig`",
    "oidc": "use an exec plugin instead, for example `kubectl oidc-login`",
}
_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True)
class Impersonation:
    """Act as somebody else, where the server allows it."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    def headers(self) -> list[tuple[str, str]]:
        """The request headers that say so; a name may occur several times."""
        found = [("Impersonate-User", self.user)]
        found += [("Impersonate-Uid", self.uid)] if self.uid else []
        found += [("Impersonate-Group", group) for group in self.groups]
        # keys may hold what header names may not, for example slashes
        return found + [(f"Impersonate-Extra-{quote(key.lower(), safe='')}", value) for key, value in self.extra]


@dataclass(frozen=True, repr=False)
class User:
    """What proves the identity; all of it may be missing."""

    token: str | None = None
    token_file: Path | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    files: tuple[Path, Path] | None = None
    """Where certificate and key come from, when both are files."""
    username: str = ""
    password: str = ""
    plugin: ExecPlugin | None = None
    impersonation: Impersonation | None = None


def user_of(user: Section, cluster: Section, *, interactive: bool) -> User:
    """Reads the entry; `cluster` is what a plugin may be told about. Raises ConfigError."""
    _refuse_auth_provider(user)
    certificate, key = user.data("client-certificate"), user.data("client-key")
    if (certificate is None) != (key is None):
        raise ConfigError(f"{user.where()}: client-certificate and client-key must be given together")
    token, username = user.text("token"), user.text("username")
    if username and (token or "tokenFile" in user):
        raise ConfigError(f"{user.where('username')}: a token is given as well; remove one of the two")
    plugin = user.section("exec", f"{user.title}: exec")
    return User(
        token=token or None,
        token_file=user.path("tokenFile"),
        certificate=certificate,
        key=key,
        files=_files(user),
        username=username,
        password=user.text("password"),
        plugin=None if plugin is None else _plugin(plugin, cluster, interactive=interactive),
        impersonation=_impersonation(user),
    )


def _files(user: Section) -> tuple[Path, Path] | None:
    paths = [user.path(key) for key in ("client-certificate", "client-key") if f"{key}-data" not in user]
    certificate, key = paths if len(paths) == 2 else (None, None)
    return (certificate, key) if certificate is not None and key is not None else None


def _refuse_auth_provider(user: Section) -> None:
    provider = user.section("auth-provider", f"{user.title}: auth-provider")
    if provider is None:
        return
    name = provider.text("name")
    advice = _ADVICE.get(name, "use an exec plugin of your provider")
    raise ConfigError(f"{user.where('auth-provider')}: the built-in provider {name!r} is not supported; {advice}")


def _impersonation(user: Section) -> Impersonation | None:
    extra = user.section("as-user-extra", f"{user.title}: as-user-extra")
    found = Impersonation(
        user=user.text("as"),
        uid=user.text("as-uid"),
        groups=user.texts("as-groups"),
        extra=() if extra is None else tuple((key, value) for key in extra.keys for value in extra.texts(key)),
    )
    if found == Impersonation(""):
        return None
    if not found.user:
        raise ConfigError(f"{user.where()}: as-uid, as-groups and as-user-extra need `as`, the user to act as")
    return found


def _plugin(section: Section, cluster: Section, *, interactive: bool) -> ExecPlugin:
    return ExecPlugin(
        command=_command(section),
        args=section.texts("args"),
        env=tuple(_variable(item) for item in section.sections("env")),
        api_version=_api_version(section),
        install_hint=section.text("installHint"),
        mode=_mode(section),
        cluster=_cluster_info(cluster) if section.flag("provideClusterInfo") else None,
        where=section.where(),
        interactive=interactive,
    )


def _command(section: Section) -> str:
    command = section.text("command")
    if not command:
        raise ConfigError(f"{section.where('command')} is not set: it names the program that gets the credentials")
    return str(section.beside(command)) if "/" in command else command


def _variable(section: Section) -> tuple[str, str]:
    if "name" not in section:
        raise ConfigError(f"{section.where()}: a variable without a name")
    return section.text("name"), section.text("value")


def _api_version(section: Section) -> str:
    version = section.text("apiVersion")
    if version not in API_VERSIONS:
        said = f"is {version!r}" if version else "is not set"
        raise ConfigError(
            f"{section.where('apiVersion')} {said}; it must be {' or '.join(API_VERSIONS)}: "
            "let your provider's tool write the kubeconfig anew"
        )
    return version


def _mode(section: Section) -> InteractiveMode:
    text = section.text("interactiveMode") or InteractiveMode.IF_AVAILABLE
    try:
        return InteractiveMode(text)
    except ValueError:
        known = ", ".join(InteractiveMode)
        raise ConfigError(f"{section.where('interactiveMode')} must be one of {known}, found {text!r}") from None


def _cluster_info(cluster: Section) -> dict[str, Any]:
    """`spec.cluster` of an ExecCredential (client.authentication.k8s.io)."""
    authority = cluster.data("certificate-authority")
    extensions = {item.text("name"): item.plain("extension") for item in cluster.sections("extensions")}
    found = {
        "server": cluster.text("server"),
        "tls-server-name": cluster.text("tls-server-name"),
        "insecure-skip-tls-verify": cluster.flag("insecure-skip-tls-verify"),
        "certificate-authority-data": base64.b64encode(authority).decode() if authority else "",
        "proxy-url": cluster.text("proxy-url"),
        "config": extensions.get(_EXTENSION),
    }
    return {key: value for key, value in found.items() if value not in ("", False, None)}
