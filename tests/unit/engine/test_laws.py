"""Laws of the scheduler, for workflows made by chance.

The incremental result is that of a fresh load before every step; the order of what happens at the same time,
and a controller that is killed before it has stored its last step, do not matter; no node that is over changes
its phase (checked by the simulator in every step).
"""

from __future__ import annotations

import json
import os
import random
from typing import Any
from unittest.mock import patch
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argotui.engine import execution, operations
from argotui.model.documents import Document
from argotui.model.patching import merge_patch

from .replay import compare
from .simulator import Outcome, Simulation, without_nulls

SOAK = bool(os.environ.get("ARGOTUI_TEST_SOAK"))
RELAXED = settings(
    max_examples=2000 if SOAK else 50,
    derandomize=not SOAK,  # `make test` proves the same each time; `make soak` looks for what nobody has thought of
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
pytestmark = pytest.mark.timeout(3600 if SOAK else 300)
LEAVES = ("pod", "retried", "gate")


def chance(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return crc32(text.encode()) / 2**32


class Weather:
    """What pods do, decided by their names: each salt is another world."""

    def __init__(self, salt: int, failing: float = 0.25) -> None:
        self._salt = str(salt)
        self._failing = failing

    def __call__(self, node: str) -> Outcome:
        seconds = 0.5 + int(chance(f"{self._salt}s{node}") * 4) / 2
        if chance(f"{self._salt}f{node}") < self._failing:
            return Outcome(seconds, exit_code=3)
        value = json.dumps([node[-3:], 1]) if chance(f"{self._salt}j{node}") < 0.5 else node[-4:]
        parameter = {"name": "v", "value": value, "valueFrom": {"path": "/tmp/v"}}
        return Outcome(seconds, outputs={"parameters": [parameter]})


@st.composite
def workflows(draw: st.DrawFn, *, races: bool = False) -> Document:
    """A workflow of steps and graphs within each other, with loops, conditions, retries, exit handlers, gates.

    races: `failFast` and `maxDuration`, where it matters what comes first; then gates do not wait, because the
    status tells when they began in whole seconds only.
    """
    templates: list[Document] = [
        _leaf("pod"),
        {**_leaf("retried"), "retryStrategy": draw(st.sampled_from(STRATEGIES if races else STRATEGIES[1:]))},
        {"name": "gate", "suspend": {"duration": "0" if races else draw(st.sampled_from(["0", "1", "3"]))}},
    ]
    for index in range(draw(st.integers(1, 3))):
        names = [template["name"] for template in templates]
        make = draw(st.sampled_from([_steps, _graph]))
        template = {"name": f"c{index}", **make(draw, names)}
        if draw(st.integers(0, 4)) == 0:
            template["retryStrategy"] = {"limit": draw(st.integers(0, 1))}
        if draw(st.integers(0, 3)) == 0:
            template["parallelism"] = draw(st.integers(1, 3))
        if races and draw(st.booleans()):
            template["failFast"] = True
        templates.append(template)
    spec: Document = {"entrypoint": templates[-1]["name"], "templates": templates}
    if draw(st.booleans()):
        spec["onExit"] = draw(st.sampled_from([template["name"] for template in templates]))
    if draw(st.integers(0, 3)) == 0:
        statuses = st.sampled_from(["Running", "Succeeded", "Failed"])
        spec["hooks"] = {
            hook: _hook(draw, f"workflow.status == '{draw(statuses)}'", "steps", "none") for hook in ("first", "second")
        }
    if draw(st.integers(0, 3)) == 0:
        spec["parallelism"] = draw(st.integers(1, 4))
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "chance", "namespace": "argo"},
        "spec": spec,
    }


STRATEGIES: list[Document] = [
    {"limit": 3, "backoff": {"duration": "2", "maxDuration": "6"}},
    {"limit": 0},
    {"limit": 2},
    {"limit": "1", "retryPolicy": "Always"},
    {"limit": 2, "backoff": {"duration": "1", "factor": 2}},
    {"limit": 2, "retryPolicy": "OnError"},
    {"limit": 3, "expression": "asInt(retries) < 1 || lastRetry.status == 'Error'"},
]


def _leaf(name: str) -> Document:
    return {
        "name": name,
        "inputs": {"parameters": [{"name": "x", "default": "none"}]},
        "container": {"image": "alpine", "command": ["true"], "args": ["{{inputs.parameters.x}}"]},
        "outputs": {"parameters": [{"name": "v", "valueFrom": {"path": "/tmp/v", "default": "d"}}]},
    }


