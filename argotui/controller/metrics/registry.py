"""All metrics of one controller process, by name."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from argotui.controller.metrics.exposition import Labels, header, histogram, labels_of, sample
from argotui.engine.metricsconfig import MetricsSettings, Modifier

PREFIX = "argo_workflows_"
DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Read = Callable[[], Iterable[tuple[Labels, float]]]
"""Values as they are when somebody looks."""


class MetricConflict(ValueError):
    """Two metrics of one name that are not the same; the text says how they differ."""


@dataclass
class Series:
    """The value under one set of labels. `touched`: seconds of the wall clock when it last changed."""

    value: float = 0.0
    counts: list[int] = field(default_factory=list)
    read: Callable[[], float] | None = None
    touched: float = 0.0


class Metric:
    """One name. kind: counter, gauge or histogram."""

    def __init__(self, name: str, kind: str, help_text: str, bounds: tuple[float, ...], modifier: Modifier) -> None:
        self.name = name
        self.kind = kind
        self.help = help_text
        self.bounds = modifier.buckets or bounds
        self.own = False
        """Whether a workflow defined it."""
        self.modifier = modifier
        self.series: dict[Labels, Series] = {}
        self.reads: list[Read] = []

    def at(self, labels: Labels) -> Series:
        """The series of the labels, made when it is missing."""
        kept = tuple(pair for pair in labels if pair[0] not in self.modifier.dropped)
        found = self.series.get(kept)
        if found is None:
            found = self.series[kept] = Series(counts=[0] * (len(self.bounds) + 1))
        found.touched = time.time()
        return found

    def lines(self) -> Iterator[str]:
        """Its part of the exposition; nothing when it is switched off or has no value."""
        name = PREFIX + self.name
        samples = list(self._samples(name))
        if samples and not self.modifier.disabled:
            yield from header(name, self.kind, self.help)
            yield from samples

    def _samples(self, name: str) -> Iterator[str]:
        for labels, series in sorted(self.series.items()):
            if self.kind == "histogram":
                yield from histogram(name, labels, self.bounds, series.counts, series.value)
            else:
                yield sample(name, labels, series.value if series.read is None else series.read())
        for read in self.reads:
            yield from (sample(name, labels, value) for labels, value in read())


class Registry:
    """Counts, sets and observes; `text()` is what a scrape gets."""

    def __init__(self, settings: MetricsSettings = MetricsSettings()) -> None:  # noqa: B008 (frozen)
        self.settings = settings
        self._metrics: dict[str, Metric] = {}

    def modify(self, settings: MetricsSettings) -> None:
        """The configuration is another one; buckets of what was observed already stay as they are."""
        self.settings = settings
        for name, metric in self._metrics.items():
            metric.modifier = settings.modifiers.get(name, Modifier())

    def declare(self, name: str, kind: str, help_text: str, bounds: tuple[float, ...] = ()) -> Metric:
        """The metric of that name. Raises MetricConflict when there is another one."""
        found = self._metrics.get(name)
        if found is None:
            modifier = self.settings.modifiers.get(name, Modifier())
            found = self._metrics[name] = Metric(name, kind, help_text, bounds, modifier)
        elif found.kind != kind:
            raise MetricConflict(f"metric {name} is a {found.kind} already, it cannot be a {kind}")
        elif found.help != help_text:
            raise MetricConflict(f"Help for metric {name} is already set to {found.help}, it cannot be changed")
        return found

    def count(self, name: str, help_text: str, labels: Mapping[str, object], amount: float = 1.0) -> None:
        """Adds to a counter."""
        self.declare(name, "counter", help_text).at(labels_of(labels)).value += amount

    def observe(
        self,
        name: str,
        help_text: str,
        value: float,
        labels: Mapping[str, object],
        bounds: tuple[float, ...] = DURATIONS,
    ) -> None:
        """One more value of a distribution."""
        observe(self.declare(name, "histogram", help_text, bounds), labels_of(labels), value)

    def watch(self, name: str, help_text: str, read: Read) -> Callable[[], None]:
        """A gauge that is read when somebody looks. Returns what takes it away again."""
        metric = self.declare(name, "gauge", help_text)
        metric.reads.append(read)
        return lambda: metric.reads.remove(read)

    def metrics(self) -> Mapping[str, Metric]:
        """All of them, by name."""
        return self._metrics

    def text(self) -> str:
        """The whole exposition."""
        self._expire()
        lines = [line for _, metric in sorted(self._metrics.items()) for line in metric.lines()]
        return "".join(f"{line}\n" for line in lines)

    def _expire(self) -> None:
        """Values that workflows reported are forgotten when nothing has touched them for long (metricsTTL)."""
        if not self.settings.ttl_seconds:
            return
        oldest = time.time() - self.settings.ttl_seconds
        for metric in self._metrics.values():
            if metric.own:
                for labels in [labels for labels, series in metric.series.items() if series.touched < oldest]:
                    del metric.series[labels]


def observe(metric: Metric, labels: Labels, value: float) -> None:
    """One more value of a histogram."""
    series = metric.at(labels)
    series.counts[bisect_left(metric.bounds, value)] += 1
    series.value += value
