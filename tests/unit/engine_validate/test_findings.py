"""Findings as a person sees them: all at once, each at its field, with what would be right."""

from __future__ import annotations

import time
from typing import Any

import pytest

from argotui.engine.validate import Finding, validate

from .test_goldens import Templates

LEAF = {
    "name": "leaf",
    "inputs": {"parameters": [{"name": "msg"}]},
    "container": {"image": "x", "args": ["{{inputs.parameters.msg}}"]},
}
PLAIN = {"name": "plain", "container": {"image": "x"}}


def workflow(*templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Workflow",
        "metadata": {"name": "w", "namespace": "argo"},
        "spec": {"entrypoint": "main", "templates": list(templates), **spec},
    }


def steps(*groups: list[dict[str, Any]], name: str = "main") -> dict[str, Any]:
    return {"name": name, "steps": list(groups)}


def dag(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "main", "dag": {"tasks": list(tasks), **more}}


def call(name: str, template: str = "plain", **more: Any) -> dict[str, Any]:
    return {"name": name, "template": template, **more}


def arguments(**values: str) -> dict[str, Any]:
    return {"parameters": [{"name": name, "value": value} for name, value in values.items()]}


def shown(found: list[Finding]) -> list[tuple[str, str, str | None]]:
    return [(finding.path, finding.reason, finding.suggestion) for finding in found]


def test_everything_at_once() -> None:
    document = workflow(
        steps(
            [call("a", "plian"), call("a", "leaf")],
            [call("b", "leaf", arguments=arguments(msg="{{steps.ghost.outputs.result}}"))],
            [call("c", withItems=[1], withParam="[]")],
        ),
        LEAF,
        PLAIN,
        {"name": "bad_name", "container": {"command": ["x"]}, "retryStrategy": {"retryPolicy": "Sometimes"}},
        podGC={"strategy": "Never"},
    )
    assert shown(validate(document)) == [
        (
            "spec.templates[3].name",
            "'bad_name' is invalid: name must consist of alpha-numeric characters or '-', and must start with an "
            "alpha-numeric character (e.g. My-name1-2, 123-NAME)",
            None,
        ),
        ("spec.templates[0].steps[0][0].template", "template name 'plian' undefined", "did you mean 'plain'?"),
        ("spec.templates[0].steps[0][1].name", "name 'a' is not unique", "give each step its own name"),
        (
            "spec.templates[0].steps[0][1].arguments.parameters",
            "inputs.parameters.msg was not supplied",
            "add a parameter named 'msg'",
        ),
        (
            "spec.templates[0].steps[1][0].arguments.parameters[0].value",
            "failed to resolve {{steps.ghost.outputs.result}}",
            "no step named 'ghost' has ended when this one starts",
        ),
        (
            "spec.templates[0].steps[2][0]",
            "only one of withItems, withParam, withSequence can be specified",
            "keep one of: withItems, withParam",
        ),
        (
            "spec.podGC.strategy",
            "podGC.strategy unknown strategy 'Never'",
            "there is: OnPodCompletion, OnPodSuccess, OnWorkflowCompletion, OnWorkflowSuccess",
        ),
        (
            "spec.templates[3].retryStrategy.retryPolicy",
            "Sometimes is not a valid RetryPolicy",
            "one of: Always, OnError, OnFailure, OnTransientError",
        ),
        ("spec.templates[3].container.image", "image may not be empty", "name an image"),
    ]


def test_what_follows_from_a_missing_template_is_not_reported() -> None:
    document = workflow(
        steps([call("a", "ghost")], [call("b", "leaf", arguments=arguments(msg="{{steps.a.outputs.parameters.x}}"))]),
        LEAF,
    )
    assert [finding.path for finding in validate(document)] == ["spec.templates[0].steps[0][0].template"]


def test_a_template_used_often_is_reported_once() -> None:
    broken = {"name": "broken", "container": {"image": "x", "args": ["{{inputs.parameters.nope}}"]}}
    found = validate(workflow(steps([call("a", "broken"), call("b", "broken")]), broken))
    assert shown(found) == [
        (
            "spec.templates[1].container.args[0]",
            "failed to resolve {{inputs.parameters.nope}}",
            "declare it in the template's inputs.parameters",
        )
    ]
    assert (
        found[0].message == "templates.main.steps[0].a templates.broken: failed to resolve {{inputs.parameters.nope}}"
    )


def test_a_missing_argument_is_reported_where_it_is_missing() -> None:
    document = workflow(
        steps([call("a", "leaf"), call("b", "leaf", arguments=arguments(msg="1")), call("c", "leaf")]), LEAF
    )
    paths = [finding.path for finding in validate(document)]
    assert paths == [f"spec.templates[0].steps[0][{i}].arguments.parameters" for i in (0, 2)]
    entry = validate({**workflow(LEAF), "spec": {"entrypoint": "leaf", "templates": [LEAF]}})
    assert entry[0].path == "spec.arguments.parameters"


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ("{{workflow.parameters.targt}}", "did you mean {{workflow.parameters.target}}?"),
        ("{{workflow.parameters.zzz}}", "declare it in spec.arguments.parameters"),
        ("{{inputs.parameters.zzz}}", "declare it in the template's inputs.parameters"),
        ("{{workflow.failures}}", "only the exit handler (spec.onExit) knows it"),
        ("{{workflow.nme}}", "did you mean {{workflow.name}}?"),
    ],
)
def test_hints_for_tags(tag: str, hint: str) -> None:
    main = {"name": "main", "container": {"image": "x", "env": [{"name": "A", "value": f"say {tag}"}]}}
    found = validate(workflow(main, arguments=arguments(target="prod")))
    assert [(f.path, f.suggestion) for f in found] == [("spec.templates[0].container.env[0].value", hint)]


