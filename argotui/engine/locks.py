"""The lock table: who holds which lock, and who waits for it in which order (§2.13). Pure; no I/O, no clock.

Controller and simulator feed it with what the runs of all workflows ask, and pass its answers on. What it
knows of a workflow can be rebuilt at any time from `status.synchronization` of that workflow (`begin`): a
grant counts only once it is stored there, so a run starts nothing before that, and what was granted but
not stored is free again after a restart.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from argotui.engine.facts import LockGranted, LockRefused, LocksAwaited
from argotui.engine.locknames import is_mutex

Answer = LockGranted | LocksAwaited | LockRefused
Told = tuple[str, Answer]
"""uid of the workflow that is to be told, and what."""

TOLD_OF_CHANGES = 10
"""How many of the waiting workflows hear that somebody else holds the lock now: the first ones in the queue."""

_Place = tuple[int, str, str, tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants some locks, all or none.

    uid: the workflow's. holder: key as in the status, `ns/workflow[/node]`. priority, created: the workflow's
    (`spec.priority`; RFC 3339). order: place in the workflow's tree.
    """

    uid: str
    holder: str
    locks: tuple[str, ...]
    priority: int = 0
    created: str = ""
    order: tuple[int, ...] = ()

    @property
    def place(self) -> _Place:
        """Smaller is earlier: high priority, then old workflows, then the order of the tree."""
        return (-self.priority, self.created, self.uid, self.order, self.holder)


@dataclass(slots=True)
class _Lock:
    holders: dict[tuple[str, str], None] = field(default_factory=dict)
    queue: list[tuple[_Place, Request]] = field(default_factory=list)


