"""The local cluster's own certificate authority and server certificate, made at the first start."""

from __future__ import annotations

import os
import time
from pathlib import Path

_RENEW_SECONDS = 3600 * 24 * 3600
"""A certificate is good for ten years; a new one is made after 3600 days."""


def write_private(path: Path, data: bytes) -> None:
    """Writes a file of mode 0600 in one step: it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def ensure(directory: Path) -> None:
    """Makes `ca.pem`, `server.pem` and `server.key` in `directory`, unless they are there and good for a while.

    The authority's key is not kept: a new server certificate comes with a new authority, and the
    kubeconfig is written again.
    """
    ca, certificate, key = (directory / name for name in ("ca.pem", "server.pem", "server.key"))
    if ca.exists() and key.exists() and certificate.exists() and _is_young(certificate):
        return
    # imported here, since every other start does without, and it takes a tenth of a second
    from argotui.local.issuing import issue

    issued = issue()
    # the certificate comes last: while it is missing or old, the next start makes all of them again
    write_private(key, issued.key)
    write_private(ca, issued.authority)
    write_private(certificate, issued.certificate)


def _is_young(path: Path) -> bool:
    return abs(time.time() - path.stat().st_mtime) < _RENEW_SECONDS
