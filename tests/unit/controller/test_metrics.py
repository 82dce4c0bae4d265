"""What the controller measures: kept, written as Prometheus reads it, served on loopback (§8.7)."""

import asyncio
import json
import logging
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from argotui.controller.metrics.counting import Counting
from argotui.controller.metrics.exposition import number
from argotui.controller.metrics.own import OwnMetrics
from argotui.controller.metrics.registry import MetricConflict, Registry
from argotui.engine.config import EngineConfig
from argotui.engine.effects import EmitMetric
from argotui.engine.locks import LockTable, Request
from argotui.engine.metricsconfig import MetricsSettings, Modifier
from argotui.engine.retention import Retention
from argotui.model.documents import Document

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


def own(name: str = "m", kind: str = "counter", value: float = 1.0, **fields: Any) -> EmitMetric:
    return EmitMetric(kind, name, fields.pop("help", "h"), fields.pop("labels", ()), value, **fields)


def samples(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: value for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (2.5, "2.5"), (float("inf"), "+Inf"), (float("nan"), "NaN"), (1e22, "1e+22"), (-3.0, "-3")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_a_scrape() -> None:
    registry = Registry()
    registry.count("total_count", "Workflows", {"phase": "Running", "namespace": 'a"b\\\n'})
    registry.count("total_count", "Workflows", {"phase": "Running", "namespace": 'a"b\\\n'}, 2)
    registry.watch("gauge", "How\nmany", lambda: [((("phase", "Error"),), 0.0)])
    for value in (0.5, 1.0, 7.0):
        registry.observe("time", "Seconds", value, {}, (1.0, 5.0))
    assert registry.text() == (
        "# HELP argo_workflows_gauge How\\nmany\n"
        "# TYPE argo_workflows_gauge gauge\n"
        'argo_workflows_gauge{phase="Error"} 0\n'
        "# HELP argo_workflows_time Seconds\n"
        "# TYPE argo_workflows_time histogram\n"
        'argo_workflows_time_bucket{le="1"} 2\n'
        'argo_workflows_time_bucket{le="5"} 2\n'
        'argo_workflows_time_bucket{le="+Inf"} 3\n'
        "argo_workflows_time_sum 8.5\n"
        "argo_workflows_time_count 3\n"
        "# HELP argo_workflows_total_count Workflows\n"
        "# TYPE argo_workflows_total_count counter\n"
        'argo_workflows_total_count{namespace="a\\"b\\\\\\n",phase="Running"} 3\n'
    )


def test_modifiers() -> None:
    settings = MetricsSettings(
        modifiers={"a": Modifier(disabled=True), "b": Modifier(dropped=frozenset({"x"})), "c": Modifier(buckets=(2.0,))}
    )
    registry = Registry(settings)
    registry.count("a", "h", {})
    registry.count("b", "h", {"x": 1, "y": 1})
    registry.count("b", "h", {"x": 2, "y": 1})
    registry.observe("c", "h", 1.0, {})
    assert samples(registry.text()) == {
        'argo_workflows_b{y="1"}': "2",
        'argo_workflows_c_bucket{le="2"}': "1",
        'argo_workflows_c_bucket{le="+Inf"}': "1",
        "argo_workflows_c_sum": "1",
        "argo_workflows_c_count": "1",
    }


def test_metrics_of_workflows() -> None:
    registry = Registry()
    metrics = OwnMetrics(registry, lambda: NOW)
    for operation, value in (("Set", 5.0), ("Add", 3.0), ("Sub", 1.0)):
        metrics.emit(own("g", "gauge", value, operation=operation), "w")
    metrics.emit(own(value=2), "w")
    metrics.emit(own(value=2), "other")
    metrics.emit(own("live", "gauge", 0, since=NOW - timedelta(seconds=90)), "w")
    metrics.emit(own("h", "histogram", 3, buckets=(1.0, 5.0)), "w")
    found = samples(registry.text())
    assert [found[f"argo_workflows_{name}"] for name in ("g", "m", "live", "h_count")] == ["7", "4", "90", "1"]
    metrics.emit(own("live", "gauge", 0, since=NOW - timedelta(seconds=90), until=NOW - timedelta(seconds=30)), "w")
    assert samples(registry.text())["argo_workflows_live"] == "60"
    metrics.end("w")
    assert "argo_workflows_live" not in samples(registry.text())


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (own(kind="gauge"), "metric m is a counter already, it cannot be a gauge"),
        (own(help="other"), "Help for metric m is already set to h, it cannot be changed"),
        (own("total_count"), "metric total_count is one of the controller's own"),
    ],
)
def test_two_metrics_of_one_name(second: EmitMetric, text: str) -> None:
    registry = Registry()
    registry.count("total_count", "h", {})
    metrics = OwnMetrics(registry)
    metrics.emit(own(), "w")
    with pytest.raises(MetricConflict, match=re.escape(text)):
        metrics.emit(second, "w")


def test_values_that_nobody_touches_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(MetricsSettings(ttl_seconds=60))
    OwnMetrics(registry).emit(own(), "w")
    registry.count("total_count", "h", {})
    series = next(iter(registry.metrics()["m"].series.values()))
    assert "argo_workflows_m" in samples(registry.text())
    series.touched -= 61
    assert samples(registry.text()) == {"argo_workflows_total_count": "1"}


def pod(phase: str, reason: str = "") -> Document:
    statuses = [{"state": {"waiting": {"reason": reason}}}] if reason else []
    return {"metadata": {"namespace": "ns"}, "status": {"phase": phase, "containerStatuses": statuses}}


