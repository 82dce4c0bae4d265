"""Pods equal to those upstream's controller created in the recorded runs.

The template is taken from the recorded pod itself (`ARGO_TEMPLATE`), less what Go's encoder adds, so these tests
are about the pod; how a template is resolved and its inputs filled in is tested where that is done.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from argotui.engine.config import EngineConfig
from argotui.engine.pods import build_pod
from tests.conformance import compare
from tests.conformance.catalog import CASES, running

from .apidefaults import defaulted

RECORDED = [case for case in running() if (CASES / case / "expected-pods.json").exists()]
PODS = [
    pytest.param(case, pod, id=f"{case}-{pod['annotations']['workflows.argoproj.io/node-name']}")
    for case in RECORDED
    for pod in json.loads((CASES / case / "expected-pods.json").read_text("utf8"))
]
CONFIG = EngineConfig(namespace="argo", executor_image="argoexec:v4.1.2", executor_pull_policy="", images={})
SOME_TIME = datetime(2026, 7, 1, tzinfo=UTC)


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def source_template(pod: dict[str, Any]) -> dict[str, Any]:
    """The template as people write it: without what Go's encoder prints for nothing."""
    template = copy.deepcopy(environment(pod["spec"]["initContainers"][0])["ARGO_TEMPLATE"])
    for key in ("inputs", "outputs", "metadata"):
        if not template[key]:
            del template[key]
    for key in ("container", "script"):
        if key in template:
            del template[key]["name"]
    members = (template.get("containerSet") or {}).get("containers") or ()
    singles = [template[key] for key in ("container", "script") if key in template]
    lists = [*(template.get("sidecars") or ()), *(template.get("initContainers") or ()), *members]
    if (template.get("resource") or {}).get("setOwnerReference"):
        manifest = yaml.safe_load(template["resource"]["manifest"])
        del manifest["metadata"]["ownerReferences"]
        template["resource"]["manifest"] = yaml.safe_dump(manifest)
    for container in [*singles, *lists]:
        if not container["resources"]:
            del container["resources"]
    return dict(template)


def recorded_uid(pod: dict[str, Any]) -> str:
    """The workflow's uid, where the pod's manifest tells it."""
    resource = environment(pod["spec"]["initContainers"][0])["ARGO_TEMPLATE"].get("resource") or {}
    if not resource.get("setOwnerReference"):
        return "u-1"
    return str(yaml.safe_load(resource["manifest"])["metadata"]["ownerReferences"][0]["uid"])


def built(case: str, pod: dict[str, Any]) -> dict[str, Any]:
    workflow = next(yaml.safe_load_all((CASES / case / "workflow.yaml").read_text("utf8")))
    workflow["metadata"]["uid"] = recorded_uid(pod)
    workflow["status"] = {"persistentVolumeClaims": [v for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]}
    env = environment(pod["spec"]["containers"][0])
    labels, annotations = pod["labels"], pod["annotations"]
    return build_pod(
        workflow=workflow,
        template=source_template(pod),
        node_name=annotations["workflows.argoproj.io/node-name"],
        node_id=annotations["workflows.argoproj.io/node-id"],
        pod_name=pod["name"],
        include_result=env["ARGO_INCLUDE_SCRIPT_OUTPUT"] == "true",
        deadline=SOME_TIME if env["ARGO_DEADLINE"] == "<time>" else None,
        active_deadline_seconds=pod["spec"].get("activeDeadlineSeconds"),
        on_exit=labels.get("workflows.argoproj.io/on-exit") == "true",
        scope={"workflow.name": workflow["metadata"]["name"]},
        config=CONFIG,
        avoided_hosts=avoided(pod),
    )


def avoided(pod: dict[str, Any]) -> tuple[str, ...]:
    """Hosts of earlier attempts, which nothing but the recorded pod tells."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    expressions = [one for term in terms for one in term["matchExpressions"] if one["operator"] == "NotIn"]
    return tuple(value for one in expressions for value in one["values"])


@pytest.mark.parametrize(("case", "pod"), PODS)
def test_pod_as_upstream_created_it(case: str, pod: dict[str, Any]) -> None:
    found = compare.normalise_pod(defaulted(built(case, pod)))
    assert list(compare.differences(pod, found)) == []


def test_enough_was_recorded() -> None:
    assert len(PODS) >= 40
    assert {"steps-sequential-parallel", "script-result", "volumes-emptydir", "dag-diamond"} <= set(RECORDED)
