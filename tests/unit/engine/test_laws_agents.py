"""The laws of the scheduler where an agent does what is pods elsewhere."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.model.documents import Document, clone

from .simulator import Simulation
from .test_laws import RELAXED, Weather, difference, shut_down, timed, tree, workflows

FEW = settings(RELAXED, max_examples=max(RELAXED.max_examples // 3, 1))


def with_requests(workflow: Document) -> Document:
    """The same workflow with requests in the place of its plain pods."""
    changed: Document = clone(workflow)
    for template in changed["spec"]["templates"]:
        if template["name"] == "pod":
            del template["container"]
            template["http"] = {"url": "http://h/{{inputs.parameters.x}}"}
    return changed


def played(workflow: Document, salt: int, **options: bool) -> Simulation:
    simulation = Simulation(workflow, Weather(salt), **options).play()  # type: ignore[arg-type]
    assert simulation.is_complete
    return simulation


@FEW
@given(workflows(races=True).map(with_requests), st.integers(0, 1000))
def test_incremental_is_fresh(workflow: Document, salt: int) -> None:
    kept, fresh = played(workflow, salt), played(workflow, salt, fresh=True)
    assert difference(timed(kept), timed(fresh)) == []
    assert sorted(kept.agent.made) == sorted(fresh.agent.made)


@FEW
@given(workflows().map(with_requests), st.integers(0, 1000), st.integers(0, 1000))
def test_a_killed_controller_goes_on(workflow: Document, salt: int, seed: int) -> None:
    one, other = played(workflow, salt), Simulation(workflow, Weather(salt))
    dice = random.Random(seed)
    other.lose = lambda: dice.random() < 0.3
    other.play()
    assert difference(tree(one), tree(other)) == []
    assert len(other.agent.made) == len(set(other.agent.made)), "no request is made twice"


@FEW
@given(
    workflows(races=True).map(with_requests),
    st.integers(0, 1000),
    st.sampled_from(["Stop", "Terminate"]),
    st.integers(1, 80),
)
def test_a_shutdown_ends_everything(workflow: Document, salt: int, strategy: str, tenths: int) -> None:
    kept, fresh = Simulation(workflow, Weather(salt)), Simulation(workflow, Weather(salt), fresh=True)
    for simulation in (kept, fresh):
        shut_down(simulation, strategy, tenths / 10 + 0.01)
        assert simulation.is_complete
        assert not [name for name in simulation.pods if name.endswith("-agent")]
    assert difference(tree(kept), tree(fresh)) == []
