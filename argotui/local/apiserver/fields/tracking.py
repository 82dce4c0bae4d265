"""What a write means for the managers of an object, and what applying a configuration makes of it.

Writes of the cluster's own controller and kubelet leave the managers as they are: they write often,
one small part of an object each time, and nobody applies what they write. An object that they make
has no managers, and as in Kubernetes it gets none by being updated; the first that applies to it
finds everything in it managed by `before-first-apply`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from argotui.local.apiserver.fields import fieldset, managers, merging
from argotui.local.apiserver.fields.comparing import Comparison, UnfitValue, compare, field_set
from argotui.local.apiserver.fields.fieldset import Fields, Path
from argotui.local.apiserver.fields.managers import Entry, Manager, Managers
from argotui.local.apiserver.fields.shapes import Shape
from argotui.model.documents import Document

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_FIRST = "before-first-apply"
_KUBECTL = "kubectl"
_NOBODYS: Fields = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        **{
            f"f:{name}": {}
            for name in (
                "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
                "managedFields", "resourceVersion",
            )
        },
    },
}  # fmt: skip
"""What identifies the object and what the server sets has no manager."""


@dataclass(frozen=True)
class Writer:
    """Who writes, to what. `ignored` are the parts that a write to this (sub)resource cannot change."""

    name: str
    version: str
    subresource: str
    ignored: tuple[Path, ...]


class Conflicts(Exception):
    """Fields that others manage with another value; in order, each with who does."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__(_conflict_text(found))
        self.found = found


def _conflict_text(found: list[tuple[str, str]]) -> str:
    if len(found) == 1:
        return f"Apply failed with 1 conflict: conflict with {found[0][0]}: {found[0][1]}"
    lines = []
    for manager in sorted({manager for manager, _ in found}):
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {path}" for by, path in found if by == manager]
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)


def updated(shape: Shape, writer: Writer, present: Managers, old: Document, new: Document) -> Managers:
    """The managers after `old` became `new`; both without managedFields."""
    comparison = compare(shape, old, new)
    found = managers.only_version(present, writer.version)
    found = _released(found, comparison.without(writer.ignored), None)
    manager = managers.updater(writer.name, writer.version, writer.subresource)
    taken = comparison.taken()
    for path in writer.ignored:
        taken = fieldset.without(taken, path)
    taken = fieldset.difference(taken, _NOBODYS)
    if taken:
        before = found.get(manager)
        own = fieldset.union(before.fields, taken) if before else taken
        found[manager] = Entry(own, writer.version, managers.now())
    return managers.capped(found)


def _released(present: Managers, comparison: Comparison, writer: Manager | None) -> Managers:
    """The managers without the fields that somebody else has set or removed; `writer` keeps its own."""
    gone = fieldset.union(comparison.taken(), comparison.removed)
    found: Managers = {}
    for manager, entry in present.items():
        left = entry.fields if manager == writer else fieldset.difference(entry.fields, gone)
        if left:
            found[manager] = Entry(left, entry.version, entry.time)
    return found


