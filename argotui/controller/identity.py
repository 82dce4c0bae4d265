"""Under which name this process holds the Lease.

A process that was killed must get its lease back at once, so the name stays the same; two processes
must never share it, so a lock that dies with its owner guards it.
"""

import fcntl
import getpass
import hashlib
import os
import socket
from pathlib import Path
from typing import IO

from argotui.config.paths import state_dir

_held: list[IO[str]] = []
"""Open for as long as the process lives: closing a file would drop its lock."""


def default_identity(server: str, namespace: str, directory: Path | None = None) -> str:
    """Host and user; with the process id added when another controller here uses that name for this cluster."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    name = f"{socket.gethostname()}_{user}"
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return name  # a pod's host name is its own
    key = hashlib.sha256(f"{server}\n{namespace}\n{name}".encode()).hexdigest()[:16]
    return name if _lock((directory or state_dir()) / f"controller-{key}.lock") else f"{name}_{os.getpid()}"


def _lock(path: Path) -> bool:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a")
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    return True
