"""The metrics of the controller itself: names, kinds and labels as upstream's (§8.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argotui.controller.metrics.registry import DURATIONS

_OPERATIONS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
_RUNTIMES: Final = (1.0, 5.0, 20.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0)
_WAITS: Final = (0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 180.0)


@dataclass(frozen=True)
class BuiltIn:
    """kind: counter, gauge or histogram. bounds: of a histogram, in seconds."""

    kind: str
    labels: frozenset[str]
    help: str
    bounds: tuple[float, ...] = ()


def _counter(labels: str, help_text: str) -> BuiltIn:
    return BuiltIn("counter", frozenset(labels.split()), help_text)


def _gauge(labels: str, help_text: str) -> BuiltIn:
    return BuiltIn("gauge", frozenset(labels.split()), help_text)


def _histogram(labels: str, help_text: str, bounds: tuple[float, ...] = DURATIONS) -> BuiltIn:
    return BuiltIn("histogram", frozenset(labels.split()), help_text, bounds)


_LOCK: Final = "type storage lock_name namespace"
_QUEUE: Final = "queue_name"
_TEMPLATE: Final = "name namespace cluster_scope"

BUILT_IN: Final[dict[str, BuiltIn]] = {
    "client_rate_limiter_latency": _histogram("", "Seconds that a request waited for --qps", _WAITS),
    "cronworkflows_concurrencypolicy_triggered": _counter(
        "name namespace concurrency_policy", "Firings that met a workflow still active, by what the policy made of it"
    ),
    "cronworkflows_triggered_total": _counter("name namespace", "Workflows made by a CronWorkflow"),
    "deprecated_feature": _counter("feature namespace", "Objects that were written in an older form"),
    "error_count": _counter("cause", "Errors of the controller itself, by cause"),
    "gauge": _gauge("phase", "Workflows that the controller knows, by phase"),
    "is_leader": _gauge("", "1 while this process is the leader, else 0"),
    "k8s_request_duration": _histogram("kind verb status_code", "Seconds until the API answered"),
    "k8s_request_total": _counter("kind verb status_code", "Requests to the API"),
    "locks_held": _gauge(_LOCK, "Holders of a lock"),
    "locks_pending": _gauge(_LOCK, "Those who wait for a lock"),
    "locks_taken_total": _counter(_LOCK, "How often a lock was taken"),
    "log_messages": _counter("level", "Lines that were logged, by level"),
    "operation_duration_seconds": _histogram("", "Seconds of one step of one workflow", _OPERATIONS),
    "pod_missing": _counter("node_phase recently_started", "Pods that were gone although their node was not over"),
    "pod_pending_count": _counter("reason namespace", "Pods that had to wait before they started, by reason"),
    "pod_restarts_total": _counter("reason condition namespace", "Pods that were made again because of their host"),
    "pods_gauge": _gauge("phase", "Pods whose end was not yet recorded, by phase"),
    "pods_total_count": _counter("phase namespace", "Pods that have entered a phase"),
    "queue_adds_count": _counter(_QUEUE, "Entries put into a queue"),
    "queue_depth_gauge": _gauge(_QUEUE, "Entries that wait in a queue"),
    "queue_duration": _histogram(_QUEUE, "Seconds that an entry was worked on", _OPERATIONS),
    "queue_latency": _histogram(_QUEUE, "Seconds that an entry waited", _WAITS),
    "queue_longest_running": _gauge(_QUEUE, "Seconds of the entry that is worked on longest"),
    "queue_retries": _counter(_QUEUE, "Entries that were put back after a failure"),
    "queue_unfinished_work": _gauge(_QUEUE, "Seconds that all entries being worked on have taken so far"),
    "resource_rate_limiter_latency": _histogram("", "Seconds that a pod waited for resourceRateLimit", _WAITS),
    "total_count": _counter("phase namespace", "Workflows that have entered a phase"),
    "version": _counter(
        "version platform go_version build_date compiler git_commit git_tree_state git_tag",
        "Build metadata for this Controller",
    ),
    "workers_busy_count": _gauge("worker_type", "Entries that are worked on just now"),
    "workflow_condition": _gauge("type status", "Workflows by the conditions in their status"),
    "workflowtemplate_runtime": _histogram(_TEMPLATE, "Seconds of workflows made by workflowTemplateRef", _RUNTIMES),
    "workflowtemplate_triggered_total": _counter(
        f"{_TEMPLATE} phase", "Workflows made by workflowTemplateRef that have entered a phase"
    ),
}
