"""CustomResourceDefinitions, and the models they are made from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import kubernetes.client.models as api
import pytest

from argotui.model import resources, schema
from argotui.model.manifest import container, disks, load_manifests, meta, scheduling, volume
from argotui.model.schema_rules import check_rules
from argotui.model.structural import descriptions, fields, parts_of
from tests.tables import every_row

CRDS = {crd["spec"]["names"]["kind"]: crd for crd in schema.crds()}
CASES = Path(__file__).parents[2] / "conformance" / "cases"


def schema_of(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = CRDS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def test_the_eight_definitions() -> None:
    assert [crd["metadata"]["name"] for crd in schema.crds()] == [r.group_resource for r in resources.ARGO]
    for resource in resources.ARGO:
        spec = CRDS[resource.kind]["spec"]
        assert spec["scope"] == ("Namespaced" if resource.namespaced else "Cluster")
        assert spec["names"].get("shortNames", []) == list(resource.short_names)
        assert ("subresources" in spec["versions"][0]) is resource.status_subresource
        json.dumps(CRDS[resource.kind])


def test_columns_of_workflows() -> None:
    columns = CRDS["Workflow"]["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [(c["name"], c["type"], c["jsonPath"]) for c in columns] == [
        ("Status", "string", ".status.phase"),
        ("Age", "date", ".status.startedAt"),
        ("Message", "string", ".status.message"),
    ]


def _each(node: dict[str, Any], path: str = "") -> Any:
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from _each(below, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if word in node:
            yield from _each(node[word], f"{path}[]")


@pytest.mark.parametrize("kind", CRDS)
def test_schemas_are_structural(kind: str) -> None:
    for path, node in _each(schema_of(kind)):
        assert not {"$ref", "allOf", "anyOf", "oneOf", "definitions"} & node.keys(), path
        assert not ("properties" in node and "additionalProperties" in node), path
        free = node.get("x-kubernetes-int-or-string") or node.get("x-kubernetes-preserve-unknown-fields")
        assert "type" in node or free, path
        if node.get("type") == "array":
            assert "items" in node, path


@pytest.mark.parametrize("kind", CRDS)
def test_every_field_is_described(kind: str) -> None:
    top = schema_of(kind)["properties"]
    assert top["metadata"] == {"type": "object"}
    for path, node in _each(schema_of(kind)):
        for name, below in node.get("properties", {}).items():
            assert below.get("description") or (path, name) == ("", "metadata"), f"{path}.{name}"


def test_field_types_on_the_wire() -> None:
    template = schema_of("Workflow")["properties"]["spec"]["properties"]["templates"]["items"]["properties"]
    assert template["activeDeadlineSeconds"]["x-kubernetes-int-or-string"] is True
    assert template["inputs"]["properties"]["parameters"]["items"]["properties"]["value"]["type"] == "string"
    step = template["steps"]["items"]["items"]["properties"]
    assert step["withItems"]["items"] == {"x-kubernetes-preserve-unknown-fields": True}
    assert step["inline"]["x-kubernetes-preserve-unknown-fields"] is True
    assert template["container"]["properties"]["env"]["items"]["required"] == ["name"]
    assert template["parallelism"]["format"] == "int64"
    assert schema_of("Workflow")["properties"]["status"]["x-kubernetes-preserve-unknown-fields"] is True


def test_the_rule_is_in_the_schema_of_every_list_of_templates() -> None:
    for kind in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"):
        templates = schema_of(kind)["properties"]["spec"]["properties"]["templates"]
        assert templates["x-kubernetes-validations"][0]["message"] == "template must have at most one template type"
    cron = schema_of("CronWorkflow")["properties"]["spec"]["properties"]["workflowSpec"]["properties"]
    assert "x-kubernetes-validations" in cron["templates"]
    assert "x-kubernetes-validations" not in cron["templateDefaults"]


def test_rules_refuse_with_the_recorded_words() -> None:
    case = CASES / "invalid-two-types"
    document = load_manifests((case / "workflow.yaml").read_text(), "f")[0].document
    expected = json.loads((case / "expected.json").read_text())["createError"]["message"]
    [(path, message)] = check_rules(document)
    assert expected == f'Workflow.argoproj.io "invalid-two-types" is invalid: {path}: Invalid value: {message}'


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "Workflow", "spec": {"templates": [{"container": {}}, {"steps": [], "dag": None}, 3]}},
        {"kind": "Pod", "spec": {"templates": [{"container": {}, "steps": []}]}},
        {"kind": "Workflow", "spec": {"templates": {"container": {}, "steps": []}}},
    ],
)
def test_rules_that_are_kept(document: dict[str, Any]) -> None:
    assert check_rules(document) == []


def test_rules_of_schedules() -> None:
    templates = {"workflowSpec": {"templates": [{"http": {}, "data": {}}]}}
    document = {"kind": "CronWorkflow", "spec": {"schedule": "@daily", **templates}}
    assert [path for path, _ in check_rules(document)] == ["spec.workflowSpec.templates"]
    assert check_rules({"kind": "CronWorkflow", "spec": {"workflowSpec": {}}}) == [("spec", "schedules is required")]
    assert check_rules({"kind": "CronWorkflow", "spec": {"schedules": ["@daily"]}}) == []
    cron = schema_of("CronWorkflow")["properties"]["spec"]
    assert cron["x-kubernetes-validations"][0]["rule"] == "has(self.schedules) || has(self.schedule)"


def _standard(node: dict[str, Any]) -> dict[str, Any]:
    """The schema in words that a JSON Schema validator knows."""
    found = {word: node[word] for word in ("type", "required", "minimum", "maximum") if word in node}
    if node.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
    if "properties" in node:
        found["properties"] = {name: _standard(below) for name, below in node["properties"].items()}
        found["additionalProperties"] = False
    for word in ("items", "additionalProperties"):
        if word in node:
            found[word] = _standard(node[word])
    return found


# Its template has a field that no version knows; the recording server dropped it, a file with it is refused.
UNKNOWN_FIELD = {"pod-spec-fields"}


@cache
def _validator(kind: str) -> Any:
    wanted = _standard(schema_of(kind))
    wanted["properties"]["metadata"] = {"type": "object"}
    return jsonschema_rs.validator_for(wanted)


@every_row(sorted({p.parent.name for p in CASES.glob("*/workflow.yaml")} - UNKNOWN_FIELD), str)
def test_recorded_workflows_fit_the_schema(case: str) -> None:
    """Upstream's API server took them, so ours must."""
    for manifest in load_manifests((CASES / case / "workflow.yaml").read_text(), case):
        errors = list(_validator(manifest.kind).iter_errors(manifest.document))
        assert [error.message for error in errors] == []


