"""Leader election by the Lease that upstream uses (§8.3), so that the two never act at once.

Whether another holder's lease has run out is judged by how long *we* have seen it unchanged, never
by comparing its clock with ours.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from argotui.controller import clock
from argotui.controller.options import LeaseTiming
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document
from argotui.model.resources import LEASES
from argotui.model.times import format_micro_time

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """This process may not write any more."""


@dataclass(frozen=True)
class _Observed:
    """What the record said, and when we first saw it say that."""

    record: tuple[str, str]
    since: float


class Lease:
    """`await acquire()`, then `await keep()` for as long as it lasts; `check()` before every write."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        timing: LeaseTiming,
        elapsed: Callable[[], float] = clock.elapsed,
    ) -> None:
        self.identity = identity
        self._client = client
        self._namespace = namespace
        self._name = name
        self._timing = timing
        self._elapsed = elapsed
        self._renewed = -math.inf
        self._observed: _Observed | None = None
        self._renewal = asyncio.Event()
        self._doing = ""

    def check(self) -> None:
        """Raises LeaseLost when our last renewal is so old that somebody else may have taken over."""
        if self._elapsed() - self._renewed > self._trusted:
            raise LeaseLost(f"lease {self._name} was not renewed in time")

    async def fresh(self) -> None:
        """Returns when it was renewed so lately that the next renewal can wait for somebody's long thought."""
        while self._elapsed() - self._renewed > 2 * self._timing.retry:
            await self._renewal.wait()

    async def acquire(self) -> None:
        """Returns once we hold it; at once when we held it before, under the same identity."""
        while True:
            if await self._attempt():
                return
            await asyncio.sleep(self._timing.retry * random.uniform(1.0, 1.2))

    async def keep(self) -> None:
        """Renews for ever. Raises LeaseLost when another holder has it, or no renewal succeeded in time."""
        while True:
            await asyncio.sleep(self._timing.retry)
            # a process that was kept from its work for longer than `renew` tries once more, while it may still write
            once_more = min(self._elapsed() + self._timing.retry, self._renewed + self._trusted)
            deadline = max(self._renewed + self._timing.renew, once_more)
            try:
                async with asyncio.timeout(max(0.0, deadline - self._elapsed())):
                    await self._renew()
            except TimeoutError as error:
                self._renewed = -math.inf
                raise LeaseLost(f"lease {self._name} could not be renewed within {self._timing.renew:g} s") from error

    @property
    def _trusted(self) -> float:
        """Seconds after a renewal for which nobody else can have it."""
        return self._timing.lease * 0.9

    async def release(self) -> None:
        """Gives it up, so that the next one need not wait. Call only when nothing writes any more."""
        self._renewed = -math.inf
        try:
            lease = await self._client.get(LEASES, self._name, self._namespace)
            spec = lease.get("spec") or {}
            if spec.get("holderIdentity") == self.identity:
                lease["spec"] = {**spec, "holderIdentity": "", "leaseDurationSeconds": 1}
                await self._client.replace(LEASES, lease)
        except KubeError as error:
            log.info("lease %s is left to run out: %s", self._name, error)

    async def _renew(self) -> None:
        pause = 0.1
        while not await self._attempt():
            if self._observed is not None and self._observed.record[0] not in ("", self.identity):
                self._renewed = -math.inf
                raise LeaseLost(f"lease {self._name} is held by {self._observed.record[0]}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._timing.retry)

    async def _attempt(self) -> bool:
        """One try to take or renew it. False when somebody else has it or the server cannot say."""
        started = self._elapsed()
        # a request that hangs must not use up the time of the next one, which takes another connection
        patience = (self._timing.renew - self._timing.retry) / 2
        try:
            async with asyncio.timeout(patience):
                if not await self._write(started):
                    return False
        except KubeError as error:
            log.warning("lease %s: %s", self._name, error)
            return False
        except TimeoutError:
            log.warning("lease %s: %s was not answered within %g s", self._name, self._doing, patience)
            return False
        self._renewed = started  # counted from before the request: that is when others start to count at the latest
        self._renewal.set()
        self._renewal = asyncio.Event()
        return True

    async def _write(self, started: float) -> bool:
        self._doing = "GET"
        try:
            lease = await self._client.get(LEASES, self._name, self._namespace)
        except ApiError as error:
            if not error.is_not_found:
                raise
            return await self._create()
        spec = lease.get("spec") or {}
        if not self._is_free(spec, started):
            return False
        lease["spec"] = self._spec(spec)
        self._doing = "PUT"
        try:
            await self._client.replace(LEASES, lease)
        except ApiError as error:
            if error.is_conflict:
                return False
            raise
        self._observed = _Observed((self.identity, lease["spec"]["renewTime"]), started)
        return True

    def _is_free(self, spec: Document, started: float) -> bool:
        record = (str(spec.get("holderIdentity") or ""), str(spec.get("renewTime") or ""))
        if self._observed is None or self._observed.record != record:
            is_news = self._observed is None or self._observed.record[0] != record[0]
            if is_news and record[0] not in ("", self.identity):
                log.info("lease %s is held by %s", self._name, record[0])
            self._observed = _Observed(record, started)
        if record[0] in ("", self.identity):
            return True
        duration = float(spec.get("leaseDurationSeconds") or self._timing.lease)
        return started - self._observed.since > duration

    async def _create(self) -> bool:
        body = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": self._spec({}),
        }
        try:
            await self._client.create(LEASES, body)
        except ApiError as error:
            if error.is_already_exists:
                return False
            raise
        return True

    def _spec(self, before: Document) -> Document:
        """Our record. A renewal keeps acquireTime; a change of holder counts as a transition."""
        stamp = format_micro_time(clock.now())
        mine = before.get("holderIdentity") == self.identity
        return {
            **before,
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, math.ceil(self._timing.lease)),
            "acquireTime": before.get("acquireTime") if mine and before.get("acquireTime") else stamp,
            "renewTime": stamp,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (0 if mine or not before else 1),
        }


class NoLease:
    """LEADER_ELECTION_DISABLE=true: whoever starts it vouches that it is alone."""

    identity = ""

    def check(self) -> None:
        """Always allowed."""

    async def fresh(self) -> None:
        """Always."""

    async def acquire(self) -> None:
        """Always held."""

    async def keep(self) -> None:
        """Never lost."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Nothing to give up."""
