"""Time: gates that nobody opens, retries that do not fit, schedules without a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import Place, View, rows
from argotui.model.documents import dig
from argotui.model.duration import DurationError, argo_duration

_SECOND: Final = 10**9
_MANY: Final = 10_000
"""Attempts that are counted; more of them are as good as endless."""
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")


def suspended_for_ever(view: View) -> Iterator[Remark]:
    """Gates that only a person opens."""
    for place in view.templates:
        gate = place.template.get("suspend")
        if gate is not None and not gate.get("duration"):
            reason = "waits until somebody resumes it, for ever if nobody does"
            yield Remark(f"{place.path}.suspend", reason, "add a duration after which it goes on, for example 24h")


def no_time_zone(view: View) -> Iterator[Remark]:
    """Schedules that mean the controller's own time."""
    cron = view.document.get("spec") or {}
    if view.kind != "CronWorkflow" or cron.get("timezone"):
        return
    local = [
        text for text in map(str, rows(cron.get("schedules"))) if not text.startswith(("@every", "TZ=", "CRON_TZ="))
    ]
    if local:
        reason = f"no time zone: {local[0]!r} means the controller's own time, which is UTC unless somebody changed it"
        yield Remark("spec.schedules", reason, "add timezone, for example Europe/Berlin or Etc/UTC")


def missed_runs(view: View) -> Iterator[Remark]:
    """Schedules whose runs are lost while the controller is away."""
    if view.kind != "CronWorkflow" or dig(view.document, "spec", "startingDeadlineSeconds"):
        return
    given = "startingDeadlineSeconds" in view.document["spec"]
    path = "spec.startingDeadlineSeconds" if given else "spec"
    reason = "a run that is due while the controller is away is left out"
    yield Remark(path, reason, "set startingDeadlineSeconds to how late it may start")


def endless_retries(view: View) -> Iterator[Remark]:
    """Attempts without limit, deadline or condition."""
    if view.spec.get("activeDeadlineSeconds"):
        return
    for path, strategy, _ in _strategies(view):
        bounded = strategy.get("limit") is not None or strategy.get("expression")
        if not bounded and not dig(strategy, "backoff", "maxDuration"):
            yield Remark(path, "tries again without end", "set limit, backoff.maxDuration or activeDeadlineSeconds")


def retries_without_time(view: View) -> Iterator[Remark]:
    """Attempts that the workflow's own deadline cuts off."""
    deadline = _seconds(view.spec.get("activeDeadlineSeconds"))
    if not deadline:
        return
    for path, strategy, place in _strategies(view):
        needed = _longest(strategy, _seconds(place.template.get("activeDeadlineSeconds")) if place else None)
        if needed is not None and needed > deadline:
            reason = f"all attempts with their pauses may take {needed} s, but the workflow ends after {deadline} s"
            hint = f"set the workflow's activeDeadlineSeconds to {needed} or more, or retry less"
            yield Remark(path, reason, hint)


def _strategies(view: View) -> Iterator[tuple[str, Mapping[str, Any], Place | None]]:
    if view.spec.get("retryStrategy") is not None:
        yield f"{view.path}.retryStrategy", view.spec["retryStrategy"], None
    for place in view.templates:
        if place.template.get("retryStrategy") is not None:
            yield f"{place.path}.retryStrategy", place.template["retryStrategy"], place


def _longest(strategy: Mapping[str, Any], each: int | None) -> int | None:
    """Seconds that all attempts may take, None when that is not known. each: seconds of one attempt at most."""
    limit = _seconds(strategy.get("limit"))
    if limit is None:
        return None
    backoff = strategy.get("backoff") or {}
    try:
        pauses = _pauses(backoff, min(limit, _MANY))
        most = argo_duration(backoff["maxDuration"]) // _SECOND if backoff.get("maxDuration") else None
    except DurationError:
        return None
    total = pauses + (each or 0) * (limit + 1)
    return total if most is None else min(total, most)


def _pauses(backoff: Mapping[str, Any], count: int) -> int:
    """Seconds of the pauses between `count + 1` attempts."""
    if not backoff.get("duration"):
        return 0
    first = argo_duration(backoff["duration"]) / _SECOND
    cap = argo_duration(backoff["cap"]) / _SECOND if backoff.get("cap") else float("inf")
    factor = _seconds(backoff.get("factor")) or 1
    total, pause = 0.0, first
    for _ in range(count):
        total += min(pause, cap)
        pause = min(pause * factor, 1e12)
    return int(min(total, 1e12))


def _seconds(value: Any) -> int | None:
    """A whole number, also where it is written as a text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and _NUMBER.match(value) else None
