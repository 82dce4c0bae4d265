"""`--qps` and `--burst`: how fast this process may ask the API, whatever the server would take (§8.2)."""

import asyncio
from collections.abc import Callable

from argotui.controller.pace import Pace
from argotui.engine.config import Rate

_LEASES = "/apis/coordination.k8s.io/"


class ClientLimit:
    """A gate for the client's requests: a token bucket, first come, first served.

    The Lease does not queue: a controller that is busy must not lose its leadership by its own limit.
    waited: told of the seconds that each request has to wait.
    """

    def __init__(self, qps: float, burst: int, waited: Callable[[float], None]) -> None:
        self._pace = Pace(asyncio.get_running_loop().time)
        self._pace.set(Rate(qps, burst) if qps else None)
        self._waited = waited

    async def __call__(self, _method: str, path: str) -> None:
        """Returns when the request may be sent."""
        if path.startswith(_LEASES):
            return
        seconds = self._pace.turn()
        self._waited(seconds)
        if seconds > 0:
            await asyncio.sleep(seconds)
