"""Documents, phases, times, resources, problems."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from argotui.model import documents, phase, resources, times
from argotui.model.phase import Phase
from argotui.model.problem import ManifestError, Problem


def test_accessors_of_a_full_document() -> None:
    doc = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "n",
            "namespace": "ns",
            "uid": "u",
            "resourceVersion": "7",
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
            "ownerReferences": [{"name": "x"}, {"name": "wf", "controller": True}],
        },
    }
    assert (documents.kind(doc), documents.api_version(doc)) == ("Pod", "v1")
    assert documents.key(doc) == ("ns", "n")
    assert (documents.uid(doc), documents.resource_version(doc)) == ("u", "7")
    assert (documents.labels(doc), documents.annotations(doc)) == ({"a": "b"}, {"c": "d"})
    assert documents.owner(doc) == {"name": "wf", "controller": True}
    assert documents.dig(doc, "metadata", "labels", "a") == "b"


@pytest.mark.parametrize(
    "doc", [{}, {"metadata": None}, {"metadata": {"name": None, "labels": None}}, {"metadata": []}]
)
def test_accessors_of_an_empty_document(doc: dict[str, Any]) -> None:
    assert documents.name(doc) == documents.namespace(doc) == documents.uid(doc) == ""
    assert documents.labels(doc) == documents.annotations(doc) == {}
    assert documents.owner(doc) is None
    assert documents.dig(doc, "status", "phase") is None


def test_json_as_go_writes_it() -> None:
    assert documents.go_json({"b": 1.0, "a": "<&>\u2028é"}) == '{"a":"\\u003c\\u0026\\u003e\\u2028é","b":1}'


def test_clone_is_deep() -> None:
    original = {"a": [{"b": 1}]}
    copy = documents.clone(original)
    copy["a"][0]["b"] = 2
    assert original == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"phase": "Succeeded"}, True),
        ({"phase": "Succeeded", "taskResultSynced": False}, False),
        ({"phase": "Succeeded", "taskResultSynced": True}, True),
        ({"phase": "Failed", "taskResultSynced": None}, True),
        ({"phase": "Skipped", "taskResultSynced": False}, True),
        ({"phase": "Omitted"}, True),
        ({"phase": "Running"}, False),
        ({"phase": "Running", "daemoned": True}, True),
        ({"phase": "Pending", "daemoned": True}, False),
        ({}, False),
    ],
)
def test_node_fulfilled(node: dict[str, Any], expected: bool) -> None:
    assert phase.node_fulfilled(node) is expected


def test_phase_predicates() -> None:
    assert [p for p in Phase if phase.completed(p)] == [Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR]
    assert [p for p in Phase if phase.failed_or_error(p)] == [Phase.FAILED, Phase.ERROR]
    assert not phase.completed("")
    assert phase.is_active_suspend({"type": "Suspend", "phase": "Running"})
    assert not phase.is_active_suspend({"type": "Suspend", "phase": "Succeeded"})
    assert phase.is_retried({"nodeFlag": {"retried": True}})
    assert not phase.is_hooked({"nodeFlag": None})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05.123456789Z", datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2024-01-02T03:04:05+02:30", datetime(2024, 1, 2, 0, 34, 5, tzinfo=UTC)),
        ("2024-01-02t03:04:05z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (None, None),
        ("", None),
        (times.ZERO_TIME, None),
    ],
)
def test_parse_time(text: str | None, expected: datetime | None) -> None:
    assert times.parse_time(text) == expected


@pytest.mark.parametrize(
    "text", ["2024-01-02", "2024-01-02 03:04:05Z", "x", "2024-13-02T03:04:05Z", "٢٠٢٤-01-02T03:04:05Z"]
)
def test_what_is_not_a_time(text: str) -> None:
    with pytest.raises(ValueError):
        times.parse_time(text)


def test_format_time() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert times.format_time(moment) == "2024-01-02T02:04:05Z"
    assert times.format_micro_time(moment) == "2024-01-02T02:04:05.999999Z"
    assert times.format_time(datetime(33, 1, 2, tzinfo=UTC)) == "0033-01-02T00:00:00Z"


@pytest.mark.parametrize("text", ["wf", "Workflow", "workflows", "WORKFLOWS.ARGOPROJ.IO", "workflow"])
def test_find_resource(text: str) -> None:
    assert resources.find(text) is resources.WORKFLOWS


def test_resource_paths() -> None:
    wf, cwft, pods = resources.WORKFLOWS, resources.CLUSTER_WORKFLOW_TEMPLATES, resources.PODS
    assert wf.path("argo", "x") == "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/x"
    assert wf.path() == "/apis/argoproj.io/v1alpha1/workflows"
    assert pods.path("argo", "p", "log") == "/api/v1/namespaces/argo/pods/p/log"
    assert cwft.path("argo", "t") == "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates/t"
    assert resources.find("nonsense") is None
    assert len(resources.ARGO) == 8


def test_resource_names_are_unambiguous() -> None:
    names = [n for r in resources.ALL for n in {r.plural, r.singular, *r.short_names}]
    assert sorted(names) == sorted(set(names))


def test_problem_text() -> None:
    problem = Problem("f.yaml", 12, 5, "spec.templates[0].container.imge", "unknown field", 'did you mean "image"?')
    assert str(problem) == 'f.yaml:12:5: spec.templates[0].container.imge: unknown field; did you mean "image"?'
    assert str(Problem("f.yaml", None, None, "", "empty")) == "f.yaml: empty"
    assert ManifestError([problem]).problems == (problem,)


LIGHT = [
    "documents",
    "keys",
    "phase",
    "names",
    "times",
    "duration",
    "quantity",
    "selectors",
    "patching",
    "resources",
    "problem",
]


def test_primitives_are_light() -> None:
    """Importing them must pull in neither pydantic nor yaml: `argotui version` has 0.2 s."""
    imports = "; ".join(f"import argotui.model.{name}" for name in LIGHT)
    heavy = "{'pydantic', 'yaml', 'msgspec', 'asyncio'} & set(sys.modules)"
    code = f"import sys; {imports}; print(sorted({heavy}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
