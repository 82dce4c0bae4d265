"""Metrics that workflows and templates define (`metrics.prometheus`, §2.15, §3.3): which, when, with what value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.effects import EmitMetric, EndMetrics
from argotui.engine.gotext import quote
from argotui.engine.scopes import Layers
from argotui.engine.template import CLOSE, OPEN, STRICT, TemplateError, substitute_document
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document, dig
from argotui.model.phase import Phase, fulfilled
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
_NAME_RULE: Final = "metric name is invalid: names may only contain alphanumeric characters or '_'"
_KINDS: Final = ("gauge", "histogram", "counter")
_SETTLED: Final = ("name", "help", "labels", "when")
"""Fields that are substituted as a whole; the value comes last, for that of a real-time gauge is a name."""

_CONDITION: Final = "MetricsError"


class MetricError(Exception):
    """A metric that cannot be reported; the text is upstream's."""


class Measures:
    """The metrics of one run. A node's are known from the moment its template is filled in for it."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._declared: dict[str, list[Document]] = {}
        self._fresh: set[str] = set()
        """Nodes with real-time gauges that have not begun in this load."""
        self._lasts = False

    def declare(self, identifier: str, template: Mapping[str, Any], written: Mapping[str, Any]) -> None:
        """The template of a node: filled in, and as it was written, for the value of a real-time gauge is a name."""
        metrics = _metrics(template)
        if metrics:
            pairs = zip(metrics, _metrics(written), strict=False)
            self._fresh.add(identifier)
            self._declared[identifier] = [own if _is_realtime(own) else filled for filled, own in pairs]

    def knows(self, identifier: str) -> bool:
        """Whether the node's metrics are known."""
        return identifier in self._declared

    def attempt_over(self, identifier: str, attempt: str) -> None:
        """An attempt of the Retry node is over and another one begins: it counts for itself; the last one is counted
        by the Retry node."""
        if identifier in self._declared:
            self._report(self._declared[identifier], self._ex.nodes[attempt])

    def look(self) -> None:
        """At the end of a step: real-time gauges of nodes that run, and all metrics of nodes that this step ended."""
        if not self._declared:
            return
        nodes = self._ex.nodes
        for identifier, old in list(nodes.before.items()):
            if identifier in self._declared and nodes.is_fulfilled(identifier) and not _was_over(old):
                self._report(self._declared.pop(identifier), nodes[identifier])
        for identifier in [each for each in self._fresh if nodes.get(each) is not None]:
            self._fresh.discard(identifier)
            self._report(self._declared.get(identifier) or [], nodes[identifier], realtime_only=True)

    # --- the workflow -------------------------------------------------------------------------

    def begin(self) -> None:
        """The workflow's own real-time gauges; asked for at each load."""
        self._report(_metrics({"metrics": self._ex.metrics}), None, realtime_only=True)

    def end(self) -> None:
        """The workflow is over: its own metrics, and the end of everything that is measured in real time."""
        entry = self._ex.nodes.get(self._ex.name)
        if entry is not None:
            self._report(_metrics({"metrics": self._ex.metrics}), entry)
        if self._lasts:
            self._ex.effects.append(EndMetrics())

    # --- reporting ----------------------------------------------------------------------------

    def _report(self, metrics: list[Document], node: Document | None, *, realtime_only: bool = False) -> None:
        for metric in metrics:
            if realtime_only and not _is_realtime(metric):
                continue
            try:
                effect = self._measured(metric, node)
            except MetricError as error:
                self._complain(str(error))
            else:
                if effect is not None:
                    self._lasts = self._lasts or effect.since is not None
                    self._ex.effects.append(effect)

    def _measured(self, metric: Document, node: Document | None) -> EmitMetric | None:
        """None when the metric's `when` says no. Raises MetricError."""
        name = str(metric.get("name") or "")
        if not metric.get("help"):
            raise MetricError(f"metric '{name}' must contain a help string under 'help: ' field")
        scope = Layers(_variables(node, self._ex.now), self._ex.globals)
        try:
            settled = substitute_document({key: metric[key] for key in _SETTLED if metric.get(key)}, scope, STRICT)
            proceeds = self._proceeds(str(settled.get("when") or ""))
            value = None if _is_realtime(metric) else substitute_document(_value(metric), scope, STRICT)
        except TemplateError as error:
            raise MetricError(f"unable to substitute parameters for metric '{name}': {error}") from None
        if not proceeds:
            return None
        if value is None:
            since, until = self._span(metric, node)
            return _effect(metric, settled, 0.0, since, until)
        return _effect(metric, settled, _number(str(settled.get("name") or ""), value))

    def _proceeds(self, condition: str) -> bool:
        try:
            return evaluate_when(condition)
        except WhenError as error:
            reason = f"unable to compute 'when' clause for metric '{self._ex.name}': {error}"
            raise MetricError(reason) from None

    def _span(self, metric: Document, node: Document | None) -> tuple[datetime | None, datetime | None]:
        """Start and end of what a real-time gauge measures. Raises MetricError."""
        text = _value(metric)
        if not (text.startswith(OPEN) and text.endswith(CLOSE)):
            raise MetricError("real time metrics can only be used with metric variables")
        variable = text.removeprefix(OPEN).removesuffix(CLOSE).strip()
        if variable == "workflow.duration":
            status = self._ex.status
            return parse_time(status.get("startedAt")) or self._ex.now, parse_time(status.get("finishedAt"))
        if variable == "duration" and node is not None:
            return parse_time(node.get("startedAt")), parse_time(node.get("finishedAt"))
        raise MetricError(f"'{variable}' is not available as a real time metric")

    def _complain(self, message: str) -> None:
        """Into the condition, once each."""
        conditions: list[Document] = list(self._ex.status.get("conditions") or ())
        for position, condition in enumerate(conditions):
            if condition.get("type") == _CONDITION:
                said = str(condition.get("message") or "")
                if message not in said:
                    conditions[position] = {**condition, "message": f"{said}, {message}"}
                break
        else:
            conditions.append({"message": message, "status": "True", "type": _CONDITION})
        self._ex.status["conditions"] = conditions


