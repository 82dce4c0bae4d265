"""Hooks and exit handlers with expressions, and what they see."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from argotui.engine import operations
from argotui.model.documents import Document
from argotui.model.patching import merge_patch

from .builders import call, dag, produced, steps, worker, workflow
from .simulator import Outcome, Simulation

BOTH = pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])


def hook(expression: str = "", template: str = "work", **arguments: str) -> Document:
    given = {"parameters": [{"name": name, "value": value} for name, value in arguments.items()]}
    return {"template": template} | ({"expression": expression} if expression else {}) | {"arguments": given}


def play(document: Document, fresh: bool = False, **outcomes: Outcome) -> Simulation:
    """outcomes: by the end of the node's name, `default` for all others."""
    usual = outcomes.pop("default", Outcome(outputs=produced(v="1")))

    def script(node: str) -> Outcome:
        return next((outcome for end, outcome in outcomes.items() if node.endswith(end)), usual)

    return Simulation(document, script, fresh=fresh).play()


def value(simulation: Simulation, node: str) -> str:
    """The value of a node's only input."""
    [parameter] = simulation.nodes[node]["inputs"]["parameters"]
    return str(parameter["value"])


WORK = worker("work", "x", outputs=("v",))


@BOTH
@pytest.mark.parametrize("kind", ["steps", "tasks"])
def test_a_hook_sees_its_node_and_what_was_before(kind: str, fresh: bool) -> None:
    hooks = {
        "ran": hook(f"{kind}.b.status == 'Running'", x=f"{{{{{kind}.a.outputs.parameters.v}}}}"),
        "done": hook(
            f"{kind}['b'].outputs?.parameters?.v == '7'", x=f"{{{{={kind}.self.outputs.parameters.v + '!'}}}}"
        ),
        "never": hook(f"{kind}.self.status == 'Failed'", x=""),
        "exit": hook(f"{kind}.b.status == 'Succeeded'", x="{{workflow.status}}"),
    }
    a, b = call("a", "work", x="1"), call("b", "work", x="1", hooks=hooks)
    body = steps(a, b) if kind == "steps" else dag(a, {**b, "dependencies": ["a"]})
    simulation = play(workflow(body, WORK), fresh, b=Outcome(outputs=produced(v="7")))
    name = "wf[1].b" if kind == "steps" else "wf.b"
    assert simulation.phase == "Succeeded"
    assert value(simulation, f"{name}.hooks.ran") == "1"
    assert value(simulation, f"{name}.hooks.done") == "7!"
    assert value(simulation, f"{name}.onExit") == "Running"
    assert f"{name}.hooks.never" not in simulation.nodes
    assert simulation.nodes[name]["phase"] == "Succeeded"


@BOTH
def test_the_group_waits_for_a_hook_that_takes_longer_than_its_step(fresh: bool) -> None:
    slow = {"slow": hook("steps.a.status == 'Running'", x="")}
    document = workflow(steps(call("a", "work", x="", hooks=slow), call("b", "work", x="")), WORK)
    simulation = Simulation(document, lambda node: Outcome(9 if "hooks" in node else 1), fresh=fresh)
    simulation.play(until=lambda: simulation.nodes.get("wf[0].a", {}).get("phase") == "Succeeded")
    assert "wf[1].b" not in simulation.nodes
    simulation.play()
    assert simulation.nodes["wf[0].a.hooks.slow"]["finishedAt"] <= simulation.nodes["wf[1].b"]["startedAt"]


@BOTH
def test_tasks_that_are_passed_over_have_hooks_too(fresh: bool) -> None:
    skipped = {"seen": hook("tasks.a.status == 'Skipped'", x="{{tasks.a.status}}")}
    document = workflow(dag(call("a", "work", when="false", x="", hooks=skipped)), WORK)
    simulation = play(document, fresh)
    assert value(simulation, "wf.a.hooks.seen") == "Skipped"


