"""What a controller keeps for all its workflows, in memory: the lock table, limits, remembered results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from argotui.engine.effects import AcquireLocks, CacheEffect, ConfirmLocks, LoadCache, LockEffect, ReleaseLocks
from argotui.engine.facts import CacheLoaded, Fact, LocksAwaited, LocksHeld, Tick
from argotui.engine.locknames import config_map_key
from argotui.engine.locks import LockTable, Request, Told
from argotui.engine.lockstatus import recorded_holders
from argotui.model import documents
from argotui.model.documents import Document, clone, dig
from argotui.model.times import format_time

if TYPE_CHECKING:
    from .simulator import Simulation

ANSWER = 0.01
"""Seconds until an answer comes."""

CACHE_LABEL = {"workflows.argoproj.io/configmap-type": "Cache"}


class LockRoom:
    """One controller. Workflows that share it share their locks."""

    def __init__(self) -> None:
        self.table = LockTable(self._limit)
        self._neighbours: dict[str, Simulation] = {}
        self._lives: dict[str, int] = {}
        self._last: dict[tuple[str, str], Fact] = {}

    def enter(self, simulation: Simulation) -> None:
        """A workflow of this controller."""
        self._neighbours[documents.uid(simulation.workflow)] = simulation

    def _limit(self, lock: str) -> int:
        where = config_map_key(lock)
        for simulation in self._neighbours.values():
            found = simulation.objects.config_map(*where[:2]) if where else None
            if where and found is not None:
                text = str((found.get("data") or {}).get(where[2]) or "")
                return int(text) if text.isdigit() else 0
        return 0

    # --- lives --------------------------------------------------------------------------------

    def end(self, simulation: Simulation) -> None:
        """The run is given up; answers to it are lost."""
        uid = documents.uid(simulation.workflow)
        self._lives[uid] = self._lives.get(uid, 0) + 1
        self._last = {key: fact for key, fact in self._last.items() if key[0] != uid}

    def begin(self, simulation: Simulation) -> None:
        """The run is loaded anew; what was told since the last one was given up is dropped, as runners drop it."""
        self.end(simulation)
        uid = documents.uid(simulation.workflow)
        self.tell(self.table.begin(uid, recorded_holders(simulation.workflow)))

    def kill(self) -> None:
        """The controller dies; the next one reads all workflows and begins with what their status says."""
        self.table = LockTable(self._limit)
        for uid, simulation in self._neighbours.items():
            simulation.reload()
            if not simulation.is_complete:
                self.table.begin(uid, recorded_holders(simulation.workflow))
                simulation.after(ANSWER, lambda: [Tick()])

    # --- effects ------------------------------------------------------------------------------

    def carry_out(self, simulation: Simulation, effect: LockEffect | CacheEffect) -> None:
        uid = documents.uid(simulation.workflow)
        match effect:
            case AcquireLocks():
                self.tell(self.table.ask(_request(simulation.workflow, effect)))
            case ConfirmLocks(holder):
                self._say(uid, LocksHeld(holder))
            case ReleaseLocks(holder):
                self.tell(self.table.release(uid, holder) if holder else self.table.forget(uid))
            case LoadCache(node_id, cache, key):
                self._say(uid, CacheLoaded(node_id, *self._load(simulation, cache, key)))
            case _:
                self._save(simulation, effect.node_id, effect.cache, effect.key, effect.outputs)

    def tell(self, told: list[Told]) -> None:
        """Nobody hears the same twice: runs that are loaded before every step ask again in every step."""
        for uid, answer in told:
            if isinstance(answer, LocksAwaited) and self._last.get((uid, answer.holder)) == answer:
                continue
            self._last[uid, answer.holder] = answer
            self._say(uid, answer)

    def _say(self, uid: str, fact: Fact) -> None:
        simulation, life = self._neighbours[uid], self._lives.get(uid, 0)
        latest = max(each.now for each in self._neighbours.values())
        wait = (latest - simulation.now).total_seconds()
        simulation.after(wait + ANSWER, lambda: [fact] if self._lives.get(uid, 0) == life else [])

    # --- remembered results -------------------------------------------------------------------

    def _load(self, simulation: Simulation, cache: str, key: str) -> tuple[Document | None, str]:
        found = simulation.objects.config_map(simulation.config.namespace, cache)
        if found is None:
            return None, ""
        if documents.labels(found) != CACHE_LABEL:
            return None, "refused"
        text = (found.get("data") or {}).get(key)
        if text is None:
            return None, ""
        entry = {**json.loads(text), "lastHitTimestamp": format_time(simulation.now)}
        found["data"][key] = json.dumps(entry)
        return entry, ""

    def _save(self, simulation: Simulation, node_id: str, cache: str, key: str, outputs: Document | None) -> None:
        where = (simulation.config.namespace, cache)
        known = simulation.objects.config_maps.setdefault(where, {"metadata": {"labels": CACHE_LABEL}, "data": {}})
        now = format_time(simulation.now)
        entry = {"nodeID": node_id, "outputs": clone(outputs), "creationTimestamp": now, "lastHitTimestamp": now}
        known["data"][key] = json.dumps(entry)


def _request(workflow: Document, effect: AcquireLocks) -> Request:
    priority, created = dig(workflow, "spec", "priority") or 0, documents.created(workflow) or ""
    return Request(documents.uid(workflow), effect.holder, effect.locks, int(priority), created, effect.order)
