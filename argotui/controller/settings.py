"""The controller's configuration: its ConfigMap, read at the start and followed afterwards (§8.1)."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace

from argotui.controller.options import Options
from argotui.engine.config import ConfigError, EngineConfig
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS

log = logging.getLogger(__name__)


class Settings:
    """`current` is the last configuration that could be read; a bad edit is reported and changes nothing."""

    def __init__(self, client: Client, options: Options, namespace: str) -> None:
        self.current = EngineConfig()
        self._client = client
        self._options = options
        self._namespace = namespace
        self._where = f"ConfigMap {namespace}/{options.configmap}"

    async def read(self) -> None:
        """Raises ConfigError when the first configuration cannot be used: there is no good one to fall back on."""
        try:
            found = await self._client.get(CONFIG_MAPS, self._options.configmap, self._namespace)
        except ApiError as error:
            if not (error.is_not_found or error.is_forbidden):
                raise
            log.warning("%s: %s; the defaults apply", self._where, error)
            found = {}
        self.current = self._parse(found)
        self._warn(self.current)

    def reflector(self, changed: Callable[[], None], rejected: Callable[[Document, str], None]) -> Reflector:
        """Follows the ConfigMap. `changed` after each edit that means something else, `rejected` with the reason."""

        def receive(delta: Delta) -> None:
            if delta.type is DeltaType.DELETED:
                log.warning("%s was deleted; its last content stays in force", self._where)
                return
            try:
                found = self._parse(delta.object)
            except ConfigError as error:
                log.error("%s: %s; the last good configuration stays in force", self._where, error)
                rejected(delta.object, str(error))
                return
            if found != self.current:
                log.info("%s changed", self._where)
                self.current = found
                self._warn(found)
                changed()

        selector = f"metadata.name={self._options.configmap}"
        return Reflector(self._client, CONFIG_MAPS, self._namespace, field_selector=selector, on_change=receive)

    def _warn(self, config: EngineConfig) -> None:
        if config.ignored:
            log.warning("%s: without effect here: %s", self._where, ", ".join(config.ignored))

    def _parse(self, document: Document) -> EngineConfig:
        found = EngineConfig.from_config_map(
            document.get("data") or {},
            namespace=self._namespace,
            executor_image=self._options.executor_image,
            executor_pull_policy=self._options.executor_image_pull_policy,
        )
        return _with_environment(found)


def _with_environment(config: EngineConfig) -> EngineConfig:
    """What upstream reads from the controller's environment."""
    pattern, label = (os.environ.get(name) for name in ("TRANSIENT_ERROR_PATTERN", "RETRY_HOST_NAME_LABEL_KEY"))
    return replace(
        config,
        transient_error_pattern=pattern or config.transient_error_pattern,
        retry_host_label=label or config.retry_host_label,
    )