@BOTH
def test_a_loop_of_a_dag_has_its_hooks_once_and_that_of_a_group_for_each_item(fresh: bool) -> None:
    def hooks(kind: str) -> Any:
        return {"done": hook(f"{kind}.a.status == 'Succeeded'", x="{{workflow.name}}")}

    tasks = play(workflow(dag(call("a", "work", x="{{item}}", withItems=[1, 2], hooks=hooks("tasks"))), WORK), fresh)
    assert [name for name in tasks.nodes if "hooks" in name] == ["wf.a.hooks.done"]
    each = play(workflow(steps(call("a", "work", x="{{item}}", withItems=[1, 2], hooks=hooks("steps"))), WORK), fresh)
    assert sorted(n for n in each.nodes if "hooks" in n) == ["wf[0].a(0:1).hooks.done", "wf[0].a(1:2).hooks.done"]


@BOTH
def test_a_hook_may_look_at_its_neighbour(fresh: bool) -> None:
    hooks = {"late": hook("steps.b.status == 'Succeeded'", x="")}
    group = [call("a", "work", x="", hooks=hooks), call("b", "work", x="")]
    simulation = play(workflow(steps(group), WORK), fresh, a=Outcome(5))
    late, own = simulation.nodes["wf[0].a.hooks.late"], simulation.nodes["wf[0].a"]
    assert late["startedAt"] < own["finishedAt"]


@BOTH
@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("steps.a.status", "unable to cast expression result 'Pending' to bool"),
        ("steps.nope.status == 'x'", "unable to evaluate expression 'steps.nope.status == 'x'': cannot fetch status"),
        ("nope == 1", "unknown name nope (1:1)"),
    ],
)
def test_a_condition_that_cannot_be_judged_ends_the_group(expression: str, message: str, fresh: bool) -> None:
    simulation = play(workflow(steps(call("a", "work", x="", hooks={"h": hook(expression, x="")})), WORK), fresh)
    assert simulation.nodes["wf[0]"]["phase"] == "Error"
    assert simulation.nodes["wf[0]"]["message"].startswith(message)
    assert simulation.phase == "Failed"


@BOTH
def test_a_condition_that_cannot_be_judged_ends_the_task(fresh: bool) -> None:
    broken = call("a", "work", x="", hooks={"h": hook("tasks.a.status > 1", x="")})
    after = {**call("b", "work", x=""), "depends": "a.Errored"}
    simulation = play(workflow(dag(broken, after), WORK), fresh, a=Outcome(inf))
    assert simulation.nodes["wf.a"]["phase"] == "Error"
    assert simulation.nodes["wf.a"]["message"].endswith("invalid operation: string > int (1:16)")
    assert simulation.nodes["wf.b"]["phase"] == "Succeeded"
    assert all(pod["status"]["phase"] != "Running" for pod in simulation.pods.values()), "its pod is ended"


@BOTH
def test_hooks_of_the_workflow(fresh: bool) -> None:
    hooks = {
        "started": hook("workflow.status == 'Running'", x="{{workflow.status}}"),
        "failed": hook("workflow.status == 'Failed'", x="{{=len(workflow.failures) > 10}}"),
        "exit": hook("workflow.status == 'Failed'", x="{{workflow.status}}"),
    }
    document = workflow(steps(call("a", "work", x="")), WORK, hooks=hooks)
    simulation = play(document, fresh, **{"].a": Outcome(exit_code=1)})
    assert simulation.phase == "Failed"
    assert value(simulation, "wf.hooks.started") == "Running"
    assert value(simulation, "wf.hooks.failed") == "true"
    assert value(simulation, "wf.onExit") == "Failed"
    ids = {simulation.nodes[name]["id"] for name in ("wf.hooks.started", "wf.hooks.failed")}
    assert ids <= set(simulation.nodes["wf"]["children"])


