"""The controller's configuration: its ConfigMap, read at the start and followed afterwards (§8.1)."""

import logging
from collections.abc import Callable
from dataclasses import replace

from argotui.controller.options import Options, Tuning
from argotui.controller.scope import Scope
from argotui.engine.config import EngineConfig
from argotui.engine.configform import ConfigError
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
        self._is_read = False
        self._client = client
        self._options = options
        self._namespace = namespace
        self._where = f"ConfigMap {namespace}/{options.configmap}"

    async def read(self) -> None:
        """Raises ConfigError when the first configuration cannot be used: there is no good one to fall back on.
        KubeError when it cannot be read now.
        """
        try:
            found = await self._client.get(CONFIG_MAPS, self._options.configmap, self._namespace)
        except ApiError as error:
            if not (error.is_not_found or error.is_forbidden):
                raise
            if self._is_read:
                log.warning("%s: %s; its last content stays in force", self._where, error)
                return
            log.warning("%s: %s; the defaults apply", self._where, error)
            found = {}
        try:
            self.current = self._parse(found)
        except ConfigError as error:
            if not self._is_read:
                raise ConfigError(f"{self._where}: {error}") from error
            log.error("%s: %s; the last good configuration stays in force", self._where, error)
            return
        self._is_read = True
        self._warn(self.current)

    @property
    def tuning(self) -> Tuning:
        """What the environment says."""
        return self._options.tuning

    @property
    def scope(self) -> Scope:
        """Whose workflows are run under the current configuration."""
        return Scope(self._watched() or None, self.current.instance_id)

    def _watched(self) -> str:
        """The one namespace whose workflows are run, "" for all."""
        if not self._options.namespaced:
            return self.current.managed_namespace
        return self._options.managed_namespace or self.current.managed_namespace or self._namespace

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
            pod_name_version=self._options.tuning.pod_names,
        )
        return _tuned(found, self._options.tuning)


def _tuned(config: EngineConfig, tuning: Tuning) -> EngineConfig:
    """With what upstream reads from the controller's environment."""
    return replace(
        config,
        transient_error_pattern=tuning.transient_pattern,
        retry_host_label=tuning.retry_host_label or config.retry_host_label,
        progress_patch_ns=round(tuning.progress_patch * 1e9),
        progress_file_ns=round(tuning.progress_file * 1e9),
        recently_started_seconds=tuning.pod_missing,
        result_timeout_seconds=tuning.result_timeout,
    )
