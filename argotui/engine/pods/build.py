"""Assembles a pod in upstream's order (§4.3), so that mounts and volumes come out in upstream's order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain

from argotui.engine.config import EngineConfig
from argotui.engine.owners import owned_by
from argotui.engine.podgc import PodPolicy
from argotui.engine.pods import commands, containers, environment, volumes
from argotui.engine.pods.antiaffinity import avoiding
from argotui.engine.pods.gotemplate import executor_template
from argotui.engine.pods.owned import owned
from argotui.engine.pods.request import PodBuildError, PodRequest
from argotui.engine.pods.scheduling import pod_fields
from argotui.engine.pods.specpatch import SpecPatchError, patch_pod_spec
from argotui.engine.template import TemplateError, substitute_document
from argotui.model import documents
from argotui.model.documents import Document, go_json
from argotui.model.keys import (
    ANNOTATION_DEFAULT_CONTAINER,
    ANNOTATION_NODE_ID,
    ANNOTATION_NODE_NAME,
    ANNOTATION_POD_GC_STRATEGY,
    CONTAINER_INIT,
    CONTAINER_WAIT,
    LABEL_COMPLETED,
    LABEL_INSTANCE_ID,
    LABEL_ON_EXIT,
    LABEL_WORKFLOW,
)


def build_pod(
    *,
    workflow: Document,
    template: Document,
    node_name: str,
    node_id: str,
    pod_name: str,
    include_result: bool,
    deadline: datetime | None,
    active_deadline_seconds: int | None,
    on_exit: bool,
    scope: Mapping[str, str | None],
    config: EngineConfig,
    boundary_template: Document | None = None,
    avoided_hosts: tuple[str, ...] = (),
    executor_token: str = "",
) -> Document:
    """The Pod to create for a container, script, containerSet or resource template.

    workflow: its metadata, the merged exec spec, and `status.persistentVolumeClaims` when it has any.
    template: resolved, inputs substituted.  include_result: whether the parent reads
    `outputs.result`.  deadline: when the executor must give up (`ARGO_DEADLINE`).
    active_deadline_seconds: what workflow and timeouts leave; the template's own is taken into account.
    scope: variables of the last substitution, over the whole pod (globals, `inputs.parameters.*`,
    `pod.name`).  boundary_template: the enclosing steps or dag template, for scheduling fields.
    avoided_hosts: where earlier attempts failed, when the retryStrategy asks for another host.
    executor_token: Secret with the token of the executor's own service account, if it has one.

    Raises PodBuildError, whose text is the node's message.
    """
    request = PodRequest(
        workflow, template, node_name, node_id, pod_name, include_result, deadline,
        active_deadline_seconds, on_exit, scope, config, boundary_template, avoided_hosts,
        executor_token,
    )  # fmt: skip
    mains = containers.main_containers(request)
    pod: Document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(request, mains),
        "spec": _spec(request, mains),
    }
    return _finished(request, pod)


def _metadata(request: PodRequest, mains: list[Document]) -> Document:
    """Name, owner, and the labels and annotations by which everybody finds the pod again (§4.2)."""
    labels = {LABEL_WORKFLOW: documents.name(request.workflow), LABEL_COMPLETED: "false"}
    if request.config.instance_id:
        labels[LABEL_INSTANCE_ID] = request.config.instance_id
    if request.on_exit:
        labels[LABEL_ON_EXIT] = "true"
    annotations = {
        ANNOTATION_NODE_NAME: request.node_name,
        ANNOTATION_NODE_ID: request.node_id,
        ANNOTATION_DEFAULT_CONTAINER: containers.default_container(mains),
    }
    if note := PodPolicy.of(request.spec, request.config).note:
        annotations[ANNOTATION_POD_GC_STRATEGY] = note
    for extra in (request.spec.get("podMetadata") or {}, request.template.get("metadata") or {}):
        labels |= extra.get("labels") or {}
        annotations |= extra.get("annotations") or {}
    return {
        "name": request.pod_name,
        "namespace": documents.namespace(request.workflow),
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [owned_by(request.workflow)],
    }


def _spec(request: PodRequest, mains: list[Document]) -> Document:
    template = request.template
    init = containers.executor_container(request, CONTAINER_INIT)
    reporters = [containers.executor_container(request, CONTAINER_WAIT)] if containers.needs_wait(template) else []
    user_inits = containers.user_containers(request, "initContainers")
    sidecars = containers.user_containers(request, "sidecars")
    pod_volumes = [volumes.empty_dir(volumes.RUN), volumes.empty_dir(volumes.TMP)]
    pod_volumes += documents.clone(template.get("volumes") or [])
    if request.executor_token:
        pod_volumes.append({"name": volumes.TOKEN, "secret": {"secretName": request.executor_token}})
    volumes.add_referenced(pod_volumes, chain(mains, user_inits, sidecars), request)
    if template.get("script") is not None:
        pod_volumes.append(volumes.empty_dir(volumes.STAGING))
        for container in (init, *mains):
            volumes.mount(container, volumes.STAGING, volumes.STAGING_PATH)
    volumes.mirror_user_mounts(mains, [*user_inits, *sidecars])
    for wait in reporters:
        volumes.mirror_for_wait(mains, wait)
    return {
        **pod_fields(request),
        "volumes": pod_volumes,
        "initContainers": [init, *user_inits],
        "containers": [*reporters, *mains, *sidecars],
    }


def _finished(request: PodRequest, pod: Document) -> Document:
    """Steps 12 to 15: environment, last substitution, patches, commands, the executor's mounts."""
    for container in chain(pod["spec"]["initContainers"], pod["spec"]["containers"]):
        environment.add(container, environment.of_all(request, container["name"]))
    for container in pod["spec"]["initContainers"]:
        volumes.mount(container, volumes.RUN, volumes.RUN_PATH)
    pod = _substituted(request, pod)
    # Apart from the pod: a template inside a text inside a JSON text would need its values quoted twice.
    staged = _substituted(request, owned(executor_template(request.template), owned_by(request.workflow)))
    text = go_json(staged)
    for container in pod["spec"]["initContainers"]:
        environment.add(container, [environment.variable(environment.TEMPLATE, text)])
    pod["spec"] = _patched(request, staged, pod["spec"])
    _finish_regular(request, pod["spec"])
    if request.avoided_hosts:
        label = request.config.retry_host_label
        pod["spec"]["affinity"] = avoiding(pod["spec"].get("affinity"), label, request.avoided_hosts)
    return pod


