"""The small parts: options, identity, scope, versions, references, alarm, events, look-ups."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from argotui.controller import events
from argotui.controller.alarm import Alarm
from argotui.controller.caches import ByWorkflow, Caches
from argotui.controller.events import event
from argotui.controller.flags import parse_options
from argotui.controller.identity import default_identity
from argotui.controller.options import OptionError
from argotui.controller.references import references
from argotui.controller.requests import Requests
from argotui.controller.scope import Scope
from argotui.controller.transient import is_transient
from argotui.controller.versions import is_newer
from argotui.engine.effects import EmitEvent
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, Unreachable
from argotui.kube.reflector import Delta, DeltaType
from argotui.model.documents import Document
from argotui.model.resources import CLUSTER_WORKFLOW_TEMPLATES, CONFIG_MAPS, WORKFLOW_TEMPLATES
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

W = "workflows.argoproj.io/"


def test_flags_win_over_variables() -> None:
    environ = {"ARGO_EXECUTOR_IMAGE": "a", "ARGO_LOGLEVEL": "debug", "ARGO_NAMESPACED": "true"}
    options = parse_options(["--executor-image", "b"], environ)
    assert (options.executor_image, options.log_level, options.namespaced) == ("b", "debug", True)


def test_lease_durations_are_read_and_checked() -> None:
    environ = {"LEADER_ELECTION_LEASE_DURATION": "2s", "LEADER_ELECTION_RENEW_DEADLINE": "1500ms"}
    timing = parse_options([], environ | {"LEADER_ELECTION_RETRY_PERIOD": "300ms"}).lease
    assert (timing.lease, timing.renew, timing.retry) == (2.0, 1.5, 0.3)
    with pytest.raises(OptionError, match="RETRY_PERIOD <"):
        parse_options([], environ)
    with pytest.raises(OptionError, match="LEADER_ELECTION_RETRY_PERIOD: "):
        parse_options([], {"LEADER_ELECTION_RETRY_PERIOD": "soon"})
    with pytest.raises(OptionError, match="--namespaced"):
        parse_options(["--managed-namespace", "x"], {})


def test_a_name_is_kept_over_restarts_and_never_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    first = default_identity("https://h", "argo", tmp_path)
    assert default_identity("https://h", "argo", tmp_path) != first
    assert default_identity("https://other", "argo", tmp_path) == first
    unwritable = tmp_path / "file"
    unwritable.write_text("")
    assert default_identity("https://h", "argo", unwritable / "below") != first


@pytest.mark.parametrize(
    ("labels", "deleted", "plain", "blue"),
    [
        ({}, False, True, False),
        ({f"{W}controller-instanceid": "blue"}, False, False, True),
        ({f"{W}completed": "true"}, False, False, False),
        ({f"{W}completed": "false"}, False, True, False),
        ({}, True, False, False),
    ],
)
def test_which_workflows_are_ours(labels: dict[str, str], deleted: bool, plain: bool, blue: bool) -> None:
    metadata: Document = {"name": "w", "namespace": "ns", "labels": labels}
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    workflow = {"metadata": metadata}
    assert Scope(None, "").owns(workflow) is plain
    assert Scope("ns", "blue").owns(workflow) is blue
    assert not Scope("elsewhere", "").owns(workflow)


def test_selectors_are_upstreams() -> None:
    assert Scope(None, "").pods == f"{W}workflow,{W}completed=false,!{W}controller-instanceid"
    assert Scope(None, "x").workflows == f"{W}completed!=true,{W}controller-instanceid=x"


def test_newer() -> None:
    assert is_newer("10", "9")
    assert not is_newer("9", "10")
    assert not is_newer("9", "9")
    assert is_newer("9", "")
    assert not is_newer("", "9")
    assert is_newer("abc", "9")


def test_transient() -> None:
    assert is_transient(Unreachable("x"))
    assert is_transient(ApiError(500, "", "etcdserver: leader changed"))
    assert is_transient(ApiError(403, "Forbidden", "exceeded quota: x"))
    assert not is_transient(ApiError(403, "Forbidden", "no"))
    assert not is_transient(ValueError("bug"))


def test_references() -> None:
    key = {"name": "cm", "key": "k"}
    workflow = {
        "spec": {
            "workflowTemplateRef": {"name": "all", "clusterScope": True},
            "arguments": {"parameters": [{"name": "p", "valueFrom": {"configMapKeyRef": key}}]},
            "templates": [
                {
                    "steps": [[{"name": "s", "templateRef": {"name": "one", "template": "t"}}]],
                    "container": {"env": [{"name": "E", "valueFrom": {"configMapKeyRef": {"name": "not-this"}}}]},
                },
                {"dag": {"tasks": [{"name": "t", "templateRef": {"name": "{{item}}", "template": "t"}}]}},
            ],
        }
    }
    assert references(workflow) == {
        (CLUSTER_WORKFLOW_TEMPLATES, "all"),
        (WORKFLOW_TEMPLATES, "one"),
        (CONFIG_MAPS, "cm"),
    }
    assert references({}) == set()


async def test_templates_applied_just_now_are_seen_although_the_watch_is_behind() -> None:
    api = MemoryApi()
    caches = Caches(cast(Client, api), Scope(None, ""), {})
    inner = {"steps": [[{"name": "s", "templateRef": {"name": "inner", "template": "t"}}]]}
    api.put(WORKFLOW_TEMPLATES, {"metadata": {"name": "outer", "namespace": "ns"}, "spec": {"templates": [inner]}})
    api.put(WORKFLOW_TEMPLATES, {"metadata": {"name": "inner", "namespace": "ns"}, "spec": {"n": 1}})
    api.put(CONFIG_MAPS, {"metadata": {"name": "plain", "namespace": "ns"}})
    parameter = {"name": "p", "valueFrom": {"configMapKeyRef": {"name": "plain", "key": "k"}}}
    spec = {"workflowTemplateRef": {"name": "outer"}, "arguments": {"parameters": [parameter]}}
    await caches.read_references({"metadata": {"name": "w", "namespace": "ns"}, "spec": spec})
    assert caches.workflow_template("ns", "outer") is not None
    assert (caches.workflow_template("ns", "inner") or {})["spec"] == {"n": 1}
    assert caches.workflow_template("elsewhere", "inner") is None
    assert caches.config_map("ns", "plain") is None, "without the label it is none of our business"
    newer = {"metadata": {"name": "inner", "namespace": "ns", "resourceVersion": "999"}, "spec": {"n": 2}}
    caches._reflectors[WORKFLOW_TEMPLATES].cache["ns", "inner"] = newer
    assert caches.workflow_template("ns", "inner") == newer


def test_pods_are_found_by_workflow_and_owner() -> None:
    index = ByWorkflow()

    def pod(name: str, owner: str) -> Document:
        metadata = {"name": name, "namespace": "ns", "labels": {f"{W}workflow": "w"}}
        return {"metadata": {**metadata, "ownerReferences": [{"uid": owner}]}}

    for each in (pod("a", "new"), pod("b", "old")):
        index.apply(Delta(DeltaType.ADDED, each, None))
    workflow = {"metadata": {"name": "w", "namespace": "ns", "uid": "new"}}
    assert [each["metadata"]["name"] for each in index.of(workflow)] == ["a"]
    for each in (pod("a", "new"), pod("b", "old")):
        index.apply(Delta(DeltaType.DELETED, each, each))
    assert index.keys() == []


async def test_the_alarm_rings_once_and_never_early() -> None:
    rung: list[datetime] = []

    def now() -> datetime:
        return datetime.now(UTC)

    alarm = Alarm(lambda: rung.append(now()), now)
    moment = now() + timedelta(seconds=0.05)
    alarm.set(now() + timedelta(hours=1))
    alarm.set(moment)
    assert alarm.moment == moment
    async with asyncio.timeout(5):
        while not rung:
            await asyncio.sleep(0.005)
    assert rung[0] >= moment
    alarm.set(now() - timedelta(seconds=5))
    alarm.clear()
    await asyncio.sleep(0.02)
    assert len(rung) == 1


def test_an_event_is_written_as_upstreams_recorder_does() -> None:
    about: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w" * 250, "namespace": "ns", "uid": "u", "resourceVersion": "7"},
    }
    made = event(about, "Normal", "WorkflowRunning", "Workflow Running", {}, datetime(2026, 1, 1, tzinfo=UTC), 255)
    assert len(made["metadata"]["name"]) <= 253
    assert made["metadata"]["name"].endswith(".ff")
    assert made["involvedObject"]["uid"] == "u"
    assert made["source"] == {"component": "workflow-controller"}
    assert made["firstTimestamp"] == "2026-01-01T00:00:00Z"


async def test_events_wait_for_a_pause_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST_DELAY", 0.2)
    api = MemoryApi()
    requests = Requests(Permit())
    writer = events.Events(cast(Client, api), requests)
    task = asyncio.create_task(writer.run())
    about = {"metadata": {"name": "w", "namespace": "ns"}}
    loop = asyncio.get_running_loop()
    began = loop.time()
    writer.put(about, EmitEvent("Normal", "First", "", {}))
    async with asyncio.timeout(5):
        while not api.made("create"):
            requests.touch()
            await asyncio.sleep(0.005)
    assert 0.15 < loop.time() - began < 2
    writer.put(about, EmitEvent("Normal", "Second", "", {}))
    async with asyncio.timeout(5):
        while len(api.made("create")) < 2:
            await asyncio.sleep(0.005)
    assert [body["reason"] for _, body in api.made("create")] == ["First", "Second"]
    task.cancel()


async def test_a_missing_right_to_write_events_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    api = MemoryApi()

    async def refuse(verb: str, name: str) -> None:
        raise ApiError(403, "Forbidden", "events is forbidden")

    api.before = refuse
    writer = events.Events(cast(Client, api), Requests(Permit()))
    task = asyncio.create_task(writer.run())
    for _ in range(3):
        writer.put({"metadata": {"name": "w", "namespace": "ns"}}, EmitEvent("Normal", "R", "", {}))
    async with asyncio.timeout(5):
        while len(api.made("create")) < 3:
            await asyncio.sleep(0.005)
    assert caplog.text.count("events is forbidden") == 1
    task.cancel()


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"ALWAYS_OFFLOAD_NODE_STATUS": "true"}, "ALWAYS_OFFLOAD_NODE_STATUS"),
        ({"WORKFLOW_COMPRESSION_ALGORITHM": "zstd"}, "zstd"),
    ],
)
def test_ways_to_store_nodes_that_could_not_be_read_again_are_refused(environ: dict[str, str], named: str) -> None:
    with pytest.raises(OptionError, match=named):
        parse_options([], environ)
    assert parse_options([], {"WORKFLOW_COMPRESSION_ALGORITHM": "gzip", "ALWAYS_OFFLOAD_NODE_STATUS": "false"})
