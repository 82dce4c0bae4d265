"""What steps have in common: directories that they do not share after all, and things that they race for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import Place, Use, View, all_containers, groups, listed, rows, tasks, uses
from argotui.engine.graph import Graph, graph_of
from argotui.model.documents import dig

_SHARED: Final = ("persistentVolumeClaim", "hostPath", "nfs", "cephfs", "glusterfs", "azureFile")
_MOST: Final = 200
"""Templates below a step, and users of one thing, that are looked at."""
_FAN: Final = 10
"""Pods of a loop that nobody minds at once."""
_WRITES: Final = ("create", "apply", "patch", "replace", "delete")
_KIND: Final = re.compile(r"^kind:\s*[\"']?(\w+)", re.MULTILINE)
_NAME: Final = re.compile(r"^ {1,8}name:\s*[\"']?([\w.-]+)[\"']?\s*$", re.MULTILINE)


def shared_empty_dirs(view: View) -> Iterator[Remark]:
    """An emptyDir of the workflow that several templates mount: each pod gets an empty one of its own."""
    for index, volume in enumerate(rows(view.spec.get("volumes"))):
        if volume.get("emptyDir") is None:
            continue
        users = [place.name for place in view.templates if volume.get("name") in _mounted(place)]
        if len(users) > 1:
            reason = f"an emptyDir belongs to one pod: {listed(users)} each get an empty one"
            hint = "pass files on as artifacts, or use volumeClaimTemplates"
            yield Remark(f"{view.path}.volumes[{index}]", reason, hint)


def races(view: View) -> Iterator[Remark]:
    """Steps that run at the same time and change the same thing, without a lock around it."""
    shared = _shared_volumes(view.spec)
    for place in view.templates:
        if view.spec.get("parallelism") == 1 or place.template.get("parallelism") == 1:
            continue
        for beside in (*map(_all_at_once, groups(place)), _as_they_depend(tasks(place))):
            yield from _race(view, beside, shared)


def wide_loops(view: View) -> Iterator[Remark]:
    """Loops that start a pod for each of many items at once."""
    if view.spec.get("parallelism"):
        return
    for place in view.templates:
        if place.template.get("parallelism"):
            continue
        for use in uses(place):
            count = _items(use.step)
            if count is None or count > _FAN:
                many = "any number of" if count is None else str(count)
                reason = f"a loop over {many} items starts all of them at once"
                yield Remark(use.path, reason, f"set parallelism on '{place.name}' or on the workflow")


def _mounted(place: Place) -> set[str]:
    return {
        str(mount.get("name") or "")
        for box in all_containers(place)
        for mount in rows(box.container.get("volumeMounts"))
    }


def _items(step: Mapping[str, Any]) -> int | None:
    """How many a loop starts, None when only the run will tell; 1 where there is no loop."""
    if step.get("withParam"):
        return None
    if step.get("withItems") is not None:
        return len(rows(step["withItems"]))
    sequence = step.get("withSequence")
    if not sequence:
        return 1
    if sequence.get("count") is not None:
        return _number(sequence["count"])
    start, end = _number(sequence.get("start") or 0), _number(sequence.get("end") or 0)
    return None if start is None or end is None else abs(end - start) + 1


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else None


# ---------------------------------------------------------------- races


class _Thing(NamedTuple):
    """Something that can be changed, the template that does so, and the locks that it holds meanwhile."""

    name: str
    locks: frozenset[str]


class _Beside(NamedTuple):
    """Steps of one template, and which of them may run at the same time."""

    uses: list[Use]
    graph: Graph | None

    def together(self, one: Use, other: Use) -> bool:
        """Whether two different steps may run at the same time."""
        if self.graph is None:
            return True
        names = str(one.step.get("name") or ""), str(other.step.get("name") or "")
        return not self.graph.is_ancestor(*names) and not self.graph.is_ancestor(*reversed(names))


def _all_at_once(group: list[Use]) -> _Beside:
    return _Beside(group, None)


def _as_they_depend(found: list[Use]) -> _Beside:
    return _Beside(found, graph_of([use.step for use in found]) if len(found) > 1 else None)


def _race(view: View, beside: _Beside, shared: Mapping[str, str]) -> Iterator[Remark]:
    users: dict[str, list[tuple[Use, frozenset[str]]]] = {}
    for use in beside.uses:
        for thing in _changed(view, use, shared):
            users.setdefault(thing.name, []).append((use, thing.locks))
    for name, these in users.items():
        if found := _first_race(beside, these[:_MOST]):
            use, who = found
            hint = "put the same mutex into both templates: synchronization: {mutexes: [{name: …}]}"
            yield Remark(use.path, f"{who} at the same time change {name}, and no lock keeps them apart", hint)


def _first_race(beside: _Beside, users: list[tuple[Use, frozenset[str]]]) -> tuple[Use, str] | None:
    for index, (use, locks) in enumerate(users):
        called = str(use.step.get("name") or "")
        if not locks and _items(use.step) != 1:
            return use, f"the items of '{called}'"
        for other, held in users[:index]:
            if other.step is not use.step and not locks & held and beside.together(other, use):
                return use, f"'{other.step.get('name') or ''}' and '{called}'"
    return None


def _changed(view: View, use: Use, shared: Mapping[str, str]) -> list[_Thing]:
    """What a step changes, itself or in what it calls."""
    found: dict[str, _Thing] = {}
    waiting: list[tuple[Use, frozenset[str]]] = [(use, frozenset())]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST:
        step, outer = waiting.pop()
        place = view.called(step)
        if place is None or place.path in seen:
            continue
        seen.add(place.path)
        locks = outer | _locks(place)
        for name in (*_written_volumes(place, shared), *_written_objects(place)):
            found.setdefault(name, _Thing(name, locks))
        waiting += [(below, locks) for below in uses(place)]
    return list(found.values())


def _locks(place: Place) -> frozenset[str]:
    given = place.template.get("synchronization") or {}
    mutexes = (
        f"mutex {mutex.get('namespace') or ''}/{mutex.get('name') or ''}" for mutex in rows(given.get("mutexes"))
    )
    semaphores = (f"semaphore {semaphore!r}" for semaphore in rows(given.get("semaphores")))
    return frozenset((*mutexes, *semaphores))


def _shared_volumes(spec: Mapping[str, Any]) -> dict[str, str]:
    """Name of a volume that outlives a pod to what it is called."""
    found = {}
    for volume in rows(spec.get("volumes")):
        kind = next((kind for kind in _SHARED if volume.get(kind) is not None), "")
        if kind and not volume[kind].get("readOnly"):
            found[str(volume.get("name") or "")] = f"the volume '{volume.get('name') or ''}'"
    for claim in rows(spec.get("volumeClaimTemplates")):
        name = str(dig(claim, "metadata", "name") or "")
        found[name] = f"the volume '{name}'"
    return found


def _written_volumes(place: Place, shared: Mapping[str, str]) -> Iterator[str]:
    for box in all_containers(place):
        for mount in rows(box.container.get("volumeMounts")):
            name = str(mount.get("name") or "")
            if name in shared and not mount.get("readOnly"):
                yield shared[name]


def _written_objects(place: Place) -> Iterator[str]:
    """The object that a resource template changes, when its name is known."""
    resource = place.template.get("resource") or {}
    manifest = str(resource.get("manifest") or "")
    kind, name = _KIND.search(manifest), _NAME.search(manifest)
    if resource.get("action") in _WRITES and kind and name:
        yield f"the {kind[1]} '{name[1]}'"
