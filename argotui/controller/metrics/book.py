"""What the controller counts of itself, under upstream's names (§8.7)."""

from __future__ import annotations

import logging
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import argotui
from argotui.controller.metrics.exposition import Labels, labels_of
from argotui.controller.metrics.registry import Read, Registry
from argotui.model.documents import Document, dig, labels, namespace
from argotui.model.keys import LABEL_CRON_WORKFLOW
from argotui.model.phase import Phase, completed

Documents = Callable[[], Iterable[Document]]

_PHASES: Final = (Phase.PENDING, Phase.RUNNING, Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)
_PATH: Final = re.compile(r"/(?:api|apis/[^/]+)/[^/]+(?:/namespaces/[^/]+)?/([^/?]+)(?:/([^/?]+))?")
_VERBS: Final = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}
_OPERATIONS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
_RUNTIMES: Final = (1.0, 5.0, 20.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0)

_HELP: Final = {
    "cronworkflows_triggered_total": "Workflows made by a CronWorkflow",
    "error_count": "Errors of the controller itself, by cause",
    "gauge": "Workflows that the controller knows, by phase",
    "is_leader": "1 while this process is the leader",
    "k8s_request_duration": "Seconds until the API answered",
    "k8s_request_total": "Requests to the API",
    "log_messages": "Lines that were logged, by level",
    "operation_duration_seconds": "Seconds of one step of one workflow",
    "pod_pending_count": "Pods that had to wait before they started, by reason",
    "pods_gauge": "Pods whose end was not yet recorded, by phase",
    "pods_total_count": "Pods that have entered a phase",
    "total_count": "Workflows that have entered a phase",
    "workers_busy_count": "Workflows that are worked on just now",
    "workflow_condition": "Workflows by the conditions in their status",
    "workflowtemplate_runtime": "Seconds of workflows made by workflowTemplateRef",
    "workflowtemplate_triggered_total": "Workflows made by workflowTemplateRef that have entered a phase",
}


class Book:
    """One for each process; terms come and go."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        version = {"version": argotui.__version__, "platform": platform.platform(terse=True)}
        registry.count("version", "Build metadata for this Controller", version)

    # --- what happens -------------------------------------------------------------------------

    def phase(self, workflow: Document, phase: str, seconds: float) -> None:
        """A workflow has entered a phase, so many seconds after its start."""
        where, reference = namespace(workflow), dig(workflow, "spec", "workflowTemplateRef")
        self._count("total_count", phase=phase, namespace=where)
        if not isinstance(reference, dict):
            return
        scope = str(bool(reference.get("clusterScope"))).lower()
        template = {"name": reference.get("name") or "", "namespace": where, "cluster_scope": scope}
        self._count("workflowtemplate_triggered_total", phase=phase, **template)
        if completed(phase):
            text = _HELP["workflowtemplate_runtime"]
            self._registry.observe("workflowtemplate_runtime", text, seconds, template, _RUNTIMES)

    def appeared(self, workflow: Document) -> None:
        """A new workflow is there; some are made by a CronWorkflow."""
        cron = labels(workflow).get(LABEL_CRON_WORKFLOW)
        if cron and not dig(workflow, "status", "phase"):
            self._count("cronworkflows_triggered_total", name=cron, namespace=namespace(workflow))

    def pod(self, old: Document | None, pod: Document) -> None:
        """A pod has changed."""
        where, phase = namespace(pod), str(dig(pod, "status", "phase") or "")
        if phase and (old is None or dig(old, "status", "phase") != phase):
            self._count("pods_total_count", phase=phase, namespace=where)
        reason = _waits_for(pod)
        if reason and (old is None or _waits_for(old) != reason):
            self._count("pod_pending_count", reason=reason, namespace=where)

    def error(self, cause: str) -> None:
        """Something went wrong in the controller itself."""
        self._count("error_count", cause=cause)

    def operation(self, seconds: float) -> None:
        """One step of one workflow was thought through."""
        text = _HELP["operation_duration_seconds"]
        self._registry.observe("operation_duration_seconds", text, seconds, {}, _OPERATIONS)

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """The API has answered."""
        kind, verb = _request(method, path)
        about = {"kind": kind, "verb": verb, "status_code": status}
        self._count("k8s_request_total", **about)
        self._registry.observe("k8s_request_duration", _HELP["k8s_request_duration"], seconds, about)

    def log_message(self, level: str) -> None:
        """A line was logged."""
        self._count("log_messages", level=level)

    def _count(self, name: str, /, **labels: object) -> None:
        self._registry.count(name, _HELP[name], labels)

    # --- what is so now -----------------------------------------------------------------------

    def attach(self, workflows: Documents, pods: Documents, busy: Callable[[], int]) -> Callable[[], None]:
        """A term begins; what is returned ends it."""
        worker = labels_of({"worker_type": "workflow_worker"})
        reads: dict[str, Read] = {
            "gauge": lambda: _by_phase(workflows(), zero=True),
            "workflow_condition": lambda: _conditions(workflows()),
            "pods_gauge": lambda: _by_phase(pods(), zero=False),
            "workers_busy_count": lambda: [(worker, float(busy()))],
            "is_leader": lambda: [((), 1.0)],
        }
        ends = [self._registry.watch(name, _HELP[name], read) for name, read in reads.items()]

        def detach() -> None:
            for end in ends:
                end()

        return detach


class LogCounter(logging.Handler):
    """Counts what is logged, by level."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book

    def emit(self, record: logging.LogRecord) -> None:
        self._book.log_message(record.levelname.lower())


def _by_phase(documents: Iterable[Document], *, zero: bool) -> list[tuple[Labels, float]]:
    counts = Counter(str(dig(document, "status", "phase") or Phase.PENDING) for document in documents)
    phases = {*counts, *(map(str, _PHASES) if zero else ())}
    return [(labels_of({"phase": phase}), float(counts[phase])) for phase in sorted(phases)]


def _conditions(workflows: Iterable[Document]) -> list[tuple[Labels, float]]:
    counts: Counter[tuple[str, str]] = Counter()
    for workflow in workflows:
        for condition in dig(workflow, "status", "conditions") or ():
            counts[str(condition.get("type")), str(condition.get("status"))] += 1
    return [(labels_of({"type": kind, "status": status}), float(n)) for (kind, status), n in sorted(counts.items())]


def _waits_for(pod: Document) -> str:
    """Why a pending pod does not start, as its first waiting container says."""
    if dig(pod, "status", "phase") != Phase.PENDING:
        return ""
    for group in ("initContainerStatuses", "containerStatuses"):
        for status in dig(pod, "status", group) or ():
            reason = dig(status, "state", "waiting", "reason")
            if reason:
                return str(reason)
    return ""


def _request(method: str, path: str) -> tuple[str, str]:
    found = _PATH.match(path)
    if found is None:
        return "Unknown", "Unknown"
    kind, name = found[1], found[2]
    if method == "GET":
        return kind, "Get" if name else "List"
    if method == "DELETE":
        return kind, "Delete" if name else "DeleteCollection"
    return kind, _VERBS.get(method, "Unknown")
