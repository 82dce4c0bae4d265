"""Ending every step of a cluster whose kubelet runs no more; it takes neither the API nor what talks to it."""

from __future__ import annotations

from pathlib import Path

from argotui.local.kubelet.container import end_now
from argotui.local.kubelet.context import records_below
from argotui.local.kubelet.podfile import PodFile
from argotui.local.runtime import bounds, choose
from argotui.local.runtime.types import Runtime

_KILL_SECONDS = 10.0


async def kill_all(directory: Path) -> list[str]:
    """Ends every container of the cluster; those that still run as `pod uid/container`."""
    named: dict[str, Runtime] = {}
    left = []
    pods = directory / "pods"
    for pod in sorted(pods.iterdir()) if pods.is_dir() else ():
        file = PodFile.read(pod)
        name = file.runtime if file else "process"
        runtime = named.setdefault(name, named.get(name) or choose.for_running(name, directory))
        for record in records_below(pod):
            if not await end_now(record, runtime, _KILL_SECONDS):
                left.append(f"{pod.name}/{record.name}")
    bounds.remove(directory)
    return left
