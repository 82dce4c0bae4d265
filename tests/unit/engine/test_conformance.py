"""Recorded cases end in memory exactly as upstream recorded them: all of the first slice, and more."""

from __future__ import annotations

import pytest

from .replay import CONFORMANCE, Case, Replay

REFUSED = ("invalid-two-types",)
"""The API server's schema does not let it in, so the engine never sees it."""

FIRST_SLICE = [line for line in (CONFORMANCE / "first-slice.txt").read_text().split("\n") if line and line[0] != "#"]

FURTHER = """
resource-conditions resource-crud resource-get-missing
argo-resubmit-memoized argo-retry-parameters argo-retry-restart continue-on dag-failfast-false dag-failfast-true
dag-retry-depends dag-target depends-anysucceeded depends-tokens exit-hook-arguments exit-hook-fails
invalid-depends-mix invalid-depends-token invalid-loop-both invalid-name-too-long invalid-parameter-enum
invalid-workflow-parameter loop-all-skipped loop-dag-empty loop-result-not-json loop-retry node-name-characters
node-name-odd-items parallelism-nested parallelism-template parallelism-workflow pod-deleted-early pod-deleted-late
pod-metadata pod-spec-fields retry-steps-template retry-variables skip-outputs skip-outputs-nodefault
stop-exit-hook-steps suspend-stop-selector suspend-supplied-missing task-timeout template-defaults
template-ref-missing wftmpl-ref-entrypoint wftmpl-ref-missing
pod-gc pod-gc-completion volume-claim-template
template-ref inline-templates display-name-invalid
expression-bad expression-tags retry-expression when-forms
"""

CASES = [name for name in [*FIRST_SLICE, *FURTHER.split()] if name not in REFUSED]

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

DIFFERENT = {
    # upstream creates the pod of a node, and finds afterwards that its display name cannot be used
    "node-name-characters": ["nodes/node-name-characters.with-dash(3:g)/podNames"],
    # the same; and where no pod was ever wanted, nothing is said about running ones
    "display-name-invalid": ["nodes/display-name-invalid[0].s/podNames", "conditions"],
}
"""Paths in which the outcome differs from upstream's on purpose."""


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
@pytest.mark.parametrize("name", CASES)
def test_case(name: str, fresh: bool) -> None:
    seconds = POD_SECONDS.get(name, 1.0)
    replay = Replay(Case.read(name), seconds=seconds, first=FIRST_RUNS.get(name), fresh=fresh).run()
    assert [entry for entry in replay.differences() if entry[0] not in DIFFERENT.get(name, ())] == []
