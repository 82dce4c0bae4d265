"""Doing what a plan says: send, audit, verify."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from argotui.engine.operations import OperationRefused
from argotui.kube.errors import ApiError, KubeError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import PODS
from argotui.services import audit
from argotui.services.access import lacking_now
from argotui.services.actions.types import ActionRefused, ActionSession, Effect, Outcome, Plan, Result, Step, Write
from argotui.services.waiting import wait_until

AT_ONCE = 8
"""Targets that are worked on at the same time."""
ATTEMPTS = 5
VERIFY_SECONDS = 10.0


def _now() -> datetime:
    return datetime.now(UTC)


async def perform(
    session: ActionSession,
    plan: Plan,
    reason: str = "",
    *,
    verify: bool = True,
    verify_seconds: float = VERIFY_SECONDS,
    clock: Callable[[], datetime] = _now,
) -> list[Outcome]:
    """Carries out the plan for every target and tells how each went, in the plan's order. Never raises for a
    single target: what the API refused is an outcome.

    With `verify` it watches until the effect shows, at most `verify_seconds`.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(step: Step) -> Outcome:
        async with gate:
            return await _Performance(session, plan.action, reason, clock).run(step, verify_seconds if verify else None)

    return list(await asyncio.gather(*(one(step) for step in plan.steps)))


class _Performance:
    """One step of one plan."""

    def __init__(self, session: ActionSession, action: str, reason: str, clock: Callable[[], datetime]) -> None:
        self._client = session.client
        self._identity = session.identity
        self._action = action
        self._reason = reason
        self._clock = clock

    async def run(self, step: Step, verify_seconds: float | None) -> Outcome:
        what = step.audit or step.said
        entry = audit.Entry.by(
            self._identity, self._action, what, self._clock(), why=self._reason, node=step.target.node_id or ""
        )
        written: Document | None = None
        try:
            lacking = await lacking_now(self._client, step)
            if lacking:
                return Outcome(step.target, Result.FAILED, f"not allowed: {lacking}; nothing was changed", step.notes)
            await self._clear_away([write for write in step.writes if write.resource is PODS])
            for write in step.writes:
                if write.resource is not PODS:
                    written = await self._send(write, step, entry) or written
        except (ActionRefused, OperationRefused) as error:
            return Outcome(step.target, Result.FAILED, str(error), step.notes)
        except ApiError as error:
            return Outcome(step.target, Result.FAILED, _explained(error), step.notes)
        except KubeError as error:
            return Outcome(step.target, Result.FAILED, str(error), step.notes)
        notes = step.notes
        if step.writes:
            note = await audit.record(self._client, written or step.target.document, step.target.resource, entry)
            notes += (note,) if note else ()
        if verify_seconds is not None and step.effect:
            missing = await self._verify(step, step.effect, written or step.target.document, verify_seconds)
            if missing:
                return Outcome(step.target, Result.UNCONFIRMED, missing, notes, written)
        return Outcome(step.target, Result.DONE, step.said, notes, written)

    async def _clear_away(self, deletes: Sequence[Write]) -> None:
        """Deletes pods, several at a time; all of them before anything else is written."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(write: Write) -> None:
            async with gate:
                await self._delete(write)

        await asyncio.gather(*(one(write) for write in deletes))

    async def _send(self, write: Write, step: Step, entry: audit.Entry) -> Document | None:
        if write.method == "PUT":
            return await self._put(write, entry)
        if write.method == "PATCH":
            body = audit.annotated_patch(write.body or {}, step.target.document, entry)
            return await self._client.patch(write.resource, write.name, body, write.namespace)
        if write.method == "POST":
            body = audit.annotated(write.body or {}, entry)
            return await self._client.create(write.resource, body, write.namespace)
        await self._delete(write)
        return None

    async def _put(self, write: Write, entry: audit.Entry) -> Document:
        """Replaces the object; a conflict reads the newest one and makes the change again."""
        body = write.body or {}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._client.replace(write.resource, audit.annotated(body, entry))
            except ApiError as error:
                if not error.is_conflict or write.renew is None or attempt == ATTEMPTS:
                    raise
            await asyncio.sleep(random.uniform(0, 0.02) * attempt)
            body = write.renew(await self._client.get(write.resource, write.name, write.namespace))
        raise AssertionError("the last attempt returns or raises")

    async def _delete(self, write: Write) -> None:
        try:
            if write.resource is PODS:
                await self._client.delete(write.resource, write.name, write.namespace)
            else:
                uid = documents.uid(write.before or {}) or None
                await self._client.delete(
                    write.resource, write.name, write.namespace, uid=uid, propagation="Background"
                )
        except ApiError as error:
            if not (write.optional and error.is_not_found):
                raise

    async def _verify(self, step: Step, effect: Effect, written: Document, seconds: float) -> str:
        """Empty when the effect shows in time, else what to tell the person."""
        target = step.target
        name = documents.name(written) or target.name

        def shows(now: Document | None) -> bool:
            return effect.check(now, written)

        try:
            await wait_until(self._client, target.resource, target.namespace, name, shows, seconds)
        except TimeoutError:
            return f"{step.said}, but after {seconds:.0f} s {effect.missing}"
        except KubeError as error:
            return f"{step.said}; whether it took effect is not known: {error}"
        return ""


def _explained(error: ApiError) -> str:
    if error.is_forbidden:
        return f"not allowed: {error.message}"
    if error.is_conflict:
        return f"somebody else keeps changing it, nothing was written: {error.message}"
    return error.message