@BOTH
def test_a_workflow_whose_hook_cannot_be_judged_is_an_error(fresh: bool) -> None:
    document = workflow(steps(call("a", "work", x="")), WORK, hooks={"h": hook("workflow.nope.x", x="")})
    simulation = play(document, fresh, default=Outcome(inf))
    assert simulation.phase == "Error"
    assert "cannot fetch x from <nil>" in simulation.workflow["status"]["message"]
    assert simulation.is_complete


@BOTH
def test_an_exit_handler_that_is_not_wanted(fresh: bool) -> None:
    document = workflow(steps(call("a", "work", x="")), WORK, hooks={"exit": hook("workflow.status == 'Failed'", x="")})
    simulation = play(document, fresh)
    assert simulation.phase == "Succeeded"
    assert "wf.onExit" not in simulation.nodes


@BOTH
def test_lifecycle_hooks_end_with_a_stop_and_exit_handlers_do_not(fresh: bool) -> None:
    hooks = {"run": hook("steps.a.status == 'Running'", x=""), "exit": hook(x="")}
    document = workflow(steps(call("a", "work", x="", hooks=hooks)), WORK)
    simulation = Simulation(document, lambda node: Outcome(1 if "onExit" in node else inf), fresh=fresh)
    simulation.play(until=lambda: simulation.nodes.get("wf[0].a.hooks.run", {}).get("phase") == "Running")
    simulation.change(merge_patch(simulation.workflow, operations.stop(simulation.workflow)))
    simulation.play()
    assert simulation.nodes["wf[0].a.hooks.run"]["message"].startswith("workflow shutdown with strategy")
    assert simulation.nodes["wf[0].a.onExit"]["phase"] == "Succeeded"
    assert simulation.phase == "Failed"


def test_a_hook_does_not_begin_when_its_time_has_passed_while_it_waited_for_room() -> None:
    document = workflow(
        steps(call("a", "work", x="", hooks={"run": hook("steps.a.status == 'Running'", x="")})), WORK, parallelism=1
    )
    simulation = play(document)
    assert simulation.phase == "Succeeded"
    assert "wf[0].a.hooks.run" not in simulation.nodes


# --- other expressions ------------------------------------------------------------------------


def test_time_and_chance_are_those_of_the_node_after_any_number_of_reloads() -> None:
    arguments = {"x": "{{=sprig.uuidv4()}} {{=sprig.uuidv4()}} {{=now().Unix()}}"}
    loop = {"x": "{{=item + sprig.uuidv4()}} {{=item + sprig.uuidv4()}}"}
    inner = steps(call("b", "work", x="{{inputs.parameters.x}}"), call("c", "work", x="{{inputs.parameters.x}}"))
    inner |= {"name": "inner", "inputs": {"parameters": [{"name": "x"}]}}
    group = [
        call("a", "inner", **arguments),
        call("z", "work", **arguments),
        call("l", "work", withItems=[1, 2], **loop),
    ]
    document = workflow(steps(group), inner, WORK)
    made = []
    for fresh in (False, True):
        simulation = play(document, fresh)
        assert simulation.phase == "Succeeded"
        values = {name: value(simulation, name) for name, node in simulation.nodes.items() if "inputs" in node}
        made.append(values)
        assert values["wf[0].a"] == values["wf[0].a[0].b"] == values["wf[0].a[1].c"]
        ids = [part for name in ("a", "z", "l(0:1)", "l(1:2)") for part in values[f"wf[0].{name}"].split()[:2]]
        assert len(set(ids)) == 8
    assert made[0] == made[1]


