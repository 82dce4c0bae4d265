"""Waiting for what a pod needs before it can start (ConfigMaps, Secrets, host paths, images), until told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from argotui.local.kubelet.api import Api
from argotui.local.kubelet.events import warn
from argotui.local.kubelet.references import Missing, References, changed
from argotui.local.kubelet.status import CREATING, Waiting
from argotui.local.kubelet.volumes import MountFailed
from argotui.local.runtime.types import ImageMissing
from argotui.model import documents
from argotui.model.documents import Document

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_SOON = 1.0


class Stopped(Exception):
    """The pod is told to end while it waits for something before its containers."""


class Patience:
    """Repeats a preparation until it succeeds; meanwhile the containers say what they wait for."""

    def __init__(
        self,
        api: Api,
        pod: Document,
        stop: asyncio.Event,
        hold: Callable[[list[str], Waiting], None],
        authority: bytes = b"",
    ) -> None:
        self._api = api
        self._authority = authority
        self._pod = pod
        self._stop = stop
        self._hold = hold
        self._said = ""

    async def volumes(self, make: Callable[[References], Coroutine[Any, Any, T]], names: list[str]) -> T:
        """Raises Stopped, and what `make` raises besides Missing and MountFailed."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._or_stopped(make(self._references()))
            except Missing as missing:
                await self._wait_for(missing, names, CREATING, "FailedMount", f"MountVolume.SetUp failed: {missing}")
            except MountFailed as failure:
                self._say(names, CREATING, "FailedMount", f"MountVolume.SetUp failed: {failure}")
                pause = await self._rest(pause)

    async def configuration(self, make: Callable[[References], Coroutine[Any, Any, T]], name: str) -> T:
        """Raises Stopped, and what `make` raises besides Missing."""
        while True:
            try:
                found = await self._or_stopped(make(self._references()))
            except Missing as missing:
                await self._wait_for(missing, [name], missing.reason, "Failed", f"Error: {missing}")
            else:
                if self._said:
                    self._hold([name], Waiting())
                return found

    async def image(self, start: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Starts a container once its image is there. Raises Stopped, Refused."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._or_stopped(start())
            except ImageMissing as missing:
                self._say([name], missing.reason, "Failed", str(missing))
                pause = await self._rest(pause)

    async def _wait_for(self, missing: Missing, names: list[str], reason: str, event: str, message: str) -> None:
        if missing.is_coming and await self._comes_soon(missing):
            return
        self._say(names, reason, event, str(missing) if reason != CREATING else message)
        await self._or_stopped(changed(self._api, missing))

    async def _comes_soon(self, missing: Missing) -> bool:
        try:
            async with asyncio.timeout(_SOON):
                await self._or_stopped(changed(self._api, missing))
        except TimeoutError:
            return False
        return True

    def _say(self, names: list[str], reason: str, event: str, message: str) -> None:
        self._hold(names, Waiting(reason, message))
        if message != self._said:
            self._said = message
            warn(self._api, self._pod, event, message)

    async def _rest(self, pause: float) -> float:
        await self._or_stopped(asyncio.sleep(pause))
        return min(pause * 2, _LONGEST_PAUSE)

    def _references(self) -> References:
        return References(self._api, documents.namespace(self._pod), self._authority)

    async def _or_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        if self._stop.is_set():
            work.close()
            raise Stopped
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            if not task.done():
                task.cancel()
        if task.cancelled() or not task.done():
            raise Stopped
        return task.result()
