"""TLS contexts made from certificates in memory, because a kubeconfig may hold them inline."""

import os
import ssl
import tempfile
from pathlib import Path

from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ConfigError


def ssl_context(config: ClusterConfig) -> ssl.SSLContext | None:
    """What verifies the server and proves who we are; None for plain http. Raises ConfigError."""
    if not config.server.startswith("https://"):
        return None
    try:
        context = _verifying(config)
        if config.client_cert_data is not None and config.client_key_data is not None:
            _load_identity(context, config.client_cert_data, config.client_key_data)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"context {config.context_name!r}: a certificate or key cannot be used: {error}") from error
    return context


def _verifying(config: ClusterConfig) -> ssl.SSLContext:
    if config.insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if config.ca_data is None:
        return ssl.create_default_context()
    return ssl.create_default_context(cadata=config.ca_data.decode("latin-1"))


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
