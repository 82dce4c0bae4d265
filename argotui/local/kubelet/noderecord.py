"""The Node object of the local cluster: who runs the pods, with what, and that it is alive."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from argotui import __version__
from argotui.executor.insist import insist
from argotui.kube.errors import ApiError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.environment import ADDRESS, NODE
from argotui.local.runtime.types import Description
from argotui.local.supervisor.process import boot_id
from argotui.model.documents import Document
from argotui.model.resources import NODES
from argotui.model.times import format_time

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 30.0
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_KUBERNETES = "v1.35.0"


def labels() -> dict[str, str]:
    """What node selectors are matched with."""
    return {
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": _architecture(),
        "argotui.io/local": "true",
    }


class NodeRecord:
    """Registers the node and keeps its heartbeat."""

    def __init__(self, api: Api, runtime: Description, max_pods: int) -> None:
        self._api = api
        self._runtime = runtime
        self._max_pods = max_pods
        self._since = format_time(datetime.now(UTC))

    async def register(self) -> None:
        """Makes the object, or brings it up to date."""
        node: Document = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "labels": labels()},
            "spec": {},
            "status": self._status(),
        }
        try:
            await insist(lambda: self._api.create(NODES, node), "register the node")
        except ApiError as error:
            if not error.is_already_exists:
                raise
            metadata = {"metadata": {"labels": labels()}}
            await insist(lambda: self._api.patch(NODES, NODE, metadata), "update the node")
        await self._beat()

    async def beat(self) -> None:
        """Renews the heartbeat until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)  # the heartbeat's own rhythm
            try:
                await self._beat()
            except ApiError as error:
                log.warning("the node's heartbeat was refused: %s", error)
                await self.register()

    async def _beat(self) -> None:
        body = {"status": self._status()}
        await insist(lambda: self._api.patch(NODES, NODE, body, subresource="status"), "heartbeat")

    def _status(self) -> Document:
        capacity = {
            "cpu": str(os.cpu_count() or 1),
            "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 1024}Ki",
            "pods": str(self._max_pods),
        }
        return {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [{"type": "InternalIP", "address": ADDRESS}, {"type": "Hostname", "address": NODE}],
            "conditions": [self._ready()],
            "nodeInfo": self._info(),
        }

    def _ready(self) -> Document:
        runtime = self._runtime
        missing = "; ".join(runtime.not_isolated) or "nothing known"
        return {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "lastTransitionTime": self._since,
            "lastHeartbeatTime": format_time(datetime.now(UTC)),
            "message": f"steps run in the {runtime.name} runtime; not isolated: {missing}",
        }

    def _info(self) -> Document:
        return {
            "architecture": _architecture(),
            "operatingSystem": "linux",
            "osImage": _os_name(),
            "kernelVersion": platform.release(),
            "bootID": boot_id(),
            "machineID": "",
            "systemUUID": "",
            "kubeletVersion": f"{_KUBERNETES}+argotui-{__version__}",
            "kubeProxyVersion": "",
            "containerRuntimeVersion": f"{self._runtime.name}://{self._runtime.version}",
        }


def _architecture() -> str:
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def _os_name() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return "Linux"
    return next((line[12:].strip('"') for line in lines if line.startswith("PRETTY_NAME=")), "Linux")
