"""`/healthz` and `/readyz`, as the probes of a Deployment ask for them (§8.3)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from aiohttp import web

from argotui.controller import clock
from argotui.model.documents import Document, created, labels, name, namespace
from argotui.model.keys import LABEL_PHASE
from argotui.model.times import parse_time

log = logging.getLogger(__name__)

Workflows = Callable[[], Iterable[Document]]


class Health:
    """What the probes are told; terms of leadership come and go.

    A standby is healthy, and ready once it waits for the Lease. A leader is unhealthy when a workflow is older than
    `age` seconds and was never looked at: then starting anew may help.
    """

    def __init__(self, age: float, now: Callable[[], datetime] = clock.now) -> None:
        self._age = age
        self._now = now
        self._workflows: Workflows | None = None
        self._waits_for = "the configuration"

    def stands_by(self) -> None:
        """The configuration is known; somebody else may lead."""
        self._workflows, self._waits_for = None, ""

    def begins(self) -> None:
        """We lead, and read everything first."""
        self._workflows, self._waits_for = None, "the first lists"

    def leads(self, workflows: Workflows) -> None:
        """workflows: those that are not complete, as they are known."""
        self._workflows, self._waits_for = workflows, ""

    def illness(self) -> str:
        """Why the process should be started anew, empty when it is well."""
        for workflow in self._workflows() if self._workflows is not None else ():
            born = parse_time(created(workflow))
            if LABEL_PHASE in labels(workflow) or born is None:
                continue
            if (self._now() - born).total_seconds() > self._age:
                return f"workflow never reconciled: {namespace(workflow)}/{name(workflow)}"
        return ""

    def unreadiness(self) -> str:
        """What it still waits for, empty when it is ready."""
        return self._waits_for and f"waits for {self._waits_for}"


class HealthServer:
    """Plain HTTP. A port that cannot be had is an error: the probes would find nobody, or somebody else."""

    def __init__(self, health: Health, host: str, port: int) -> None:
        self._health = health
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serves, unless the port is 0. Raises OSError."""
        if not self._port:
            return
        application = web.Application()
        application.router.add_get("/healthz", self._answer(self._health.illness))
        application.router.add_get("/readyz", self._answer(self._health.unreadiness))
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        log.info("health is served at http://%s:%d/healthz", self._host, self._port)

    async def stop(self) -> None:
        """Serves no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _answer(self, complaint: Callable[[], str]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_request: web.Request) -> web.Response:
            text = complaint()
            if text:
                return web.Response(status=500, text=f"{text}\n")
            return web.Response(text="ok\n")

        return answer
