"""The pods of whole runs equal those that upstream's controller created in the recorded ones, field by field.

tests/unit/engine_pods does the same for one pod at a time; here templates, inputs and globals are the engine's too.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from argotui.model.documents import Document
from argotui.model.manifest.mending import mend
from argotui.model.manifest.workflow import Workflow
from tests.conformance import compare
from tests.conformance.catalog import CASES as FOLDER
from tests.conformance.catalog import running
from tests.unit.engine_pods.apidefaults import defaulted
from tests.unit.engine_pods.test_recorded import recorded_uid

from .replay import Case, Replay
from .test_conformance import FIRST_RUNS, POD_SECONDS

RECORDED = [name for name in running() if (FOLDER / name / "expected-pods.json").exists()]


RECORDED_HOST = "podlet-0"


def stored(case: Case, recorded: list[Document]) -> Case:
    """With the workflow as the API server of the recording stored it: fields that its schema has not are gone."""
    mended = mend(Workflow, case.workflow)
    workflow = case.workflow if mended is None else mended.document
    uids = {recorded_uid(pod) for pod in recorded} - {"u-1"}
    workflow["metadata"]["uid"] = uids.pop() if uids else "u-1"
    return replace(case, workflow=workflow)


@pytest.mark.parametrize("name", RECORDED)
def test_pods_of_the_run(name: str) -> None:
    recorded = json.loads((FOLDER / name / "expected-pods.json").read_text("utf8").replace(RECORDED_HOST, "node"))
    case = stored(Case.read(name), recorded)
    replay = Replay(case, seconds=POD_SECONDS.get(name, 1.0), first=FIRST_RUNS.get(name)).run()
    made = {pod["metadata"]["name"]: compare.normalise_pod(defaulted(pod)) for pod in replay.simulation.created}
    assert sorted(made) == sorted(pod["name"] for pod in recorded)
    found = {pod["name"]: list(compare.differences(pod, made[pod["name"]])) for pod in recorded}
    assert {key: value for key, value in found.items() if value} == {}


def test_enough_was_recorded() -> None:
    """Artifacts are what the rest of the recorded pods wait for."""
    assert len(RECORDED) >= 13
