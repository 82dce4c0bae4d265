"""Who may do what: the rules of the four roles (§4.10, §8.9)."""

from __future__ import annotations

from argotui.model.documents import Document

_ARGO = "argoproj.io"
_READ = ("get", "list", "watch")
_WRITE = ("create", "update", "patch", "delete", "deletecollection")


def rule(group: str, resources: tuple[str, ...], verbs: tuple[str, ...]) -> Document:
    """One PolicyRule for resources of one API group."""
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


_TEMPLATES = ("workflowtemplates", "clusterworkflowtemplates")

CONTROLLER_RULES = (
    rule("", ("pods",), (*_READ, "create", "update", "patch", "delete")),
    rule("", ("pods/exec",), ("get", "create")),
    rule("", ("configmaps", "namespaces"), _READ),
    rule("", ("persistentvolumeclaims",), ("get", "create", "update", "delete")),
    rule("", ("persistentvolumeclaims/finalizers",), ("update",)),
    rule("", ("serviceaccounts",), ("get", "list")),
    rule("", ("events",), ("create", "patch")),
    rule("policy", ("poddisruptionbudgets",), ("get", "create", "delete")),
    rule(
        _ARGO,
        (
            *("workflows", "workflows/finalizers", "workflowtasksets", "workflowtasksets/finalizers"),
            *("workflowtasksets/status", "workflowartifactgctasks", "workflowartifactgctasks/finalizers"),
        ),
        (*_READ, "create", "update", "patch", "delete"),
    ),
    rule(_ARGO, tuple(name + part for name in _TEMPLATES for part in ("", "/finalizers")), _READ),
    rule(_ARGO, ("workflowtaskresults",), ("list", "watch", "deletecollection")),
    rule(_ARGO, ("cronworkflows", "cronworkflows/finalizers"), (*_READ, "update", "patch", "delete")),
)
"""Wherever the controller runs workflows."""

HOME_RULES = (
    rule("coordination.k8s.io", ("leases",), ("get", "create", "update")),
    rule("", ("configmaps",), ("get", "create", "update")),
    rule("", ("secrets",), ("get",)),
)
"""In the controller's own namespace only: its Lease, the caches of memoization, its own credentials."""

EXECUTOR_RULES = (
    rule(_ARGO, ("workflowtaskresults",), ("create", "patch")),
    rule(_ARGO, ("workflowtasksets", "workflowartifactgctasks"), ("list", "watch")),
    rule(_ARGO, ("workflowtasksets/status", "workflowartifactgctasks/status"), ("patch",)),
)
"""The pods of workflows: what the executor beside each step reports, and what agents serve."""

_KINDS = ("workflows", "workflowtemplates", "clusterworkflowtemplates", "cronworkflows", "workfloweventbindings")
_INSIDE = ("workflowtasksets", "workflowtaskresults", "workflowartifactgctasks")

VIEWER_RULES = (
    rule(_ARGO, (*_KINDS, *_INSIDE), _READ),
    rule("", ("pods", "pods/log", "events"), _READ),
    rule("coordination.k8s.io", ("leases",), ("get", "list")),
)
"""To look: workflows, their pods, logs and events, and whether a controller lives."""

OPERATOR_RULES = (
    *VIEWER_RULES,
    rule(_ARGO, _KINDS, _WRITE),
    rule("", ("pods",), ("delete",)),
    rule("", ("configmaps",), _READ),
    rule("", ("events",), ("create",)),
)
"""To act: submit, approve, retry (which deletes pods), stop, delete; the audit trail is written as Events."""
