"""Remembered results (§2.12): ConfigMaps in the controller's own namespace, shared by all workflows."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from argotui.controller import clock
from argotui.controller.requests import Requests
from argotui.engine import gojson
from argotui.engine.effects import LoadCache, SaveCache
from argotui.engine.facts import CacheLoaded
from argotui.engine.goform import go_outputs
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model import keys
from argotui.model.documents import Document, labels
from argotui.model.resources import CONFIG_MAPS
from argotui.model.times import format_time

log = logging.getLogger(__name__)

_ATTEMPTS = 10
"""How often a change is tried that others are always ahead of."""


class CacheRefused(Exception):
    """The ConfigMap cannot be used; the text says why."""


class Memory:
    """Looks up and remembers. What concerns one ConfigMap happens in the order in which it was asked for."""

    def __init__(self, client: Client, requests: Requests, namespace: Callable[[], str]) -> None:
        self._client = client
        self._requests = requests
        self._namespace = namespace
        self._turns: dict[str, asyncio.Lock] = {}

    async def load(self, effect: LoadCache, given_up: asyncio.Event) -> CacheLoaded:
        """What is remembered under the key. Raises GivenUp."""
        async with self._turn(effect.cache):
            try:
                entry = await self._loaded(effect, given_up)
            except CacheRefused as refused:
                return CacheLoaded(effect.node_id, error=str(refused))
        return CacheLoaded(effect.node_id, entry)

    async def save(self, effect: SaveCache, given_up: asyncio.Event) -> None:
        """Remember the outputs. Raises CacheRefused, GivenUp."""
        now = format_time(clock.now())
        entry = {
            "nodeID": effect.node_id,
            "outputs": None if effect.outputs is None else go_outputs(effect.outputs),
            "creationTimestamp": now,
            "lastHitTimestamp": now,
        }
        async with self._turn(effect.cache):
            await self._saved(effect, _text(entry), given_up)

    def _turn(self, cache: str) -> asyncio.Lock:
        if len(self._turns) > 1000:
            self._turns = {name: turn for name, turn in self._turns.items() if turn.locked()}
        return self._turns.setdefault(cache, asyncio.Lock())

    # --- looking up ---------------------------------------------------------------------------

    async def _loaded(self, effect: LoadCache, given_up: asyncio.Event) -> Document | None:
        for _ in range(_ATTEMPTS):
            found = await self._found(effect.cache, given_up)
            text = None if found is None else (found.get("data") or {}).get(effect.key)
            if found is None or not text:
                return None
            entry = {**parsed(text), "lastHitTimestamp": format_time(clock.now())}
            try:
                await self._replace(found, {effect.key: _text(entry)}, given_up)
            except ApiError as error:
                if error.is_conflict:
                    continue
                raise CacheRefused(f"error updating last hit timestamp on cache: {error.message}") from error
            except KubeError as error:
                raise CacheRefused(f"error updating last hit timestamp on cache: {error}") from error
            return entry
        raise CacheRefused("error updating last hit timestamp on cache: somebody else always changes it")

    async def _found(self, cache: str, given_up: asyncio.Event) -> Document | None:
        try:
            found = await self._send(lambda: self._client.get(CONFIG_MAPS, cache, self._namespace()), given_up)
        except KubeError as error:
            if isinstance(error, ApiError) and error.is_not_found:
                return None
            raise CacheRefused(f"could not load config map cache: {error}") from error
        _check_label(found)
        return found

    # --- remembering --------------------------------------------------------------------------

    async def _saved(self, effect: SaveCache, text: str, given_up: asyncio.Event) -> None:
        for _ in range(_ATTEMPTS):
            found = await self._found(effect.cache, given_up)
            try:
                if found is None:
                    await self._create(effect.cache, effect.key, text, given_up)
                else:
                    await self._replace(found, {effect.key: text}, given_up)
            except ApiError as error:
                if not (error.is_conflict or error.is_already_exists or error.is_not_found):
                    raise CacheRefused(f"error creating cache entry: {error.message}") from error
            except KubeError as error:
                raise CacheRefused(f"error creating cache entry: {error}") from error
            else:
                return
        raise CacheRefused("error creating cache entry: somebody else always changes it")

    async def _create(self, cache: str, key: str, text: str, given_up: asyncio.Event) -> None:
        metadata = {"name": cache, "labels": {keys.LABEL_CONFIGMAP_TYPE: keys.CONFIGMAP_TYPE_CACHE}}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {key: text}}
        await self._send(lambda: self._client.create(CONFIG_MAPS, body, self._namespace()), given_up)

    async def forget(self, cache: str, which: Callable[[Document], set[str]], given_up: asyncio.Event) -> None:
        """Removes the entries that `which` names, as the ConfigMap is then. Raises CacheRefused, GivenUp, KubeError."""
        async with self._turn(cache):
            found = await self._found(cache, given_up)
            gone = set() if found is None else which(found)
            if found is None or not gone:
                return
            try:
                await self._replace(found, dict.fromkeys(gone), given_up)
            except ApiError as error:
                if not error.is_conflict:  # somebody has just asked for one of them: the next round looks again
                    raise

    async def _replace(self, found: Document, entries: Mapping[str, str | None], given_up: asyncio.Event) -> None:
        """Guarded by the resourceVersion that was read. A PUT, since that is what upstream's role allows."""
        data = {**(found.get("data") or {}), **entries}
        kept = {key: text for key, text in data.items() if text is not None}
        body = {**found, "apiVersion": "v1", "kind": "ConfigMap", "data": kept}
        await self._send(lambda: self._client.replace(CONFIG_MAPS, body), given_up)

    async def _send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        return await self._requests.send(request, given_up)


def _check_label(config_map: Document) -> None:
    label = labels(config_map).get(keys.LABEL_CONFIGMAP_TYPE)
    if label is None:
        raise CacheRefused(f"memoization configmap doesn't have {keys.LABEL_CONFIGMAP_TYPE} label, refusing to use it")
    if label != keys.CONFIGMAP_TYPE_CACHE:
        raise CacheRefused(
            f"memoization configmap doesn't have label {keys.LABEL_CONFIGMAP_TYPE} = {keys.CONFIGMAP_TYPE_CACHE},"
            " refusing to use it"
        )


def parsed(text: str) -> Document:
    """The entry. Raises CacheRefused for what is none."""
    try:
        gojson.check(text)
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CacheRefused(f"malformed cache entry: could not unmarshal JSON; unable to parse: {error}") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("outputs") or {}, dict):
        raise CacheRefused("malformed cache entry: could not unmarshal JSON; unable to parse: not a cache entry")
    return entry


def _text(entry: Document) -> str:
    return gojson.compact(json.dumps(entry, ensure_ascii=False))
