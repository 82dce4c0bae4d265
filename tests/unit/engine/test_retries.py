"""Retry decisions against upstream's answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from argotui.engine.errors import EngineError
from argotui.engine.retries import Active, Again, Ended, Wait, attempts_deadline, backoff_ns, decide
from argotui.model.duration import long_words
from argotui.model.times import format_time
from tests.tables import every_row
from tests.unit.engine.rows import Row, row_id, rows

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BACKOFFS = [row for row in rows("names") if row["op"] == "backoff"]
RETRIES = [row for row in rows("names") if row["op"] == "retry"]


@every_row(BACKOFFS, row_id)
def test_backoff(row: Row) -> None:
    backoff = {key: row[key] for key in ("duration", "factor", "cap")}
    if "error" in row:
        with pytest.raises(EngineError) as caught:
            backoff_ns(backoff, row["attempts"])
        assert str(caught.value) == row["error"]
        return
    assert backoff_ns(backoff, row["attempts"]) == row["wait_ns"]
    assert f"Backoff for {long_words(row['wait_ns'])}" == row["message"]


def attempts(row: Row) -> list[dict[str, Any]]:
    """The first one started ten hours ago, each ends where the next begins."""
    started = NOW - timedelta(hours=10)
    nodes = []
    for attempt in row["attempts"]:
        finished = started + timedelta(seconds=attempt.get("durationS", 0))
        node = {"phase": attempt["phase"], "message": attempt.get("message", ""), "startedAt": format_time(started)}
        if attempt["phase"] not in ("Pending", "Running"):
            node["finishedAt"] = format_time(finished)
        if "exitCode" in attempt:
            node["outputs"] = {"exitCode": attempt["exitCode"]}
        if "synced" in attempt:
            node["taskResultSynced"] = attempt["synced"]
        nodes.append(node)
        started = finished
    return nodes


@every_row(RETRIES, row_id)
def test_retry(row: Row) -> None:
    def run() -> object:
        return decide(row["retry_strategy"], attempts(row), NOW, shutdown=row.get("shutdown", ""))

    if "error" in row:
        with pytest.raises(EngineError) as caught:
            run()
        assert str(caught.value) == row["error"]
        return
    decision = run()
    if row["phase"] == "Running":
        assert isinstance(decision, Wait if row["continue"] is False else Active | Again)
    else:
        assert decision == Ended(row["phase"], row["message"])


def failed(start: int, end: int) -> dict[str, Any]:
    return {
        "phase": "Failed",
        "startedAt": format_time(NOW + timedelta(seconds=start)),
        "finishedAt": format_time(NOW + timedelta(seconds=end)),
    }


def test_waiting_ends_exactly_at_its_end() -> None:
    strategy = {"limit": 3, "backoff": {"duration": "10"}}
    waiting = decide(strategy, [failed(0, 5)], NOW + timedelta(seconds=14))
    assert waiting == Wait(NOW + timedelta(seconds=15), "Backoff for 10 seconds")
    assert decide(strategy, [failed(0, 5)], NOW + timedelta(seconds=15)) == Again(clears_message=True)


def test_without_limit_there_is_no_waiting() -> None:
    assert decide({"backoff": {"duration": "10"}}, [failed(0, 5)], NOW) == Again(clears_message=True)


def test_max_duration_bounds_the_next_attempt() -> None:
    strategy = {"limit": 3, "backoff": {"duration": "1", "maxDuration": "1m"}}
    decision = decide(strategy, [failed(0, 5)], NOW + timedelta(seconds=7))
    assert decision == Again(clears_message=True)
    assert attempts_deadline(strategy, failed(0, 5)) == NOW + timedelta(minutes=1)


def test_no_attempt_after_the_workflow_deadline() -> None:
    decision = decide({"limit": 3}, [failed(0, 5)], NOW, workflow_deadline=NOW)
    assert decision == Ended("Failed", "retry exceeded workflow deadline 2030-01-01 00:00:00 +0000 UTC")


def test_pattern_of_the_operator() -> None:
    strategy = {"retryPolicy": "OnTransientError", "limit": 2}
    node = {**failed(0, 1), "message": "Err 17: try later"}
    assert decide(strategy, [node], NOW) == Ended("Failed", "Err 17: try later")
    assert decide(strategy, [node], NOW, transient_pattern="Err [0-9]+") == Again()
