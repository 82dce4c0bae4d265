"""How many workflows may run at once, and which ones come next (§2.6, §8.1). Pure."""

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass

_Place = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    place: _Place
    namespace: str


class Throttle:
    """Admits workflows by uid. limit: of all, namespace_limit: of one namespace; 0 or less is unlimited. Both are
    asked whenever it matters; call `limits_changed` when they change.

    What was admitted stays so. Next is who has room, the highest `priority` first, then the oldest.
    """

    def __init__(self, limit: Callable[[], int], namespace_limit: Callable[[str], int]) -> None:
        self._limit = limit
        self._namespace_limit = namespace_limit
        self._running: dict[str, str] = {}
        self._running_in: dict[str, int] = {}
        self._waiting: dict[str, _Entry] = {}
        self._queues: dict[str, list[_Place]] = {}

    def is_admitted(self, uid: str) -> bool:
        """Whether the workflow may begin. What was never added may not."""
        return uid in self._running

    def add(self, uid: str, namespace: str, priority: int, created: str, *, runs: bool = False) -> list[str]:
        """A workflow has come, or has another priority now. runs: it has begun already, and counts at any rate.
        created: RFC 3339. Returns who is admitted by this."""
        if uid in self._running:
            return []
        self._take_out(uid)
        if runs:
            self._let_in(uid, namespace)
            return []
        entry = _Entry((-priority, created, uid), namespace)
        self._waiting[uid] = entry
        insort(self._queues.setdefault(namespace, []), entry.place)
        return self.limits_changed()

    def remove(self, uid: str) -> list[str]:
        """The workflow is over. Returns who is admitted by this."""
        self._take_out(uid)
        namespace = self._running.pop(uid, None)
        if namespace is not None:
            self._running_in[namespace] -= 1
            if not self._running_in[namespace]:
                del self._running_in[namespace]
        return self.limits_changed()

    def limits_changed(self) -> list[str]:
        """Admits as many as there is room for, and returns them."""
        admitted: list[str] = []
        while (uid := self._next()) is not None:
            namespace = self._waiting[uid].namespace
            self._take_out(uid)
            self._let_in(uid, namespace)
            admitted.append(uid)
        return admitted

    def _next(self) -> str | None:
        if 0 < self._limit() <= len(self._running):
            return None
        fronts = [queue[0] for namespace, queue in self._queues.items() if self._has_room(namespace)]
        return min(fronts)[2] if fronts else None

    def _has_room(self, namespace: str) -> bool:
        limit = self._namespace_limit(namespace)
        return limit <= 0 or self._running_in.get(namespace, 0) < limit

    def _let_in(self, uid: str, namespace: str) -> None:
        self._running[uid] = namespace
        self._running_in[namespace] = self._running_in.get(namespace, 0) + 1

    def _take_out(self, uid: str) -> None:
        entry = self._waiting.pop(uid, None)
        if entry is None:
            return
        queue = self._queues[entry.namespace]
        del queue[bisect_left(queue, entry.place)]
        if not queue:
            del self._queues[entry.namespace]
