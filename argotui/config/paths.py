"""Where argotui keeps its files, after the XDG base directory specification.

Everything of the local cluster lies below one directory of mode 0700, so that `argotui local reset`
is the removal of that directory and nothing else.
"""

import os
import stat
from pathlib import Path


class UnsafeDirectory(Exception):
    """The directory exists, but other users may read it or it belongs to somebody else."""


def _base(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    # the specification says that relative values are to be ignored
    return Path(value) if value.startswith("/") else Path.home() / fallback


def config_dir() -> Path:
    """Settings, key map and themes of this user."""
    return _base("XDG_CONFIG_HOME", ".config") / "argotui"


def state_dir() -> Path:
    """What argotui remembers between runs."""
    return _base("XDG_STATE_HOME", ".local/state") / "argotui"


def local_dir() -> Path:
    """All state of the local cluster: `$ARGOTUI_LOCAL_DIR`, or `local` below `state_dir()`."""
    chosen = os.environ.get("ARGOTUI_LOCAL_DIR", "")
    return Path(chosen).expanduser().absolute() if chosen else state_dir() / "local"


def private_directory(path: Path) -> Path:
    """Makes `path` with mode 0700, or checks that it is private already.

    Raises UnsafeDirectory when somebody else owns it or others may enter it: the token and the
    secrets of the local cluster lie there.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise UnsafeDirectory(
            f"{path} belongs to user id {status.st_uid}, not to you; set ARGOTUI_LOCAL_DIR to a directory of your own"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise UnsafeDirectory(f"{path} can be read by other users; run: chmod 700 {path}")
    return path


def local_kubeconfig(directory: Path | None = None, part: str = "") -> Path:
    """The kubeconfig that the local API server writes: the administrator's, or that of one of its processes."""
    return (directory or local_dir()) / (f"kubeconfig-{part}" if part else "kubeconfig")
