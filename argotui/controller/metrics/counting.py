"""Everything that one controller process measures, in one place."""

from __future__ import annotations

import logging

from argotui.controller.metrics.book import Book, LogCounter
from argotui.controller.metrics.own import OwnMetrics
from argotui.controller.metrics.registry import Registry
from argotui.controller.metrics.serving import MetricsServer
from argotui.controller.report import Report
from argotui.engine.config import EngineConfig

LOOPBACK = "127.0.0.1"


class Counting:
    """It outlives the terms of leadership. host: the address to serve at. report: path of the file for people."""

    def __init__(self, host: str = LOOPBACK, report: str = "") -> None:
        self.registry = Registry()
        self.book = Book(self.registry)
        self.own = OwnMetrics(self.registry)
        self._server = MetricsServer(self.registry, host)
        self._report = Report(report)
        self._log = LogCounter(self.book)

    def begin(self) -> None:
        """The process begins: what it logs is counted."""
        logging.getLogger().addHandler(self._log)

    async def apply(self, config: EngineConfig) -> None:
        """The configuration is this from now on."""
        self.registry.modify(config.metrics)
        await self._server.apply(config.metrics)
        self._report.write(config, self._server)

    async def stop(self) -> None:
        """The end of the process."""
        logging.getLogger().removeHandler(self._log)
        await self._server.stop()
