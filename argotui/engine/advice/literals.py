"""Values that are fixed in the manifest and that the workflow fails on once it comes to them.

Upstream looks at them when they are needed, not when the workflow is submitted; so these are warnings, not errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import Place, View, all_containers, groups, rows, tasks
from argotui.engine.errors import EngineError
from argotui.engine.loops import is_loop, items_of
from argotui.engine.memo import cache_key
from argotui.engine.template import OPEN
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document, dig
from argotui.model.duration import DurationError, argo_duration, go_duration
from argotui.model.quantity import Quantity, QuantityError

_DURATION: Final = "write it as in 90s, 5m or 1h30m"
_BACKOFF: Final = ("duration", "cap", "maxDuration")


def doomed_values(view: View) -> Iterator[Remark]:
    """Durations, quantities, loops, conditions and keys that cannot be read, and mounts of no volume."""
    yield from _durations(view)
    for place in view.templates:
        yield from _calls(place)
        yield from _key(place)
        for box in all_containers(place):
            yield from _quantities(box.path, box.container)
    yield from _claims(view)
    if view.runs and view.kind in ("Workflow", "CronWorkflow"):
        yield from _mounts(view)
        yield from _hooks(view)


def _durations(view: View) -> Iterator[Remark]:
    delay = dig(view.spec, "podGC", "deleteDelayDuration")
    yield from _duration(f"{view.path}.podGC.deleteDelayDuration", delay, argo_duration)
    for path, owner in ((view.path, view.spec), *((place.path, place.template) for place in view.templates)):
        for key in _BACKOFF:
            where = f"{path}.retryStrategy.backoff.{key}"
            yield from _duration(where, dig(owner, "retryStrategy", "backoff", key), argo_duration)
    for place in view.templates:
        yield from _duration(
            f"{place.path}.suspend.duration", dig(place.template, "suspend", "duration"), argo_duration
        )
        yield from _duration(f"{place.path}.timeout", place.template.get("timeout"), argo_duration)
        yield from _duration(f"{place.path}.memoize.maxAge", dig(place.template, "memoize", "maxAge"), go_duration)


def _duration(path: str, value: Any, read: Callable[[str], int]) -> Iterator[Remark]:
    if not value or OPEN in str(value):
        return
    try:
        read(str(value))
    except DurationError as error:
        yield Remark(path, f"this is no duration: {error}", _DURATION)


def _calls(place: Place) -> Iterator[Remark]:
    for use in (*(use for group in groups(place) for use in group), *tasks(place)):
        condition = use.step.get("when")
        if condition and OPEN not in condition:
            try:
                evaluate_when(condition)
            except WhenError as error:
                yield Remark(f"{use.path}.when", f"cannot be evaluated: {error}", "compare two values, as in a == b")
        loop = {key: use.step.get(key) for key in ("withParam", "withSequence") if use.step.get(key) is not None}
        if is_loop(loop) and OPEN not in str(loop):
            try:
                items_of(loop)
            except EngineError as error:
                yield Remark(f"{use.path}.{next(iter(loop))}", f"cannot be expanded: {error}", _items(loop))


def _items(loop: Document) -> str:
    return 'give a JSON list, as in ["a", "b"]' if "withParam" in loop else "give count, or start and end, as numbers"


def _key(place: Place) -> Iterator[Remark]:
    memoize = place.template.get("memoize")
    if memoize and OPEN not in str(memoize):
        try:
            cache_key(memoize)
        except EngineError as error:
            hint = "name a ConfigMap, and a key of letters, digits and '-' that begins with a letter or digit"
            yield Remark(f"{place.path}.memoize", str(error), hint)


def _claims(view: View) -> Iterator[Remark]:
    for index, claim in enumerate(rows(view.spec.get("volumeClaimTemplates"))):
        yield from _quantities(f"{view.path}.volumeClaimTemplates[{index}].spec", claim.get("spec") or {})


def _quantities(path: str, owner: Document) -> Iterator[Remark]:
    for side in ("requests", "limits"):
        for name, amount in (dig(owner, "resources", side) or {}).items():
            if OPEN in str(amount):
                continue
            try:
                Quantity.parse(amount)
            except QuantityError as error:
                yield Remark(f"{path}.resources.{side}.{name}", str(error), "write it as in 500m, 2 or 1.5Gi")


def _mounts(view: View) -> Iterator[Remark]:
    shared = _names(view.spec.get("volumes")) | {
        str(dig(claim, "metadata", "name")) for claim in rows(view.spec.get("volumeClaimTemplates"))
    }
    for place in view.templates:
        known = shared | _names(place.template.get("volumes"))
        for box in all_containers(place):
            for index, mount in enumerate(rows(box.container.get("volumeMounts"))):
                if (name := str(mount.get("name") or "")) not in known and OPEN not in name:
                    path = f"{box.path}.volumeMounts[{index}].name"
                    hint = f"there is: {', '.join(sorted(known))}" if known else "declare it in spec.volumes"
                    yield Remark(path, f"there is no volume {name!r}", hint)


def _names(volumes: Any) -> set[str]:
    return {str(volume.get("name")) for volume in rows(volumes)}


def _hooks(view: View) -> Iterator[Remark]:
    for name, hook in (view.spec.get("hooks") or {}).items():
        called = hook.get("template")
        if called and OPEN not in called and not hook.get("templateRef") and called not in view.by_name:
            hint = f"there is: {', '.join(sorted(view.by_name))}"
            yield Remark(f"{view.path}.hooks.{name}.template", f"there is no template {called!r}", hint)
