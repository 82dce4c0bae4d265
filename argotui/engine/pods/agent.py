"""The agent's pod: one for a workflow, for everything in its WorkflowTaskSet (§4.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argotui.engine.config import EngineConfig
from argotui.engine.owners import owned_by
from argotui.engine.pods import volumes
from argotui.engine.pods.commands import LOG_FLAGS
from argotui.engine.pods.containers import EXECUTOR_USER
from argotui.engine.pods.environment import variable
from argotui.engine.pods.request import PodBuildError, PodRequest
from argotui.engine.pods.scheduling import pod_fields
from argotui.engine.pods.specpatch import SpecPatchError, patch_pod_spec
from argotui.engine.template import TemplateError, substitute_document
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import (
    ANNOTATION_DEFAULT_CONTAINER,
    COMPONENT_AGENT,
    CONTAINER_INIT,
    CONTAINER_MAIN,
    LABEL_COMPLETED,
    LABEL_COMPONENT,
    LABEL_INSTANCE_ID,
    LABEL_WORKFLOW,
)
from argotui.model.names import node_id

_NOT_FOR_AGENTS: Final = ("activeDeadlineSeconds", "resources", "resourceClaims", "hostNetwork")
_PATCH_RATE: Final = "10s"


def agent_pod_name(workflow: str) -> str:
    """The agent's pod of a workflow of that name."""
    return f"{node_id(workflow, 'agent')}-agent"


def build_agent_pod(workflow: Document, config: EngineConfig, scope: Mapping[str, Any]) -> Document:
    """The pod to create. workflow: as for `build_pod`; scope: the globals. Raises PodBuildError.

    Unlike upstream's, it has the service account's token as the cluster mounts it: that needs no token Secret, and
    there are no plugins beside it from which the token would have to be hidden.
    """
    name = agent_pod_name(documents.name(workflow))
    request = PodRequest(workflow, {}, "agent", "", name, False, None, None, False, {}, config, None)
    pod: Document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(request),
        "spec": _patched(request, _spec(request), scope),
    }
    return pod


def _metadata(request: PodRequest) -> Document:
    extra = request.spec.get("podMetadata") or {}
    labels = {
        LABEL_WORKFLOW: documents.name(request.workflow),
        LABEL_COMPLETED: "false",
        **(extra.get("labels") or {}),
        LABEL_COMPONENT: COMPONENT_AGENT,
    }
    if request.config.instance_id:
        labels[LABEL_INSTANCE_ID] = request.config.instance_id
    return {
        "name": request.pod_name,
        "namespace": documents.namespace(request.workflow),
        "labels": labels,
        "annotations": {ANNOTATION_DEFAULT_CONTAINER: CONTAINER_MAIN, **(extra.get("annotations") or {})},
        "ownerReferences": [owned_by(request.workflow)],
    }


def _spec(request: PodRequest) -> Document:
    fields = {key: value for key, value in pod_fields(request).items() if key not in _NOT_FOR_AGENTS}
    return {
        "securityContext": {"runAsNonRoot": True, "runAsUser": EXECUTOR_USER},
        **fields,
        "restartPolicy": "OnFailure",
        "volumes": [volumes.empty_dir(volumes.RUN)],
        "initContainers": [_container(request, CONTAINER_INIT)],
        "containers": [_container(request, CONTAINER_MAIN)],
    }


def _container(request: PodRequest, name: str) -> Document:
    config = request.config
    container: Document = {
        "name": name,
        "image": config.executor_image,
        "command": ["argoexec"],
        "args": ["agent", name, *LOG_FLAGS],
        "env": [
            variable("ARGO_WORKFLOW_NAME", documents.name(request.workflow)),
            variable("ARGO_WORKFLOW_UID", documents.uid(request.workflow)),
            variable("ARGO_AGENT_PATCH_RATE", _PATCH_RATE),
            variable("ARGO_PLUGIN_ADDRESSES", "null"),
            variable("ARGO_PLUGIN_NAMES", "null"),
        ],
        "securityContext": {
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": EXECUTOR_USER,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
        },
        "resources": {
            "requests": {"cpu": "10m", "memory": "64M"},
            "limits": {"cpu": "100m", "memory": "256M"},
        },
        "volumeMounts": [{"name": volumes.RUN, "mountPath": volumes.RUN_PATH}],
    }
    if config.executor_pull_policy:
        container["imagePullPolicy"] = config.executor_pull_policy
    return container


def _patched(request: PodRequest, spec: Document, scope: Mapping[str, Any]) -> Document:
    try:
        patch = substitute_document({"patch": request.spec.get("podSpecPatch") or ""}, scope)["patch"]
        return patch_pod_spec(spec, (patch,))
    except (SpecPatchError, TemplateError) as error:
        raise PodBuildError(str(error)) from error
