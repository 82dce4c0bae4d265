"""When completed workflows are deleted (§8.6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from argotui.engine.retention import Ended, Retention, expires, is_done, surplus
from argotui.model.documents import Document

FINISHED = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


def ended(
    phase: str = "Succeeded", *, stored: Any = None, labels: dict[str, str] | None = None, **spec: Any
) -> Document:
    status: Document = {"phase": phase, "finishedAt": "2030-01-01T12:00:00Z"}
    if stored is not None:
        status["storedWorkflowTemplateSpec"] = stored
    own = {"workflows.argoproj.io/completed": "true"} if labels is None else labels
    metadata = {
        "name": "w",
        "namespace": "argo",
        "uid": "u",
        "creationTimestamp": "2030-01-01T11:00:00Z",
        "labels": own,
    }
    return {"metadata": metadata, "spec": spec, "status": status}


ALL = {"secondsAfterCompletion": 100, "secondsAfterSuccess": 10, "secondsAfterFailure": 20}


@pytest.mark.parametrize(
    ("phase", "strategy", "seconds"),
    [
        ("Succeeded", ALL, 10),
        ("Failed", ALL, 20),
        ("Error", ALL, 100),
        ("Error", {"secondsAfterFailure": 20}, None),
        ("Failed", {"secondsAfterSuccess": 20}, None),
        ("Succeeded", {"secondsAfterCompletion": 0}, 0),
        ("Running", ALL, None),
        ("", ALL, None),
        ("Succeeded", {"secondsAfterCompletion": "soon"}, None),
        ("Succeeded", {"secondsAfterCompletion": True}, None),
        ("Succeeded", {"secondsAfterCompletion": 10**15}, None),
        ("Succeeded", "hostile", None),
    ],
)
def test_the_strategy_says_when(phase: str, strategy: Any, seconds: int | None) -> None:
    found = expires(ended(phase, ttlStrategy=strategy))
    assert (None if found is None else (found - FINISHED).total_seconds() - 1) == seconds


def test_where_the_strategy_comes_from() -> None:
    template = {"ttlStrategy": {"secondsAfterCompletion": 5}}
    assert expires(ended(stored=template)) is not None
    own = expires(ended(stored=template, ttlStrategy={"secondsAfterCompletion": 7}))
    assert own is not None
    assert (own - FINISHED).total_seconds() == 8
    older = expires(ended(ttlSecondsAfterFinished=3))
    assert older is not None
    assert (older - FINISHED).total_seconds() == 4
    assert expires({"metadata": {}, "status": {"phase": "Succeeded"}, "spec": {"ttlStrategy": ALL}}) is None


def test_only_what_is_done_is_ever_deleted() -> None:
    done = {"workflows.argoproj.io/completed": "true"}
    assert is_done(ended(labels=done))
    assert not is_done(ended(labels={}))
    assert not is_done(ended(labels={**done, "workflows.argoproj.io/workflow-archiving-status": "Pending"}))
    assert is_done(ended(labels={**done, "workflows.argoproj.io/workflow-archiving-status": "Archived"}))
    marked = ended(labels=done)
    marked["metadata"]["deletionTimestamp"] = "2030-01-01T12:00:00Z"
    assert Ended.of(marked) is None


def record(number: int, phase: str) -> Ended:
    return Ended("argo", f"w{number}", f"u{number}", phase, f"2030-01-01T12:00:{number:02}Z", None)


@pytest.mark.parametrize(
    ("policy", "gone"),
    [
        (None, []),
        (Retention(10, 10, 10), []),
        (Retention(completed=1, failed=9, errored=9), ["w0", "w3"]),
        (Retention(completed=2), ["w0", "w1", "w2", "w4"]),
        (Retention(), ["w0", "w1", "w2", "w3", "w4", "w6"]),
    ],
)
def test_the_policy_keeps_the_newest_of_each_phase(policy: Retention | None, gone: list[str]) -> None:
    phases = ["Succeeded", "Failed", "Error", "Succeeded", "Failed", "Running", "Succeeded"]
    records = [record(number, phase) for number, phase in enumerate(phases)]
    assert [each.name for each in surplus(reversed(records), policy)] == gone
