"""Metrics that workflows and templates define, as they end and while they run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from argotui.controller import clock
from argotui.controller.metrics.exposition import Labels
from argotui.controller.metrics.registry import Metric, MetricConflict, Registry, observe
from argotui.engine.effects import EmitMetric


class OwnMetrics:
    """Takes `EmitMetric` and `EndMetrics` of all workflows."""

    def __init__(self, registry: Registry, now: Callable[[], datetime] = clock.now) -> None:
        self._registry = registry
        self._now = now
        self._live: dict[str, set[tuple[str, Labels]]] = {}
        """Uid of a workflow -> its real-time gauges."""

    def emit(self, effect: EmitMetric, workflow: str) -> None:
        """workflow: its uid. Raises MetricConflict."""
        metric = self._metric(effect)
        if effect.kind == "histogram":
            observe(metric, effect.labels, effect.value)
            return
        series = metric.at(effect.labels)
        if effect.since is not None:
            series.read = partial(self._elapsed, effect.since, effect.until)
            self._live.setdefault(workflow, set()).add((effect.name, effect.labels))
        elif effect.kind == "counter" or effect.operation == "Add":
            series.value += effect.value
        elif effect.operation == "Sub":
            series.value -= effect.value
        else:
            series.value = effect.value

    def end(self, workflow: str) -> None:
        """The workflow is over: its real-time gauges go."""
        for name, labels in self._live.pop(workflow, ()):
            metric = self._registry.metrics().get(name)
            if metric is not None:
                metric.series.pop(labels, None)

    def _metric(self, effect: EmitMetric) -> Metric:
        known = self._registry.metrics().get(effect.name)
        if known is not None and not known.own:
            raise MetricConflict(f"metric {effect.name} is one of the controller's own")
        metric = self._registry.declare(effect.name, effect.kind, effect.help, effect.buckets)
        metric.own = True
        return metric

    def _elapsed(self, since: datetime, until: datetime | None) -> float:
        return ((until or self._now()) - since).total_seconds()
