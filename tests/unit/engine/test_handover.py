"""A run that upstream's controller began and ours finishes ends as if one of the two had done all of it.

The status in the middle is put together from the recorded end: nodes that were over by then are upstream's, field by
field, those that were not are cut back to their beginning, and those that did not exist yet are left out. It is stored
in one of the forms in which upstream's versions store it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from argotui.engine.facts import Tick
from argotui.model.documents import Document, clone
from argotui.model.phase import NodeType, fulfilled
from tests.conformance.catalog import BETTER

from .replay import Case, Replay
from .simulator import Simulation
from .test_conformance import CASES, FIRST_RUNS, POD_SECONDS

Form = Callable[[Document], None]

_BEGUN: Final = ("id", "name", "displayName", "type", "templateName", "templateRef", "templateScope", "boundaryID",
                 "nodeFlag")  # fmt: skip
"""Fields of a node that are there from its beginning and never change."""
_ENDED: Final = (*_BEGUN, "phase", "message", "progress", "daemoned", "memoizationStatus")


def plain(_workflow: Document) -> None:
    """As version 4 stores it."""


def compressed(_workflow: Document) -> None:
    """As every version stores many nodes: in one blob, from which they are read (writing is the controller's)."""


def older(workflow: Document) -> None:
    """As version 3 stored it: what has been reported stands in a map, not on the nodes."""
    pods = {key: node for key, node in workflow["status"]["nodes"].items() if node["type"] == NodeType.POD}
    synced = {key: bool(node.pop("taskResultSynced", False)) for key, node in pods.items()}
    workflow["status"]["taskResultsCompletionStatus"] = synced


def silent(workflow: Document) -> None:
    """As version 3.4 stored it: nothing is said of reports."""
    for node in workflow["status"]["nodes"].values():
        node.pop("taskResultSynced", None)


MOMENTS: Final = (2, 5, 9, 15)
"""Steps of the controller after which another one takes over."""

FORMS: Final[tuple[Form, ...]] = (plain, compressed, older, silent)


def upstreams(workflow: Document, recorded: dict[str, Document]) -> Document:
    """The stored object in the middle of a run, its nodes as upstream's controller recorded them."""
    middle = clone(workflow)
    nodes: dict[str, Document] = (middle.get("status") or {}).get("nodes") or {}
    for identifier, node in nodes.items():
        final = recorded.get(node["name"])
        if final is not None and final.get("id") == identifier:
            nodes[identifier] = _node(node, final)
    return middle


def _node(node: Document, final: Document) -> Document:
    """Children and outbound nodes keep their order, which the recording has not."""
    is_over = fulfilled(node["phase"], node.get("taskResultSynced"))
    fields = {key: final[key] for key in (_ENDED if is_over else _BEGUN) if key in final}
    if is_over:
        fields["outputs"] = final.get("outputs")
    kept = {key: value for key, value in node.items() if key not in _ENDED or not is_over}
    made = {**kept, **fields, "name": node["name"]}
    return {key: value for key, value in made.items() if value is not None}


class Succession(Simulation):
    """After so many steps another controller goes on, from what is stored and nothing else."""

    def __init__(self, *arguments: Any, recorded: Callable[[], dict[str, Document]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.recorded = recorded
        self.takeovers: dict[int, Form] = {}
        self.taken = 0
        self.packed = False

    def read(self) -> Document:
        found = super().read()
        if self.packed:
            nodes = json.dumps(found["status"].pop("nodes")).encode()
            found["status"]["compressedNodes"] = base64.b64encode(gzip.compress(nodes)).decode()
        return found

    def advance(self, facts: list[Any]) -> Any:
        step = super().advance(facts)
        self.packed = False
        form = self.takeovers.get(self.steps)
        if form is not None and not self.is_complete and (self.workflow.get("status") or {}).get("nodes"):
            self.workflow = upstreams(self.workflow, self.recorded())
            form(self.workflow)
            self.packed = form is compressed
            self.taken += 1
            self.reload()
            self.after(0.01, lambda: [Tick()])
        return step


class Handover(Replay):
    """A recorded case with takeovers. steps: of the controller -> the form that it leaves behind."""

    def __init__(self, case: Case, takeovers: dict[int, Form], **options: Any) -> None:
        self._takeovers = takeovers
        super().__init__(case, **options)

    def _simulation(self, workflow: Document) -> Simulation:
        plain = super()._simulation(workflow)
        script = self.script
        made = Succession(
            workflow,
            self.script,
            objects=plain.objects,
            config=plain.config,
            seed=self._seed,
            recorded=script.nodes,
        )
        made.takeovers = dict(self._takeovers)
        return made


def played(name: str, takeovers: dict[int, Form]) -> Handover:
    seconds = POD_SECONDS.get(name, 1.0)
    replay = Handover(Case.read(name), takeovers, seconds=seconds, first=FIRST_RUNS.get(name))
    replay.run()
    return replay


def succession(replay: Handover) -> Succession:
    assert isinstance(replay.simulation, Succession)
    return replay.simulation


@pytest.mark.parametrize("name", CASES)
def test_begun_by_upstream_finished_by_us(name: str) -> None:
    """Taken over four times, every time in another form; short runs end before the last."""
    first = CASES.index(name)
    takeovers = {step: FORMS[(first + turn) % len(FORMS)] for turn, step in enumerate(MOMENTS)}
    replay = played(name, takeovers)
    assert succession(replay).taken or replay.simulation.steps <= MOMENTS[1] or not replay.simulation.nodes
    assert [entry for entry in replay.differences() if entry[0] not in BETTER.get(name, ())] == []


def test_pods_of_a_run_keep_the_form_of_their_names() -> None:
    """A run that began under an old controller has v1 in its annotation; ours names the rest of its pods so too."""
    case = Case.read("dag-diamond")
    replay = Handover(case, {})
    simulation = succession(replay)
    simulation.config = replace(simulation.config, pod_name_version="v1")
    simulation.play(until=lambda: len(simulation.pods) >= 2)
    assert simulation.workflow["metadata"]["annotations"]["workflows.argoproj.io/pod-name-format"] == "v1"
    simulation.config = replace(simulation.config, pod_name_version="v2")
    simulation.workflow = upstreams(simulation.workflow, replay.script.nodes())
    simulation.reload()
    simulation.after(0.01, lambda: [Tick()])
    simulation.play()
    assert simulation.phase == "Succeeded"
    ids = {node["id"] for node in simulation.nodes.values() if node["type"] == NodeType.POD}
    assert {pod["metadata"]["name"] for pod in simulation.created} == ids
    assert len(ids) == 4