# ---------------------------------------------------------------- the core models against the API's own

# Fields of Kubernetes versions after the one that Argo Workflows v4.1.2 was built with.
NEWER = {
    "VolumeMount": {"bindMountOptions"}, "GRPCAction": {"mode"}, "HTTPGetAction": {"protocol"},
    "EmptyDir": {"mode"}, "KeyToPath": {"user"}, "DownwardAPIFile": {"user"},
    "ConfigMapVolume": {"defaultUser"}, "SecretVolume": {"defaultUser"}, "DownwardAPIVolume": {"defaultUser"},
    "ProjectedVolume": {"defaultUser"}, "ClusterTrustBundleProjection": {"user"},
    "PodCertificateProjection": {"user"}, "ServiceAccountTokenProjection": {"user"},
}  # fmt: skip
RENAMED = {
    "ResourceClaim": "CoreV1ResourceClaim", "EmptyDir": "V1EmptyDirVolumeSource", "HostPath": "V1HostPathVolumeSource",
    "ConfigMapVolume": "V1ConfigMapVolumeSource", "SecretVolume": "V1SecretVolumeSource",
    "PersistentVolumeClaimVolume": "V1PersistentVolumeClaimVolumeSource", "DownwardAPIFile": "V1DownwardAPIVolumeFile",
    "DownwardAPIVolume": "V1DownwardAPIVolumeSource", "ProjectedVolume": "V1ProjectedVolumeSource",
    "CSIVolume": "V1CSIVolumeSource", "NFSVolume": "V1NFSVolumeSource", "ImageVolume": "V1ImageVolumeSource",
    "EphemeralVolume": "V1EphemeralVolumeSource", "FibreChannel": "V1FCVolumeSource",
    "FlexVolume": "V1FlexVolumeSource",
}  # fmt: skip
CORE = [
    model
    for module in (meta, container, volume, disks, scheduling)
    for model in vars(module).values()
    if isinstance(model, type) and model.__module__ == module.__name__ and not model.__name__.startswith("_")
]


def _api_name(name: str) -> str:
    for candidate in (RENAMED.get(name, ""), f"V1{name}", f"V1{name}VolumeSource", f"CoreV1{name}"):
        if candidate and hasattr(api, candidate):
            return candidate
    raise AssertionError(f"the API has no {name}")


@every_row(CORE, lambda model: model.__name__)
def test_core_models_have_the_fields_of_the_api(model: Any) -> None:
    theirs = set(getattr(api, _api_name(model.__name__)).attribute_map.values())
    ours = {field.name for field in fields(model)}
    assert ours - theirs == set()
    assert theirs - ours == NEWER.get(model.__name__, set())


def test_descriptions_cover_inherited_fields() -> None:
    from argotui.model.manifest.work import ScriptTemplate

    assert descriptions(ScriptTemplate).keys() >= {"source", "image", "env"}
    assert container.EnvVar in parts_of(ScriptTemplate)
