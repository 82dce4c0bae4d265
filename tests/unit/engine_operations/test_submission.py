"""Submit options, and workflows from templates."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from argotui.engine.operations import (
    OperationRefused,
    SubmitOptions,
    apply_submit_options,
    parameters_of_file,
    submit_from,
)

from .recorded import CASES, NOW, NOW_TEXT, expected

BASE: dict[str, Any] = {
    "kind": "Workflow",
    "metadata": {"generateName": "g-", "labels": {"a": "1", "workflows.argoproj.io/creator": "x"}},
    "spec": {
        "entrypoint": "m",
        "arguments": {"parameters": [{"name": "p", "value": "1"}, {"name": "q", "value": "2"}]},
    },
}


def test_every_option() -> None:
    before = copy.deepcopy(BASE)
    after = apply_submit_options(
        BASE,
        SubmitOptions(
            name="n", generate_name="h-", entrypoint="other", service_account="sa", pod_priority_class="high",
            priority=0,
            labels={"b": "2"}, annotations={"c": "3"}, parameters=["q=9", "q=10", "new=x=y"],
            scheduled_time="2026-01-01T00:00:00Z", owner={"kind": "Job", "name": "j"}, instance_id="i",
        ),
    )  # fmt: skip
    assert before == BASE
    assert after["metadata"] == {
        "generateName": "h-",
        "name": "n",
        "labels": {"a": "1", "b": "2", "workflows.argoproj.io/controller-instanceid": "i"},
        "annotations": {"c": "3", "workflows.argoproj.io/scheduled-time": "2026-01-01T00:00:00Z"},
        "ownerReferences": [{"kind": "Job", "name": "j"}],
    }
    assert after["spec"] == {
        "entrypoint": "other",
        "serviceAccountName": "sa",
        "podPriorityClassName": "high",
        "priority": 0,
        "arguments": {
            "parameters": [
                {"name": "q", "value": "9"},
                {"name": "q", "value": "10"},
                {"name": "new", "value": "x=y"},
                {"name": "p", "value": "1"},
            ]
        },
    }


def test_no_option_leaves_the_manifest_as_it_is() -> None:
    plain = {"kind": "Workflow", "metadata": {"name": "n"}, "spec": {"entrypoint": "m"}}
    assert apply_submit_options(plain, SubmitOptions()) == plain


def test_an_instance_id_in_the_manifest_does_not_survive() -> None:
    """The flag decides which controller runs it, as with upstream's CLI."""
    labelled = {"metadata": {"labels": {"workflows.argoproj.io/controller-instanceid": "x"}}, "spec": {}}
    assert apply_submit_options(labelled, SubmitOptions())["metadata"] == {}


def test_parameter_files() -> None:
    values = {"s": "text", "n": 3, "b": True, "l": [1, {"k": "ż"}]}
    assert parameters_of_file(values) == ["s=text", "n=3", "b=true", 'l=[1, {"k": "ż"}]']


def test_a_wrong_parameter_text() -> None:
    with pytest.raises(OperationRefused, match=r"expected parameter of the form: NAME=VALUE. Received: nope"):
        apply_submit_options(BASE, SubmitOptions(parameters=["nope"]))


def test_from_a_workflow_template() -> None:
    """The recorded `submit --from workflowtemplate/… --name … -p … -l … --entrypoint …`."""
    template = next(yaml.safe_load_all((CASES / "cli-submit-from" / "workflow.yaml").read_text("utf8")))
    made = submit_from(template, now=NOW)
    assert made["metadata"]["generateName"] == "golden-from-"
    options = SubmitOptions(name="cli-submit-from", parameters=["p=cli"], labels={"who": "cli"}, entrypoint="two")
    sent = apply_submit_options(made, options)
    recorded = expected("cli-submit-from")["workflow"]["labels"]
    controllers = ("workflows.argoproj.io/completed", "workflows.argoproj.io/phase")
    assert sent["metadata"]["labels"] == {k: v for k, v in recorded.items() if k not in controllers}
    assert sent["spec"] == {
        "workflowTemplateRef": {"name": "golden-from"},
        "entrypoint": "two",
        "arguments": {"parameters": [{"name": "p", "value": "cli"}]},
    }
    assert sent["metadata"]["namespace"] == "argo"


def test_from_a_cluster_workflow_template() -> None:
    made = submit_from({"kind": "ClusterWorkflowTemplate", "metadata": {"name": "c"}}, now=NOW)
    assert made == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "c-", "labels": {"workflows.argoproj.io/cluster-workflow-template": "c"}},
        "spec": {"workflowTemplateRef": {"name": "c", "clusterScope": True}},
    }


def test_from_a_cron_workflow() -> None:
    cron = {
        "kind": "CronWorkflow",
        "metadata": {
            "name": "nightly", "namespace": "argo", "uid": "u-9",
            "labels": {"team": "red", "workflows.argoproj.io/controller-instanceid": "i"},
        },
        "spec": {
            "schedules": ["@daily"],
            "workflowMetadata": {"labels": {"l": "1"}, "annotations": {"a": "2"}, "finalizers": ["f"]},
            "workflowSpec": {"entrypoint": "m"},
        },
    }  # fmt: skip
    assert submit_from(cron, now=NOW) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "generateName": "nightly-",
            "namespace": "argo",
            "labels": {
                "workflows.argoproj.io/cron-workflow": "nightly",
                "workflows.argoproj.io/controller-instanceid": "i",
                "l": "1",
            },
            "annotations": {"workflows.argoproj.io/scheduled-time": NOW_TEXT, "a": "2"},
            "finalizers": ["f"],
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "name": "nightly", "uid": "u-9",
                    "controller": True, "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {"entrypoint": "m"},
    }  # fmt: skip


def test_other_kinds_are_refused() -> None:
    with pytest.raises(OperationRefused, match="'ConfigMap'"):
        submit_from({"kind": "ConfigMap", "metadata": {"name": "c"}}, now=NOW)
