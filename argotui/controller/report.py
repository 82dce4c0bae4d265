"""What the controller does with its configuration, for `argotui local status`: a small JSON file."""

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from argotui.controller.metrics.serving import MetricsServer
from argotui.engine.config import EngineConfig

log = logging.getLogger(__name__)


class Report:
    """{metrics: address, metricsProblem: text, retention: {completed, failed, errored} or null, ignored: [key]}."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None

    def write(self, config: EngineConfig, server: MetricsServer) -> None:
        """Replaces the file in one step; without a path nothing happens."""
        if self._path is None:
            return
        document = {
            "metrics": server.where,
            "metricsProblem": server.problem,
            "retention": None if config.retention is None else asdict(config.retention),
            "ignored": list(config.ignored),
        }
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            temporary.write_text(json.dumps(document))
            temporary.replace(self._path)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)
