"""What every pod of this kubelet shares."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from argotui.local.inotify import Inotify
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.logindex import LogIndex
from argotui.local.runtime.records import ContainerRecord
from argotui.local.runtime.types import LOG_CAP, Runtime
from argotui.local.runtime.waiter import Tools
from argotui.model import documents
from argotui.model.documents import Document


@dataclass
class Node:
    """The one node of a local cluster."""

    api: Api
    pods_dir: Path
    runtime: Runtime
    tools: Tools
    logs: LogIndex
    marks: Inotify | None
    """Watches for exit marks, for runtimes whose commands may leave children behind."""
    runtime_named: Callable[[str], Runtime]
    """The runtime that a former kubelet has started a pod with."""
    discard_directory: Callable[[Path], None]
    """Removes a directory in its own time."""
    log_cap: int = LOG_CAP
    events: list[Document] = field(default_factory=list)


def pod_directory(pods_dir: Path, uid: str) -> Path:
    """Where everything about a pod lies. The uid comes from the API and must be a plain name."""
    if not uid or "/" in uid or uid.startswith("."):
        raise ValueError(f"not a uid: {uid!r}")
    return pods_dir / uid


def record_of(pods_dir: Path, uid: str, container: str) -> ContainerRecord:
    """The record of one container."""
    if not container or "/" in container or container.startswith("."):
        raise ValueError(f"not a container's name: {container!r}")
    return ContainerRecord(pod_directory(pods_dir, uid) / "containers" / container, uid, container)


def records_below(directory: Path) -> list[ContainerRecord]:
    """The records of every container that a pod's directory holds."""
    found = sorted((directory / "containers").glob("*"))
    return [ContainerRecord(path, directory.name, path.name) for path in found if path.is_dir()]


def title(pod: Document) -> str:
    """How logs name a pod."""
    return f"{documents.namespace(pod)}/{documents.name(pod)}"


def drop_file_systems(directory: Path, discard: Callable[[Path], None]) -> None:
    """Frees the disk that an ended pod's roots and volumes take; logs and records stay until the pod is deleted."""
    for path in [directory / "volumes", *(directory / "containers").glob("*/*")]:
        if path.is_dir() and not path.is_symlink():
            discard(path)
        elif path.name in _SECRETIVE:
            path.unlink(missing_ok=True)


_SECRETIVE = ("args", "environment")
"""Files that hold the container's environment."""


def remove_now(directory: Path) -> None:
    """Removes a directory in this thread, whatever modes a step has left there."""
    shutil.rmtree(directory, onerror=_open_up)


def _open_up(function: Callable[[str], object], path: str, _: object) -> None:
    target = Path(path)
    target.parent.chmod(0o700)
    if target.is_dir() and not target.is_symlink():
        target.chmod(0o700)
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
