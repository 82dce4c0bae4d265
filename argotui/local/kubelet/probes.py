"""Probes: whether a container has started, lives, and is ready (the kubelet's side of daemons, §2.12).

A probe that fails for good ends its container, as pods of workflows are never restarted; a readiness probe only says
whether others may use the container.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from argotui.local.kubelet.environment import ADDRESS
from argotui.model.documents import Document

KINDS = ("startupProbe", "livenessProbe", "readinessProbe")
_MANY_REDIRECTS = 10


class Execute(Protocol):
    """Runs a command beside a container's and gives its exit code; None when it takes longer than allowed."""

    def __call__(self, command: list[str], seconds: float) -> Awaitable[int | None]: ...


@dataclass(frozen=True)
class Probe:
    """One probe as declared, with Kubernetes' defaults."""

    action: Document
    delay: float
    period: float
    timeout: float
    successes: int
    failures: int

    @classmethod
    def of(cls, declared: Document) -> Probe:
        """Reads the field of a container."""

        def number(key: str, default: int) -> int:
            found = declared.get(key)
            return default if not found else int(found)

        return cls(
            declared,
            number("initialDelaySeconds", 0),
            number("periodSeconds", 10),
            number("timeoutSeconds", 1),
            number("successThreshold", 1),
            number("failureThreshold", 3),
        )


class Prober:
    """The probes of one container that runs. `ready` is what the status says; `changed` is called when it changes."""

    def __init__(
        self, container: Document, execute: Execute, changed: Callable[[], None], end: Callable[[], None]
    ) -> None:
        self._container = container
        self._execute = execute
        self._changed = changed
        self._end = end
        self._tasks: list[asyncio.Task[None]] = []
        self.ready = not any(container.get(kind) for kind in ("startupProbe", "readinessProbe"))

    def start(self) -> None:
        """The container runs."""
        if any(self._container.get(kind) for kind in KINDS):
            self._tasks.append(asyncio.create_task(self._probe()))

    def stop(self) -> None:
        """The container has ended, or is not followed any more."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self.ready = False

    async def _probe(self) -> None:
        startup = self._container.get("startupProbe")
        if startup and not await self._passes(Probe.of(startup)):
            self._end()
            return
        liveness, readiness = self._container.get("livenessProbe"), self._container.get("readinessProbe")
        if liveness:
            self._tasks.append(asyncio.create_task(self._watch_life(Probe.of(liveness))))
        if readiness:
            await self._watch_readiness(Probe.of(readiness))
        else:
            self._become(True)

    async def _passes(self, probe: Probe) -> bool:
        """Whether it succeeds before it has failed too often."""
        await asyncio.sleep(probe.delay)
        failed = 0
        while not await self._succeeds(probe):
            failed += 1
            if failed >= probe.failures:
                return False
            await asyncio.sleep(probe.period)
        return True

    async def _watch_life(self, probe: Probe) -> None:
        await asyncio.sleep(probe.delay)
        failed = 0
        while True:
            failed = 0 if await self._succeeds(probe) else failed + 1
            if failed >= probe.failures:
                self._end()
                return
            await asyncio.sleep(probe.period)

    async def _watch_readiness(self, probe: Probe) -> None:
        await asyncio.sleep(probe.delay)
        row = 0
        """Successes in a row; negative for failures."""
        while True:
            good = await self._succeeds(probe)
            row = max(row, 0) + 1 if good else min(row, 0) - 1
            if row >= probe.successes:
                self._become(True)
            elif -row >= probe.failures:
                self._become(False)
            await asyncio.sleep(probe.period)

    def _become(self, ready: bool) -> None:
        if self.ready is not ready:
            self.ready = ready
            self._changed()

    async def _succeeds(self, probe: Probe) -> bool:
        action = probe.action
        try:
            async with asyncio.timeout(probe.timeout + 1.0):
                if action.get("exec") is not None:
                    command = [str(word) for word in action["exec"].get("command") or ()]
                    return await self._execute(command, probe.timeout) == 0
                if action.get("httpGet") is not None:
                    return await self._answers(action["httpGet"], probe.timeout)
                return await self._accepts(action.get("tcpSocket") or {}, probe.timeout)
        except (OSError, TimeoutError):
            return False

    async def _answers(self, request: Document, seconds: float) -> bool:
        host, port = request.get("host") or ADDRESS, self._port(request.get("port"))
        scheme = str(request.get("scheme") or "HTTP").lower()
        path = "/" + str(request.get("path") or "").lstrip("/")
        headers = {str(one.get("name")): str(one.get("value")) for one in request.get("httpHeaders") or ()}
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # as every kubelet does
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(seconds)) as session,
                session.get(
                    f"{scheme}://{host}:{port}{path}", headers=headers, ssl=trusting, max_redirects=_MANY_REDIRECTS
                ) as response,
            ):
                return 200 <= response.status < 400
        except (aiohttp.ClientError, ValueError):
            return False

    async def _accepts(self, socket: Document, seconds: float) -> bool:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(socket.get("host") or ADDRESS, self._port(socket.get("port")))
        writer.close()
        return True

    def _port(self, wanted: Any) -> int:
        """A number, or the name of one of the container's ports. Raises OSError when there is none of that name."""
        if isinstance(wanted, int) or str(wanted).isdigit():
            return int(wanted)
        for port in self._container.get("ports") or ():
            if port.get("name") == wanted:
                return int(port["containerPort"])
        raise OSError(f"no port is called {wanted}")