def test_what_the_controller_counts_of_itself() -> None:
    counting = Counting()
    book = counting.book
    flow = {"metadata": {"namespace": "ns"}, "spec": {"workflowTemplateRef": {"name": "t"}}}
    book.phase(flow, "Running", 0)
    book.phase(flow, "Succeeded", 30)
    book.pod(None, pod("Pending", "ContainerCreating"))
    book.pod(pod("Pending", "ContainerCreating"), pod("Pending", "ContainerCreating"))
    book.pod(pod("Pending", "ContainerCreating"), pod("Running"))
    book.request("GET", "/api/v1/namespaces/argo/pods", 200, 0.01)
    book.request("PATCH", "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/w", 409, 0.01)
    book.error("OperationPanic")
    child = {"metadata": {"namespace": "ns", "labels": {"workflows.argoproj.io/cron-workflow": "c"}}}
    book.appeared(child)
    book.appeared({**child, "status": {"phase": "Running"}})
    complete = {"status": {"phase": "Failed", "conditions": [{"type": "Completed", "status": "True"}]}}
    table = LockTable(lambda lock: 1, book.lock_taken)
    for who in ("a", "b"):
        table.ask(Request(who, f"ns/{who}", ("ns/Mutex/m",)))
    queue = book.queues["workflow_queue"]
    for each in ("a", "b", "a"):
        queue.add(each)
    queue.begin("a")
    detach = book.attach(lambda: [{"status": {}}, complete], lambda: [pod("Running")], table)
    found = samples(counting.registry.text())
    expected = {
        'total_count{namespace="ns",phase="Running"}': "1",
        'workflowtemplate_triggered_total{cluster_scope="false",name="t",namespace="ns",phase="Succeeded"}': "1",
        'workflowtemplate_runtime_sum{cluster_scope="false",name="t",namespace="ns"}': "30",
        'pods_total_count{namespace="ns",phase="Pending"}': "1",
        'pods_total_count{namespace="ns",phase="Running"}': "1",
        'pod_pending_count{namespace="ns",reason="ContainerCreating"}': "1",
        'k8s_request_total{kind="pods",status_code="200",verb="List"}': "1",
        'k8s_request_total{kind="workflows",status_code="409",verb="Patch"}': "1",
        'error_count{cause="OperationPanic"}': "1",
        'gauge{phase="Pending"}': "1",
        'gauge{phase="Running"}': "0",
        'gauge{phase="Failed"}': "1",
        'workflow_condition{status="True",type="Completed"}': "1",
        'pods_gauge{phase="Running"}': "1",
        'workers_busy_count{worker_type="workflow_worker"}': "1",
        'queue_adds_count{queue_name="workflow_queue"}': "2",
        'queue_depth_gauge{queue_name="workflow_queue"}': "1",
        'queue_depth_gauge{queue_name="workflow_archive_queue"}': "0",
        'locks_held{lock_name="m",namespace="ns",storage="local",type="mutex"}': "1",
        'locks_pending{lock_name="m",namespace="ns",storage="local",type="mutex"}': "1",
        'locks_taken_total{lock_name="m",namespace="ns",storage="local",type="mutex"}': "1",
        "is_leader": "1",
        'cronworkflows_triggered_total{name="c",namespace="ns"}': "1",
    }
    assert {key: found.get(f"argo_workflows_{key}") for key in expected} == expected
    detach()
    assert samples(counting.registry.text())["argo_workflows_is_leader"] == "0"


# --- served -----------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def counting(tmp_path: Path) -> AsyncIterator[Counting]:
    counting = Counting(report=str(tmp_path / "report"))
    counting.begin()
    yield counting
    await counting.stop()


async def read(address: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(address, ssl=False) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return await answer.text()


@pytest.mark.parametrize("secure", [False, True])
async def test_served_and_reported(counting: Counting, tmp_path: Path, secure: bool) -> None:
    settings = MetricsSettings(port=free_port(), path="/m", secure=secure)
    await counting.apply(EngineConfig(metrics=settings, retention=Retention(1, 2, 3), ignored=("links",)))
    logging.getLogger("some").warning("counted")
    report = json.loads((tmp_path / "report").read_text())
    assert report["metrics"] == f"http{'s' if secure else ''}://127.0.0.1:{settings.port}/m"
    assert (report["retention"], report["ignored"]) == ({"completed": 1, "failed": 2, "errored": 3}, ["links"])
    found = samples(await read(report["metrics"]))
    assert found['argo_workflows_log_messages{level="warn"}'] == "1"


async def test_a_port_that_is_taken_is_told_and_another_one_serves(counting: Counting, tmp_path: Path) -> None:
    def report() -> dict[str, Any]:
        document: dict[str, Any] = json.loads((tmp_path / "report").read_text())
        return document

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        await counting.apply(EngineConfig(metrics=MetricsSettings(port=port, secure=False)))
        assert report()["metrics"] == ""
        assert f"port {port} cannot be had" in report()["metricsProblem"]
    await counting.apply(EngineConfig(metrics=MetricsSettings(port=free_port(), secure=False)))
    assert "argo_workflows_version" in await read(report()["metrics"])
    old = report()["metrics"]
    await counting.apply(EngineConfig(metrics=MetricsSettings(enabled=False)))
    assert (report()["metrics"], report()["metricsProblem"]) == ("", "switched off by metricsConfig.enabled")
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(read(old), 5)


async def test_edits_that_come_fast_leave_one_server(counting: Counting, tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    edits = [EngineConfig(metrics=MetricsSettings(port=port, secure=False)) for port in ports]
    await asyncio.gather(*map(counting.apply, edits))
    assert "argo_workflows_version" in await read(f"http://127.0.0.1:{ports[2]}/metrics")
    for port in ports[:2]:
        with pytest.raises(aiohttp.ClientError):
            await read(f"http://127.0.0.1:{port}/metrics")
