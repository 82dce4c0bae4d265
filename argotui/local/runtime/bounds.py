"""A bound on the number of processes of all steps together, so that a fork bomb takes only the steps with it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
from dataclasses import dataclass
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_GROUP = "argotui-"
_SMALLEST, _LARGEST = 2048, 16384


@dataclass(frozen=True)
class Bound:
    """At most one of the two is in use. `text` tells people; it is "" when there is no bound."""

    processes: int = 0
    """A limit on this user's processes that only steps are subject to."""
    cgroup: Path | None = None
    text: str = ""


def find(directory: Path) -> Bound:
    """The bound for the steps of the cluster in `directory`. Root is exempt from user limits, so it needs a cgroup."""
    limit = _limit()
    if os.geteuid() != 0:
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        if hard not in (resource.RLIM_INFINITY, -1):
            limit = min(limit, hard)
        return Bound(processes=limit, text=f"at most {limit} of this user")
    for parent in _parents():
        group = parent / group_name(directory)
        with contextlib.suppress(OSError):
            group.mkdir(exist_ok=True)
            (group / "pids.max").write_text(str(limit))
            return Bound(cgroup=group, text=f"at most {limit} of all steps together")
    return Bound()


def remove(directory: Path) -> None:
    """Removes the cgroup, once no step is left."""
    for parent in _parents():
        with contextlib.suppress(OSError):
            (parent / group_name(directory)).rmdir()


def group_name(directory: Path) -> str:
    """One group for each local cluster."""
    return f"{_GROUP}{hashlib.sha256(str(directory).encode()).hexdigest()[:12]}"


def group_of(pid: int) -> str:
    """The cgroup.procs of the group that bounds a step's process; "" where none does."""
    with contextlib.suppress(OSError):
        for line in Path("/proc", str(pid), "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "pids") and Path(path).name.startswith(_GROUP):
                return str(_CGROUPS / controllers / path.lstrip("/") / "cgroup.procs")
    return ""


def _limit() -> int:
    try:
        everything = int(Path("/proc/sys/kernel/pid_max").read_text())
    except (OSError, ValueError):
        everything = _SMALLEST * 8
    return min(_LARGEST, max(_SMALLEST, everything // 8))


def _parents() -> list[Path]:
    """Where the kernel counts processes: the pids hierarchy of cgroup v1, or v2 where it is switched on."""
    found = []
    with contextlib.suppress(OSError):
        if "pids" in (_CGROUPS / "cgroup.subtree_control").read_text().split():
            found.append(_CGROUPS)
    if (_CGROUPS / "pids" / "tasks").exists():
        found.append(_CGROUPS / "pids")
    return found
