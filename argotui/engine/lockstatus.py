"""`status.synchronization`: what a workflow holds and waits for (§2.13). Values are replaced, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from argotui.engine.errors import EngineError
from argotui.engine.locknames import holder_key, is_mutex, lock_keys
from argotui.model import documents
from argotui.model.documents import Document, dig

Synchronization = Mapping[str, Any]


def recorded_holders(workflow: Document) -> dict[str, list[str]]:
    """holder -> locks, as the status says; only holders that belong to the workflow itself.

    Keys of one part, as controllers before 3.6 wrote them, are read as what they mean today.
    """
    synchronization = dig(workflow, "status", "synchronization") or {}
    found: dict[str, list[str]] = {}
    for lock, holder in _holdings(synchronization):
        own = _upgraded(workflow, lock, holder)
        if own is not None:
            found.setdefault(own, []).append(lock)
    return found


def _holdings(synchronization: Synchronization) -> Iterable[tuple[str, str]]:
    for entry in dig(dict(synchronization), "mutex", "holding") or ():
        yield str(entry.get("mutex") or ""), str(entry.get("holder") or "")
    for entry in dig(dict(synchronization), "semaphore", "holding") or ():
        for holder in entry.get("holders") or ():
            yield str(entry.get("semaphore") or ""), str(holder)


def _upgraded(workflow: Document, lock: str, holder: str) -> str | None:
    own = holder_key(documents.namespace(workflow), documents.name(workflow))
    if holder and "/" not in holder:
        return own if lock in _workflow_locks(workflow) else f"{own}/{holder}"
    return holder if holder == own or holder.startswith(f"{own}/") else None


def _workflow_locks(workflow: Document) -> tuple[str, ...]:
    try:
        return lock_keys(dig(workflow, "spec", "synchronization") or {}, documents.namespace(workflow))
    except EngineError:
        return ()


def acquired(synchronization: Synchronization, holder: str, locks: Iterable[str]) -> Document:
    """The holder has the locks."""
    result = dict(synchronization)
    for lock in locks:
        if is_mutex(lock):
            _put(result, "mutex", "holding", {"mutex": lock, "holder": holder})
        else:
            entry = _entry(result, "semaphore", "holding", lock)
            holders = [*(entry.get("holders") or ())]
            if holder not in holders:
                holders.append(holder)
            _put(result, "semaphore", "holding", {"semaphore": lock, "holders": holders})
    return result


def awaited(synchronization: Synchronization, holders: Mapping[str, tuple[str, ...]]) -> Document:
    """Somebody of the workflow waits for these locks. holders: lock -> who has it now."""
    result = dict(synchronization)
    for lock, current in holders.items():
        if not is_mutex(lock):
            _put(result, "semaphore", "waiting", {"semaphore": lock, "holders": list(current)})
        elif current:
            _put(result, "mutex", "waiting", {"mutex": lock, "holder": current[0]})
    return result


def released(synchronization: Synchronization, holder: str) -> Document:
    """The holder has no lock any more. A semaphore's entry stays, as upstream leaves it."""
    result = dict(synchronization)
    for entry in dig(result, "semaphore", "holding") or ():
        holders = [each for each in entry.get("holders") or () if each != holder]
        if len(holders) < len(entry.get("holders") or ()):
            _put(result, "semaphore", "holding", {**entry, "holders": holders})
    mutexes = dig(result, "mutex", "holding") or []
    kept = [entry for entry in mutexes if entry.get("holder") != holder]
    if len(kept) < len(mutexes):
        result["mutex"] = {**result["mutex"], "holding": kept}
    return result


def _entry(synchronization: Document, kind: str, section: str, lock: str) -> Document:
    entries = dig(synchronization, kind, section) or ()
    return next((entry for entry in entries if entry.get(kind) == lock), {})


def _put(synchronization: Document, kind: str, section: str, entry: Document) -> None:
    """Replace the lock's entry, or append it."""
    part = dict(synchronization.get(kind) or {})
    entries = list(part.get(section) or ())
    for position, known in enumerate(entries):
        if known.get(kind) == entry[kind]:
            entries[position] = entry
            break
    else:
        entries.append(entry)
    part[section] = entries
    synchronization[kind] = part
