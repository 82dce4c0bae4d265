"""The laws of the scheduler also hold with templates of other objects, inline ones, containerSets and daemons."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import inf
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argotui.model.documents import Document, annotations, clone
from argotui.model.keys import ANNOTATION_NODE_NAME

from .simulator import Objects, Outcome, Simulation
from .test_laws import SOAK, Weather, chance, difference, shut_down, timed, tree, workflows

RELAXED = settings(
    max_examples=1000 if SOAK else 8,
    derandomize=not SOAK,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SERVER: Document = {
    "name": "server",
    "daemon": True,
    "retryStrategy": {"limit": 1},
    "container": {"image": "alpine", "command": ["serve"]},
}


class Climate(Weather):
    """Daemons run until somebody ends them, or for some seconds."""

    def __call__(self, node: str) -> Outcome:
        found = super().__call__(node)
        if "server" not in node.rpartition(".")[2]:
            return found
        lives = chance(f"{self._salt}d{node}") < 0.6
        return Outcome(inf if lives else found.seconds, exit_code=3, ready=chance(f"{self._salt}r{node}") < 0.9)


@st.composite
def mixed(draw: st.DrawFn) -> tuple[Document, Objects]:
    """A workflow made by chance, some of whose templates are of another object, or stand where they are used."""
    workflow: Document = clone(draw(workflows(races=True)))
    spec = workflow["spec"]
    spec.pop("parallelism", None)  # a daemon keeps its place, so that nothing else might have room
    salt = str(draw(st.integers(0, 1000)))
    for template in spec["templates"]:
        template.pop("parallelism", None)
        if template["name"] == "pod" and draw(st.booleans()):
            _make_set(template)
        if draw(st.booleans()):
            _add_server(template)
    by_name = {template["name"]: template for template in spec["templates"]}
    library = [clone(template) for template in (*by_name.values(), SERVER)]
    for holder in _holders(spec["templates"]):
        if "template" not in holder:
            continue  # the same step in two places
        luck = chance(f"{salt}{holder['name']}")
        if luck < 0.4:
            holder["templateRef"] = {"name": "lib", "template": holder.pop("template")}
        elif luck < 0.6 and holder["template"] in ("pod", "retried", "server"):
            inline = {**by_name, "server": SERVER}[holder.pop("template")]
            holder["inline"] = {key: value for key, value in clone(inline).items() if key != "name"}
    spec["templates"].append(SERVER)
    metadata = {"name": "lib", "namespace": "argo"}
    found = {"kind": "WorkflowTemplate", "metadata": metadata, "spec": {"templates": library}}
    return workflow, Objects.of([found])


def _make_set(template: Document) -> None:
    main = {**template.pop("container"), "name": "main", "dependencies": ["a", "b"]}
    others = [{"name": name, "image": "alpine", "command": ["true"]} for name in "ab"]
    template["containerSet"] = {"containers": [main, *others]}


def _add_server(template: Document) -> None:
    if "steps" in template:
        template["steps"].insert(0, [{"name": "server", "template": "server"}])
    elif "dag" in template:
        tasks = template["dag"]["tasks"]
        waits = "depends" if any("depends" in task for task in tasks) else "dependencies"
        for task in tasks:
            if waits not in task and "continueOn" not in task:
                task[waits] = "server.Daemoned || server" if waits == "depends" else ["server"]
        tasks.insert(0, {"name": "server", "template": "server"})


def _holders(templates: list[Document]) -> Iterator[Document]:
    for template in templates:
        for group in template.get("steps") or ():
            yield from group
        yield from (template.get("dag") or {}).get("tasks") or ()


def play(case: tuple[Document, Objects], salt: int, **options: Any) -> Simulation:
    workflow, objects = case
    return Simulation(workflow, Climate(salt), objects=objects, **options)


def live_pods(simulation: Simulation) -> list[Document]:
    """Those that have not ended."""
    return [pod for pod in simulation.pods.values() if pod["status"]["phase"] not in ("Succeeded", "Failed")]


@RELAXED
@given(mixed(), st.integers(0, 1000))
def test_incremental_is_fresh(case: tuple[Document, Objects], salt: int) -> None:
    kept, fresh = play(case, salt).play(), play(case, salt, fresh=True).play()
    assert kept.is_complete == fresh.is_complete
    assert difference(timed(kept), timed(fresh)) == []


@RELAXED
@given(mixed(), st.integers(0, 1000))
def test_nothing_is_left_of_a_workflow_that_is_over(case: tuple[Document, Objects], salt: int) -> None:
    simulation = play(case, salt).play()
    if simulation.is_complete:
        assert not any(node.get("daemoned") for node in simulation.nodes.values())
        served = [pod for name, pod in simulation.pods.items() if "server" in name]
        assert all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in served)


@RELAXED
@given(mixed(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_killed_controller_goes_on(case: tuple[Document, Objects], salt: int, seed: int) -> None:
    one, other = play(case, salt).play(), play(case, salt)
    dice = random.Random(seed)
    other.lose = lambda: dice.random() < 0.3
    other.play()
    assert difference(tree(one), tree(other)) == []


@settings(RELAXED, max_examples=RELAXED.max_examples // 2)
@given(mixed(), st.integers(0, 1000), st.sampled_from(["Stop", "Terminate"]), st.integers(1, 80))
def test_a_shutdown_ends_everything(case: tuple[Document, Objects], salt: int, strategy: str, tenths: int) -> None:
    kept, fresh = play(case, salt), play(case, salt, fresh=True)
    for simulation in (kept, fresh):
        shut_down(simulation, strategy, tenths / 10 + 0.01)
        if strategy == "Stop" and not simulation.is_complete:  # exit handlers go on, if need be for ever
            assert all(".onExit" in annotations(pod)[ANNOTATION_NODE_NAME] for pod in live_pods(simulation))
            shut_down(simulation, "Terminate", 0.01)
        assert simulation.is_complete
        assert not live_pods(simulation)
    assert difference(tree(kept), tree(fresh)) == []
