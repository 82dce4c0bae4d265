"""What the queues of the controller are measured by (§8.7).

Here every workflow has a queue of its own; an entry is a workflow, a CronWorkflow or a pod that is to be looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from argotui.controller.metrics.builtin import BUILT_IN
from argotui.controller.metrics.exposition import Labels, labels_of
from argotui.controller.metrics.registry import Metric, Registry, observe

WORKFLOWS: Final = "workflow_queue"
CRONS: Final = "cron_wf_queue"
POD_CLEANUP: Final = "pod_cleanup_queue"
TTL: Final = "workflow_ttl_queue"
ARCHIVE: Final = "workflow_archive_queue"
"""It is always empty in this version: there is no archive."""

_WORKER_TYPES: Final = {
    WORKFLOWS: "workflow_worker",
    CRONS: "cron_workflow_worker",
    POD_CLEANUP: "pod_cleanup_worker",
    TTL: "workflow_ttl_worker",
    ARCHIVE: "workflow_archive_worker",
}

_Gauge = Callable[["Queue"], float]


class Queue:
    """One of them. An entry waits from `add` to `begin` and is worked on from there to `done`."""

    def __init__(self, name: str, registry: Registry, now: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._now = now
        self._labels: Labels = labels_of({"queue_name": name})
        self._waiting: dict[str, float] = {}
        self._running: dict[str, float] = {}
        self._adds = _declared(registry, "queue_adds_count").at(self._labels)
        self._retries = _declared(registry, "queue_retries").at(self._labels)
        self._latency = _declared(registry, "queue_latency")
        self._duration = _declared(registry, "queue_duration")

    def add(self, key: str) -> None:
        """The entry is to be looked at; it waits once, however often that is said."""
        if key not in self._waiting:
            self._waiting[key] = self._now()
            self._adds.value += 1

    def begin(self, key: str) -> None:
        """Work on the entry begins, unless it goes on already."""
        if key in self._running:
            return
        now = self._now()
        observe(self._latency, self._labels, now - self._waiting.pop(key, now))
        self._running[key] = now

    def done(self, key: str) -> None:
        """Work on the entry has ended, well or not; nothing when it had not begun."""
        began = self._running.pop(key, None)
        if began is not None:
            observe(self._duration, self._labels, self._now() - began)

    def drop(self, key: str) -> None:
        """Nobody wants the entry looked at any more."""
        self._waiting.pop(key, None)

    def retry(self, key: str) -> None:
        """The entry is put back after a failure."""
        self._retries.value += 1
        self.add(key)

    @contextmanager
    def work(self, key: str) -> Iterator[None]:
        """`begin` and `done`."""
        self.begin(key)
        try:
            yield
        finally:
            self.done(key)

    @property
    def depth(self) -> float:
        """Entries that wait."""
        return float(len(self._waiting))

    @property
    def busy(self) -> float:
        """Entries that are worked on."""
        return float(len(self._running))

    @property
    def longest(self) -> float:
        """Seconds of the one that is worked on longest."""
        return max((self._now() - began for began in self._running.values()), default=0.0)

    @property
    def unfinished(self) -> float:
        """Seconds of all that are worked on together."""
        now = self._now()
        return sum(now - began for began in self._running.values())


class Queues:
    """All of them, by name."""

    def __init__(self, registry: Registry, now: Callable[[], float] = time.monotonic) -> None:
        self._queues = {name: Queue(name, registry, now) for name in _WORKER_TYPES}
        gauges: dict[str, _Gauge] = {
            "queue_depth_gauge": lambda queue: queue.depth,
            "queue_longest_running": lambda queue: queue.longest,
            "queue_unfinished_work": lambda queue: queue.unfinished,
        }
        for name, value in gauges.items():
            registry.watch(name, BUILT_IN[name].help, lambda value=value: self._each("queue_name", value))  # type: ignore[misc]
        registry.watch(
            "workers_busy_count", BUILT_IN["workers_busy_count"].help, lambda: self._each("worker_type", _busy)
        )

    def __getitem__(self, name: str) -> Queue:
        return self._queues[name]

    def _each(self, label: str, value: _Gauge) -> list[tuple[Labels, float]]:
        return [
            (labels_of({label: name if label == "queue_name" else _WORKER_TYPES[name]}), value(queue))
            for name, queue in self._queues.items()
        ]


def _busy(queue: Queue) -> float:
    return queue.busy


def _declared(registry: Registry, name: str) -> Metric:
    built_in = BUILT_IN[name]
    return registry.declare(name, built_in.kind, built_in.help, built_in.bounds)
