"""`metadata.managedFields`: the managers of an object, each with its set of fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from argotui.local.apiserver.fields import fieldset
from argotui.local.apiserver.fields.fieldset import Fields
from argotui.model.documents import Document
from argotui.model.times import format_time

APPLY, UPDATE = "Apply", "Update"
_MOST_UPDATERS = 10
_ANCIENT = "ancient-changes"


class Manager(NamedTuple):
    """Who writes, and how. Those who apply are the same in every version, which is empty for them."""

    name: str
    operation: str
    version: str
    subresource: str

    def described(self) -> str:
        """The manager as a conflict names it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == UPDATE:
            text += f" using {self.version}"
        return text


@dataclass(frozen=True)
class Entry:
    """What a manager manages. `version` is the one in which the fields are named."""

    fields: Fields
    version: str
    time: str = ""


Managers = dict[Manager, Entry]


def now() -> str:
    """The time as entries carry it."""
    return format_time(datetime.now(UTC))


def applier(name: str, subresource: str) -> Manager:
    """The manager of an apply request."""
    return Manager(name, APPLY, "", subresource)


def updater(name: str, version: str, subresource: str) -> Manager:
    """The manager of any other write."""
    return Manager(name or "unknown", UPDATE, version, subresource)


def decode(entries: Any) -> Managers | None:
    """The managers of an object; None for what is no list of entries."""
    found: Managers = {}
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("operation") not in (APPLY, UPDATE):
            return None
        texts = [entry.get(key, "") for key in ("manager", "apiVersion", "subresource", "time", "fieldsType")]
        fields = entry.get("fieldsV1", {})
        if not all(isinstance(text, str) for text in texts) or not fieldset.is_set(fields):
            return None
        name, version, subresource, time, kind = texts
        if kind != "FieldsV1":
            return None
        own = version if entry["operation"] == UPDATE else ""
        found[Manager(name, entry["operation"], own, subresource)] = Entry(fields, version, time)
    return found


def is_reset(entries: Any) -> bool:
    """Whether a client asks for the managers to be forgotten: an empty list, or one empty entry."""
    return isinstance(entries, list) and not any(entries) and len(entries) < 2


def encode(managers: Managers) -> list[Document]:
    """The entries of an object: who applies first, then by time."""
    ordered = sorted(managers.items(), key=lambda pair: (pair[0].operation, pair[1].time, *_rank(*pair)))
    return [_entry(manager, entry) for manager, entry in ordered]


def _rank(manager: Manager, entry: Entry) -> tuple[str, str, str]:
    return manager.name, entry.version, manager.subresource


def _entry(manager: Manager, entry: Entry) -> Document:
    made: Document = {"manager": manager.name, "operation": manager.operation, "apiVersion": entry.version}
    if entry.time:
        made["time"] = entry.time
    made |= {"fieldsType": "FieldsV1", "fieldsV1": entry.fields}
    if manager.subresource:
        made["subresource"] = manager.subresource
    return made


def only_version(managers: Managers, version: str) -> Managers:
    """The managers that name their fields in a version that is still served."""
    return {manager: entry for manager, entry in managers.items() if entry.version == version}


def capped(managers: Managers) -> Managers:
    """At most ten that update: the oldest of more become one."""
    updaters = [manager for manager in managers if manager.operation == UPDATE]
    excess = len(updaters) - _MOST_UPDATERS
    if excess <= 0:
        return managers
    updaters.sort(key=lambda manager: (managers[manager].time, manager))
    return _together(managers, updaters[: excess + 1])


def _together(managers: Managers, old: Iterable[Manager]) -> Managers:
    found = dict(managers)
    for manager in old:
        entry = found.pop(manager)
        bucket = updater(_ANCIENT, entry.version, "")
        present = found.get(bucket, replace(entry, fields={}))
        found[bucket] = replace(entry, fields=fieldset.union(entry.fields, present.fields))
    return found
