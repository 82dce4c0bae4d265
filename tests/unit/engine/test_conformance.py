"""Recorded cases end in memory exactly as upstream recorded them: all that do not wait (conformance/waiting.txt)."""

from __future__ import annotations

import pytest

from tests.conformance.catalog import BETTER, running

from .replay import Case, Replay

ELSEWHERE = {
    "invalid-two-types": "the API server's schema refuses it",
    "rejected-bool-hook-argument": "the API server's schema refuses it",
    "cli-submit-from": "what the command line makes of a template (tests/unit/engine_operations/test_submission.py)",
    "cron-workflow": "the schedule (tests/unit/engine_cron/test_recorded.py)",
}
"""Cases that the engine alone never sees; the local cluster runs them."""

CASES = [name for name in running() if name not in ELSEWHERE]

POD_SECONDS = {"retry-max-duration": 2.6, "stop-exit-hook-steps": 0.1}
"""How long the recorded pods took, where the outcome depends on it."""

MADE = {"phase": "Succeeded", "outputs": {"result": "made", "exitCode": "0"}}
FAILED = {"phase": "Failed", "message": "main: Error (exit code 1)"}
FIRST_RUNS = {
    "argo-retry-parameters": {
        "argo-retry-parameters[0].a": {"phase": "Succeeded"},
        "argo-retry-parameters[1].b": FAILED,
    },
    "argo-resubmit-memoized": {"argo-resubmit-memoized.a": MADE, "argo-resubmit-memoized.b": FAILED},
}
"""What happened before a retry or a resubmission, where that was not recorded."""


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
@pytest.mark.parametrize("name", CASES)
def test_case(name: str, fresh: bool) -> None:
    seconds = POD_SECONDS.get(name, 1.0)
    replay = Replay(Case.read(name), seconds=seconds, first=FIRST_RUNS.get(name), fresh=fresh).run()
    assert [entry for entry in replay.differences() if entry[0] not in BETTER.get(name, ())] == []
