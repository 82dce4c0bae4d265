"""Rules of pod building that no recorded pod shows, and what it refuses."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from argotui.engine.config import EngineConfig
from argotui.engine.pods import PodBuildError, build_pod, offloaded

EXECUTOR = "argoexec:v4.1.2"


def build(
    template: dict[str, Any], *, spec: dict[str, Any] | None = None, config: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    template = {"name": "t", **template}
    workflow = {"metadata": {"name": "w", "namespace": "ns", "uid": "u"}, "spec": spec or {}}
    before = copy.deepcopy((workflow, template))
    options: dict[str, Any] = {
        "node_name": "w", "node_id": "w", "pod_name": "w", "include_result": False, "deadline": None,
        "active_deadline_seconds": None, "on_exit": False, "scope": {},
    }  # fmt: skip
    settings = EngineConfig(**{"executor_image": EXECUTOR, **(config or {})})
    pod = build_pod(workflow=workflow, template=template, config=settings, **{**options, **more})
    assert (workflow, template) == before, "arguments are never changed"
    return pod


def container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    spec = pod["spec"]
    return next(dict(c) for c in [*spec["initContainers"], *spec["containers"]] if c["name"] == name)


def env(found: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in found["env"]}


def leaf(**more: Any) -> dict[str, Any]:
    return {"container": {"image": "i", "command": ["c"], **more}}


def test_the_command_is_looked_up_when_there_is_none() -> None:
    images = {"i": {"entrypoint": ["/entry"], "cmd": ["a", "b"]}}
    main = container(build({"container": {"image": "i"}}, config={"images": images}), "main")
    assert main["command"][-2:] == ["--", "/entry"]
    assert main["args"] == ["a", "b"]
    own = container(build({"container": {"image": "i", "args": []}}, config={"images": images}), "main")
    assert own["args"] == []
    given = container(build(leaf(args=["x"]), config={"images": images}), "main")
    assert (given["command"][-1], given["args"]) == ("c", ["x"])


def test_an_image_that_nobody_described() -> None:
    with pytest.raises(PodBuildError, match='failed to look-up entrypoint/cmd for image "i"'):
        build({"container": {"image": "i"}})


def test_a_script_is_staged_only_when_it_has_a_source() -> None:
    script = {"image": "i", "command": ["sh"], "args": ["-x"], "source": "echo"}
    pod = build({"script": script})
    assert container(pod, "main")["args"] == ["-x", "/argo/staging/script"]
    assert "source" not in container(pod, "main")
    assert container(build({"script": {**script, "source": ""}}), "main")["args"] == ["-x"]


def test_the_controllers_containers_are_merged_below() -> None:
    pod = build(
        leaf(env=[{"name": "A", "value": "own"}]),
        config={
            "main_container": {
                "imagePullPolicy": "Always",
                "env": [{"name": "A", "value": "x"}, {"name": "B", "value": "y"}],
            },
            "executor": {"resources": {"limits": {"cpu": "1"}}, "env": [{"name": "E", "value": "1"}]},
            "executor_pull_policy": "Never",
            "instance_id": "blue",
        },
    )
    main, wait = container(pod, "main"), container(pod, "wait")
    assert main["imagePullPolicy"] == "Always"
    assert (env(main)["A"], env(main)["B"]) == ("own", "y")
    assert (wait["resources"], wait["imagePullPolicy"]) == ({"limits": {"cpu": "1"}}, "Never")
    assert (env(wait)["E"], env(wait)["ARGO_INSTANCE_ID"]) == ("1", "blue")
    assert pod["metadata"]["labels"]["workflows.argoproj.io/controller-instanceid"] == "blue"
    assert "ARGO_INSTANCE_ID" not in env(main)


def test_metadata_of_exit_handler_pods_and_of_users() -> None:
    pod = build(
        {**leaf(), "metadata": {"labels": {"a": "template"}, "annotations": {"c": "1"}}},
        spec={"podMetadata": {"labels": {"a": "spec", "b": "spec"}}},
        on_exit=True,
    )
    labels = pod["metadata"]["labels"]
    assert (labels["a"], labels["b"]) == ("template", "spec")
    assert labels["workflows.argoproj.io/on-exit"] == "true"
    assert pod["metadata"]["namespace"] == "ns"
    assert pod["metadata"]["annotations"]["c"] == "1"


@pytest.mark.parametrize(
    ("own", "left", "want"), [(None, None, None), (10, None, 10), (None, 5, 5), (10, 5, 5), ("3", 5, 3), (10, 0, 0)]
)
def test_the_smaller_deadline_counts(own: Any, left: int | None, want: int | None) -> None:
    template = leaf() if own is None else {**leaf(), "activeDeadlineSeconds": own}
    assert build(template, active_deadline_seconds=left)["spec"].get("activeDeadlineSeconds") == want


def test_no_deadline_while_somebody_debugs() -> None:
    paused = leaf(env=[{"name": "ARGO_DEBUG_PAUSE_AFTER", "value": "true"}])
    assert "activeDeadlineSeconds" not in build(paused, active_deadline_seconds=5)["spec"]


def test_the_executors_deadline() -> None:
    moment = datetime(2026, 7, 1, 1, 2, 3, tzinfo=UTC)
    assert env(container(build(leaf(), deadline=moment), "main"))["ARGO_DEADLINE"] == "2026-07-01T01:02:03Z"
    assert env(container(build(leaf()), "wait"))["ARGO_DEADLINE"] == "0001-01-01T00:00:00Z"


def test_scheduling_fields_come_from_template_boundary_and_spec() -> None:
    spec = {
        "nodeSelector": {"a": "spec"},
        "tolerations": [{"key": "spec"}],
        "schedulerName": "s",
        "podPriorityClassName": "p",
    }
    boundary = {"nodeSelector": {"a": "boundary"}, "schedulerName": "not looked at"}
    pod = build({**leaf(), "tolerations": [{"key": "own"}]}, spec=spec, boundary_template=boundary)["spec"]
    assert pod["nodeSelector"] == {"a": "boundary"}
    assert pod["tolerations"] == [{"key": "own"}]
    assert (pod["schedulerName"], pod["priorityClassName"]) == ("s", "p")


def test_the_last_substitution_reaches_the_whole_pod_and_the_executors_template() -> None:
    spec = {"volumes": [{"name": "v", "configMap": {"name": "{{workflow.parameters.map}}"}}]}
    template = leaf(args=["{{pod.name}}"], volumeMounts=[{"name": "v", "mountPath": "/v"}])
    scope = {"workflow.parameters.map": 'say "hi"\n', "pod.name": 'a"b\\c'}
    pod = build(template, spec=spec, scope=scope)
    assert {"name": "v", "configMap": {"name": 'say "hi"\n'}} in pod["spec"]["volumes"]
    assert container(pod, "main")["args"] == ['a"b\\c']
    staged = json.loads(env(container(pod, "init"))["ARGO_TEMPLATE"])
    assert staged["container"]["args"] == ['a"b\\c'], "a value with quotes does not break the nested JSON"


def test_inputs_are_not_carried_twice() -> None:
    template = {
        **leaf(),
        "inputs": {"parameters": [{"name": "p", "value": "x" * 200_000}]},
        "outputs": {"parameters": [{"name": "o", "valueFrom": {"path": "/o", "default": 5}}]},
    }
    staged = json.loads(env(container(build(template), "init"))["ARGO_TEMPLATE"])
    assert staged["inputs"] == {}
    assert staged["outputs"]["parameters"][0]["valueFrom"] == {"path": "/o", "default": "5"}


def test_pods_of_the_executors_own_image_get_a_tmp() -> None:
    pod = build({"container": {"image": EXECUTOR, "command": ["x"]}})
    assert {"name": "tmp-dir-argo", "mountPath": "/tmp", "subPath": "1"} in container(pod, "main")["volumeMounts"]


def test_mirrored_mounts_are_writable_and_told_once() -> None:
    mount = {"name": "v", "mountPath": "/v", "readOnly": True}
    members = [{"name": n, "image": "i", "command": ["c"], "volumeMounts": [mount]} for n in ("a", "b")]
    pod = build({"containerSet": {"containers": members}, "volumes": [{"name": "v", "emptyDir": {}}]})
    mirrored = [m for m in container(pod, "wait")["volumeMounts"] if m["name"] == "v"]
    assert mirrored == [{"name": "v", "mountPath": "/mainctrfs/v"}]
    assert pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "b"


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (leaf(volumeMounts=[{"name": "v", "mountPath": "/v"}]), {}, "volume 'v' not found in workflow spec"),
    (leaf(), {"automountServiceAccountToken": False}, r"executor\.serviceAccountName must not be empty"),
    ({**leaf(), "activeDeadlineSeconds": "soon"}, {}, "failed to parse activeDeadlineSeconds"),
    ({"suspend": {}}, {}, "template 't' is of a type that has no pod"),
]


@pytest.mark.parametrize(("template", "spec", "text"), REFUSED)
def test_refusals(template: dict[str, Any], spec: dict[str, Any], text: str) -> None:
    with pytest.raises(PodBuildError, match=text):
        build(template, spec=spec)


def test_a_value_that_cannot_be_put_into_json() -> None:
    with pytest.raises(PodBuildError, match="invalid JSON"):
        build(leaf(args=["{{x}}"]), scope={"x": "bell \x07"})


HOSTS = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("given", "terms"),
    [
        ({}, [["h NotIn a,b"]]),
        ({"nodeSelectorTerms": []}, [["h NotIn a,b"]]),
        ({"nodeSelectorTerms": [{"matchExpressions": [{"key": "h", "operator": "NotIn", "values": ["b", "x"]}]}]},
         [["h NotIn b,x,a"]]),
        ({"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}, {}]},
         [["k In v", "h NotIn a,b"], []]),
    ],
)  # fmt: skip
def test_hosts_of_failed_attempts_are_avoided(given: dict[str, Any], terms: list[list[str]]) -> None:
    spec = {"affinity": {"nodeAffinity": {HOSTS: given}}}
    made = build(leaf(), spec=spec, config={"retry_host_label": "h"}, avoided_hosts=("a", "b"))
    found = made["spec"]["affinity"]["nodeAffinity"][HOSTS]["nodeSelectorTerms"]
    texts = [
        [f"{e['key']} {e['operator']} {','.join(e['values'])}" for e in term.get("matchExpressions", ())]
        for term in found
    ]
    assert texts == terms


# --- values beside the pod --------------------------------------------------------------------

LIMIT = 131_072


def test_a_pod_of_usual_size_is_left_alone() -> None:
    pod = build(leaf(args=["x" * 50_000]))
    assert offloaded(pod) == (pod, None)


def test_a_large_template_travels_beside_the_pod() -> None:
    pod = build({"script": {"image": "i", "command": ["sh"], "source": "#" * LIMIT}})
    whole = env(container(pod, "init"))["ARGO_TEMPLATE"]
    before = copy.deepcopy(pod)
    made, config_map = offloaded(pod)
    assert pod == before
    assert config_map is not None
    assert config_map["data"] == {"ARGO_TEMPLATE": whole}
    assert config_map["metadata"]["name"] == "w"
    assert config_map["metadata"]["labels"] == {"workflows.argoproj.io/workflow": "w"}
    assert config_map["metadata"]["ownerReferences"] == pod["metadata"]["ownerReferences"]
    assert set(config_map["metadata"]["annotations"]) == {
        "workflows.argoproj.io/node-name",
        "workflows.argoproj.io/node-id",
    }
    assert env(container(made, "init"))["ARGO_TEMPLATE"] == "offloaded"
    assert made["spec"]["volumes"][-1] == {"name": "argo-env-config", "configMap": {"name": "w"}}
    for name in ("init", "wait", "main"):
        assert container(made, name)["volumeMounts"][-1] == {"name": "argo-env-config", "mountPath": "/argo/config"}


def test_large_arguments_are_read_from_a_file() -> None:
    args = ["x" * 1000] * 140
    made, config_map = offloaded(build(leaf(args=args)))
    assert config_map is not None
    assert json.loads(config_map["data"]["ARGO_CONTAINER_ARGS_FILE"]) == args
    main = container(made, "main")
    assert "args" not in main
    assert env(main)["ARGO_CONTAINER_ARGS_FILE"] == "/argo/config/ARGO_CONTAINER_ARGS_FILE"
    assert "ARGO_CONTAINER_ARGS_FILE" not in env(container(made, "wait"))


def test_several_containers_with_large_arguments() -> None:
    group = [{"name": n, "image": "i", "command": ["c"], "args": [n * LIMIT]} for n in "abc"]
    made, config_map = offloaded(build({"containerSet": {"containers": group}}))
    assert config_map is not None
    for name in "abc":
        path = env(container(made, name))["ARGO_CONTAINER_ARGS_FILE"]
        assert json.loads(config_map["data"][path.removeprefix("/argo/config/")]) == [name * LIMIT]


@pytest.mark.parametrize("where", ["template", "spec"])
def test_a_service_account_of_the_executor_alone(where: str) -> None:
    settings = {"executor": {"serviceAccountName": "reporter"}, "automountServiceAccountToken": False}
    template, spec = ({**leaf(), **settings}, {}) if where == "template" else (leaf(), settings)
    pod = build(template, spec=spec, executor_token="secret")
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert {"name": "exec-sa-token", "secret": {"secretName": "secret"}} in pod["spec"]["volumes"]
    mounted = {"name": "exec-sa-token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
    for name in ("init", "wait"):
        assert mounted in container(pod, name)["volumeMounts"]
    assert mounted not in container(pod, "main")["volumeMounts"]


def test_what_a_template_says_of_the_token_counts() -> None:
    settings = {"automountServiceAccountToken": False}
    pod = build({**leaf(), "automountServiceAccountToken": True}, spec=settings)
    assert "automountServiceAccountToken" not in pod["spec"]


def test_progress_is_asked_for_as_the_environment_says() -> None:
    found = env(container(build(leaf(), config={"progress_patch_ns": 90 * 10**9, "progress_file_ns": 10**9}), "main"))
    assert found["ARGO_PROGRESS_PATCH_TICK_DURATION"] == "1m30s"
    assert found["ARGO_PROGRESS_FILE_TICK_DURATION"] == "1s"
    quiet = env(container(build(leaf(), config={"progress_file_ns": 0}), "main"))
    assert not [name for name in quiet if name.startswith("ARGO_PROGRESS")]