def _holder(draw: st.DrawFn, name: str, templates: list[str], kind: str, earlier: list[str]) -> Document:
    holder: Document = {"name": name, "template": draw(st.sampled_from(templates))}
    if draw(st.integers(0, 5)) == 0:
        holder["when"] = draw(st.sampled_from(["true", "false", "1 > 2 || 3 == 3"]))
    loop = draw(st.sampled_from([None, None, None, "items", "param", "sequence"]))
    if loop == "items":
        holder["withItems"] = draw(st.lists(st.sampled_from([1, 2, "a", "b.c", {"k": "v"}]), max_size=3))
    elif loop == "param":
        holder["withParam"] = draw(st.sampled_from(["[]", "[1,2]", '["x","y","z"]', '[{"k":1}]']))
    elif loop == "sequence":
        holder["withSequence"] = {"count": str(draw(st.integers(0, 3)))}
    if draw(st.integers(0, 3)) == 0:
        holder["onExit"] = draw(st.sampled_from(LEAVES))
    if draw(st.integers(0, 5)) == 0:
        del holder["template"]
        holder["inline"] = {key: value for key, value in _leaf("").items() if key != "name"}
        return holder
    if draw(st.integers(0, 3)) == 0:
        holder["hooks"] = _hooks(draw, name, kind)
    if holder["template"] in ("pod", "retried"):
        holder["arguments"] = {"parameters": [{"name": "x", "value": _value(draw, holder, kind, earlier)}]}
    return holder


def _hooks(draw: st.DrawFn, name: str, kind: str) -> Document:
    """Hooks that look at their own node, at the workflow, or at something that is never true."""
    own = [f"{kind}['{name}'].status == '{phase}'" for phase in ("Running", "Succeeded", "Failed", "Skipped")]
    expressions = [*own, f"{kind}.self.status in ['Failed', 'Error']", "workflow.name == 'other'", "len(workflow) > 2"]
    chosen = draw(st.lists(st.sampled_from(["exit", "a", "b", "c"]), min_size=1, max_size=3, unique=True))
    return {hook: _hook(draw, draw(st.sampled_from(expressions)), kind, name) for hook in chosen}


def _hook(draw: st.DrawFn, expression: str, kind: str, name: str) -> Document:
    hook: Document = {"template": draw(st.sampled_from(["pod", "retried"])), "expression": expression}
    value = draw(
        st.sampled_from(["{{workflow.status}}", f"{{{{={kind}['{name}']?.outputs?.parameters?.v ?? 'none'}}}}"])
    )
    return hook | {"arguments": {"parameters": [{"name": "x", "value": value}]}}


def _value(draw: st.DrawFn, holder: Document, kind: str, earlier: list[str]) -> str:
    choices = ["plain", "{{workflow.name}}", "{{=sprig.upper(workflow.name)}}", "{{=1 + 2}}"]
    if "withItems" in holder or "withParam" in holder or "withSequence" in holder:
        choices.append("{{item}}")
    choices += [f"{{{{{kind}.{name}.outputs.parameters.v}}}}" for name in earlier]
    choices += [f"{{{{{kind}.{name}.status}}}}" for name in earlier]
    choices += ["{{=sprig.upper(workflow.name)}}", "{{=sprig.uuidv4()}}"]
    choices += [f"{{{{={kind}['{name}'].status + string(1 / 4)}}}}" for name in earlier]
    return draw(st.sampled_from(choices))


def _steps(draw: st.DrawFn, templates: list[str]) -> Document:
    groups: list[list[Document]] = []
    known: list[str] = []
    for row in range(draw(st.integers(1, 3))):
        group = []
        for column in range(draw(st.integers(1, 2))):
            step = _holder(draw, f"s{row}{column}", templates, "steps", known)
            if draw(st.integers(0, 3)) == 0:
                step["continueOn"] = {"failed": True, "error": draw(st.booleans())}
            group.append(step)
        known += [step["name"] for step in group if _offers(step)]
        groups.append(group)
    return {"steps": groups}


def _graph(draw: st.DrawFn, templates: list[str]) -> Document:
    tasks: list[Document] = []
    logic = draw(st.booleans())
    for index in range(draw(st.integers(1, 4))):
        before = draw(st.lists(st.sampled_from(tasks), max_size=2, unique_by=lambda t: t["name"])) if tasks else []
        earlier = [task["name"] for task in before if _offers(task)]
        task = _holder(draw, f"t{index}", templates, "tasks", earlier)
        names = [each["name"] for each in before]
        if logic and names:
            results = st.sampled_from(["", ".Succeeded", ".Failed", ".Errored", ".Skipped", ".Omitted"])
            terms = [f"{name}{draw(results)}" for name in names]
            task["depends"] = draw(st.sampled_from([" && ", " || "])).join(terms)
        elif names:
            task["dependencies"] = names
        if not logic and draw(st.integers(0, 3)) == 0:
            task["continueOn"] = {"failed": True}
        tasks.append(task)
    return {"dag": {"tasks": tasks}}