def test_hints_for_outputs() -> None:
    given = {**PLAIN, "name": "gives", "outputs": {"parameters": [{"name": "version", "valueFrom": {"path": "/v"}}]}}
    uses = call("b", "leaf", arguments=arguments(msg="{{steps.a.outputs.parameters.verison}}"))
    found = validate(workflow(steps([call("a", "gives")], [uses]), given, LEAF))
    assert found[0].suggestion == "did you mean {{steps.a.outputs.parameters.version}}?"


def test_a_tag_that_is_not_closed() -> None:
    main = {"name": "main", "suspend": {"duration": "{{workflow.parameters.d"}}
    found = validate(workflow(main, arguments=arguments(d="1")))
    assert found[0].path == "spec.templates[0].suspend.duration"
    assert found[0].suggestion == "a tag begins with '{{' and ends with '}}'"


def test_dags() -> None:
    document = workflow(
        dag(call("a", depends="c"), call("b", depends="a && d.Sucess"), call("c", depends="b"), target="a z"), PLAIN
    )
    assert shown(validate(document)) == [
        ("spec.templates[0].dag.tasks[1].depends", "invalid dependency d", "there is: a, b, c"),
        ("spec.templates[0].dag.tasks", "graph with cycle", "tasks wait for each other: a -> c -> b -> a"),
        (
            "spec.templates[0].dag.tasks[1].depends",
            "task result 'Sucess' for task 'd' is invalid",
            "there is: AllFailed, AnySucceeded, Daemoned, Errored, Failed, Omitted, Skipped, Succeeded",
        ),
        ("spec.templates[0].dag.target", "target 'z' is not defined", "there is: a, b, c"),
    ]


def test_an_argument_from_a_task_that_is_not_waited_for() -> None:
    uses = call("b", "leaf", arguments=arguments(msg="{{tasks.a.outputs.result}}"))
    found = validate(workflow(dag(call("a"), uses), PLAIN, LEAF))
    assert shown(found) == [
        (
            "spec.templates[0].dag.tasks[1].arguments.parameters[0]",
            "missing dependency 'a' for parameter 'msg'",
            "add 'a' to dependencies",
        )
    ]


def test_problems_of_another_object_are_told_at_the_reference() -> None:
    library = {
        "kind": "WorkflowTemplate",
        "metadata": {"name": "lib", "namespace": "argo"},
        "spec": {"templates": [PLAIN, steps([call("x", "gone")], name="broken")]},
    }
    caller = {"name": "a", "templateRef": {"name": "lib", "template": "broken"}}
    found = validate(workflow(steps([caller])), Templates([library]))
    assert [f.path for f in found] == ["spec.templates[0].steps[0][0].templateRef"]
    assert found[0].reason == (
        "in WorkflowTemplate 'lib', spec.templates[1].steps[0][0].template: template name 'gone' undefined"
    )
    typo = {"name": "a", "templateRef": {"name": "lib", "template": "plian"}}
    assert validate(workflow(steps([typo])), Templates([library]))[0].suggestion == "did you mean 'plain'?"


def test_a_cron_workflow() -> None:
    cron = {
        "kind": "CronWorkflow",
        "metadata": {"name": "c" * 60},
        "spec": {"schedules": ["* * *", "0 0 * * *"], "workflowSpec": {"entrypoint": "x", "templates": [PLAIN]}},
    }
    assert [finding.path for finding in validate(cron)] == [
        "metadata.name",
        "spec.schedules[0]",
        "spec.workflowSpec.entrypoint",
    ]


def test_defaults_of_the_controller_count() -> None:
    main = {"name": "main", "container": {"image": "x", "args": ["{{workflow.labels.team}}"]}}
    assert validate(workflow(main))
    assert not validate(workflow(main), defaults={"spec": {"workflowMetadata": {"labels": {"team": "red"}}}})


def test_large_documents() -> None:
    """A chain of 800 tasks, each with an argument from the one before."""
    tasks = [call("t0", "leaf", arguments=arguments(msg="x"))]
    for number in range(1, 800):
        before = f"t{number - 1}"
        given = arguments(msg=f"{{{{tasks.{before}.outputs.result}}}}")
        tasks.append(call(f"t{number}", "leaf", dependencies=[before], arguments=given))
    document = workflow(dag(*tasks), LEAF)
    started = time.process_time()
    assert validate(document) == []
    assert time.process_time() - started < 10
