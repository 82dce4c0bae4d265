"""Expansion, environment, status, admission: what needs no container."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argotui.executor.template import ExecutorError
from argotui.local.kubelet import admission
from argotui.local.kubelet.environment import environment_of, field_of, resource_of
from argotui.local.kubelet.executors import run_directory
from argotui.local.kubelet.expansion import expand
from argotui.local.kubelet.inside import as_processes
from argotui.local.kubelet.progress import read_progress
from argotui.local.kubelet.references import Missing, References
from argotui.local.kubelet.status import (
    PodState,
    Running,
    Terminated,
    Waiting,
    changes,
    phase_of,
    qos_class,
    status_of,
)
from argotui.local.kubelet.volumes import Volume, make_volumes
from argotui.local.runtime.types import Description, Refused
from argotui.model.resources import CONFIG_MAPS, SECRETS
from tests.unit.kubelet.memory import Memory, agent_pod, plain, resource_step, step

Document = dict[str, Any]
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SANDBOX = Description("sandbox", "1", (), (), "")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)z", "x1y2z"),
        ("$(X)", "$(X)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("kill -9 $$$$", "kill -9 $$"),
        ("$$", "$"),
        ("$", "$"),
        ("$A", "$A"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$($(A))", "$($(A))"),
        ("żółć $(A) ☃", "żółć 1 ☃"),
        ("", ""),
    ],
)
def test_expansion(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


async def configured() -> Memory:
    memory = Memory()
    await memory.create(CONFIG_MAPS, {"metadata": {"name": "cm"}, "data": {"a.txt": "aaa", "b": "bbb"}})
    encoded = base64.b64encode(b"hunter2").decode()
    await memory.create(SECRETS, {"kind": "Secret", "metadata": {"name": "sec"}, "data": {"pw": encoded}})
    return memory


async def of(env: list[Document], **container: Any) -> dict[str, str]:
    pod = {**plain("p", "true"), "metadata": {"name": "p", "namespace": "argo", "uid": "u", "labels": {"l": "v"}}}
    return await environment_of(pod, {"env": env, **container}, References(await configured(), "argo"))


async def test_environment() -> None:
    found = await of(
        [
            {"name": "PLAIN", "value": "x"},
            {"name": "EMPTY"},
            {"name": "CM", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "a.txt"}}},
            {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "pw"}}},
            {"name": "BOTH", "value": "$(PLAIN)-$(SECRET)-$(E_b)-$(LATER)"},
            {"name": "LATER", "value": "1"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['l']"}}},
            {"name": "NO", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "k", "optional": True}}},
        ],
        envFrom=[{"prefix": "E_", "configMapRef": {"name": "cm"}}, {"secretRef": {"name": "x", "optional": True}}],
    )
    assert found == {
        "E_a.txt": "aaa", "E_b": "bbb", "PLAIN": "x", "EMPTY": "", "CM": "aaa", "SECRET": "hunter2",
        "BOTH": "x-hunter2-bbb-$(LATER)", "LATER": "1", "NAME": "v",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "gone", "key": "k"}}, 'configmap "gone" not found'),
        ({"configMapKeyRef": {"name": "cm", "key": "k"}}, "couldn't find key k in ConfigMap argo/cm"),
        ({"secretKeyRef": {"name": "sec", "key": "k"}}, "couldn't find key k in Secret argo/sec"),
    ],
)
async def test_what_is_missing_is_named(source: Document, message: str) -> None:
    with pytest.raises(Missing) as caught:
        await of([{"name": "V", "valueFrom": source}])
    assert str(caught.value) == message
    assert caught.value.reason == "CreateContainerConfigError"


def test_fields_and_resources_of_the_pod() -> None:
    pod = {**plain("p", "true"), "metadata": {"name": "p", "uid": "u", "annotations": {"a/b": "1"}}}
    assert field_of(pod, "metadata.annotations['a/b']") == "1"
    assert field_of(pod, "status.podIP") == "127.0.0.1"
    with pytest.raises(Refused, match=r"status\.phase"):
        field_of(pod, "status.phase")
    container = {"resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}}}
    assert resource_of(pod, container, {"resource": "limits.cpu"}) == "2"
    assert resource_of(pod, container, {"resource": "limits.cpu", "divisor": "1m"}) == "1500"
    assert resource_of(pod, container, {"resource": "limits.memory", "divisor": "1Mi"}) == "64"
    assert resource_of(pod, container, {"resource": "requests.cpu"}) == "0"


def over(code: int, **more: Any) -> Terminated:
    return Terminated(code, NOW, NOW, **more)


@pytest.mark.parametrize(
    ("init", "wait", "main", "reason", "phase"),
    [
        (Waiting(), Waiting(), Waiting(), "", "Pending"),
        (over(0), Waiting(), Waiting(), "", "Pending"),
        (over(64), Waiting(), Waiting(), "", "Failed"),
        (over(0), Running(NOW), Running(NOW), "", "Running"),
        (over(0), Running(NOW), over(1), "", "Running"),
        (over(0), over(0), over(0), "", "Succeeded"),
        (over(0), over(64), over(0), "", "Failed"),
        (over(0), over(0), over(0), "DeadlineExceeded", "Failed"),
        (over(0), Running(NOW), over(143), "DeadlineExceeded", "Running"),
        (Waiting(), Waiting(), Waiting(), "UnsupportedField", "Failed"),
    ],
)
def test_phase(init: Any, wait: Any, main: Any, reason: str, phase: str) -> None:
    spec = step("s", "true")["spec"]
    assert phase_of(spec, PodState({"init": init, "wait": wait, "main": main}, NOW, reason)) == phase


def test_a_running_pod_in_full() -> None:
    pod = {**step("s", "true"), "metadata": {"name": "s", "uid": "u"}}
    state = PodState({"init": over(0), "wait": Running(NOW), "main": Running(NOW)}, NOW)
    status = status_of(pod, state, SANDBOX, NOW, {})
    assert status["phase"] == "Running"
    assert status["startTime"] == "2026-11-22T12:00:00Z"
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "PodReadyToStartContainers": "True", "Initialized": "True", "Ready": "True", "ContainersReady": "True",
        "PodScheduled": "True", "argotui.io/HostTools": "True",
    }  # fmt: skip
    init, (main, wait) = status["initContainerStatuses"][0], status["containerStatuses"]
    assert init["state"]["terminated"]["reason"] == "Completed"
    assert init["ready"]
    assert main["state"] == {"running": {"startedAt": "2026-11-22T12:00:00Z"}}
    assert (main["imageID"], main["containerID"]) == ("host-tools://not-pulled", "sandbox://u/main")
    assert wait["ready"]


def test_conditions_keep_their_times() -> None:
    pod = {**plain("s", "true"), "metadata": {"name": "s", "uid": "u"}}
    first = status_of(pod, PodState({"main": Running(NOW)}, NOW), SANDBOX, NOW, {})
    later = NOW.replace(minute=5)
    second = status_of(pod, PodState({"main": over(1, message="why")}, NOW), SANDBOX, later, first)
    times = {c["type"]: c["lastTransitionTime"] for c in second["conditions"]}
    assert times["PodScheduled"] == "2026-11-22T12:00:00Z"
    assert times["Ready"] == "2026-11-22T12:05:00Z"
    assert set(changes(first, second)) == {"phase", "conditions", "containerStatuses"}
    assert second["containerStatuses"][0]["state"]["terminated"]["message"] == "why"
    assert changes(second, second) == {}


def test_waiting_containers_say_for_what() -> None:
    pod = {**step("s", "true"), "metadata": {"name": "s"}}
    status = status_of(pod, PodState({"main": Waiting("CreateContainerConfigError", "no")}, NOW), SANDBOX, NOW, {})
    main, wait = status["containerStatuses"]
    assert (main["name"], wait["name"]) == ("main", "wait")  # the first that waits is the one that is told of
    assert wait["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert main["state"] == {"waiting": {"reason": "CreateContainerConfigError", "message": "no"}}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}, "Burstable"),
        ({"limits": {"cpu": "1000m", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1024Mi"}}, "Guaranteed"),
    ],
)
def test_qos(resources: Document, expected: str) -> None:
    assert qos_class([{"resources": resources}]) == expected


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"restartPolicy": "Always"}, "spec.restartPolicy: Always"),
        ({"volumes": [{"name": "v", "nfs": {}}]}, "spec.volumes[0].nfs"),
        ({"hostPID": True}, "spec.hostPID"),
        ({"container": {"readinessProbe": {"grpc": {"port": 1}}}}, "spec.containers[0].readinessProbe.grpc"),
        ({"container": {"securityContext": {"privileged": True}}}, "spec.containers[0].securityContext.privileged"),
        ({"container": {"securityContext": {"runAsNonRoot": True}}}, "image will run as root"),
        ({"container": {"image": "argoexec:v4", "command": ["argoexec", "data"]}}, "argoexec data"),
    ],
)
def test_what_is_not_done_is_refused_by_name(change: Document, field: str) -> None:
    assert field in admission.refusal(plain("p", "true", **change))


def test_only_agents_may_be_started_again() -> None:
    pod = agent_pod("a", "w")
    assert (pod["spec"]["restartPolicy"], admission.refusal(pod)) == ("OnFailure", "")
    pod["spec"]["containers"].append({"name": "plugin", "image": "x", "command": ["x"]})
    assert "spec.restartPolicy: OnFailure" in admission.refusal(pod)


def test_a_runtime_judges_only_what_it_has_to_run() -> None:
    assert "securityContext" not in as_processes(agent_pod("a", "w"))["spec"]
    judged = as_processes(resource_step("r", "get"))["spec"]
    assert (judged["initContainers"], judged["containers"]) == ([{}], [{}])
    assert as_processes(step("s", "true"))["spec"]["containers"][1]["name"] == "main"


def test_ordinary_pods_are_admitted() -> None:
    for pod in (plain("p", "true"), step("s", "true"), resource_step("r", "get")):
        assert admission.refusal(pod) == ""
    assert admission.unschedulable(plain("p", "true", nodeSelector={"os": "mac"}), {"os": "linux"})
    assert not admission.unschedulable(plain("p", "true", nodeSelector={"os": "linux"}), {"os": "linux"})


@pytest.mark.parametrize(
    ("text", "progress"), [("1/2", "1/2"), ("0/4\n1/4\n", "1/4"), ("5/4", ""), ("x", ""), ("", ""), ("1/0", "")]
)
def test_progress(tmp_path: Path, text: str, progress: str) -> None:
    (tmp_path / "progress").write_text(text)
    assert read_progress(tmp_path) == progress


async def test_a_key_may_be_named_as_another_with_more_behind_it(tmp_path: Path) -> None:
    memory = Memory()
    await memory.create(CONFIG_MAPS, {"metadata": {"name": "cm"}, "data": {"a.new": "2", "a": "1"}})
    pod = plain("p", "true", volumes=[{"name": "v", "configMap": {"name": "cm"}}])
    made = await make_volumes(pod, tmp_path, References(memory, "argo"), tmp_path / "claims")
    assert {file.name: file.read_text() for file in made["v"].path.iterdir()} == {"a": "1", "a.new": "2"}
    pod["spec"]["volumes"][0]["configMap"]["defaultMode"] = 0o4755
    with pytest.raises(Refused, match="not between 0 and 0777"):
        await make_volumes(pod, tmp_path, References(memory, "argo"), tmp_path / "claims")


def test_the_executor_writes_nothing_through_a_steps_link(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "volume" / "argo").symlink_to(tmp_path / "outside")
    mount = {"name": "v", "mountPath": "/var/run/argo", "subPath": "argo"}
    with pytest.raises(ExecutorError, match="leads out of the volume v"):
        run_directory({"volumeMounts": [mount]}, {"v": Volume(tmp_path / "volume")})
    (tmp_path / "volume" / "argo").unlink()
    assert run_directory({"volumeMounts": [mount]}, {"v": Volume(tmp_path / "volume")}) == tmp_path / "volume" / "argo"


def test_progress_is_not_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("1/2")
    (tmp_path / "progress").symlink_to(tmp_path / "elsewhere")
    assert read_progress(tmp_path) == ""
