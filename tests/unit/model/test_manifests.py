"""Manifests: every problem with its place and what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argotui.model.manifest import check, load_manifests, unsupported
from argotui.model.manifest.retired import RETIRED
from argotui.model.manifest.support import UNSUPPORTED
from argotui.model.manifest.workflow import CronWorkflow, Workflow, WorkflowEventBinding
from argotui.model.problem import ManifestError
from argotui.model.structural import fields, parts_of
from tests.tables import every_row
from tests.unit.model.golden import FOLDER

ROOT = Path(__file__).parents[3]
VERSION = "apiVersion: argoproj.io/v1alpha1\n"
HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x}\nspec:\n"
"""Four lines; what follows begins in line 5."""


def refusals(spec: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load_manifests(HEAD + spec, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("  entrypiont: a", 'f.yaml:5:3: spec.entrypiont: unknown field; did you mean "entrypoint"?'),
        ("  EntryPoint: a", 'spec.EntryPoint: unknown field; did you mean "entrypoint"?'),
        ("  zzz: a", "f.yaml:5:3: spec.zzz: unknown field"),
        (
            "  templates:\n  - name: a\n    container:\n      imge: x",
            'f.yaml:8:7: spec.templates[0].container.imge: unknown field; did you mean "image"?',
        ),
        (
            "  templates:\n  - name: a\n    image: x",
            'f.yaml:7:5: spec.templates[0].image: unknown field; it is a field of "container": indent it below that',
        ),
        (
            "  templates:\n  - name: a\n    container:\n      image: x\n      retryStrategy: {limit: 1}",
            "f.yaml:9:7: spec.templates[0].container.retryStrategy: unknown field; it is a field of spec.templates[0]",
        ),
        ("  activeDeadlineSeconds: '60'", 'must be a number, not the text "60"; write 60 without quotes'),
        ("  activeDeadlineSeconds: '{{x}}'", "this field takes no {{…}}"),
        ("  activeDeadlineSeconds: 1.5", "spec.activeDeadlineSeconds: must be a"),
        ("  parallelism: 99999999999999999999", "spec.parallelism: must be"),
        ("  suspend: yes", 'spec.suspend: must be true or false, not the text "yes"; write true without quotes'),
        ("  suspend: 1", "must be true or false, not the number 1"),
        ("  entrypoint: 1.0", 'spec.entrypoint: must be a text, not the number 1.0; put quotes around it: "1.0"'),
        ("  entrypoint: true", 'not the boolean true; put quotes around it: "true"'),
        ("  entrypoint: [a]", "must be a text, not a list"),
        ("  nodeSelector: {a: 1}", 'spec.nodeSelector.a: must be a text, not the number 1; put quotes around it: "1"'),
        ("  nodeSelector: {a: }", 'spec.nodeSelector.a: must be a text, not nothing; write ""'),
        ("  templates: {name: a}", "spec.templates: must be a list, not an object; begin each element with a dash"),
        ("  templates: [x]", 'spec.templates[0]: must be an object, not the text "x"'),
        ("  templates:\n  - name:a", "a blank is missing after the colon"),
        (
            "  templates:\n  - name: a\n    steps:\n    - name: s\n      template: t",
            "f.yaml:8:7: spec.templates[0].steps[0]: must be a list, not an object; steps is a list of groups",
        ),
        (
            "  templates:\n  - name: a\n    steps:\n    - - name: s\n        templat: t",
            'f.yaml:9:9: spec.templates[0].steps[0][0].templat: unknown field; did you mean "template"?',
        ),
        (
            "  templates:\n  - name: a\n    container: {command: sh -c}",
            'spec.templates[0].container.command: must be a list, not the text "sh -c"; put it in brackets',
        ),
        ("  arguments: [{name: a}]", "spec.arguments: must be an object, not a list; take the dash away"),
        ("  arguments: {parameters: [{value: 1}]}", "spec.arguments.parameters[0].name: is missing"),
        (
            "  arguments: {parameters: [{name: a, value: 007}]}",
            '007 would be read as an octal number; put quotes around it: "007"',
        ),
        (
            "  arguments: {parameters: [{name: a, value: [1]}]}",
            "must be a text, a number or a boolean, not a list; write it as a JSON text in quotes",
        ),
        ("  templates: [{name: a, retryStrategy: {limit: 1.5}}]", "must be a whole number or a text, not the"),
        ("  templates: [{name: a, container: {resources: {limits: {cpu: [1]}}}}]", "must be a quantity such as"),
        ("  templates: [{name: a, plugin: {}}]", "spec.templates[0].plugin: expected exactly one key, got 0"),
        ("  volumes: [{name: v, configMap: {name: c, defaultMode: 01000}}]", "must be less than or equal to 511"),
        ("  templates: [{name: a, template: b}]", "no longer a field of Argo Workflows; use a step or task"),
        ("  workflowTemplateRef: {template: b}", "spec.workflowTemplateRef.template: no longer a field"),
        ("  ttlSecondsAfterFinished: x", 'spec.ttlSecondsAfterFinished: must be a number, not the text "x"'),
    ],
)  # fmt: skip
def test_problems_of_a_workflow(spec: str, message: str) -> None:
    found = refusals(spec)
    assert len(found) == 1, found
    assert any(part in found[0] for part in message.split("|")), found[0]


def test_the_old_dialect_of_cron_workflows() -> None:
    text = HEAD.replace("Workflow", "CronWorkflow") + "  schedule: '* * * * *'\n  workflowSpec: {}\n"
    assert load_manifests(text, "f.yaml")[0].document["spec"]["schedule"] == "* * * * *"
    with pytest.raises(ManifestError) as caught:
        load_manifests(text.replace("workflowSpec", "stopStrategy: {condition: a}\n  workflowSpec"), "f.yaml")
    assert "spec.stopStrategy.condition: no longer a field of Argo Workflows; write expression" in str(caught.value)


def test_all_problems_come_at_once_and_in_order() -> None:
    spec = "  zzz: 1\n  suspend: no\n  templates:\n  - nme: a\n  - container: {image: 3}\n"
    more = "---\napiVersion: v1\nkind: Workflow\nmetadata: {}\n---\nkind: Pod\n"
    with pytest.raises(ManifestError) as caught:
        load_manifests(HEAD + spec + more, "f.yaml")
    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted(line for line in lines if line)
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml: there is no object in this file"),
        ("# only a comment\n---\n", "there is no object in this file"),
        ("- a", "f.yaml:1:1: a manifest is an object with apiVersion, kind"),
        ("kind:Workflow", "a blank is missing after the colon"),
        ("kind: Pod\nmetadata: {name: x}", "f.yaml:1:1: apiVersion: is missing"),
        ("apiVersion: v1\nmetadata: {name: x}", "kind: is missing"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}", "f.yaml:3:1: metadata.name: is missing; or give"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {nme: x}", 'metadata.nme: unknown field; did you mean "name"?'),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 1}", 'metadata.name: must be a text, not the number 1'),
        ("apiVersion: v1\nkind: Workflow\nmetadata: {name: x}", 'f.yaml:1:13: apiVersion: "v1" is not the version'),
        (VERSION + "kind: workflow\nmetadata: {name: x}", 'there is no kind "workflow"; did you mean "Workflow"?'),
        (VERSION + "kind: WorkfowTemplate\nmetadata: {name: x}", 'did you mean "WorkflowTemplate"?'),
        (VERSION + "kind: Workflow\nmetadata: {name: x}", "spec: is missing"),
    ],
)  # fmt: skip
def test_problems_of_any_object(text: str, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load_manifests(text, "f.yaml")
    assert message in str(caught.value)


def test_other_kinds_pass_through() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {a: b}}\ndata: {k: v}\nwhatever: [1]\n"
    sensor = "---\napiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: s}\nspec: {dependencies: []}\n"
    first, second = load_manifests(text + sensor, "f")
    assert first.document["whatever"] == [1]
    assert (first.kind, second.kind) == ("ConfigMap", "Sensor")


def test_a_list_gives_its_items() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
    text += "- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n"
    secret, pod = load_manifests(text, "f")
    assert (secret.kind, pod.kind) == ("Secret", "Pod")
    assert pod.locate("metadata.name") == (7, 20)


def test_positions_of_a_manifest() -> None:
    manifest = load_manifests(HEAD + "  templates:\n  - name: a\n    container: {image: x}\n", "f.yaml")[0]
    assert manifest.locate("spec.templates[0].container.image") == (7, 24)
    assert manifest.locate("spec.templates[0].container.nope") == (7, 16)
    assert manifest.locate("") == (1, 1)
    problem = manifest.problem("spec.templates[0].name", "is odd", "use another")
    assert str(problem) == "f.yaml:6:11: spec.templates[0].name: is odd; use another"


def test_json_without_positions() -> None:
    text = json.dumps({"kind": "ConfigMap", "metadata": {"name": "\U0001f600"}, "apiVersion": "v1"})
    manifest = load_manifests(text, "f.json")[0]
    assert manifest.locate("metadata.name") == (None, None)


def test_values_become_texts_and_numbers_plain() -> None:
    spec = """\
  arguments:
    parameters:
    - {name: a, value: 1.50, enum: [1, true, x], default: off, description: 7}
    - {name: b, value: null}
  templates:
  - name: t
    inputs: {artifacts: [{name: a, path: /x, mode: 0755, raw: {data: x}}]}
    outputs: {parameters: [{name: o, valueFrom: {path: /o, default: 0}}]}
    retryStrategy: {limit: 3, backoff: {factor: "2"}}
    steps:
    - - name: s
        template: t
        withItems: [1.0, 010, {a: 1}, [true], on]
        hooks: {template: {template: x, arguments: {parameters: [{name: z, value: 2}]}}}
        inline: {inputs: {parameters: [{name: d, default: 1e3}]}}
