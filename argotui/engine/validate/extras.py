"""Checks of single fields that any template may have: containers beside main, pod resources, metrics (§3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from argotui.engine.validate.finding import Finding, problem, rows
from argotui.engine.validate.outputs import GO_TYPES
from argotui.model.documents import Document

_RETRY_POLICIES: Final = ("Always", "OnError", "OnFailure", "OnTransientError")
_POD_TYPES: Final = frozenset({"container", "containerSet", "script", "resource", "data"})
_METRIC_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


def check_retry_policy(template: Document, path: str) -> Iterator[Finding]:
    """A policy that exists."""
    policy = (template.get("retryStrategy") or {}).get("retryPolicy") or ""
    if policy and policy not in _RETRY_POLICIES:
        where = f"{path}.retryStrategy.retryPolicy"
        yield problem(where, f"{policy} is not a valid RetryPolicy", suggestion=f"one of: {', '.join(_RETRY_POLICIES)}")


def check_beside_main(template: Document, path: str, at: str) -> Iterator[Finding]:
    """Init containers have names, sidecars do not take the executor's."""
    for index, container in enumerate(rows(template.get("initContainers"))):
        if not container.get("name"):
            where = f"{path}.initContainers[{index}].name"
            yield problem(where, "initContainers must all have container name")
    for index, sidecar in enumerate(rows(template.get("sidecars"))):
        name = sidecar.get("name") or ""
        if name == "supervisor" or name.startswith("artifact-plugin-"):
            reason = f'"{name}" is a reserved Argo container name'
            yield problem(f"{path}.sidecars[{index}].name", reason, at=f"{at}.sidecars: ")


def check_pod_resources(template: Document, kind: str, path: str, at: str) -> Iterator[Finding]:
    """Resources of the pod as a whole: only where there is a pod, and only those Kubernetes knows for pods."""
    go_type = GO_TYPES.get(kind, "")
    for field in ("podResources", "resourceClaims"):
        if template.get(field) is None or kind in _POD_TYPES:
            continue
        pods = ", which do not create a pod" if kind in ("suspend", "steps", "dag") else ""
        yield problem(f"{path}.{field}", f"{field} is not supported for {go_type} templates{pods}", at=f"{at}.")
    resources = template.get("podResources") or {}
    if resources.get("claims"):
        reason = "claims is not supported for pod-level resources"
        yield problem(f"{path}.podResources.claims", reason, at=f"{at}.podResources.")
    for part in ("limits", "requests"):
        for name in sorted(resources.get(part) or {}):
            if name not in ("cpu", "memory") and not name.startswith("hugepages-"):
                only = "is not a valid pod-level resource, only cpu, memory and hugepages-* are supported"
                yield problem(f"{path}.podResources.{part}.{name}", f'"{name}" {only}', at=f"{at}.podResources: ")


def check_timeouts(template: Document, kind: str, path: str) -> Iterator[Finding]:
    """Only where something runs, and with a unit.  template: inputs filled in."""
    for field in ("timeout", "pendingTimeout"):
        if template.get(field) and kind in ("steps", "dag"):
            yield problem(f"{path}.{field}", f"{GO_TYPES[kind]} template doesn't support {field} field")
    if re.fullmatch(r"[+-]?[0-9]+", template.get("timeout") or ""):
        name = template.get("name") or ""
        reason = "has invalid duration format in timeout"
        yield problem(f"{path}.timeout", reason, at=f"{name} ", suggestion=f"{template['timeout']}s")


def check_metrics(template: Document, path: str, at: str) -> Iterator[Finding]:
    """Names and help texts of a template's Prometheus metrics."""
    for index, metric in enumerate(rows((template.get("metrics") or {}).get("prometheus"))):
        where, name = f"{path}.metrics.prometheus[{index}]", metric.get("name") or ""
        if not _METRIC_NAME.match(name):
            rule = "Metric names must contain alphanumeric characters or '_'"
            yield problem(f"{where}.name", f"metric name '{name}' is invalid. {rule}", at=f"{at} ")
        if not metric.get("help"):
            reason = f"metric '{name}' must contain a help string under 'help: ' field"
            yield problem(f"{where}.help", reason, at=f"{at} ")
