"""Which lists a strategic merge patch merges by a key, per type.

Everything that is not listed here is plain: objects merge key by key, lists are replaced whole.
`X@Y` names the type X of a field (or of the list's elements); a key of `*` means a list of plain
values merged as a set.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """How one field merges: the type below it, the merge key of a list, or replacement as a whole."""

    type: str = ""
    merge_key: str = ""
    replace: bool = False


PLAIN = Field()
SET = "*"

_META = Field("ObjectMeta")
_PODS = Field("PodSpec")
_BY_TYPE = Field("", "type")
_NAMED = Field("", "name")

_CONTAINER = {
    "ports": Field("", "containerPort"),
    "env": _NAMED,
    "volumeMounts": Field("", "mountPath"),
    "volumeDevices": Field("", "devicePath"),
}
_ARGUMENTS = {"parameters": _NAMED, "artifacts": _NAMED}
_TEMPLATE = {
    "inputs": Field("Arguments"),
    "outputs": Field("Arguments"),
    "container": Field("Container"),
    "script": Field("Container"),
    "volumes": Field("Volume", "name"),
    "sidecars": Field("Container", "name"),
    "initContainers": Field("Container", "name"),
    "containerSet": Field("ContainerSet"),
    "dag": Field("DAG"),
    "tolerations": Field("", "key"),
    "hostAliases": Field("", "ip"),
}
_WORKFLOW_SPEC = {
    "templates": Field("Template", "name"),
    "templateDefaults": Field("Template"),
    "arguments": Field("Arguments"),
    "volumes": Field("Volume", "name"),
    "tolerations": Field("", "key"),
    "imagePullSecrets": _NAMED,
    "hostAliases": Field("", "ip"),
}

TYPES: dict[str, dict[str, Field]] = {
    "ObjectMeta": {"ownerReferences": Field("", "uid"), "finalizers": Field("", SET)},
    "Container": _CONTAINER,
    "PodSpec": {
        "volumes": Field("Volume", "name"),
        "containers": Field("Container", "name"),
        "initContainers": Field("Container", "name"),
        "ephemeralContainers": Field("Container", "name"),
        "imagePullSecrets": _NAMED,
        "hostAliases": Field("", "ip"),
        "topologySpreadConstraints": Field("", "topologyKey"),
        "resourceClaims": _NAMED,
        "schedulingGates": _NAMED,
    },
    "PodStatus": {
        "conditions": _BY_TYPE,
        "podIPs": Field("", "ip"),
        "hostIPs": Field("", "ip"),
        "resourceClaimStatuses": _NAMED,
    },
    "Pod": {"metadata": _META, "spec": _PODS, "status": Field("PodStatus")},
    "PodTemplateSpec": {"metadata": _META, "spec": _PODS},
    "JobSpec": {"template": Field("PodTemplateSpec")},
    "Conditions": {"conditions": _BY_TYPE},
    "Job": {"metadata": _META, "spec": Field("JobSpec"), "status": Field("Conditions")},
    "NodeStatus": {"conditions": _BY_TYPE, "addresses": _BY_TYPE},
    "NodeSpec": {"podCIDRs": Field("", SET)},
    "Node": {"metadata": _META, "spec": Field("NodeSpec"), "status": Field("NodeStatus")},
    "ServiceSpec": {"ports": Field("", "port")},
    "Service": {"metadata": _META, "spec": Field("ServiceSpec"), "status": Field("Conditions")},
    "ServiceAccount": {"metadata": _META, "secrets": _NAMED},
    "Namespace": {"metadata": _META, "status": Field("Conditions")},
    "PersistentVolumeClaim": {"metadata": _META, "status": Field("Conditions")},
    "PodDisruptionBudgetSpec": {"selector": Field(replace=True)},
    "PodDisruptionBudget": {
        "metadata": _META,
        "spec": Field("PodDisruptionBudgetSpec"),
        "status": Field("Conditions"),
    },
    "Arguments": _ARGUMENTS,
    "DAG": {"tasks": Field("Task", "name")},
    "Task": {"arguments": Field("Arguments"), "inline": Field("Template")},
    "ContainerSet": {"containers": Field("Container", "name"), "volumeMounts": Field("", "mountPath")},
    "Template": _TEMPLATE,
    "WorkflowSpec": _WORKFLOW_SPEC,
    "Workflow": {"metadata": _META, "spec": Field("WorkflowSpec")},
    "WorkflowTemplate": {"metadata": _META, "spec": Field("WorkflowSpec")},
    "ClusterWorkflowTemplate": {"metadata": _META, "spec": Field("WorkflowSpec")},
    "CronWorkflow": {"metadata": _META, "spec": Field("CronWorkflowSpec")},
    "CronWorkflowSpec": {"workflowSpec": Field("WorkflowSpec")},
}
"""Type name (a kind, or the type of a part) to its fields that merge in a way of their own."""

_OBJECT = {"metadata": _META}


def field_of(type_name: str, field: str) -> Field:
    """How a field of a type merges; plain for everything unknown.

    A kind that is not in the table still merges its metadata as all objects do.
    """
    table = TYPES.get(type_name)
    if table is None:
        return _OBJECT.get(field, PLAIN) if type_name else PLAIN
    return table.get(field, PLAIN)