def _substituted(request: PodRequest, document: Document) -> Document:
    try:
        result: Document = substitute_document(document, request.scope)
    except TemplateError as error:
        raise PodBuildError(str(error)) from error
    return result


def _patched(request: PodRequest, staged: Document, spec: Document) -> Document:
    """`podSpecPatch` of the workflow, then of the template (§2.3)."""
    own = _substituted(request, {"patch": request.spec.get("podSpecPatch") or ""})["patch"]
    try:
        return patch_pod_spec(spec, (own, staged.get("podSpecPatch") or ""))
    except SpecPatchError as error:
        raise PodBuildError(str(error)) from error


def _finish_regular(request: PodRequest, spec: Document) -> None:
    """Emissary, the executor's directories and the grace period, for every regular container."""
    grace = spec.get("terminationGracePeriodSeconds")
    for index, container in enumerate(spec["containers"]):
        if container["name"] != CONTAINER_WAIT:
            commands.wrap(container, request.config)
        if container.get("image") == request.config.executor_image:
            volumes.mount(container, volumes.TMP, "/tmp", str(index))
        volumes.mount(container, volumes.RUN, volumes.RUN_PATH)
        if grace is not None:
            environment.add(container, [environment.variable("ARGO_TERMINATION_GRACE_PERIOD_SECONDS", str(grace))])
