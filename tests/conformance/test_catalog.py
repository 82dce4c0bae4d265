"""No recorded case is lost: each runs, or stands in the list of those that wait."""

from __future__ import annotations

import json

import pytest

from .catalog import CASES, all_cases, first_slice, running, waiting

RECORDED = 155
"""How many runs of upstream were recorded; the folders hold them all."""

ARTIFACTS = "artifacts"
"""What the last cases wait for."""


def test_every_recorded_case_is_here() -> None:
    assert len(all_cases()) == RECORDED
    for name in all_cases():
        assert json.loads((CASES / name / "expected.json").read_text())["case"] == name
        assert (CASES / name / "workflow.yaml").exists() or (CASES / name / "objects.yaml").exists()


def test_what_waits_exists_and_says_for_what() -> None:
    assert set(waiting()) <= set(all_cases())
    assert all(waiting().values())


def test_the_first_slice_does_not_wait() -> None:
    assert set(first_slice()) <= set(running())


@pytest.mark.parametrize("name", [name for name, reason in waiting().items() if reason == ARTIFACTS])
def test_what_waits_for_artifacts_has_some(name: str) -> None:
    texts = [path.read_text() for path in (CASES / name).glob("*.yaml")]
    assert any("artifact" in text.lower() or "archiveLogs" in text for text in texts)
