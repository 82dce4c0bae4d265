"""What the controller counts of itself, under upstream's names (§8.7)."""

from __future__ import annotations

import logging
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import argotui
from argotui.controller.metrics.builtin import BUILT_IN
from argotui.controller.metrics.exposition import Labels, labels_of
from argotui.controller.metrics.queues import Queues
from argotui.controller.metrics.registry import Read, Registry
from argotui.engine.locknames import is_mutex
from argotui.engine.locks import LockTable
from argotui.model.dialect import older_forms
from argotui.model.documents import Document, dig, labels, name, namespace
from argotui.model.keys import LABEL_CRON_WORKFLOW
from argotui.model.phase import Phase, completed

Documents = Callable[[], Iterable[Document]]

_PHASES: Final = (Phase.PENDING, Phase.RUNNING, Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)
_PATH: Final = re.compile(r"/(?:api|apis/[^/]+)/[^/]+(?:/namespaces/[^/]+)?/([^/?]+)(?:/([^/?]+))?")
_VERBS: Final = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}
_LEVELS: Final = {"warning": "warn", "critical": "error"}
_NO_DELAY: Final = "PodInitializing"
"""Why a pod waits that does not wait: upstream leaves it out too."""

_FEATURES: Final = {"mutex": "synchronization mutex", "semaphore": "synchronization semaphore"}
_UNKNOWN: Final = "unknown"
_VERSION: Final = {
    "version": argotui.__version__,
    "platform": f"{platform.system()}/{platform.machine()}".lower(),
    "go_version": f"python{platform.python_version()}",
    "compiler": platform.python_implementation().lower(),
    "build_date": _UNKNOWN,
    "git_commit": _UNKNOWN,
    "git_tree_state": _UNKNOWN,
    "git_tag": _UNKNOWN,
}


class Book:
    """One for each process; terms come and go."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.queues = Queues(registry)
        self._leads = False
        self._gauge("is_leader", lambda: [((), float(self._leads))])
        self._count("version", **_VERSION)

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
            self._observe("workflowtemplate_runtime", seconds, **template)

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
        if reason not in ("", _NO_DELAY) and (old is None or _waits_for(old) != reason):
            self._count("pod_pending_count", reason=reason, namespace=where)

    def error(self, cause: str) -> None:
        """Something went wrong in the controller itself."""
        self._count("error_count", cause=cause)

    def operation(self, seconds: float) -> None:
        """One step of one workflow was thought through."""
        self._observe("operation_duration_seconds", seconds)

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """The API has answered."""
        kind, verb = _request(method, path)
        about = {"kind": kind, "verb": verb, "status_code": status}
        self._count("k8s_request_total", **about)
        self._observe("k8s_request_duration", seconds, **about)

    def log_message(self, level: str) -> None:
        """A line was logged."""
        self._count("log_messages", level=_LEVELS.get(level, level))

    def client_wait(self, seconds: float) -> None:
        """A request has waited for the controller's own limit."""
        self._observe("client_rate_limiter_latency", seconds)

    def pod_wait(self, seconds: float) -> None:
        """A pod has waited for `resourceRateLimit`."""
        self._observe("resource_rate_limiter_latency", seconds)

    def pod_missing(self, node_phase: str, *, recently_started: bool) -> None:
        """A pod is gone, and its node was not over."""
        self._count("pod_missing", node_phase=node_phase, recently_started=str(recently_started).lower())

    def pod_restarted(self, where: str, reason: str, condition: str) -> None:
        """A pod that its host lost is made again, in the namespace `where`."""
        self._count("pod_restarts_total", reason=reason, condition=condition, namespace=where)

    def lock_taken(self, lock: str) -> None:
        """Somebody has got the lock with this key."""
        self._count("locks_taken_total", **lock_labels(lock))

    def policy_applied(self, cron: Document, policy: str) -> None:
        """A firing of a CronWorkflow met a workflow that was still active."""
        about = {"name": name(cron), "namespace": namespace(cron)}
        self._count("cronworkflows_concurrencypolicy_triggered", concurrency_policy=policy, **about)

    def older_forms(self, document: Document) -> None:
        """A workflow or CronWorkflow has come, perhaps written in an older form."""
        for form in older_forms(document):
            field = str(form.path[-1])
            feature = _FEATURES.get(field, f"{document.get('kind') or 'object'} {field}".lower())
            self._count("deprecated_feature", feature=feature, namespace=namespace(document))

    def _count(self, name: str, /, **labels: object) -> None:
        self._registry.count(name, BUILT_IN[name].help, labels)

    def _observe(self, name: str, seconds: float, /, **labels: object) -> None:
        self._registry.observe(name, BUILT_IN[name].help, seconds, labels, BUILT_IN[name].bounds)

    def _gauge(self, name: str, read: Read) -> Callable[[], None]:
        return self._registry.watch(name, BUILT_IN[name].help, read)

    # --- what is so now -----------------------------------------------------------------------

    def attach(self, workflows: Documents, pods: Documents, locks: LockTable) -> Callable[[], None]:
        """A term begins; what is returned ends it."""
        reads: dict[str, Read] = {
            "gauge": lambda: _by_phase(workflows(), zero=True),
            "workflow_condition": lambda: _conditions(workflows()),
            "pods_gauge": lambda: _by_phase(pods(), zero=False),
            "locks_held": lambda: _locks(locks, lambda lock: len(locks.holders(lock))),
            "locks_pending": lambda: _locks(locks, lambda lock: len(locks.waiting(lock))),
        }
        ends = [self._gauge(name, read) for name, read in reads.items()]
        self._leads = True

        def detach() -> None:
            self._leads = False
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


def lock_labels(lock: str) -> dict[str, str]:
    """Of a lock by its key, `namespace/kind/name[/key]`."""
    where, _, rest = lock.partition("/")
    kind = "mutex" if is_mutex(lock) else "semaphore"
    return {"type": kind, "storage": "local", "lock_name": rest.partition("/")[2], "namespace": where}


def _locks(table: LockTable, count: Callable[[str], int]) -> list[tuple[Labels, float]]:
    return [(labels_of(lock_labels(lock)), float(count(lock))) for lock in sorted(table.locks())]


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
