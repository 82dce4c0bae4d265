"""Remembered results of one run (§2.12): what is looked up, and what is to be remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.effects import LoadCache, SaveCache
from argotui.engine.errors import EngineError
from argotui.engine.facts import CacheLoaded
from argotui.model.documents import Document, dig
from argotui.model.duration import DurationError, go_duration
from argotui.model.phase import Phase
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

_KEY: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*\Z")


def cache_key(memoize: Document) -> tuple[str, str]:
    """Name of the ConfigMap and key of a `memoize` block with its tags filled in. Raises EngineError."""
    name, key = dig(memoize, "cache", "configMap", "name"), str(memoize.get("key") or "")
    if not name:
        raise EngineError("cache could not be found or created")
    if not _KEY.match(key):
        raise EngineError(f"invalid cache key: {key}")
    return str(name), key


def is_hit(memoize: Document, entry: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether an entry may be used: it belongs to a node, and is no older than `maxAge`. Raises EngineError."""
    oldest = _oldest(memoize, now)
    if not entry or not entry.get("nodeID"):
        return False
    created = parse_time(entry.get("creationTimestamp"))
    return oldest is None or (created is not None and created >= oldest)


def _oldest(memoize: Document, now: datetime) -> datetime | None:
    text = memoize.get("maxAge")
    if not text:
        return None
    try:
        return now - timedelta(microseconds=go_duration(str(text)) // 1000)
    except DurationError as error:
        raise EngineError(f"invalid maxAge: {error}") from None
    except OverflowError:
        return None


class Memo:
    """Look-ups that are under way. A look-up that is lost with a load is made again by the next one."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._waiting: dict[str, Callable[[CacheLoaded], None]] = {}
        self._answers: dict[str, CacheLoaded] = {}
        self._saved: set[str] = set()

    def look_up(self, node_id: str, cache: str, key: str, then: Callable[[CacheLoaded], None]) -> None:
        """Call `then` with the answer."""
        answer = self._answers.pop(node_id, None)
        if answer is not None:
            self._ex.later(then, answer)
            return
        self._waiting[node_id] = then
        self._ex.effects.append(LoadCache(node_id, cache, key))

    def take(self, facts: Sequence[CacheLoaded]) -> None:
        """Answers; one may come with the very load that is about to ask."""
        for fact in reversed(facts):
            then = self._waiting.pop(fact.node_id, None)
            if then is not None:
                self._ex.later(then, fact)
            else:
                self._answers[fact.node_id] = fact

    def end_step(self) -> None:
        """Answers that nobody has asked for in this step are void."""
        self._answers.clear()

    def remember(self, node_id: str) -> None:
        """A node is over: if it has just succeeded, and was looked up in vain, its outputs are kept."""
        node = self._ex.nodes.get(node_id)
        status = None if node is None else node.get("memoizationStatus")
        if node is None or not status or status.get("hit") or node.get("phase") != Phase.SUCCEEDED:
            return
        if node_id not in self._ex.nodes.before or node_id in self._saved:
            return
        self._saved.add(node_id)
        before = self._ex.nodes.before[node_id]
        if before is None or before.get("phase") != Phase.SUCCEEDED:
            cache, key = str(status.get("cacheName") or ""), str(status.get("key") or "")
            self._ex.effects.append(SaveCache(node_id, cache, key, node.get("outputs")))
