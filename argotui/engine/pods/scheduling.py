"""Fields of the pod spec that come from the workflow's, the template's or the boundary's (§4.3)."""

from __future__ import annotations

from typing import Any

from argotui.engine.pods.request import PodBuildError, PodRequest
from argotui.model.documents import Document, clone

_SPEC_ONLY = ("imagePullSecrets", "hostNetwork", "dnsPolicy", "dnsConfig")
_WITH_BOUNDARY = ("nodeSelector", "affinity", "tolerations")
_TEMPLATE_OR_SPEC = ("schedulerName", "securityContext", "resourceClaims")


def pod_fields(request: PodRequest) -> Document:
    """Everything of the pod spec that is neither a container nor a volume."""
    fields: Document = {"restartPolicy": "Never"}
    fields |= {key: request.spec.get(key) for key in _SPEC_ONLY}
    fields |= {key: _placed(request, key) for key in _WITH_BOUNDARY}
    fields |= {key: request.own_or_spec(key) for key in _TEMPLATE_OR_SPEC}
    fields["activeDeadlineSeconds"] = _deadline(request)
    fields["serviceAccountName"] = _service_account(request)
    fields["priorityClassName"] = request.template.get("priorityClassName") or request.spec.get("podPriorityClassName")
    fields["resources"] = request.own_or_spec("podResources")
    fields["hostAliases"] = [
        *(request.spec.get("hostAliases") or ()),
        *(request.template.get("hostAliases") or ()),
    ]
    said = {key: clone(value) for key, value in fields.items() if _is_said(value)}
    automount = _automount(request)
    return said if automount is None else {**said, "automountServiceAccountToken": automount}


def _is_said(value: Any) -> bool:
    """Zero is something to say (a deadline that has passed); empty and false are not."""
    return value is not None and value is not False and value not in ("", {}, [])


def _placed(request: PodRequest, key: str) -> Any:
    boundary = request.boundary_template or {}
    return request.template.get(key) or boundary.get(key) or request.spec.get(key)


def _deadline(request: PodRequest) -> int | None:
    """The smaller of what the template allows and what the workflow has left; nothing while debugging."""
    if _pauses(request.template):
        return None
    own = request.template.get("activeDeadlineSeconds")
    try:
        limits = [int(own)] if own not in (None, "") else []
    except (TypeError, ValueError):
        raise PodBuildError(f"failed to parse activeDeadlineSeconds: {own!r} is not a whole number") from None
    if request.active_deadline_seconds is not None:
        limits.append(request.active_deadline_seconds)
    return min(limits) if limits else None


def _pauses(template: Document) -> bool:
    container = template.get("container") or template.get("script") or {}
    names = {entry.get("name") for entry in container.get("env") or ()}
    return bool(names & {"ARGO_DEBUG_PAUSE_BEFORE", "ARGO_DEBUG_PAUSE_AFTER"})


def _service_account(request: PodRequest) -> str | None:
    found = request.own_or_spec("serviceAccountName")
    return str(found) if found else None


def executor_account(template: Document, spec: Document) -> str:
    """The service account of the executor's containers alone; empty when it is that of the pod."""
    for holder in (template, spec):
        name = (holder.get("executor") or {}).get("serviceAccountName")
        if name:
            return str(name)
    return ""


def _automount(request: PodRequest) -> bool | None:
    """Only a refusal is said. Raises PodBuildError when the executor could not report then."""
    automount = request.template.get("automountServiceAccountToken")
    if automount is None:
        automount = request.spec.get("automountServiceAccountToken")
    if automount is not False:
        return None
    if not executor_account(request.template, request.spec):
        raise PodBuildError("executor.serviceAccountName must not be empty if automountServiceAccountToken is false")
    return False
