"""Depth, length and width: nothing uses Python's own stack, and cost follows the change."""

from __future__ import annotations

import sys
from datetime import timedelta
from time import process_time

import pytest

from argotui.engine import execution
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CreatePod, WakeAt
from argotui.engine.facts import Fact, Tick
from argotui.engine.run import Run
from argotui.model.documents import Document

from .simulator import START, Objects, Outcome, Simulation
from .wide import fan_out, reported, seen

QUICK = Outcome(0.1)
POD: Document = {"name": "pod", "container": {"image": "alpine", "command": ["true"]}}


def workflow(*templates: Document) -> Document:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "scale", "namespace": "argo", "uid": "u", "creationTimestamp": "2030-01-01T12:00:00Z"},
        "spec": {"entrypoint": "main", "templates": [*templates, POD]},
    }


def play(document: Document) -> Simulation:
    """With less of Python's stack than there is."""
    limit = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    sys.setrecursionlimit(depth + 700)
    try:
        return Simulation(document, lambda _node: QUICK).play()
    finally:
        sys.setrecursionlimit(limit)


def _call(kind: str, template: str) -> Document:
    step = {"name": "a", "template": template}
    return {"steps": [[step]]} if kind == "steps" else {"dag": {"tasks": [step]}}


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_templates_within_templates(kind: str) -> None:
    """98 templates around a pod; the 100th level is refused, as upstream does."""
    chain = [{"name": "main" if level == 0 else f"t{level}", **_call(kind, f"t{level + 1}")} for level in range(97)]
    simulation = play(workflow(*chain, {"name": "t97", **_call(kind, "pod")}))
    assert simulation.phase == "Succeeded"
    assert len(simulation.created) == 1


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_more_templates_than_may_be_within_each_other(kind: str) -> None:
    chain = [{"name": "main" if level == 0 else f"t{level}", **_call(kind, f"t{level + 1}")} for level in range(400)]
    simulation = play(workflow(*chain, {"name": "t400", **_call(kind, "pod")}))
    assert simulation.phase in ("Failed", "Error")
    assert not simulation.created


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_endless_recursion_ends(kind: str) -> None:
    simulation = play(workflow({"name": "main", **_call(kind, "main")}))
    assert simulation.phase in ("Failed", "Error")
    messages = [node.get("message") or "" for node in simulation.nodes.values()]
    assert any(message.startswith("Maximum recursion depth exceeded") for message in messages)


def test_a_long_chain_of_tasks() -> None:
    tasks = [{"name": f"t{n}", "template": "pod", **({"dependencies": [f"t{n - 1}"]} if n else {})} for n in range(400)]
    simulation = play(workflow({"name": "main", "dag": {"tasks": tasks}}))
    assert simulation.phase == "Succeeded"
    assert simulation.workflow["status"]["progress"] == "400/400"


def test_a_long_chain_of_skipped_steps() -> None:
    steps = [[{"name": f"s{n}", "template": "pod", "when": "false"}] for n in range(1000)]
    assert play(workflow({"name": "main", "steps": steps})).phase == "Succeeded"


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_a_loop_over_itself_gives_way_after_each_step(kind: str) -> None:
    """A hundred levels of ten: more nodes than there is time for. Each step adds a bounded number of them."""
    loop = {"name": "a", "template": "main", "withSequence": {"count": 10}}
    body: Document = {"steps": [[loop]]} if kind == "steps" else {"dag": {"tasks": [loop]}}
    run = Run.load(workflow({"name": "main", **body}), EngineConfig(), Objects())
    for _ in range(3):
        step = run.advance([Tick()], START, b"")
        assert len(step.changes["status"]["nodes"]) < 2 * execution.MANY
        assert WakeAt(START) in step.effects


# --- width ------------------------------------------------------------------------------------

SINGLE, BUNDLE = 500, 100


class Driver:
    """Delivers the facts of one pod after the other, and counts the time the engine takes for them."""

    def __init__(self, document: Document) -> None:
        self.run = Run.load(document, EngineConfig(), Objects())
        self.now = START
        self.seconds = 0.0
        self.steps = 0
        self.waiting: list[Document] = []
        self.advance([])
        while len(self.waiting) % 500 == 0 and self.advance([]):
            pass

    def advance(self, facts: list[Fact]) -> int:
        begun = process_time()
        step = self.run.advance(facts, self.now, b"")
        self.seconds += process_time() - begun
        self.steps += 1
        new = [effect.pod for effect in step.effects if isinstance(effect, CreatePod)]
        self.waiting += new
        return len(new)

    def play(self) -> Driver:
        """The first pods one after the other, whose time counts; those after them in bundles."""
        self.seconds, self.steps = 0.0, 0
        for pod in self.waiting[:SINGLE]:
            self.end([pod])
        counted, done = (self.seconds, self.steps), SINGLE
        while bundle := self.waiting[done : done + BUNDLE]:  # grows meanwhile
            self.end(bundle)
            done += len(bundle)
        self.seconds, self.steps = counted
        return self

    def end(self, pods: list[Document]) -> None:
        """They run, and then they have ended."""
        self.now += timedelta(milliseconds=10)
        for state, done in (("running", False), ("terminated", True)):
            self.advance([fact for pod in pods for fact in (seen(pod, state), reported(pod, done))])


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_the_cost_of_an_end_does_not_depend_on_the_width(kind: str) -> None:
    """A fan-out of 5,000 items: the end of one costs about what it costs among 500."""
    narrow, wide = (Driver(fan_out(items, kind)).play() for items in (500, 5000))
    for driver in (narrow, wide):
        assert driver.run.workflow["status"]["phase"] == "Succeeded"
    assert wide.run.workflow["status"]["progress"] == "5001/5001"
    assert wide.seconds / wide.steps < 4 * narrow.seconds / narrow.steps
