"""Runs for firings of the past: workflows that create one workflow for each of them (§6.6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from argotui.engine.cron.schedule import Schedule
from argotui.engine.cron.spec import Malformed, rules_of
from argotui.engine.cron.zones import ScheduleError
from argotui.engine.expr.gotime.moment import from_datetime, load_location
from argotui.engine.operations import OperationRefused, submit_from
from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document
from argotui.model.keys import API_VERSION, LABEL_CRON_BACKFILL

MOST_FIRINGS: Final = 100_000
"""Of one backfill; upstream has no limit."""

_HIGHEST: Final = 2**31 - 1
_LONGEST_PREFIX: Final = 242
_TIME: Final = "backfillscheduletime"
_TAG: Final = f"{{{{inputs.parameters.{_TIME}}}}}"


@dataclass(frozen=True)
class Backfill:
    """name: of the backfill, in the names of its workflows.  argument: the parameter that says for which firing a
    workflow runs.  parallel: all of them at once, else one after the other.  chunk: firings of one monitor."""

    name: str
    argument: str = "cronScheduleTime"
    parallel: bool = False
    chunk: int = 1000


def firings(cron: Document, start: datetime, end: datetime) -> list[datetime]:
    """All firings in (start, end], UTC, in order.  Raises OperationRefused."""
    try:
        schedules = rules_of(today(cron)).parsed()
    except (Malformed, ScheduleError) as error:
        raise OperationRefused(f"cron workflow {documents.name(cron)}: {error}") from None
    found = {moment for schedule in schedules for moment in _between(schedule, start, end)}
    return sorted(found)


def _between(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    moment = schedule.next(start)
    number = 0
    while moment is not None and moment <= end:
        number += 1
        if number > MOST_FIRINGS:
            raise OperationRefused(f"there are more than {MOST_FIRINGS} firings between these times: shorten the span")
        yield moment
        moment = schedule.next(moment)


def prefix(cron: str, name: str) -> str:
    """What the names of the workflows of a backfill begin with."""
    return f"{cron}-backfill-{name}"[:_LONGEST_PREFIX]


def monitors(cron: Document, moments: Sequence[datetime], backfill: Backfill, *, now: datetime) -> list[Document]:
    """The workflows to create; each creates one workflow for each of its firings and waits for them.

    Raises OperationRefused.
    """
    if backfill.chunk < 1:
        raise OperationRefused("maxworkflowcount must be at least 1")
    manifest = _sealed(_child(cron, backfill, now))
    zone = load_location(rules_of(today(cron)).timezone or "UTC")
    times = [from_datetime(moment).at(zone).go_text() for moment in moments]
    chunks = [times[start : start + backfill.chunk] for start in range(0, len(times), backfill.chunk)]
    return [_monitor(cron, manifest, chunk) for chunk in chunks]


def _sealed(child: Document) -> str:
    """The child as a manifest in which the monitor replaces one tag only, the time.

    Upstream leaves the tags of the child open: the monitor's own parameters and name take their places, or it is
    refused for tags that it does not know.  An escape of JSON, which every reader of YAML knows, closes them.
    """
    text = json.dumps(child, indent=1, ensure_ascii=False)
    return text.replace("{{", "{\\u007b").replace(_TAG.replace("{{", "{\\u007b"), _TAG)


def _child(cron: Document, backfill: Backfill, now: datetime) -> Document:
    child = submit_from(today(cron), now=now)
    metadata = {**child["metadata"], "generateName": f"{prefix(documents.name(cron), backfill.name)}-"}
    spec = child["spec"]
    arguments = spec.get("arguments") or {}
    passed = {"name": backfill.argument, "value": _TAG}
    declared = [each for each in arguments.get("parameters") or () if each.get("name") != backfill.argument]
    spec = {**spec, "arguments": {**arguments, "parameters": [*declared, passed]}}
    if not backfill.parallel:
        spec |= {"priority": _HIGHEST, "synchronization": {"mutexes": [{"name": backfill.name}]}}
    return {**child, "metadata": metadata, "spec": spec}


def _monitor(cron: Document, manifest: str, times: Sequence[str]) -> Document:
    step = {
        "name": "create-workflow",
        "template": "create-workflow",
        "arguments": {"parameters": [{"name": _TIME, "value": "{{item}}"}]},
        "withParam": json.dumps(times),
    }
    create = {
        "name": "create-workflow",
        "inputs": {"parameters": [{"name": _TIME}]},
        "resource": {
            "action": "create",
            "successCondition": "status.phase == Succeeded",
            "manifest": manifest,
        },
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {
            "generateName": "backfill-wf-",
            "namespace": documents.namespace(cron),
            "labels": {LABEL_CRON_BACKFILL: documents.name(cron)},
        },
        "spec": {"entrypoint": "main", "templates": [{"name": "main", "steps": [[step]]}, create]},
    }