class LockTable:
    """All locks of one controller. limit: places of a semaphore by lock key, 0 when it cannot be told. taken: told of
    each lock that somebody gets.

    Every change returns what has to be told to whom, in order.
    """

    def __init__(self, limit: Callable[[str], int], taken: Callable[[str], None] = lambda _lock: None) -> None:
        self._limit_of = limit
        self._taken = taken
        self._locks: dict[str, _Lock] = {}
        self._held: dict[str, dict[str, set[str]]] = {}
        """uid -> holder -> locks."""
        self._waiting: dict[str, dict[str, Request]] = {}
        """uid -> holder -> request."""
        self._unconfirmed: dict[str, set[str]] = {}
        """uid -> holders whose grant is not in the status, as far as is known, since the workflow was read again."""

    # --- reading ------------------------------------------------------------------------------

    def holders(self, lock: str) -> list[str]:
        """Who holds the lock, in the order in which they got it."""
        known = self._locks.get(lock)
        return [] if known is None else [holder for _, holder in known.holders]

    def waiting(self, lock: str) -> list[str]:
        """Who waits for the lock, the first one first."""
        known = self._locks.get(lock)
        return [] if known is None else [request.holder for _, request in known.queue]

    def locks(self) -> list[str]:
        """Every lock that anybody holds or waits for."""
        return list(self._locks)

    def is_known(self, uid: str) -> bool:
        """Whether the workflow holds or waits for anything."""
        return bool(self._held.get(uid) or self._waiting.get(uid))

    # --- asking -------------------------------------------------------------------------------

    def ask(self, request: Request) -> list[Told]:
        """Asking again is harmless: who holds the locks is told so, who waits keeps the place."""
        self._dequeue(request.uid, request.holder)
        if self._has(request):
            self._confirm(request)
            return [(request.uid, LockGranted(request.holder))]
        refusal = self._refusal(request)
        if refusal:
            return [(request.uid, LockRefused(request.holder, refusal))]
        self._waiting.setdefault(request.uid, {})[request.holder] = request
        for lock in request.locks:
            insort(self._of(lock).queue, (request.place, request))
        told = self._settle(request.locks, news=False)
        if self._is_waiting(request):
            told.append((request.uid, self._answer(request)))
        return told

    def _refusal(self, request: Request) -> str:
        for lock in request.locks:
            if lock not in self._locks and self._limit(lock) <= 0:
                return f"failed to initialize semaphore {lock} with limit"
        return ""

    def _confirm(self, request: Request) -> None:
        self._unconfirmed.get(request.uid, set()).discard(request.holder)

    # --- giving back --------------------------------------------------------------------------

    def release(self, uid: str, holder: str) -> list[Told]:
        """The holder needs its locks no longer, nor the place in any queue."""
        return self._settle(self._give_back(uid, [holder]))

    def forget(self, uid: str) -> list[Told]:
        """The workflow is complete, or does not exist any more."""
        holders = {**self._held.get(uid, {}), **self._waiting.get(uid, {})}
        changed = self._give_back(uid, holders)
        self._unconfirmed.pop(uid, None)
        return self._settle(changed)

    def _give_back(self, uid: str, holders: Iterable[str]) -> list[str]:
        """The locks that somebody may be able to take now."""
        changed: dict[str, None] = {}
        for holder in holders:
            changed |= dict.fromkeys(self._dequeue(uid, holder))
            for lock in sorted(self._held.get(uid, {}).pop(holder, ())):
                del self._locks[lock].holders[uid, holder]
                changed[lock] = None
        if not self._held.get(uid, True):
            del self._held[uid]
        return list(changed)

    # --- rebuilding ---------------------------------------------------------------------------

    def begin(self, uid: str, recorded: Mapping[str, Iterable[str]], *, certain: bool = True) -> list[Told]:
        """The workflow was read anew; its run will ask again for what it wants.

        recorded: holder -> locks, as its status says. certain: what the status does not say is not stored, and
        will not be; otherwise a write that nobody knows the end of may still say it: such grants stay until
        the run asks for them again or `stored` is called.
        """
        doubtful = [holder for holder in self._held.get(uid, {}) if holder not in recorded]
        given_back = list(self._waiting.get(uid, {})) + (doubtful if certain else [])
        changed = self._give_back(uid, given_back)
        for holder, locks in recorded.items():
            for lock in locks:
                self._hold(uid, holder, lock)
        self._unconfirmed.pop(uid, None)
        if doubtful and not certain:
            self._unconfirmed[uid] = set(doubtful)
        return self._settle(changed)

    def stored(self, uid: str) -> list[Told]:
        """A later write of the workflow was stored: grants in doubt that nobody has asked for again never will be."""
        doubtful = self._unconfirmed.pop(uid, None)
        return self._settle(self._give_back(uid, sorted(doubtful))) if doubtful else []

    def limit_changed(self, lock: str) -> list[Told]:
        """The limit of a semaphore may be another one now."""
        if lock not in self._locks:
            return []
        return self._settle([lock])

    # --- deciding -----------------------------------------------------------------------------

    def _settle(self, changed: Iterable[str], *, news: bool = True) -> list[Told]:
        """Give the locks to those who may take them, until nobody may. news: the others hear who holds them now."""
        told: list[Told] = []
        waiting = list(changed)
        touched = dict.fromkeys(waiting) if news else {}
        unused = dict.fromkeys(waiting)
        while waiting:
            for request in self._takers(waiting.pop()):
                told.append((request.uid, LockGranted(request.holder)))
                waiting.extend(request.locks)
                touched |= dict.fromkeys(request.locks)
        for lock in touched:
            told.extend(self._news(lock))
        for lock in unused:
            self._drop_if_unused(lock)
        return told

    def _takers(self, lock: str) -> Iterator[Request]:
        """Those who take the lock now: the front of the queue, and others of the same workflow behind it."""
        queue = self._of(lock).queue
        while queue and self._free(lock) > 0:
            front, position, blocked, taken = queue[0][1].uid, 0, set[tuple[str, ...]](), False
            while position < len(queue) and queue[position][1].uid == front and self._free(lock) > 0:
                request = queue[position][1]
                if request.locks not in blocked and self._may_take(request):
                    self._grant(request)
                    taken = True
                    yield request
                else:
                    blocked.add(request.locks)
                    position += 1
            if not taken or (queue and queue[0][1].uid == front):
                return

    def _grant(self, request: Request) -> None:
        self._dequeue(request.uid, request.holder)
        for lock in request.locks:
            self._hold(request.uid, request.holder, lock)
            self._taken(lock)
        self._confirm(request)

    def _may_take(self, request: Request) -> bool:
        return self._failing(request) is None

    def _failing(self, request: Request) -> str | None:
        """The first lock that the request cannot have now."""
        for lock in request.locks:
            if (request.uid, request.holder) in self._of(lock).holders:
                continue
            if self._free(lock) <= 0 or self._of(lock).queue[0][1].uid != request.uid:
                return lock
        return None

    def _answer(self, request: Request) -> LocksAwaited:
        lock = self._failing(request) or request.locks[0]
        limit = self._limit(lock)
        message = f"Waiting for {lock} lock. Lock status: {self._free(lock)}/{limit}"
        if limit <= 0:
            message = f"Failed to get semaphore limit for {lock}"
        return LocksAwaited(request.holder, lock, message, {each: tuple(self.holders(each)) for each in request.locks})

    def _news(self, lock: str) -> Iterator[Told]:
        """The first ones that wait hear who holds the lock now: one node of a workflow is enough."""
        told: set[str] = set()
        queue = self._of(lock).queue
        position = 0
        while position < len(queue) and len(told) < TOLD_OF_CHANGES:
            request = queue[position][1]
            told.add(request.uid)
            yield request.uid, self._answer(request)
            position = bisect_left(queue, _behind(request), key=lambda entry: entry[0][:3])

    # --- parts --------------------------------------------------------------------------------

    def _of(self, lock: str) -> _Lock:
        return self._locks.setdefault(lock, _Lock())

    def _limit(self, lock: str) -> int:
        return 1 if is_mutex(lock) else self._limit_of(lock)

    def _free(self, lock: str) -> int:
        return self._limit(lock) - len(self._of(lock).holders)

    def _has(self, request: Request) -> bool:
        held = self._held.get(request.uid, {}).get(request.holder, set())
        return held.issuperset(request.locks)

    def _is_waiting(self, request: Request) -> bool:
        return request.holder in self._waiting.get(request.uid, {})

    def _hold(self, uid: str, holder: str, lock: str) -> None:
        self._of(lock).holders[uid, holder] = None
        self._held.setdefault(uid, {}).setdefault(holder, set()).add(lock)

    def _dequeue(self, uid: str, holder: str) -> tuple[str, ...]:
        """Take the request out of its queues; those locks may have another front now."""
        request = self._waiting.get(uid, {}).pop(holder, None)
        if request is None:
            return ()
        for lock in request.locks:
            queue = self._of(lock).queue
            del queue[bisect_left(queue, (request.place,))]
        if not self._waiting[uid]:
            del self._waiting[uid]
        return request.locks

    def _drop_if_unused(self, lock: str) -> None:
        known = self._locks.get(lock)
        if known is not None and not known.holders and not known.queue:
            del self._locks[lock]


def _behind(request: Request) -> tuple[int, str, str]:
    """A place behind all requests of the same workflow."""
    priority, created, uid, _, _ = request.place
    return (priority, created, f"{uid}\U0010ffff")