def _offers(holder: Document) -> bool:
    """Its outputs may be referred to without any doubt of validation."""
    return holder.get("template") in ("pod", "retried")


def tree(simulation: Simulation) -> Any:
    """Everything about the end but times."""
    return compare.normalise(simulation.workflow, simulation.created)


def timed(simulation: Simulation) -> Any:
    """Everything about the end."""
    document = without_nulls(simulation.workflow)
    for node in (document["status"].get("nodes") or {}).values():
        for key in ("children", "outboundNodes"):
            if key in node:
                node[key] = sorted(node[key])
    return document


def difference(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    return list(compare.differences(one, other))


@RELAXED
@given(workflows(races=True), st.integers(0, 1000))
def test_incremental_is_fresh(workflow: Document, salt: int) -> None:
    kept = Simulation(workflow, Weather(salt)).play()
    fresh = Simulation(workflow, Weather(salt), fresh=True).play()
    assert kept.is_complete
    assert difference(timed(kept), timed(fresh)) == []


@RELAXED
@given(workflows(), st.integers(0, 1000))
def test_small_steps_do_the_same(workflow: Document, salt: int) -> None:
    one = Simulation(workflow, Weather(salt)).play()
    with patch.object(execution, "ENOUGH", 1):
        other = Simulation(workflow, Weather(salt)).play()
    assert difference(tree(one), tree(other)) == []


def without_narrow_moments(workflow: Document) -> Document:
    """Where room is short, a hook that runs only while its node runs may find room before the node's end, or not."""
    text = json.dumps(workflow)
    return json.loads(text.replace("status == 'Running'", "status == 'Failed'")) if "parallelism" in text else workflow


@RELAXED
@given(workflows().map(without_narrow_moments), st.integers(0, 1000), st.integers(0, 1000))
def test_order_does_not_matter(workflow: Document, salt: int, seed: int) -> None:
    one = Simulation(workflow, Weather(salt)).play()
    other = Simulation(workflow, Weather(salt), seed=seed).play()
    assert difference(tree(one), tree(other)) == []


@RELAXED
@given(workflows(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_killed_controller_goes_on(workflow: Document, salt: int, seed: int) -> None:
    one = Simulation(workflow, Weather(salt)).play()
    other = Simulation(workflow, Weather(salt))
    dice = random.Random(seed)
    other.lose = lambda: dice.random() < 0.3
    other.play()
    assert difference(tree(one), tree(other)) == []


def shut_down(simulation: Simulation, strategy: str, seconds: float) -> None:
    """Stop or terminate the workflow at a moment, unless it is over by then."""
    passed: list[bool] = []
    simulation.advance([])

    def ring() -> list[Any]:
        passed.append(True)
        return []

    simulation.after(seconds, ring)
    simulation.play(until=lambda: bool(passed))
    if not simulation.is_complete:
        operation = operations.stop if strategy == "Stop" else operations.terminate
        simulation.change(merge_patch(simulation.workflow, operation(simulation.workflow)))
    simulation.play()


@RELAXED
@given(workflows(races=True), st.integers(0, 1000), st.sampled_from(["Stop", "Terminate"]), st.integers(1, 80))
def test_a_shutdown_ends_everything(workflow: Document, salt: int, strategy: str, tenths: int) -> None:
    kept = Simulation(workflow, Weather(salt))
    fresh = Simulation(workflow, Weather(salt), fresh=True)
    for simulation in (kept, fresh):
        shut_down(simulation, strategy, tenths / 10 + 0.01)
        assert simulation.is_complete
        assert all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in simulation.pods.values())
    assert difference(tree(kept), tree(fresh)) == []


@RELAXED
@given(workflows(races=True), st.integers(0, 1000))
def test_a_retry_goes_on_where_it_failed(workflow: Document, salt: int) -> None:
    kept = Simulation(workflow, Weather(salt, failing=0.4))
    fresh = Simulation(workflow, Weather(salt, failing=0.4), fresh=True)
    for simulation in (kept, fresh):
        simulation.play()
        if simulation.phase == "Succeeded":
            return
        plan = operations.plan_retry(simulation.workflow, now=simulation.now)
        for pod in plan.delete_pods:
            simulation.pods.pop(pod, None)
        simulation.script = Weather(salt, failing=0)
        simulation.change(plan.workflow)
        simulation.play()
        assert simulation.is_complete
        if simulation.adopted:  # each load waits anew for the report of a pod that ended in the meantime
            return
    assert difference(tree(kept), tree(fresh)) == []
