"""The supervisor of a local cluster: one per directory, it keeps API server, kubelet and controller running.

It holds a lock on `run/supervisor.lock`, so that any number of starts is one cluster. When it is killed, its
processes live on; the next supervisor adopts them (see `parts`).
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from argotui.config.paths import local_kubeconfig, private_directory
from argotui.local.supervisor.control import socket_path
from argotui.local.supervisor.parts import Part, PartCommand

log = logging.getLogger(__name__)

LOCK = "supervisor.lock"
REPORT = "controller-report.json"
"""Below `run`: what the controller does with its configuration."""

FOLDERS = ("run", "logs", "pods")
_TRIES = 3


class AlreadyRunning(Exception):
    """Another supervisor holds the lock of this directory."""


def commands(directory: Path, runtime: str) -> tuple[PartCommand, PartCommand, PartCommand]:
    """How the three processes are started: API server, kubelet, controller."""
    kubeconfig = str(local_kubeconfig(directory, "controller"))
    return (
        PartCommand("apiserver", ("argotui.local.apiserver", "--dir", str(directory))),
        PartCommand("kubelet", ("argotui.local.kubelet", "--dir", str(directory), "--runtime", runtime)),
        PartCommand(
            "controller",
            ("argotui.controller", "--kubeconfig", kubeconfig, "--report", str(directory / "run" / REPORT)),
            # the same identity after a restart: the lease is taken back at once instead of waited for
            {"LEADER_ELECTION_IDENTITY": "argotui-local"},
        ),
    )


class Supervisor:
    """Runs the parts until told to stop."""

    def __init__(self, directory: Path, parts: Sequence[Part], runtime: str) -> None:
        self._directory = directory
        self._parts = parts
        self._runtime = runtime
        self._state = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self, listening_fd: int | None = None) -> None:
        """Serves the control socket and keeps the parts running; returns when stopped.

        `listening_fd` is closed once the socket listens, which tells whoever started this process.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        with socket_path(self._directory) as path:
            Path(path).unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._accept, path)
        if listening_fd is not None:
            os.close(listening_fd)
        tasks = [asyncio.create_task(self._parts[0].supervise()), asyncio.create_task(self._start_rest())]
        for task in tasks:
            task.add_done_callback(self._failed)
        await self._stopping.wait()
        await self._stop(tasks)
        server.close()
        if self._answering:
            await asyncio.wait(self._answering, timeout=1.0)

    def changed(self) -> None:
        """A part became ready or ended: wakes everybody who waits for that."""
        asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        async with self._state:
            self._state.notify_all()

    async def _start_rest(self) -> None:
        """Kubelet and controller need the API server's kubeconfig, so they start once it serves."""
        async with self._state:
            await self._state.wait_for(lambda: self._parts[0].ready)
        async with asyncio.TaskGroup() as group:
            for part in self._parts[1:]:
                group.create_task(part.supervise(), name=part.name)

    async def _stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for part in reversed(self._parts):
            await part.stop()
        self._stopped.set()

    def _failed(self, task: asyncio.Task[None]) -> None:
        """Supervision ends only by being cancelled; anything else is a defect, and ends the cluster in the open."""
        if not task.cancelled():
            log.critical("the supervisor itself failed", exc_info=task.exception())
            self._stopping.set()

    async def _settle(self) -> None:
        """Returns when all is ready, or when one part has failed so often meanwhile that waiting on is no use."""
        before = [part.failed_starts for part in self._parts]

        def settled() -> bool:
            failed = (part.failed_starts - count for part, count in zip(self._parts, before, strict=True))
            return all(part.ready for part in self._parts) or max(failed) >= _TRIES

        async with self._state:
            await self._state.wait_for(settled)

    def _describe(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "runtime": self._runtime,
            "ready": all(part.ready for part in self._parts),
            "parts": [part.describe() for part in self._parts],
        }

    async def _answer(self, operation: str) -> dict[str, Any]:
        if operation == "status":
            return self._describe()
        if operation == "ready":
            await self._settle()
            return self._describe()
        if operation == "stop":
            self._stopping.set()
            await self._stopped.wait()
            return {"stopped": True}
        return {"error": f"unknown request {operation!r}; known are status, ready, stop"}

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            line = await reader.readline()
            try:
                operation = str(json.loads(line)["op"])
            except (ValueError, KeyError, TypeError):
                operation = line.decode(errors="replace")
            answer = await self._answer(operation)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()


def take_lock(directory: Path) -> int:
    """Takes the directory's lock and keeps it for the life of the process. Raises AlreadyRunning."""
    descriptor = os.open(directory / "run" / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(f"a local cluster runs in {directory} already") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def prepare(directory: Path) -> None:
    """Makes the private directory and the folders that all processes share."""
    private_directory(directory)
    for name in FOLDERS:
        (directory / name).mkdir(mode=0o700, exist_ok=True)


async def supervise(directory: Path, runtime: str, listening_fd: int | None = None) -> None:
    """Runs the cluster of `directory` until it is stopped."""
    supervisor: Supervisor | None = None

    def changed() -> None:
        if supervisor is not None:
            supervisor.changed()

    parts = [Part(command, directory, changed) for command in commands(directory, runtime)]
    supervisor = Supervisor(directory, parts, runtime)
    await supervisor.run(listening_fd)
