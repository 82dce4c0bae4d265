"""Requests that have to get through: repeated while the API server cannot be reached or is too busy."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from argotui.kube.errors import ApiError, BrokenStream, Unreachable

log = logging.getLogger(__name__)

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.03, 2.0


async def insist(request: Callable[[], Awaitable[T]], what: str) -> T:
    """Calls `request` until the server gives a final answer. Raises ApiError for refusals that stay refusals.

    `request` may be carried out more than once: a connection can break after the server has done it.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            return await request()
        except (Unreachable, BrokenStream) as error:
            log.debug("%s: %s", what, error)
        except ApiError as error:
            if not error.is_overload:
                raise
            log.debug("%s: %s", what, error)
            pause = max(pause, error.retry_after or 0.0)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LONGEST_PAUSE)
