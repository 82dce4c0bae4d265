"""The address at which Prometheus reads the metrics; on loopback unless the command line says otherwise."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from argotui.controller.metrics.exposition import CONTENT_TYPE
from argotui.controller.metrics.registry import Registry
from argotui.engine.metricsconfig import MetricsSettings

log = logging.getLogger(__name__)


class MetricsServer:
    """`apply` it to every new configuration. `where` is the address, `problem` why there is none."""

    def __init__(self, registry: Registry, host: str) -> None:
        self.where = ""
        self.problem = ""
        self._registry = registry
        self._host = host
        self._applied: MetricsSettings | None = None
        self._runner: web.AppRunner | None = None
        self._turn = asyncio.Lock()

    async def apply(self, settings: MetricsSettings) -> None:
        """Serves as the settings say; what cannot be served is told and tried again with the next configuration."""
        async with self._turn:  # edits may follow each other faster than a server stops
            await self._apply(settings)

    async def _apply(self, settings: MetricsSettings) -> None:
        if settings == self._applied:
            return
        await self.stop()
        self._applied = settings
        if not settings.enabled:
            self.problem = "switched off by metricsConfig.enabled"
            return
        try:
            await self._start(settings)
        except OSError as error:
            self.problem = f"port {settings.port} cannot be had: {error.strerror or error}"
            log.log(logging.INFO if settings.ignore_errors else logging.WARNING, "metrics: %s", self.problem)
            await self._close()
            return
        scheme = "https" if settings.secure else "http"
        self.where = f"{scheme}://{self._host}:{settings.port}{settings.path}"
        log.info("metrics are served at %s", self.where)

    async def stop(self) -> None:
        """Serves no more."""
        self.where = self.problem = ""
        self._applied = None
        await self._close()

    async def _start(self, settings: MetricsSettings) -> None:
        application = web.Application()
        application.router.add_get(settings.path, self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        context = None
        if settings.secure:
            from argotui.controller.metrics.certificate import self_signed  # what makes it takes its time to import

            context = self_signed(self._host)
        await web.TCPSite(self._runner, self._host, settings.port, ssl_context=context).start()

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _answer(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._registry.text().encode(), headers={"Content-Type": CONTENT_TYPE})