def test_outputs_may_be_expressions_with_defaults() -> None:
    parameters = [
        {
            "name": "sum",
            "valueFrom": {"expression": "asInt(steps.a.outputs.parameters.v) + asInt(inputs.parameters.n)"},
        },
        {"name": "list", "valueFrom": {"expression": "[1, 'a']"}},
        {"name": "given", "valueFrom": {"expression": "steps.nope.x", "default": "d"}, "globalName": "out"},
        {"name": "nil", "valueFrom": {"expression": "steps['nope']"}},
        {
            "name": "branch",
            "valueFrom": {"expression": "steps.s.status == 'Skipped' ? 'none' : steps.s.outputs.result"},
        },
    ]
    group = [call("a", "work", x=""), call("s", "work", x="", when="false")]
    main = steps(group) | {
        "outputs": {"parameters": parameters},
        "inputs": {"parameters": [{"name": "n", "value": "4"}]},
    }
    simulation = play(workflow(main, WORK), default=Outcome(outputs=produced(v="38")))
    made = {p["name"]: p["value"] for p in simulation.nodes["wf"]["outputs"]["parameters"]}
    assert made == {"sum": "42", "list": "[1 a]", "given": "d", "nil": "", "branch": "none"}
    assert simulation.workflow["status"]["outputs"]["parameters"] == [{"name": "out", "value": "d"}]


def test_an_output_that_cannot_be_computed_is_an_error() -> None:
    main = steps(call("a", "work", x="")) | {
        "outputs": {"parameters": [{"name": "o", "valueFrom": {"expression": "1 +"}}]}
    }
    simulation = play(workflow(main, WORK))
    assert simulation.phase == "Error"
    assert simulation.nodes["wf"]["message"] == "unexpected token EOF (1:3)"


def test_labels_may_be_expressions() -> None:
    metadata = {"labelsFrom": {"team": {"expression": "workflow.parameters.team + '-x'"}}}
    arguments = {"parameters": [{"name": "team", "value": "ab"}]}
    main = worker("main") | {"container": {"image": "i", "command": ["{{workflow.labels.team}}"]}}
    simulation = play(workflow(main, workflowMetadata=metadata, arguments=arguments))
    assert simulation.workflow["metadata"]["labels"]["team"] == "ab-x"
    assert "ab-x" in str(simulation.created[0]["spec"]["containers"])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1", 'failed to evaluate label "l" expression "1" evaluted to int but must be a string'),
        ("nope", 'failed to evaluate label "l" expression "nope": unknown name nope (1:1)'),
        ("'a b'", 'failed to evaluate label "l" expression "\'a b\'": "a b" cannot be the value of a label'),
    ],
)
def test_labels_that_cannot_be(expression: str, message: str) -> None:
    simulation = play(workflow(workflowMetadata={"labelsFrom": {"l": {"expression": expression}}}))
    assert simulation.phase == "Error"
    assert simulation.workflow["status"]["message"].startswith(message)


def test_what_a_sibling_did_is_not_asked_too_early() -> None:
    """The template of a step knows `steps.name`, so `steps` exists before the siblings do."""
    inner = steps(call("a", "work", x=""), call("b", "work", x="{{=steps.a?.outputs?.parameters?.v ?? 'early'}}"))
    simulation = play(workflow(steps(call("i", "inner")), inner | {"name": "inner"}, WORK))
    assert value(simulation, "wf[0].i[1].b") == "1"


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("{{=steps.nope.outputs.result}}", "failed to evaluate expression: steps.nope is missing"),
        ("{{=asInt('x')}}", "failed to evaluate expression: invalid operation: int(x) (1:1)"),
    ],
)
def test_an_argument_that_cannot_be_computed_ends_its_group(tag: str, message: str) -> None:
    simulation = play(workflow(steps(call("a", "work", x=""), call("b", "work", x=tag)), WORK))
    assert simulation.nodes["wf[1]"]["message"] == f"failed to resolve references: {message}"
    assert simulation.phase == "Failed"


def test_a_hostile_expression_ends_as_an_error_and_soon() -> None:
    bomb = "{{=" + " + ".join(["len(map(1..99999, {# * 2}))"] * 40) + "}}"
    simulation = play(workflow(steps(call("a", "work", x=bomb)), WORK))
    assert simulation.phase == "Failed"
    assert "memory budget exceeded" in simulation.nodes["wf[0]"]["message"]
