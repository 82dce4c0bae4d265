"""The lock table of the controller, fed by the runners of all workflows (§2.13)."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from argotui.controller.limits import Limits
from argotui.controller.requests import GivenUp, Requests
from argotui.controller.supervision import Crew
from argotui.engine.effects import AcquireLocks, ConfirmLocks, LockEffect, ReleaseLocks
from argotui.engine.facts import Fact, LocksHeld
from argotui.engine.locknames import is_mutex
from argotui.engine.locks import LockTable, Request, Told
from argotui.engine.lockstatus import recorded_holders
from argotui.kube.client import Client
from argotui.model.documents import Document, created, uid

log = logging.getLogger(__name__)

Tell = Callable[[Fact], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """One load of a workflow; what belongs to an earlier one is dropped."""

    tell: Tell


class Locking:
    """Who holds what, for one term of leadership. It begins with what the statuses of all workflows say."""

    def __init__(self, client: Client, requests: Requests, taken: Callable[[str], None] = lambda _lock: None) -> None:
        """taken: told of each lock that somebody gets."""
        self._limits = Limits(client, requests, self._limits_changed, self._is_used)
        self.table = LockTable(self._limits.of, taken)
        self._members: dict[str, _Member] = {}
        self._crew = Crew()

    def restore(self, workflows: Iterable[Document]) -> None:
        """Before anybody asks: the locks that were held when an earlier controller ended."""
        for workflow in workflows:
            self.table.begin(uid(workflow), recorded_holders(workflow))

    def begin(self, workflow: Document, tell: Tell, *, certain: bool) -> None:
        """The workflow was read and is about to be loaded: its run asks anew. certain: see `LockTable.begin`."""
        own = uid(workflow)
        self._members[own] = _Member(tell)
        self._pass_on(self.table.begin(own, recorded_holders(workflow), certain=certain))

    def start(self, workflow: Document, effect: LockEffect) -> None:
        """Carries out an effect of the workflow's present load."""
        own = uid(workflow)
        member = self._members.get(own)
        match effect:
            case AcquireLocks() if member is not None:
                self._acquire(member, _request(workflow, effect))
            case ConfirmLocks(holder) if member is not None:
                member.tell(LocksHeld(holder))
            case ReleaseLocks(holder):
                self._pass_on(self.table.release(own, holder) if holder else self.table.forget(own))

    def stored(self, own: str) -> None:
        """A write of the workflow was stored."""
        self._pass_on(self.table.stored(own))

    def forget(self, own: str) -> None:
        """The workflow is complete, or gone."""
        self._members.pop(own, None)
        self._pass_on(self.table.forget(own))

    async def stop(self) -> None:
        """Ends at once; the next term begins with what is stored."""
        await self._crew.dismiss()
        await self._limits.stop()

    def _acquire(self, member: _Member, request: Request) -> None:
        semaphores = [lock for lock in request.locks if not is_mutex(lock)]
        if not semaphores:
            self._pass_on(self.table.ask(request))
            return

        async def ask() -> None:
            try:
                await self._limits.know(semaphores)
            except GivenUp:
                return
            if self._members.get(request.uid) is member:
                self._pass_on(self.table.ask(request))

        self._crew.start(f"locks of {request.holder}", ask())

    def _limits_changed(self, locks: Iterable[str]) -> None:
        for lock in locks:
            self._pass_on(self.table.limit_changed(lock))

    def _is_used(self, lock: str) -> bool:
        return bool(self.table.holders(lock) or self.table.waiting(lock))

    def _pass_on(self, told: Iterable[Told]) -> None:
        for own, answer in told:
            member = self._members.get(own)
            if member is not None:  # else its runner has not begun: it will ask
                member.tell(answer)


def _request(workflow: Document, effect: AcquireLocks) -> Request:
    priority = (workflow.get("spec") or {}).get("priority") or 0
    return Request(uid(workflow), effect.holder, effect.locks, int(priority), created(workflow) or "", effect.order)
