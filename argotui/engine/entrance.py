"""The way of a workflow to its first node: room for it, preparation, its own locks (§2.1, §2.13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from argotui.engine.errors import EngineError
from argotui.engine.facts import Admitted, Fact, LockFact, Postponed
from argotui.engine.locknames import lock_keys
from argotui.engine.prepare import Halted, prepare
from argotui.engine.synchronization import Wish
from argotui.model import documents
from argotui.model.phase import Phase
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

POSTPONED: Final = "Workflow processing has been postponed because too many workflows are already running"


class Entrance:
    """Passed once per load. What is told meanwhile is kept for later."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._is_postponed = False
        self._is_delayed = False
        self._is_prepared = False
        self._is_open = False
        self._has_asked = False
        self._refusal = ""
        self.message: str | None = None
        """Why the workflow waits, once that is known."""
        self.kept: list[Fact] = []

    def enter(self, facts: Sequence[Fact], is_new: bool) -> bool:
        """Whether the workflow may begin, or go on. Raises Halted when it never will."""
        for fact in facts:
            if isinstance(fact, Postponed | Admitted):
                self._is_postponed = isinstance(fact, Postponed)
        if self._is_postponed and is_new and self._shutdown != "Terminate":
            self.message = POSTPONED
            self._keep(facts)
            return False
        if is_new and self._is_early():
            self._keep(facts)
            return False
        if not self._is_prepared:
            prepare(self._ex, is_new)
            self._is_prepared = True
        if not self._is_unlocked(facts):
            self._keep(facts)
            return False
        return True

    def _is_early(self) -> bool:
        """The configuration leaves new workflows alone for a while (`initialDelay`)."""
        created = parse_time(documents.created(self._ex.workflow))
        if not self._ex.config.initial_delay_ns or created is None:
            return False
        begins = created + timedelta(microseconds=self._ex.config.initial_delay_ns / 1000)
        if self._ex.now >= begins:
            return False
        if not self._is_delayed:
            self._is_delayed = True
            self._ex.at(begins, lambda: None)  # the step itself looks again
        return True

    @property
    def _shutdown(self) -> str:
        return str(self._ex.workflow["spec"].get("shutdown") or "")

    def _keep(self, facts: Sequence[Fact]) -> None:
        self.kept.extend(fact for fact in facts if not isinstance(fact, LockFact))

    # --- the workflow's own locks -------------------------------------------------------------

    def _is_unlocked(self, facts: Sequence[Fact]) -> bool:
        ex = self._ex
        try:
            locks = lock_keys(ex.spec.get("synchronization") or {}, ex.namespace)
        except EngineError as error:
            raise _refused(str(error)) from None
        if not locks or self._is_open:
            return True
        ex.locks.take([fact for fact in facts if isinstance(fact, LockFact)])
        if not self._has_asked:
            self._has_asked = True
            wish = Wish(ex.locks.holder(), locks, (), self._open, self._wait, self._refuse)
            self._is_open = ex.locks.obtain(wish)
        ex.work()
        ex.locks.end_step()
        if self._refusal:
            raise _refused(self._refusal)
        if not self._is_open and ex.shutdown and ex.status.get("phase") in (None, "", Phase.PENDING):
            raise Halted(Phase.FAILED, f"Stopped with strategy '{ex.shutdown}'")
        return self._is_open

    def _open(self) -> None:
        self._is_open = True

    def _wait(self, _lock: str, message: str) -> None:
        self.message = message

    def _refuse(self, error: EngineError) -> None:
        self._refusal = str(error)


def _refused(reason: str) -> Halted:
    return Halted(Phase.FAILED, f"Failed to acquire the synchronization lock. {reason}")
