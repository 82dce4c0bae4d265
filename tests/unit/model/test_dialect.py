"""Older fields are understood: read as today's, kept as they were written."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from argotui.engine.validate import validate
from argotui.model.dialect import as_written, older_forms, today, today_spec
from argotui.model.manifest import load_manifests, unsupported
from argotui.model.manifest.spots import format_path, parse_path

LOCK = {"name": "m"}
LOCKED = {"synchronization": {"mutex": LOCK}}
PLACES = {"configMapKeyRef": {"name": "c", "key": "k"}}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"ttlSecondsAfterFinished": 3}, {"ttlStrategy": {"secondsAfterCompletion": 3}}),
        (
            {"ttlSecondsAfterFinished": 3, "ttlStrategy": {"secondsAfterFailure": 9}},
            {"ttlStrategy": {"secondsAfterCompletion": 3, "secondsAfterFailure": 9}},
        ),
        (
            {"ttlSecondsAfterFinished": 3, "ttlStrategy": {"secondsAfterCompletion": 5}},
            {"ttlStrategy": {"secondsAfterCompletion": 5}},
        ),
        ({"ttlSecondsAfterFinished": 0}, {"ttlStrategy": {"secondsAfterCompletion": 0}}),
        ({"podPriority": 5, "suspend": True}, {"suspend": True}),
        ({"synchronization": {"mutex": LOCK}}, {"synchronization": {"mutexes": [LOCK]}}),
        (
            {"synchronization": {"semaphore": PLACES, "semaphores": [{"namespace": "x"}], "mutex": LOCK}},
            {"synchronization": {"semaphores": [PLACES, {"namespace": "x"}], "mutexes": [LOCK]}},
        ),
        (
            {"templates": [{"name": "a", "priority": 1, "resubmitPendingPods": True, **LOCKED}]},
            {"templates": [{"name": "a", "synchronization": {"mutexes": [LOCK]}}]},
        ),
        (
            {"templateDefaults": {"synchronization": {"mutex": LOCK}}},
            {"templateDefaults": {"synchronization": {"mutexes": [LOCK]}}},
        ),
        (
            {"templates": [{"steps": [[{"inline": {"synchronization": {"mutex": LOCK}}}]]}]},
            {"templates": [{"steps": [[{"inline": {"synchronization": {"mutexes": [LOCK]}}}]]}]},
        ),
        (
            {"templates": [{"dag": {"tasks": [{"templateRef": {"name": "w", "runtimeResolution": True}}]}}]},
            {"templates": [{"dag": {"tasks": [{"templateRef": {"name": "w"}}]}}]},
        ),
        (
            {"hooks": {"exit": {"templateRef": {"runtimeResolution": False}}}, "workflowTemplateRef": {"name": "w"}},
            {"hooks": {"exit": {"templateRef": {}}}, "workflowTemplateRef": {"name": "w"}},
        ),
    ],
)  # fmt: skip
def test_today(written: dict[str, Any], meant: dict[str, Any]) -> None:
    for wrap in (lambda spec: {"spec": spec}, lambda spec: {"kind": "CronWorkflow", "spec": {"workflowSpec": spec}}):
        document = wrap(written)
        before = copy.deepcopy(document)
        read = today(document)
        assert read == wrap(meant)
        assert document == before, "the author's document stays"
        assert today(read) is read
    assert today_spec(written) == meant
    assert today({"status": {"storedWorkflowTemplateSpec": written}}) == {
        "status": {"storedWorkflowTemplateSpec": meant}
    }


def test_schedules() -> None:
    cron = {"kind": "CronWorkflow", "spec": {"schedule": "* * * * *", "workflowSpec": {}}}
    assert today(cron)["spec"] == {"schedules": ["* * * * *"], "workflowSpec": {}}
    both = {"kind": "CronWorkflow", "spec": {"schedule": "@daily", "schedules": ["@hourly"], "workflowSpec": {}}}
    [first, *_] = validate(both)
    assert (first.path, first.message) == (
        "spec.schedule",
        "cron workflow cant be configured with both Spec.Schedule and Spec.Schedules",
    )


def test_what_is_written_today_is_the_very_same_object() -> None:
    document = {"spec": {"templates": [{"name": "a", "dag": {"tasks": [{"template": "b"}]}}]}, "status": {"nodes": {}}}
    assert today(document) is document


def test_parts_without_older_forms_are_shared() -> None:
    document: dict[str, Any] = {
        "spec": {"templates": [{"name": "a"}, {"synchronization": {"mutex": LOCK}}]},
        "status": {},
    }
    read = today(document)
    assert read["status"] is document["status"]
    assert read["spec"]["templates"][0] is document["spec"]["templates"][0]


@pytest.mark.parametrize(
    "document",
    [
        {}, {"spec": None}, {"spec": []}, {"spec": {"workflowSpec": 3}, "kind": "CronWorkflow"}, {"status": 3},
        {"spec": {"synchronization": [], "hooks": [3], "templates": [None, {"steps": [3, [None]], "dag": []}]}},
        {"status": {"storedTemplates": [], "storedWorkflowTemplateSpec": "x"}},
        {"spec": {"templates": {"priority": 3}, "templateDefaults": "x", "workflowTemplateRef": "y"}},
    ],
)  # fmt: skip
def test_parts_of_the_wrong_type_are_passed_over(document: dict[str, Any]) -> None:
    assert today(document) is document
    assert older_forms(document) == []


def test_inline_templates_without_end() -> None:
    document: dict[str, Any] = {"spec": {"templates": [{}]}}
    template = document["spec"]["templates"][0]
    for _ in range(5_000):
        template["steps"] = [[{"inline": {}}]]
        template = template["steps"][0][0]["inline"]
    template["priority"] = 3
    assert today(document) is document


def test_older_forms_are_located() -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: c}\nspec:\n  schedule: '@daily'\n"
        "  workflowSpec:\n    entrypoint: a\n    ttlSecondsAfterFinished: 60\n    templates:\n"
        "    - {name: a, container: {image: x}, synchronization: {mutex: {name: m}}}\n"
    )
    [manifest] = load_manifests(text, "f.yaml")
    assert manifest.document["spec"]["schedule"] == "@daily"
    found = older_forms(manifest.document)
    assert [(format_path(form.path), manifest.locate(format_path(form.path))[0]) for form in found] == [
        ("spec.schedule", 5),
        ("spec.workflowSpec.ttlSecondsAfterFinished", 8),
        ("spec.workflowSpec.templates[0].synchronization.mutex", 10),
    ]
    assert validate(manifest.document) == []


@pytest.mark.parametrize(
    ("spec", "path", "written"),
    [
        ({"schedule": "x"}, "spec.schedules[0]", "spec.schedule"),
        ({"schedule": "x"}, "spec.schedules", "spec.schedule"),
        ({"schedules": ["x"]}, "spec.schedules[0]", "spec.schedules[0]"),
        ({"schedule": "x", "schedules": ["y"]}, "spec.schedules[0]", "spec.schedules[0]"),
        ({"synchronization": {"mutex": {}}}, "spec.synchronization.mutexes[0].name", "spec.synchronization.mutex.name"),
        (
            {"synchronization": {"mutex": {}, "mutexes": [{}]}},
            "spec.synchronization.mutexes[1].name",
            "spec.synchronization.mutexes[0].name",
        ),
        ({"ttlSecondsAfterFinished": 3}, "spec.ttlStrategy", "spec.ttlSecondsAfterFinished"),
        ({"ttlSecondsAfterFinished": 3}, "spec.ttlStrategy.secondsAfterCompletion", "spec.ttlSecondsAfterFinished"),
        ({}, "spec.templates[3].name", "spec.templates[3].name"),
    ],
)
def test_the_way_back(spec: dict[str, Any], path: str, written: str) -> None:
    assert format_path(as_written({"spec": spec}, parse_path(path))) == written


def test_findings_point_at_what_was_written() -> None:
    cron = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": {"name": "c"},
        "spec": {
            "schedule": "no schedule",
            "workflowSpec": {"entrypoint": "a", "templates": [{"name": "a", "suspend": {}}]},
        },
    }  # fmt: skip
    assert [finding.path for finding in validate(cron)] == ["spec.schedule"]
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "spec": {"ttlSecondsAfterFinished": 3, "synchronization": {"mutex": {"name": "x"}}},
    }
    assert not {path for path, _ in unsupported(workflow)} & {"spec.ttlStrategy", "spec.synchronization.mutexes"}
