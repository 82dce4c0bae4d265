"""Remembered results that nobody has asked for in a while are forgotten, where CACHE_GC_PERIOD says so (§8.2)."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import NoReturn

from argotui.controller import clock
from argotui.controller.memory import CacheRefused, Memory, parsed
from argotui.controller.requests import GivenUp
from argotui.kube.client import Client
from argotui.kube.errors import KubeError
from argotui.model import keys
from argotui.model.documents import Document, name
from argotui.model.resources import CONFIG_MAPS
from argotui.model.times import parse_time

log = logging.getLogger(__name__)


class Forgetting:
    """Keep `run()` in a supervised task. period, unused: seconds. A ConfigMap stays when its last entry goes: the
    rights that memoization needs do not let it be deleted."""

    def __init__(self, client: Client, memory: Memory, namespace: str, period: float, unused: float) -> None:
        self._client = client
        self._memory = memory
        self._namespace = namespace
        self._period = period
        self._unused = timedelta(seconds=unused)

    async def run(self) -> NoReturn:
        """Until cancelled; a round that fails is said, and the next one comes in its time."""
        while True:
            await asyncio.sleep(self._period)
            try:
                await self.look()
            except (KubeError, CacheRefused) as error:
                log.warning("remembered results are not looked through: %s", error)

    async def look(self) -> None:
        """One round. Raises KubeError, CacheRefused."""
        selector = f"{keys.LABEL_CONFIGMAP_TYPE}={keys.CONFIGMAP_TYPE_CACHE}"
        oldest = clock.now() - self._unused
        page = await self._client.list(CONFIG_MAPS, self._namespace, label_selector=selector)
        for config_map in page.items:
            if stale(config_map, oldest):
                try:
                    await self._memory.forget(name(config_map), lambda found: stale(found, oldest), asyncio.Event())
                except GivenUp:
                    return


def stale(config_map: Document, oldest: datetime) -> set[str]:
    """Keys of the entries that were last asked for before `oldest`; what is not an entry is left alone."""
    return {key for key, text in (config_map.get("data") or {}).items() if _is_stale(str(text), oldest)}


def _is_stale(text: str, oldest: datetime) -> bool:
    try:
        asked = parse_time(parsed(text).get("lastHitTimestamp"))
    except (CacheRefused, TypeError, ValueError):
        return False
    return asked is not None and asked < oldest