"""
    document = load_manifests(HEAD + spec, "f")[0].document
    template = document["spec"]["templates"][0]
    step = template["steps"][0][0]
    assert document["spec"]["arguments"]["parameters"] == [
        {"name": "a", "value": "1.5", "enum": ["1", "true", "x"], "default": "off", "description": "7"},
        {"name": "b", "value": None},
    ]
    assert template["inputs"]["artifacts"][0]["mode"] == 493
    assert template["outputs"]["parameters"][0]["valueFrom"]["default"] == "0"
    assert template["retryStrategy"] == {"limit": 3, "backoff": {"factor": "2"}}
    assert step["withItems"] == [1, 8, {"a": 1}, [True], "on"]
    assert type(step["withItems"][1]) is int
    assert step["hooks"]["template"]["arguments"]["parameters"][0]["value"] == "2"
    assert step["inline"]["inputs"]["parameters"][0]["default"] == "1000"


# Refused here already, because the CustomResourceDefinition requires the field that is missing; upstream's
# own validation of an object from elsewhere says it later, or not at all.
REQUIRED_BY_SCHEMA = (
    "git.repo",
    "hdfs.path",
    ".help",
    "histogram.buckets",
    "http.url",
    "spec.schedules",
    "hdfs.addresses",
)


@every_row((FOLDER / "validate.jsonl").read_text().splitlines(), lambda line: json.loads(line)["id"])
def test_what_upstream_can_decode_can_be_read(line: str) -> None:
    row = json.loads(line)
    problems = check(row["manifest"], "f")
    if row.get("stage") == "decode":
        assert problems
    else:
        assert [p for p in problems if not p.path.endswith(REQUIRED_BY_SCHEMA)] == []


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    assert found, f"{folder} has no {pattern}"
    return found


FIRST_SLICE = [
    name
    for line in (ROOT / "tests/conformance/first-slice.txt").read_text().splitlines()
    if not line.startswith("#")
    for name in line.split()
]


@every_row(FIRST_SLICE, str)
def test_the_first_slice_is_read_and_supported(case: str) -> None:
    text = (ROOT / "tests/conformance/cases" / case / "workflow.yaml").read_text()
    for manifest in load_manifests(text, case):
        assert unsupported(manifest.document) == []


@pytest.mark.parametrize("file", _files(ROOT / "examples", "*.yaml"), ids=lambda file: file.name)
def test_the_examples_are_read(file: Path) -> None:
    assert load_manifests(file.read_text(), file.name)


# ---------------------------------------------------------------- what is not run


def findings(spec: dict[str, Any], kind: str = "Workflow") -> list[tuple[str, str]]:
    return unsupported({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec})


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"templates": [{"plugin": {"x": {}}}]}, "spec.templates[0].plugin"),
        ({"templates": [{"steps": [[{"inline": {"inputs": {"artifacts": [{"name": "a"}]}}}]]}]},
         "spec.templates[0].steps[0][0].inline.inputs.artifacts"),
        ({"templateDefaults": {"steps": [[{"hooks": {"exit": {"arguments": {"artifacts": [{"name": "a"}]}}}}]]}},
         "spec.templateDefaults.steps[0][0].hooks.exit.arguments.artifacts"),
        ({"templateDefaults": {"archiveLocation": {"archiveLogs": True}}}, "spec.templateDefaults.archiveLocation"),
        ({"artifactGC": {"strategy": "OnWorkflowCompletion"}}, "spec.artifactGC"),
    ],
)  # fmt: skip
def test_unsupported(spec: dict[str, Any], path: str) -> None:
    found = findings(spec)
    assert [where for where, _ in found] == [path]
    assert "not supported by this version of argotui" in found[0][1]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"templates": [{"daemon": False, "sidecars": [], "synchronization": {}, "metrics": None}]},
        {"nodeSelector": {"a": "b"}, "tolerations": [{}], "affinity": {}, "imagePullSecrets": [{"name": "x"}]},
        {"templates": "nonsense"},
        {"templates": [3, None, {"steps": [3, [4]]}]},
        {"templates": [{"parallelism": 1, "failFast": True, "dag": {"tasks": [{"depends": "A", "onExit": "bye"}]}}]},
        {"workflowTemplateRef": {"name": "x"}, "onExit": "bye", "priority": 3, "retryStrategy": {"limit": 1}},
    ],
)
def test_supported(spec: dict[str, Any]) -> None:
    assert findings(spec) == []


def test_unsupported_kinds() -> None:
    assert findings({"schedules": ["* * * * *"]}, "CronWorkflow") == []
    assert [path for path, _ in findings({"event": {"selector": "true"}}, "WorkflowEventBinding")] == ["spec"]
    assert unsupported({"apiVersion": "v1", "kind": "Pod", "spec": {"initContainers": [1]}}) == []
    assert unsupported({}) == []


def test_a_deep_live_object_does_no_harm() -> None:
    template: dict[str, Any] = {"name": "x"}
    for _ in range(2000):
        template = {"templates": [template], "steps": [[{"name": "s", "hooks": None}]]}
    assert findings({"templates": [template]}) == []


def test_the_tables_name_real_fields() -> None:
    models = {m.__name__: m for kind in (Workflow, CronWorkflow, WorkflowEventBinding) for m in (kind, *parts_of(kind))}
    for key in UNSUPPORTED:
        model, _, name = key.partition(".")
        assert name in [field.name for field in fields(models[model])], key
    for model, names in RETIRED.items():
        present = {field.name for field in fields(models[model])}
        assert not present & names.keys(), model
