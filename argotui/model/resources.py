"""The kinds of objects that this program talks about, with the names the API knows them by (§0)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Resource:
    """One kind in one API version.

    `status_subresource` tells whether a write to the main path leaves `status` alone; it is False
    for Workflow and CronWorkflow, whose status is written with the object itself.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    status_subresource: bool = False

    @property
    def api_version(self) -> str:
        """What the object's `apiVersion` says: `v1`, `argoproj.io/v1alpha1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """`workflows.argoproj.io`; `pods` for the core group.  Used in messages and CRD names."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """URL path.  Without a namespace: all namespaces, or the cluster for a kind without one."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


_ARGO = "argoproj.io"
_RBAC = "rbac.authorization.k8s.io"

WORKFLOWS = Resource(_ARGO, "v1alpha1", "Workflow", "workflows", "workflow", ("wf",))
WORKFLOW_TEMPLATES = Resource(
    _ARGO, "v1alpha1", "WorkflowTemplate", "workflowtemplates", "workflowtemplate", ("wftmpl",)
)
CLUSTER_WORKFLOW_TEMPLATES = Resource(
    _ARGO, "v1alpha1", "ClusterWorkflowTemplate", "clusterworkflowtemplates", "clusterworkflowtemplate",
    ("clusterwftmpl", "cwft"), namespaced=False,
)  # fmt: skip
CRON_WORKFLOWS = Resource(_ARGO, "v1alpha1", "CronWorkflow", "cronworkflows", "cronworkflow", ("cwf", "cronwf"))
WORKFLOW_TASK_RESULTS = Resource(_ARGO, "v1alpha1", "WorkflowTaskResult", "workflowtaskresults", "workflowtaskresult")
WORKFLOW_TASK_SETS = Resource(
    _ARGO, "v1alpha1", "WorkflowTaskSet", "workflowtasksets", "workflowtaskset", ("wfts",),
    status_subresource=True,
)  # fmt: skip
WORKFLOW_ARTIFACT_GC_TASKS = Resource(
    _ARGO, "v1alpha1", "WorkflowArtifactGCTask", "workflowartifactgctasks", "workflowartifactgctask",
    ("wfat",), status_subresource=True,
)  # fmt: skip
WORKFLOW_EVENT_BINDINGS = Resource(
    _ARGO, "v1alpha1", "WorkflowEventBinding", "workfloweventbindings", "workfloweventbinding", ("wfeb",)
)

PODS = Resource("", "v1", "Pod", "pods", "pod", ("po",), status_subresource=True)
CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", "configmap", ("cm",))
SECRETS = Resource("", "v1", "Secret", "secrets", "secret")
SERVICE_ACCOUNTS = Resource("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", ("sa",))
NAMESPACES = Resource(
    "", "v1", "Namespace", "namespaces", "namespace", ("ns",), namespaced=False, status_subresource=True
)
EVENTS = Resource("", "v1", "Event", "events", "event", ("ev",))
PERSISTENT_VOLUME_CLAIMS = Resource(
    "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", ("pvc",),
    status_subresource=True,
)  # fmt: skip
SERVICES = Resource("", "v1", "Service", "services", "service", ("svc",), status_subresource=True)
NODES = Resource("", "v1", "Node", "nodes", "node", ("no",), namespaced=False, status_subresource=True)
LEASES = Resource("coordination.k8s.io", "v1", "Lease", "leases", "lease")
CRDS = Resource(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
    "customresourcedefinition", ("crd", "crds"), namespaced=False, status_subresource=True,
)  # fmt: skip
ROLES = Resource(_RBAC, "v1", "Role", "roles", "role")
ROLE_BINDINGS = Resource(_RBAC, "v1", "RoleBinding", "rolebindings", "rolebinding")
CLUSTER_ROLES = Resource(_RBAC, "v1", "ClusterRole", "clusterroles", "clusterrole", namespaced=False)
CLUSTER_ROLE_BINDINGS = Resource(
    _RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding", namespaced=False
)
POD_DISRUPTION_BUDGETS = Resource(
    "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", ("pdb",),
    status_subresource=True,
)  # fmt: skip
JOBS = Resource("batch", "v1", "Job", "jobs", "job", status_subresource=True)
DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments", "deployment", ("deploy",), status_subresource=True)
"""Only spoken of with real clusters, hence not in ALL, which a local cluster serves."""

ARGO: tuple[Resource, ...] = (
    WORKFLOWS, WORKFLOW_TEMPLATES, CLUSTER_WORKFLOW_TEMPLATES, CRON_WORKFLOWS, WORKFLOW_TASK_RESULTS,
    WORKFLOW_TASK_SETS, WORKFLOW_ARTIFACT_GC_TASKS, WORKFLOW_EVENT_BINDINGS,
)  # fmt: skip
"""The eight kinds that the CustomResourceDefinitions of Argo Workflows define."""

ALL: tuple[Resource, ...] = (
    *ARGO, PODS, CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, NAMESPACES, EVENTS, PERSISTENT_VOLUME_CLAIMS,
    SERVICES, NODES, LEASES, CRDS, ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS,
    POD_DISRUPTION_BUDGETS, JOBS,
)  # fmt: skip


@cache
def _by_name() -> dict[str, Resource]:
    table: dict[str, Resource] = {}
    for resource in ALL:
        for text in (resource.plural, resource.singular, resource.kind, *resource.short_names):
            table.setdefault(text.lower(), resource)
        table.setdefault(resource.group_resource.lower(), resource)
    return table


def find(text: str) -> Resource | None:
    """The resource a person means: plural, singular, short name, kind or `plural.group`, any case."""
    return _by_name().get(text.lower())
