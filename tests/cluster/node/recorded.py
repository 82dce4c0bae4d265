"""Recorded conformance cases as a script: every pod comes to what its node's recording says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from argotui.model.documents import Document
from tests.cluster.node.contract import UnexpectedPod
from tests.cluster.node.fate import Fate
from tests.unit.engine.replay import Case, Recorded
from tests.unit.engine.simulator import Outcome
from tests.unit.engine.test_conformance import FIRST_RUNS

SECONDS = 0.8
SLOWER = {"retry-max-duration": 2.6, "argo-suspend-running": 6.0}
"""Cases whose outcome hangs on how long pods take."""


_WITHOUT_POD = (None, "Omitted", "Skipped")


@dataclass(frozen=True)
class _Recording:
    """One workflow's nodes, run by run: before a retry or a resubmission, and after it.

    name: of the workflow in the recording, which stands for a generated one where `prefix` is that one's beginning.
    """

    name: str
    prefix: str
    stages: tuple[Mapping[str, Any], ...]
    seconds: float

    def outcome(self, node: str, workflow: str, before: int) -> Outcome:
        """before: how many pods this node has had already."""
        known = node if workflow == self.name else node.replace(workflow, self.name, 1)
        found = [stage for stage in self.stages if (stage.get(known) or {}).get("phase") not in _WITHOUT_POD]
        if not found:
            raise UnexpectedPod(f"a pod for {node}, which was never recorded")
        stage = found[min(before, len(found) - 1)]
        return Recorded({"workflow": {"nodes": stage}}, self.seconds, None)(known)


class RecordedCases:
    """The script of many cases at once: `cases(workflow, node)`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._recordings = [each for name in names for each in _recordings(name)]
        self._pods: Counter[tuple[str, str]] = Counter()

    def __call__(self, workflow: str, node: str) -> Fate:
        outcome = self._recording(workflow).outcome(node, workflow, self._pods[workflow, node])
        self._pods[workflow, node] += 1
        shared = {key: value for key, value in vars(outcome).items() if key != "pending"}
        return Fate(**shared, unscheduled=outcome.pending)

    def forget(self) -> None:
        """The cases begin again."""
        self._pods.clear()

    def _recording(self, workflow: str) -> _Recording:
        for each in self._recordings:
            if each.name == workflow or (each.prefix and workflow.startswith(each.prefix)):
                return each
        raise UnexpectedPod(f"a pod of the workflow {workflow}, which was never recorded")


def _recordings(name: str) -> list[_Recording]:
    case = Case.read(name, workflow={"kind": "Workflow"})
    expected, seconds = case.expected, SLOWER.get(name, SECONDS)
    if "workflow" not in expected:
        return []  # refused by the API server
    recorded = Recorded(expected, seconds, FIRST_RUNS.get(name))
    stages = tuple(recorded._stages)
    own = (expected.get("workflow") or {}).get("name") or name
    found = [_Recording(own, _prefix(case), stages, seconds)]
    if own != name and len(stages) > 1:  # the one that was resubmitted
        found.append(_Recording(name, "", stages[:1], seconds))
        found[0] = replace(found[0], stages=stages[1:])
    others = [each for each in expected.get("also") or () if each]
    return found + [_Recording(each["name"], "", (each.get("nodes") or {},), seconds) for each in others]


def _prefix(case: Case) -> str:
    """How the generated name of the case's workflow begins: with the name of what it was made from."""
    path = case.folder / "case.yaml"
    settings: Document = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    selector = (settings.get("track") or {}).get("labelSelector", "")
    return f"{selector.partition('=')[2]}-" if selector else ""
