"""The way every effect takes to the API server: bounded, patient, and closed once the lease is gone."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from argotui.controller.transient import is_quota, is_transient
from argotui.kube.errors import ApiError, KubeError

log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0


class GivenUp(Exception):
    """Nobody wants the request any more; it was not sent again."""


class Permit(Protocol):
    """The right to write."""

    def check(self) -> None:
        """Raises LeaseLost when there is none."""


class Requests:
    """Slots shared by all workflows, and one pause shared by all when the server is too busy."""

    def __init__(self, permit: Permit, slots: int = 32) -> None:
        self.permit = permit
        self._slots = asyncio.Semaphore(slots)
        self._open_at = 0.0
        self._pause = _FIRST_PAUSE
        self._last_error = ""
        self._last_used = -math.inf

    def quiet_for(self) -> float:
        """Seconds since anything was sent or answered here (see `touch`)."""
        return asyncio.get_running_loop().time() - self._last_used

    def touch(self) -> None:
        """Somebody talks to the server: what is not urgent should wait a moment."""
        self._last_used = asyncio.get_running_loop().time()

    async def send(self, request: Callable[[], Awaitable[T]], given_up: asyncio.Event) -> T:
        """The answer to `request`, made again and again while it fails in a way that passes.

        Raises the KubeError that is final (quota is: the engine wants to know), GivenUp once
        `given_up` is set, LeaseLost.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self.once(request, given_up)
            except KubeError as error:
                if is_quota(error) or not is_transient(error):
                    raise
            await rest(pause * random.uniform(0.5, 1.0), given_up)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def once(self, request: Callable[[], Awaitable[T]], given_up: asyncio.Event) -> T:
        """The same, but whatever fails is raised: for what is no use later. It waits for its turn all the same."""
        await self._opened(given_up)
        async with self._slots:
            if given_up.is_set():
                raise GivenUp
            self.permit.check()
            self.touch()
            try:
                answer = await request()
            except KubeError as error:
                if is_transient(error) and not is_quota(error):
                    self._failed(error)
                raise
            self._pause, self._last_error = _FIRST_PAUSE, ""
            self.touch()
            return answer

    async def _opened(self, given_up: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while (wait := self._open_at - loop.time()) > 0:
            await rest(wait, given_up)

    def _failed(self, error: KubeError) -> None:
        if str(error) != self._last_error:  # once, not once for each of the hundred that wait
            self._last_error = str(error)
            log.warning("a request has to wait: %s", error)
        if isinstance(error, ApiError) and error.is_overload:
            self._open_at = asyncio.get_running_loop().time() + max(self._pause, error.retry_after or 0.0)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)


async def rest(seconds: float, given_up: asyncio.Event) -> None:
    """Waits. Raises GivenUp as soon as `given_up` is set."""
    try:
        async with asyncio.timeout(seconds):
            await given_up.wait()
    except TimeoutError:
        return
    raise GivenUp
