"""The laws of the scheduler also hold where templates wait for locks, and where results are remembered."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.model.documents import Document, clone

from .simulator import Objects, Simulation
from .test_laws import RELAXED, Weather, difference, shut_down, tree, without_narrow_moments, workflows
from .test_locks_laws import LIMITS

FEW = settings(RELAXED, max_examples=max(RELAXED.max_examples // 12, 1))
LEAF_LOCKS: list[Document] = [
    {"mutex": {"name": "m"}},
    {"mutexes": [{"name": "m"}, {"name": "n"}]},
    {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "two"}}]},
    {"semaphore": {"configMapKeyRef": {"name": "limits", "key": "one"}}, "mutexes": [{"name": "n"}]},
]


@st.composite
def guarded(draw: st.DrawFn, *, races: bool = False, shared: bool = False) -> Document:
    """A workflow made by chance, some of whose templates want locks or remember their results.

    Those of steps and graphs are other locks than those of what they call, else they would wait for themselves.
    shared: nodes also use each other's results, so that it matters who is first.
    """
    workflow: Document = clone(draw(workflows(races=races)))
    for template in workflow["spec"]["templates"]:
        if draw(st.booleans()):
            own = [{"mutexes": [{"name": template["name"]}]}]
            is_leaf = "steps" not in template and "dag" not in template
            template["synchronization"] = draw(st.sampled_from(LEAF_LOCKS if is_leaf else own))
        keys = (["{{pod.name}}"] if template["name"] == "pod" else []) + (["all"] if shared else [])
        if keys and "outputs" in template and draw(st.booleans()):
            cache = {"configMap": {"name": "cache"}}
            template["memoize"] = {"key": draw(st.sampled_from(keys)), "cache": cache}
    if draw(st.integers(0, 3)) == 0:
        workflow["spec"]["synchronization"] = {"mutexes": [{"name": "whole"}]}
    return workflow


def simulation(workflow: Document, salt: int, **options: Any) -> Simulation:
    objects = Objects.of([{**clone(LIMITS), "kind": "ConfigMap"}])
    return Simulation(workflow, Weather(salt), objects=objects, **options)


def played(workflow: Document, salt: int, **options: Any) -> Simulation:
    return ended(simulation(workflow, salt, **options).play())


def ended(over: Simulation) -> Simulation:
    """Complete, and nobody holds anything any more."""
    assert over.is_complete
    assert "synchronization" not in over.workflow["status"]
    assert not any("synchronizationStatus" in node for node in over.nodes.values())
    assert not over.room.table.locks()
    return over


def phases(over: Simulation) -> Mapping[str, str]:
    return {name: node["phase"] for name, node in over.nodes.items()}


@FEW
@given(guarded().map(without_narrow_moments), st.integers(0, 1000))
def test_incremental_is_fresh(workflow: Document, salt: int) -> None:
    """Apart from the times: a run that is loaded anew asks for its locks again."""
    kept, fresh = played(workflow, salt), played(workflow, salt, fresh=True)
    assert difference(tree(kept), tree(fresh)) == []


@FEW
@given(guarded(races=True, shared=True), st.integers(0, 1000), st.integers(0, 1000))
def test_all_come_to_an_end(workflow: Document, salt: int, seed: int) -> None:
    """Also where others write the object meanwhile, so that the run is loaded anew in the midst of asking."""
    over, dice = simulation(workflow, salt), random.Random(seed)
    over.conflict = lambda: dice.random() < 0.1
    ended(over.play())


@FEW
@given(guarded().map(without_narrow_moments), st.integers(0, 1000), st.integers(0, 1000))
def test_order_does_not_matter(workflow: Document, salt: int, seed: int) -> None:
    """It decides who has a lock first, not what becomes of anybody."""
    one, other = played(workflow, salt), played(workflow, salt, seed=seed)
    assert difference(tree(one), tree(other)) == []


@FEW
@given(guarded(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_killed_controller_goes_on(workflow: Document, salt: int, seed: int) -> None:
    one, other = played(workflow, salt), simulation(workflow, salt)
    dice = random.Random(seed)
    other.lose = lambda: dice.random() < 0.3
    ended(other.play())
    assert phases(one) == phases(other)


@FEW
@given(
    guarded(races=True, shared=True),
    st.integers(0, 1000),
    st.sampled_from(["Stop", "Terminate"]),
    st.integers(1, 80),
)
def test_a_shutdown_ends_everything(workflow: Document, salt: int, strategy: str, tenths: int) -> None:
    over = simulation(workflow, salt)
    shut_down(over, strategy, tenths / 10 + 0.01)
    ended(over)
    assert all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in over.pods.values())
