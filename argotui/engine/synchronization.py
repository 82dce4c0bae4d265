"""Locks of one run: what it asks for, what it was given, and who of it waits (§2.13).

A grant is written to the status first and used when that is stored (`LocksHeld`): a controller that is killed
in between has started nothing, and the lock is free again; later, the status says who has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argotui.engine import lockstatus
from argotui.engine.effects import AcquireLocks, ConfirmLocks, ReleaseLocks
from argotui.engine.errors import EngineError
from argotui.engine.facts import LockFact, LockGranted, LockRefused, LocksAwaited, LocksHeld
from argotui.engine.locknames import holder_key
from argotui.model.phase import NodeType, node_fulfilled

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

_KEY: Final = "synchronization"
_AROUND: Final = frozenset({NodeType.STEPS, NodeType.DAG})


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants locks. go: they are held. waits: they are not to be had now (message is for people, lock the
    first that is missing). refused: they never will be."""

    holder: str
    locks: tuple[str, ...]
    order: tuple[int, ...]
    go: Callable[[], None]
    waits: Callable[[str, str], None]
    refused: Callable[[EngineError], None]


class Locks:
    """The locks of a run, as its status says and as it asks for them."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._recorded = lockstatus.recorded_holders(ex.workflow)
        """holder -> locks in the status, whether stored already or not."""
        self._stored = set(self._recorded)
        self._wishes: dict[str, Wish] = {}
        self._answers: dict[str, LockFact] = {}
        """What was said to somebody who has not asked yet in this step."""
        self._left: dict[str, str] | None = None
        """holder -> node of those that were left as they were when what is around them ended; None after a load."""

    def holder(self, node_id: str = "") -> str:
        """The key of the workflow, or of one of its nodes."""
        return holder_key(self._ex.namespace, self._ex.name, node_id)

    # --- asking -------------------------------------------------------------------------------

    def obtain(self, wish: Wish) -> bool:
        """True when the locks are held for certain. Else one of the wish's functions is called later."""
        held = self._recorded.get(wish.holder, ())
        if wish.holder in self._stored and set(wish.locks) <= set(held):
            return True
        self._wishes[wish.holder] = wish
        answer = self._answers.pop(wish.holder, None)
        if answer is None:
            self._ex.effects.append(AcquireLocks(wish.holder, wish.locks, wish.order))
        else:
            self._ex.later(self._apply, answer)
        return False

    def take(self, facts: Sequence[LockFact]) -> None:
        """Answers. One may come with the very load that is about to ask."""
        for fact in reversed(facts):  # the agenda is a stack
            if fact.holder in self._wishes:
                self._ex.later(self._apply, fact)
            else:
                self._answers[fact.holder] = fact

    def end_step(self) -> None:
        """Answers that nobody has asked for in this step are void, and so are locks that nobody works under."""
        self._answers.clear()
        if self._recorded:
            self._release_left()

    def _apply(self, fact: LockFact) -> None:
        wish = self._wishes.get(fact.holder)
        if wish is None:
            return
        match fact:
            case LockGranted():
                self._record(wish)
            case LocksHeld():
                self._begin(wish)
            case LocksAwaited():
                self._wait(wish, fact)
            case LockRefused():
                del self._wishes[wish.holder]
                wish.refused(EngineError(fact.message))

    def _record(self, wish: Wish) -> None:
        self._recorded[wish.holder] = list(wish.locks)
        self._write(lockstatus.acquired(self._status, wish.holder, wish.locks))
        self._ex.effects.append(ConfirmLocks(wish.holder))

    def _begin(self, wish: Wish) -> None:
        if wish.holder in self._recorded:
            self._stored.add(wish.holder)
            del self._wishes[wish.holder]
            wish.go()

    def _wait(self, wish: Wish, fact: LocksAwaited) -> None:
        if wish.holder in self._recorded:
            return
        self._write(lockstatus.awaited(self._status, fact.holders))
        wish.waits(fact.lock, fact.message)

    # --- giving back --------------------------------------------------------------------------

    def release(self, node_id: str) -> None:
        """A node is over, or will not come to anything: it holds nothing, and waits for nothing."""
        if not self._recorded and not self._wishes:
            return
        holder = self.holder(node_id)
        wished = self._wishes.pop(holder, None) is not None
        if self._recorded.pop(holder, None) is not None:
            self._stored.discard(holder)
            self._write(lockstatus.released(self._status, holder))
        elif not wished:
            return
        self._ex.effects.append(ReleaseLocks(holder))

    def _release_left(self) -> None:
        """What is around a node has ended without it (failFast): it keeps its locks while a pod of it runs, no longer.
        Upstream keeps them until the workflow ends, which it never does when another node of it waits for them."""
        nodes = self._ex.nodes
        if self._left is None or any(nodes[each].get("type") in _AROUND for each in nodes.before):
            held = {holder: node for holder in self._recorded if (node := self._node_of(holder)) in nodes.documents}
            self._left = {
                h: node for h, node in held.items() if not nodes.is_alive(nodes[node].get("boundaryID") or "")
            }
        for holder, node in list(self._left.items()):
            if not self._works(nodes[node]["name"]):
                del self._left[holder]
                self.release(node)

    def _works(self, name: str) -> bool:
        """A pod of the node, or of one below it, is active."""
        below = (f"{name}(", f"{name}.", f"{name}[")
        names = (self._ex.nodes[each]["name"] for each in self._ex.nodes.active_pods)
        return any(each == name or each.startswith(below) for each in names)

    def _node_of(self, holder: str) -> str:
        """The id of the node that holds; empty for the workflow itself."""
        prefix = f"{self.holder()}/"
        return holder.removeprefix(prefix) if holder.startswith(prefix) else ""

    def release_finished(self) -> None:
        """At a load: nodes that are over hold nothing, whatever the status says."""
        for holder in list(self._recorded):
            node = self._ex.nodes.get(self._node_of(holder))
            if node is not None and node_fulfilled(node):
                self.release(node["id"])

    def release_all(self) -> None:
        """The workflow is complete."""
        if self._ex.status.pop(_KEY, None) is not None or self._wishes:
            self._ex.effects.append(ReleaseLocks())
        self._recorded.clear()
        self._stored.clear()
        self._wishes.clear()

    # --- the status ---------------------------------------------------------------------------

    @property
    def _status(self) -> lockstatus.Synchronization:
        return self._ex.status.get(_KEY) or {}

    def _write(self, synchronization: lockstatus.Synchronization) -> None:
        self._ex.status[_KEY] = dict(synchronization)
