"""The controller's own metrics have upstream's names, kinds and labels: the table is that of upstream's documents."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from argotui.controller.metrics.builtin import BUILT_IN
from argotui.controller.metrics.counting import Counting
from argotui.controller.metrics.queues import Queue
from argotui.controller.metrics.registry import Registry
from argotui.engine.locks import LockTable, Request
from argotui.model.documents import Document

UPSTREAM = """
gauge | G | phase
total_count | C | phase, namespace
workflow_condition | G | type, status
workflowtemplate_triggered_total | C | name, namespace, cluster_scope, phase
workflowtemplate_runtime | H | name, namespace, cluster_scope
cronworkflows_triggered_total | C | name, namespace
cronworkflows_concurrencypolicy_triggered | C | name, namespace, concurrency_policy
pods_gauge | G | phase
pods_total_count | C | phase, namespace
pod_missing | C | node_phase, recently_started
pod_pending_count | C | reason, namespace
pod_restarts_total | C | reason, condition, namespace
error_count | C | cause
locks_held | G | type, storage, lock_name, namespace
locks_pending | G | type, storage, lock_name, namespace
locks_taken_total | C | type, storage, lock_name, namespace
queue_adds_count | C | queue_name
queue_depth_gauge | G | queue_name
queue_duration | H | queue_name
queue_latency | H | queue_name
queue_longest_running | G | queue_name
queue_retries | C | queue_name
queue_unfinished_work | G | queue_name
workers_busy_count | G | worker_type
operation_duration_seconds | H |
k8s_request_total | C | kind, verb, status_code
k8s_request_duration | H | kind, verb, status_code
client_rate_limiter_latency | H |
resource_rate_limiter_latency | H |
is_leader | G |
log_messages | C | level
deprecated_feature | C | feature, namespace
version | C | version, platform, go_version, build_date, compiler, git_commit, git_tree_state, git_tag
"""
KINDS = {"C": "counter", "G": "gauge", "H": "histogram"}
QUEUES = ("workflow_queue", "cron_wf_queue", "pod_cleanup_queue", "workflow_ttl_queue", "workflow_archive_queue")


def upstream() -> dict[str, tuple[str, frozenset[str]]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in UPSTREAM.strip().splitlines()]
    return {name: (KINDS[kind], frozenset(labels.replace(",", " ").split())) for name, kind, labels in rows}


def test_the_table_is_upstreams() -> None:
    assert {name: (each.kind, each.labels) for name, each in BUILT_IN.items()} == upstream()


def everything() -> Counting:
    """A process to which all of it has happened once."""
    counting = Counting()
    book = counting.book
    flow: Document = {
        "kind": "Workflow",
        "metadata": {"name": "w", "namespace": "ns", "labels": {"workflows.argoproj.io/cron-workflow": "c"}},
        "spec": {"workflowTemplateRef": {"name": "t"}, "synchronization": {"mutex": {"name": "m"}}},
    }
    book.phase(flow, "Succeeded", 1)
    book.appeared(flow)
    book.older_forms(flow)
    waits = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}
    book.pod(None, {"metadata": {"namespace": "ns"}, "status": waits})
    book.pod_missing("Running", recently_started=True)
    book.pod_restarted("ns", "Evicted", "")
    book.error("OperationPanic")
    book.operation(1)
    book.request("GET", "/api/v1/pods", 200, 1)
    book.client_wait(1)
    book.pod_wait(1)
    book.log_message("info")
    book.policy_applied(flow, "Forbid")
    for queue in QUEUES:
        with book.queues[queue].work("x"):
            pass
    table = LockTable(lambda lock: 1, book.lock_taken)
    table.ask(Request("a", "ns/a", ("ns/ConfigMap/c/k",)))
    ended = {"status": {"phase": "Failed", "conditions": [{"type": "Completed", "status": "True"}]}}
    book.attach(lambda: [ended], lambda: [{"status": waits}], table)
    return counting


def served(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name -> kind and labels of what a scrape gets."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE argo_workflows_"):
            _, _, name, kind = line.split()
            found[name.removeprefix("argo_workflows_")] = (kind, frozenset())
        elif not line.startswith("#"):
            sample, _, inside = line.rpartition(" ")[0].partition("{")
            name = next(each for each in found if sample == f"argo_workflows_{each}" or (found[each][0] == "histogram"
                        and sample.rpartition("_")[0] == f"argo_workflows_{each}"))  # fmt: skip
            labels = {part.partition("=")[0] for part in inside.rstrip("}").split('",') if part} - {"le"}
            found[name] = (found[name][0], found[name][1] | labels)
    return found


def test_what_is_served_is_that_table() -> None:
    assert served(everything().registry.text()) == upstream()


def test_lock_labels_and_deprecated_features() -> None:
    text = everything().registry.text()
    lock = 'locks_held{lock_name="c/k",namespace="ns",storage="local",type="semaphore"} 1'
    assert f"argo_workflows_{lock}\n" in text
    assert 'deprecated_feature{feature="synchronization mutex",namespace="ns"} 1\n' in text


@pytest.fixture
def clock() -> itertools.count[int]:
    return itertools.count(100, 10)


def test_a_queue_measures_waiting_and_work(clock: itertools.count[int]) -> None:
    registry = Registry()
    queue = Queue("q", registry, lambda: float(next(clock)))
    queue.add("a")  # at 100
    queue.add("a")
    assert (queue.depth, queue.busy) == (1.0, 0.0)
    queue.begin("a")  # at 110
    queue.begin("a")
    assert (queue.depth, queue.busy, queue.longest) == (0.0, 1.0, 10.0)
    assert queue.unfinished == 20.0
    queue.done("a")  # at 140
    queue.done("a")
    queue.retry("a")
    queue.drop("a")
    assert (queue.depth, queue.longest) == (0.0, 0.0)
    found: dict[str, Any] = {name: metric.series for name, metric in registry.metrics().items()}
    labels = (("queue_name", "q"),)
    assert found["queue_adds_count"][labels].value == 2
    assert found["queue_retries"][labels].value == 1
    assert found["queue_latency"][labels].value == 10
    assert found["queue_duration"][labels].value == 30
    assert sum(found["queue_duration"][labels].counts) == 1
