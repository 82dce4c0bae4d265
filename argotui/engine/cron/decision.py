"""What follows for a CronWorkflow from what is known of it now (§7).  Nothing is sent here.

A look never starts anything that a second look, after a crash or by another process, would not start in the same
way: a child's name follows from its firing, and the status follows from the children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from argotui.engine.cron.child import child_of
from argotui.engine.cron.conditions import ConditionError, count_of, may_run, should_stop
from argotui.engine.cron.history import (
    SPEC_ERROR,
    SUBMISSION_ERROR,
    booked,
    is_over,
    surplus,
    with_condition,
    without_condition,
)
from argotui.engine.cron.schedule import Schedule
from argotui.engine.cron.spec import FORBID, REPLACE, STOPPED, Rules, rules_of, status_of
from argotui.engine.cron.timing import Watch, due, last_run, next_look, watched
from argotui.engine.cron.zones import ScheduleError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import ANNOTATION_CRON_LAST_SCHEDULE, LABEL_CRON_COMPLETED
from argotui.model.patching import merge_patch

_NOT_STOPPABLE: Final = "failed to check CronWorkflow '{}' stopping condition: {}"
_FORBIDDEN: Final = "a workflow is active, and concurrencyPolicy is Forbid"
_NOT_ALLOWED: Final = "Concurrency policy error: {}"


@dataclass(frozen=True)
class Firing:
    """A child to create.  terminate: running workflows to end first (concurrencyPolicy Replace)."""

    scheduled: datetime
    child: Document
    terminate: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The outcome of a look.

    patch: merge patch of the CronWorkflow, {} when nothing changes; to be written before anything else is done.
    surplus: ended children to delete.  wake: when to look again if nothing happens before.  watch: for the next
    look, once all this is done.  skipped: why a firing that was due does not run.
    policy: the concurrencyPolicy, when a workflow that was still active made it matter.
    """

    watch: Watch
    patch: Document
    firing: Firing | None = None
    surplus: tuple[Document, ...] = ()
    wake: datetime | None = None
    skipped: str = ""
    policy: str = ""


def consider(
    cron: Document, children: Sequence[Document], watch: Watch | None, now: datetime, *, fault: str
) -> Decision:
    """Looks at a CronWorkflow in today's form and at all workflows that it owns.

    watch: from the last look of this process, None at its first one.  fault: what validation says of it, empty when
    it is valid.  Raises Malformed, and ScheduleError only when `fault` is empty although the schedule is wrong.
    """
    rules = rules_of(cron)
    seen = watched(watch, cron, rules, now)
    if documents.deleted(cron):
        return Decision(seen, {})
    patch = _books(cron, children, rules, fault)
    current = merge_patch(cron, patch)
    extra = _surplus(patch, cron, children, rules)
    if fault:
        done = replace(seen, settled=now, closed=max(seen.closed, now))
        return Decision(done, patch, surplus=extra, wake=_next_if_any(cron, rules, now))
    return _Look(current, children, rules, rules.parsed(), seen, now).decide(patch, extra)


def _next_if_any(cron: Document, rules: Rules, now: datetime) -> datetime | None:
    """When an invalid one would fire: what it lacks may be there by then."""
    try:
        return next_look(cron, rules.parsed(), now)
    except ScheduleError:
        return None


def _books(cron: Document, children: Sequence[Document], rules: Rules, fault: str) -> Document:
    changes = booked(cron, children)
    status = merge_patch(status_of(cron), changes)
    changes |= with_condition(status, SPEC_ERROR, fault) if fault else without_condition(status, SPEC_ERROR)
    patch: Document = {"status": changes} if changes else {}
    if documents.annotations(cron).get(ANNOTATION_CRON_LAST_SCHEDULE) != rules.key and not fault:
        patch["metadata"] = {"annotations": {ANNOTATION_CRON_LAST_SCHEDULE: rules.key}}
    return patch


def _surplus(patch: Document, cron: Document, children: Sequence[Document], rules: Rules) -> tuple[Document, ...]:
    """Only what the stored status has counted is deleted, or a crash would lose the count."""
    return () if patch else tuple(surplus(cron, children, rules))


@dataclass(frozen=True)
class _Look:
    cron: Document
    children: Sequence[Document]
    rules: Rules
    schedules: Sequence[Schedule]
    watch: Watch
    now: datetime

    def decide(self, patch: Document, extra: tuple[Document, ...]) -> Decision:
        last = last_run(self.cron, self.children, self.now)
        done = replace(self.watch, settled=self.now)
        if self._is_stopped():
            return Decision(done, patch, surplus=extra)
        moment = due(self.cron, self.rules, self.schedules, self.watch, last, self.now)
        wake = next_look(self.cron, self.schedules, self.now)
        quiet = Decision(done, patch, surplus=extra, wake=wake)
        try:
            if should_stop(self.cron, self.rules.stop, self.now):
                return replace(quiet, patch=merged(patch, stopped()), wake=None)
        except ConditionError as error:
            message = _NOT_STOPPABLE.format(documents.name(self.cron), error)
            return self._refused(quiet, message, moment)
        if moment is None:
            return quiet
        try:
            reason = self._reason_not_to_run()
        except ConditionError as error:
            return self._refused(quiet, _NOT_ALLOWED.format(error), moment)
        if reason:
            return replace(quiet, skipped=reason, policy=FORBID if reason == _FORBIDDEN else "")
        replaced = self._replaced()
        firing = Firing(moment, child_of(self.cron, moment), replaced)
        return replace(quiet, firing=firing, policy=REPLACE if replaced else "")

    def _is_stopped(self) -> bool:
        labelled = documents.labels(self.cron).get(LABEL_CRON_COMPLETED) == "true"
        return labelled or status_of(self.cron).get("phase") == STOPPED

    def _reason_not_to_run(self) -> str:
        """Empty when the firing may run.  Raises ConditionError."""
        if self.rules.suspend:
            return "it is suspended"
        if not may_run(self.cron, self.rules.when, self.now):
            return "its `when` is false"
        if self.rules.policy == FORBID and status_of(self.cron).get("active"):
            return _FORBIDDEN
        return ""

    def _replaced(self) -> tuple[Document, ...]:
        if self.rules.policy != REPLACE:
            return ()
        return tuple(child for child in self.children if not is_over(child) and not _is_ending(child))

    def _refused(self, quiet: Decision, message: str, moment: datetime | None) -> Decision:
        """A condition that cannot be evaluated: each firing that it stops counts as failed."""
        if moment is None:
            return quiet
        watch = replace(quiet.watch, closed=max(self.watch.closed, moment))
        return replace(quiet, watch=watch, patch=merged(quiet.patch, not_submitted(self.cron, message)))


def _is_ending(child: Document) -> bool:
    spec = child.get("spec")
    return isinstance(spec, dict) and bool(spec.get("shutdown"))


def stopped() -> Document:
    """The patch that ends a schedule for good."""
    return {"metadata": {"labels": {LABEL_CRON_COMPLETED: "true"}}, "status": {"phase": STOPPED}}


def not_submitted(cron: Document, message: str) -> Document:
    """The patch after a child could not be created: the reason as a condition, and one failure more."""
    status = status_of(cron)
    return {"status": {**with_condition(status, SUBMISSION_ERROR, message), "failed": count_of(status, "failed") + 1}}


def merged(first: Document, second: Document) -> Document:
    """One merge patch with the effect of two; `second` never fills what `first` removes."""
    result = dict(first)
    for key, value in second.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result
