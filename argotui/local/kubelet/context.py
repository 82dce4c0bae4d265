"""What every pod of this kubelet shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argotui.local.inotify import Inotify
from argotui.local.kubelet.logindex import LogIndex
from argotui.local.kubelet.tidy import Tidy
from argotui.local.runtime.records import ContainerRecord
from argotui.local.runtime.types import LOG_CAP, Runtime
from argotui.local.runtime.waiter import Tools
from argotui.model import documents
from argotui.model.documents import Document

if TYPE_CHECKING:
    from argotui.local.kubelet.api import Api


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
    tidy: Tidy
    log_cap: int = LOG_CAP
    authority: bytes = b""
    """The certificate by which the API server is known, as PEM."""
    server: str = ""
    """Address of the API server, which programs in steps find by their environment."""

    @property
    def service_environment(self) -> dict[str, str]:
        """What Kubernetes tells every container of its API server."""
        address = urlsplit(self.server)
        if not address.hostname or not address.port:
            return {}
        port = str(address.port)
        names = {"KUBERNETES_SERVICE_HOST": address.hostname, "KUBERNETES_SERVICE_PORT": port}
        return {**names, "KUBERNETES_SERVICE_PORT_HTTPS": port}

    @property
    def claims_dir(self) -> Path:
        """Where the directories of PersistentVolumeClaims lie."""
        return self.pods_dir.parent / "volumes"


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
    folder = directory / "containers"
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [ContainerRecord(folder / name, directory.name, name) for name in names]


def title(pod: Document) -> str:
    """How logs name a pod."""
    return f"{documents.namespace(pod)}/{documents.name(pod)}"
