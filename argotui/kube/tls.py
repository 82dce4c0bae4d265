"""TLS contexts made from certificates in memory, because a kubeconfig may hold them inline."""

import os
import ssl
import tempfile
from pathlib import Path

from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ConfigError


def ssl_context(config: ClusterConfig, certificate: tuple[bytes, bytes] | None) -> ssl.SSLContext | None:
    """What verifies the server and proves who we are (`certificate` and its key); None for plain http.

    Raises ConfigError that names where the unusable part was read.
    """
    if not config.server.startswith("https://"):
        return None
    context = _verifying(config)
    if certificate is not None:
        try:
            _load_identity(context, *certificate)
        except (ssl.SSLError, ValueError) as error:
            where = config.origins.user or f"context {config.context_name!r}"
            raise ConfigError(
                f"{where}: the client certificate or its key cannot be used: {_reason(error)}; both must be PEM and "
                "belong together"
            ) from error
    return context


def belong_together(certificate: bytes, key: bytes) -> bool:
    """Whether TLS can use this pair (PEM)."""
    try:
        _load_identity(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate, key)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _verifying(config: ClusterConfig) -> ssl.SSLContext:
    if config.insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context = ssl.create_default_context() if config.ca_data is None else _trusting(config, config.ca_data)
    # as Go has it: what the file names is trusted even when it is no root, and no extension is asked for
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _trusting(config: ClusterConfig, authority: bytes) -> ssl.SSLContext:
    try:
        if not authority.strip():
            raise ValueError("it is empty")  # for `ssl` nothing means the system's authorities
        return ssl.create_default_context(cadata=authority.decode("latin-1"))
    except (ssl.SSLError, ValueError) as error:
        where = config.origins.ca or f"context {config.context_name!r}"
        raise ConfigError(
            f"{where}: not a certificate authority: {_reason(error)}; it must be certificates in PEM"
        ) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error).lower().replace("_", " ")


def _load_identity(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """`ssl` reads certificates from files only: they get one that has no name where the system can do that."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("argotui-client-certificate", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        return
    with tempfile.NamedTemporaryFile() as named:  # mode 0600, gone when it is closed
        named.write(certificate + b"\n" + key)
        named.flush()
        context.load_cert_chain(named.name)