def _was_over(old: Document | None) -> bool:
    return old is not None and fulfilled(old.get("phase") or "", old.get("taskResultSynced"))


def _metrics(template: Mapping[str, Any]) -> list[Document]:
    found = dig(template, "metrics", "prometheus") or ()
    return [metric for metric in found if isinstance(metric, dict)]


def _kind(metric: Document) -> str:
    return next((kind for kind in _KINDS if isinstance(metric.get(kind), dict)), "")


def _is_realtime(metric: Document) -> bool:
    return bool(dig(metric, "gauge", "realtime"))


def _value(metric: Document) -> str:
    kind = _kind(metric)
    if not kind:
        raise MetricError(f"could not construct metric '{metric.get('name') or ''}': invalid metric spec")
    value = metric[kind].get("value")
    return "" if value is None else str(value)


def _number(name: str, text: str) -> float:
    from argotui.engine.expr.gonumbers import NumberError, parse_float

    try:
        return parse_float(text)
    except NumberError as error:
        reason = "value out of range" if str(error) == "range" else "invalid syntax"
        problem = f"strconv.ParseFloat: parsing {quote(text)}: {reason}"
        raise MetricError(f"could not construct metric '{name}': {problem}") from None


def _effect(
    metric: Document, settled: Document, value: float, since: datetime | None = None, until: datetime | None = None
) -> EmitMetric:
    name = str(settled.get("name") or "")
    if not _NAME.match(name):
        raise MetricError(f"could not construct metric '{name}': {_NAME_RULE}")
    labels = settled.get("labels") or ()
    kind = _kind(metric)
    return EmitMetric(
        kind,
        name,
        str(settled.get("help") or ""),
        tuple(sorted((str(label.get("key") or ""), str(label.get("value") or "")) for label in labels)),
        value,
        operation=str(metric[kind].get("operation") or "Set"),
        buckets=tuple(sorted(float(bucket) for bucket in metric[kind].get("buckets") or ())),
        since=since,
        until=until,
    )


# --- variables --------------------------------------------------------------------------------


def _variables(node: Document | None, now: datetime) -> dict[str, str]:
    """The metrics scope (§3.3) of a node; that of a workflow that has just begun without one."""
    variables = {"duration": "0", "status": str(Phase.PENDING)}
    variables |= {"resourcesDuration.cpu": "0", "resourcesDuration.memory": "0"}
    if node is None:
        return variables
    variables["duration"] = f"{_seconds(node, now):f}"
    if node.get("children"):
        variables["retries"] = str(len(node["children"]) - 1)
    if node.get("phase"):
        variables["status"] = str(node["phase"])
    variables.update(_parameters("inputs", node))
    variables.update(_parameters("outputs", node))
    outputs = node.get("outputs") or {}
    for variable, field in (("outputs.result", "result"), ("exitCode", "exitCode")):
        if outputs.get(field) is not None:
            variables[variable] = str(outputs[field])
    for resource, amount in (node.get("resourcesDuration") or {}).items():
        variables[f"resourcesDuration.{resource}"] = str(amount)
    return variables


def _parameters(side: str, node: Document) -> Iterator[tuple[str, str]]:
    for parameter in dig(node, side, "parameters") or ():
        value = parameter.get("value")
        yield f"{side}.parameters.{parameter.get('name')}", "" if value is None else str(value)


def _seconds(node: Document, now: datetime) -> float:
    started = parse_time(node.get("startedAt")) or now
    return ((parse_time(node.get("finishedAt")) or now) - started).total_seconds()
