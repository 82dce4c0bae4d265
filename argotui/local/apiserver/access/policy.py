"""Roles and bindings that a cluster has from the start: Kubernetes' own, Argo's, and those of our processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argotui.local.apiserver.access.users import AUTHENTICATED, MASTERS
from argotui.model import resources
from argotui.model.documents import Document
from argotui.model.resources import Resource

GROUP = "rbac.authorization.k8s.io"
API = f"{GROUP}/v1"
BOOTSTRAPPING = {"kubernetes.io/bootstrapping": "rbac-defaults"}
KUBELET, CONTROLLER = "system:argotui:kubelet", "system:argotui:workflow-controller"
"""Users under which the cluster's own processes act; their ClusterRoles have the same names."""

_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_ARGO = "argoproj.io"
_ARGO_KINDS = tuple(part for r in resources.ARGO for part in (r.plural, f"{r.plural}/finalizers"))


class _Role(NamedTuple):
    name: str
    rules: tuple[Document, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    gathers: str = ""
    """The role is made of all roles that are labelled as parts of this one."""


def _rule(group: str, kinds: tuple[str, ...], verbs: tuple[str, ...], names: tuple[str, ...] = ()) -> Document:
    found: Document = {"apiGroups": [group], "resources": list(kinds), "verbs": list(verbs)}
    return {**found, "resourceNames": list(names)} if names else found


def _urls(*paths: str) -> Document:
    return {"nonResourceURLs": list(paths), "verbs": ["get"]}


def _with_finalizers(*plurals: str) -> tuple[str, ...]:
    return tuple(part for plural in plurals for part in (plural, f"{plural}/finalizers"))


def _part_of(role: str) -> tuple[tuple[str, str], ...]:
    return ((f"{GROUP}/aggregate-to-{role}", "true"),)


_PLAIN = (
    "bindings", "configmaps", "events", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "pods/log",
    "pods/status", "serviceaccounts", "services", "services/status",
)  # fmt: skip
_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz")

_KUBERNETES = (
    _Role(
        "cluster-admin",
        (_rule("*", ("*",), ("*",)), {"nonResourceURLs": ["*"], "verbs": ["*"]}),
    ),
    _Role("system:discovery", (_urls(*_DISCOVERY, "/version", "/version/"),)),
    _Role("system:public-info-viewer", (_urls("/healthz", "/livez", "/readyz", "/version", "/version/"),)),
    _Role(
        "system:basic-user",
        (
            _rule("authorization.k8s.io", ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), ("create",)),
            _rule("authentication.k8s.io", ("selfsubjectreviews",), ("create",)),
        ),
    ),
    _Role(
        "system:auth-delegator",
        (
            _rule("authentication.k8s.io", ("tokenreviews",), ("create",)),
            _rule("authorization.k8s.io", ("subjectaccessreviews",), ("create",)),
        ),
    ),
    _Role("view", gathers="view", labels=_part_of("edit")),
    _Role("edit", gathers="edit", labels=_part_of("admin")),
    _Role("admin", gathers="admin"),
    _Role(
        "system:aggregate-to-view",
        (
            _rule("", (*_PLAIN, "namespaces"), _READ),
            _rule("batch", ("jobs", "jobs/status"), _READ),
            _rule("policy", ("poddisruptionbudgets", "poddisruptionbudgets/status"), _READ),
        ),
        _part_of("view"),
    ),
    _Role(
        "system:aggregate-to-edit",
        (
            _rule("", ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets"), _READ),
            _rule("", ("serviceaccounts",), ("impersonate",)),
            _rule("", ("pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"), _WRITE),
            _rule("", ("pods/eviction", "serviceaccounts/token"), ("create",)),
            _rule(
                "",
                ("configmaps", "events", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"),
                _WRITE,
            ),
            _rule("batch", ("jobs",), _WRITE),
            _rule("policy", ("poddisruptionbudgets",), _WRITE),
            _rule("coordination.k8s.io", ("leases",), (*_READ, *_WRITE)),
        ),
        _part_of("edit"),
    ),
    _Role(
        "system:aggregate-to-admin",
        (
            _rule("authorization.k8s.io", ("localsubjectaccessreviews",), ("create",)),
            _rule(GROUP, ("rolebindings", "roles"), (*_READ, *_WRITE)),
        ),
        _part_of("admin"),
    ),
)
_ARGO_ROLES = tuple(
    _Role(f"argo-aggregate-to-{role}", (_rule(_ARGO, _ARGO_KINDS, verbs),), _part_of(role))
    for role, verbs in (("view", _READ), ("edit", (*_READ, *_WRITE)), ("admin", (*_READ, *_WRITE)))
)
_BINDINGS = (
    ("cluster-admin", MASTERS),
    ("system:discovery", AUTHENTICATED),
    ("system:public-info-viewer", AUTHENTICATED),
    ("system:basic-user", AUTHENTICATED),
)
_OWN = (
    _Role(
        KUBELET,
        (
            _rule("", ("pods",), (*_READ, "delete")),
            _rule("", ("pods/status",), ("patch", "update")),
            _rule("", ("pods/binding", "serviceaccounts/token"), ("create",)),
            _rule("", ("nodes", "nodes/status"), ("create", "get", "list", "patch", "update", "watch")),
            _rule("", ("configmaps", "secrets", "serviceaccounts"), _READ),
            _rule("", ("persistentvolumeclaims", "persistentvolumeclaims/status"), (*_READ, "patch", "update")),
            _rule("", ("events",), ("create", "patch")),
        ),
    ),
    _Role(
        CONTROLLER,
        (
            _rule("", ("pods", "pods/exec"), (*_READ, "create", "delete", "patch", "update")),
            _rule("", ("configmaps",), (*_READ, "create", "update")),
            _rule("", ("namespaces", "serviceaccounts"), _READ),
            _rule(
                "",
                ("persistentvolumeclaims", "persistentvolumeclaims/finalizers"),
                ("create", "delete", "get", "list", "patch", "update", "watch"),
            ),
            _rule("", ("secrets",), ("get",)),
            _rule("", ("events",), ("create", "patch")),
            _rule(
                _ARGO,
                _with_finalizers("workflows", "workflowtasksets", "workflowartifactgctasks"),
                (*_READ, "create", "delete", "deletecollection", "patch", "update"),
            ),
            _rule(_ARGO, ("workflowtasksets/status", "workflowartifactgctasks/status"), ("patch", "update")),
            _rule(_ARGO, _with_finalizers("workflowtemplates", "clusterworkflowtemplates"), _READ),
            _rule(_ARGO, ("workflowtaskresults",), ("delete", "deletecollection", "list", "watch")),
            _rule(_ARGO, _with_finalizers("cronworkflows"), (*_READ, "delete", "patch", "update")),
            _rule("policy", ("poddisruptionbudgets",), ("create", "delete", "get")),
            _rule("coordination.k8s.io", ("leases",), ("create", "get", "update")),
        ),
    ),
)
"""The kubelet's and the controller's rights. The latter are those of upstream's controller (§8.9), and what ours does
differently: task results of the local cluster's whole life are removed by name as well."""

QUICK_START: tuple[tuple[str, tuple[Document, ...]], ...] = (
    ("executor", (_rule(_ARGO, ("workflowtaskresults",), ("create", "patch")),)),
    (
        "agent",
        (
            _rule(_ARGO, ("workflowtasksets",), ("list", "watch")),
            _rule(_ARGO, ("workflowtasksets/status",), ("patch",)),
            # the credentials of HTTP templates; upstream's agent has them mounted
            _rule("", ("secrets",), ("get",)),
        ),
    ),
    (
        "artifactgc",
        (
            _rule(_ARGO, ("workflowartifactgctasks",), ("list", "watch")),
            _rule(_ARGO, ("workflowartifactgctasks/status",), ("patch",)),
        ),
    ),
    ("pod-manager", (_rule("", ("pods",), ("create", "get", "list", "patch", "watch")),)),
    ("workflow-manager", (_rule(_ARGO, ("workflows",), (*_READ, *_WRITE)),)),
    ("configmap-manager", (_rule("", ("configmaps",), (*_READ, *_WRITE)),)),
)
"""What steps need, and what resource templates of examples do; each is a Role in the first namespaces, bound to their
`default` ServiceAccount as NAME-default."""


def cluster_roles() -> Iterator[Document]:
    """The ClusterRoles; those that gather others have no rules yet."""
    for role in (*_KUBERNETES, *_ARGO_ROLES, *_OWN):
        labels = dict(role.labels) if role.name.startswith("argo") else {**BOOTSTRAPPING, **dict(role.labels)}
        document: Document = {"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": role.name}}
        document["metadata"]["labels"] = labels
        if role.gathers:
            selector = {"matchLabels": dict(_part_of(role.gathers))}
            document["aggregationRule"] = {"clusterRoleSelectors": [selector]}
        document["rules"] = list(role.rules)
        yield document


def cluster_role_bindings() -> Iterator[Document]:
    """The ClusterRoleBindings."""
    for role, group in _BINDINGS:
        yield cluster_role_binding(role, role, {"kind": "Group", "apiGroup": GROUP, "name": group})
    for own in _OWN:
        yield cluster_role_binding(own.name, own.name, {"kind": "User", "apiGroup": GROUP, "name": own.name})


def cluster_role_binding(name: str, role: str, subject: Document) -> Document:
    """Binds a ClusterRole for the whole cluster."""
    return {
        "apiVersion": API,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": dict(BOOTSTRAPPING)},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }


def quick_start(namespace: str) -> Iterator[tuple[Resource, Document]]:
    """Roles and bindings of one of the first namespaces."""
    for name, rules in QUICK_START:
        yield resources.ROLES, {"apiVersion": API, "kind": "Role", "metadata": {"name": name}, "rules": list(rules)}
        yield (
            resources.ROLE_BINDINGS,
            {
                "apiVersion": API,
                "kind": "RoleBinding",
                "metadata": {"name": f"{name}-default"},
                "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
            },
        )
