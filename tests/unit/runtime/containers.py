"""Containers for tests: a plan in a folder, started and waited for without a kubelet."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from argotui.local.runtime import processes, waiter
from argotui.local.runtime.bare import Bare
from argotui.local.runtime.claims import Claims
from argotui.local.runtime.records import ContainerRecord, Ended
from argotui.local.runtime.types import ContainerPlan, Runtime
from argotui.local.runtime.waiter import Tools

TOOLS = Tools.find()


def bare(tmp_path: Path) -> Bare:
    """The process runtime, with claims of its own."""
    return Bare("for a test", Claims(tmp_path / "pods", tmp_path / "claims"))


def plan(tmp_path: Path, *command: str, uid: str = "uid-1", name: str = "main", **more: Any) -> ContainerPlan:
    """A container's plan; its directory is made."""
    directory = tmp_path / "pods" / uid / "containers" / name
    directory.mkdir(parents=True, exist_ok=True)
    record = ContainerRecord(directory, uid, name)
    return ContainerPlan(record, uid, "pod", "argo", name, "busybox", command, hostname="pod", **more)


async def start(runtime: Runtime, planned: ContainerPlan, tools: Tools = TOOLS) -> int:
    """Starts the container; returns the waiter's pid."""
    return waiter.start(planned, await runtime.prepare(planned), tools)


async def run(runtime: Runtime, planned: ContainerPlan, tools: Tools = TOOLS) -> Ended:
    """Runs the container to its end."""
    async with asyncio.timeout(60):
        await processes.child_ended(await start(runtime, planned, tools))
    ended = planned.record.ended()
    assert ended is not None, os.listdir(planned.record.directory)
    return ended


def log_of(planned: ContainerPlan) -> str:
    return planned.record.path("log").read_text()


async def until(condition: Any, seconds: float = 30) -> None:
    """Waits for something that has no event."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


__all__ = ["TOOLS", "bare", "log_of", "plan", "replace", "run", "start", "until"]