@dataclass(frozen=True)
class Applying:
    """One configuration to be applied. `live` is the object without managedFields, `empty` one of its kind."""

    shape: Shape
    writer: Writer
    live: Document
    empty: Document
    applied: Document
    force: bool

    def result(self, present: Managers) -> tuple[Document, Managers]:
        """(the object, its managers). Raises Conflicts, or UnfitValue."""
        if fault := next(merging.faults(self.shape, self.applied), None):
            raise UnfitValue(fault)
        if not present:
            present = self._of_before()
        try:
            merged, found = self._merged(present, force=self.force)
        except Conflicts as conflicts:
            self._check_allowed(conflicts)
            merged, found = self._merged(present, force=True)
        self._follow_last_applied(merged)
        return merged, found

    def _of_before(self) -> Managers:
        """Everything there is, when nobody's fields are known."""
        if not (self.live.get("metadata") or {}).get("uid"):
            return {}
        before = Writer(_FIRST, self.writer.version, self.writer.subresource, self.writer.ignored)
        return updated(self.shape, before, {}, self.empty, self.live)

    def _merged(self, present: Managers, *, force: bool) -> tuple[Document, Managers]:
        manager = managers.applier(self.writer.name, self.writer.subresource)
        present = managers.only_version(present, self.writer.version)
        last = present.get(manager)
        wanted = field_set(self.shape, self.applied)
        for path in self.writer.ignored:
            wanted = fieldset.without(wanted, path)
        claims = {**present, manager: Entry(wanted, self.writer.version)}
        merged: Document = merging.merge(self.shape, self.live, self.applied)
        if last is not None:
            merged = self._pruned(merged, claims, last.fields)
        comparison = compare(self.shape, self.live, merged).without(self.writer.ignored)
        if not force:
            _check_conflicts(claims, manager, comparison)
        found = _released(claims, comparison, manager)
        own = fieldset.difference(wanted, _NOBODYS)
        found.pop(manager, None)
        if own:
            before = last.time if last is not None else ""  # as in Kubernetes: what changes nothing has no time
            found[manager] = Entry(own, self.writer.version, before if merged == self.live else managers.now())
        return merged, found

    def _pruned(self, merged: Document, claims: Managers, last: Fields) -> Document:
        """Without what this manager applied last time, no longer does, and nobody else manages."""
        shape = self.shape
        last = merging.name_declared(shape, last)
        everything = merging.name_declared(shape, field_set(shape, merged))
        claimed: Fields = {}
        for entry in claims.values():
            claimed = fieldset.union(claimed, entry.fields)
        claimed = merging.name_declared(shape, claimed)
        pruned = merging.remove(shape, merged, last)
        kept = merging.name_declared(shape, field_set(shape, pruned))
        pruned = merging.remove(shape, merged, fieldset.difference(everything, fieldset.union(kept, claimed)))
        kept = merging.name_declared(shape, field_set(shape, pruned))
        gone = fieldset.intersection(fieldset.difference(everything, kept), last)
        result: Document = merging.remove(shape, merged, gone)
        return result

    # kubectl before and after: what `kubectl apply` on the client's side left behind

    def _check_allowed(self, conflicts: Conflicts) -> None:
        """kubectl may take over what it applied on the client's side. Raises the conflicts that are left."""
        allowed = self._last_applied() if self.writer.name == _KUBECTL else None
        left = conflicts.found
        if allowed is not None:
            allowed_texts = {fieldset.path_text(path) for path in fieldset.paths(allowed)}
            left = [(manager, path) for manager, path in left if path not in allowed_texts]
        if left:
            raise Conflicts(left)

    def _last_applied(self) -> Fields | None:
        """The fields of the last-applied annotation that still have its values; None without one."""
        text = _annotation(self.live)
        try:
            last = json.loads(text) if text else None
            if not isinstance(last, dict) or last.get("apiVersion") != self.writer.version:
                return None
            comparison = compare(self.shape, last, self.live)
            fields = field_set(self.shape, last)
        except (ValueError, RecursionError, UnfitValue):
            return None
        for differing in (comparison.modified, comparison.added, comparison.removed):
            fields = fieldset.difference(fields, differing)
        return fields

    def _follow_last_applied(self, merged: Document) -> None:
        """Keeps the annotation of `kubectl apply` true, where the object has one."""
        if self.writer.name != _KUBECTL or not _annotation(merged):
            return
        applied = msgspec.json.decode(msgspec.json.encode(self.applied))
        annotations = (applied.get("metadata") or {}).get("annotations")
        if isinstance(annotations, dict):
            annotations.pop(LAST_APPLIED, None)
        text = msgspec.json.encode(applied, order="deterministic").decode() + "\n"
        metadata = merged["metadata"]
        merged["metadata"] = {**metadata, "annotations": {**metadata["annotations"], LAST_APPLIED: text}}


def _annotation(document: Document) -> str:
    annotations: Any = (document.get("metadata") or {}).get("annotations")
    found = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    return found if isinstance(found, str) else ""


def _check_conflicts(claims: Managers, writer: Manager, comparison: Comparison) -> None:
    taken = comparison.taken()
    found: list[tuple[str, str]] = []
    for manager, entry in sorted(claims.items()):
        if manager != writer:
            described = manager.described()
            theirs = fieldset.intersection(entry.fields, taken)
            found += [(described, fieldset.path_text(path)) for path in fieldset.paths(theirs)]
    if found:
        raise Conflicts(found)
