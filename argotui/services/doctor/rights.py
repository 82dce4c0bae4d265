"""What you may do, and what the pods of workflows may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from argotui.kube.client import Client
from argotui.model.documents import Document
from argotui.model.rbac import Right
from argotui.services.doctor.finding import Finding, Level, Site

_API = "/apis/authorization.k8s.io/v1"


_ARGO = "argoproj.io"
_SEE: Mapping[Right, str] = {
    Right("list", _ARGO, "workflows"): "seeing workflows",
    Right("watch", _ARGO, "workflows"): "seeing them change",
    Right("list", "", "pods"): "why a step waits",
    Right("get", "", "pods/log"): "logs",
    Right("list", "", "events"): "events",
}
_DO: Mapping[Right, str] = {
    Right("create", _ARGO, "workflows"): "submit and resubmit",
    Right("update", _ARGO, "workflows"): "retry, suspend, resume, approve",
    Right("patch", _ARGO, "workflows"): "stop, terminate, audit entries",
    Right("delete", _ARGO, "workflows"): "delete",
    Right("delete", "", "pods"): "retry, which deletes pods",
    Right("create", "", "events"): "the audit trail of deletions",
}
"""Each right, and what it is good for."""
_REPORT = Right("create", _ARGO, "workflowtaskresults")


async def check_yours(site: Site) -> list[Finding]:
    """What you lack for looking (warnings) and for acting (notes): not everybody is meant to act."""
    see, do = await asyncio.gather(_missing(site, _SEE), _missing(site, _DO))
    found = [_lack(Level.WARNING, right, _SEE[right], site.workflows) for right in see]
    if len(do) == len(_DO):
        found.append(Finding(Level.NOTE, "rights", f"in {site.workflows} you may look but not act"))
    else:
        found += [_lack(Level.NOTE, right, _DO[right], site.workflows) for right in do]
    return found or [Finding(Level.OK, "rights", f"in {site.workflows} you may do all that argotui offers")]


def _lack(level: Level, right: Right, use: str, namespace: str) -> Finding:
    text = f"you may not {right.verb} {right.resource} in {namespace}: no {use}"
    return Finding(level, "rights", text, "ask for the role argotui-viewer or argotui-operator there")


async def _missing(site: Site, rights: Iterable[Right]) -> list[Right]:
    kind = "SelfSubjectAccessReview"
    answers = await asyncio.gather(*(_allowed(site.client, kind, right, site.workflows) for right in rights))
    return [right for right, allowed in zip(rights, answers, strict=True) if not allowed]


async def check_executor(site: Site) -> list[Finding]:
    """Whether the account that pods have by default may report what their steps gave."""
    account = f"system:serviceaccount:{site.workflows}:default"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{site.workflows}", "system:authenticated"]
    kind = "SubjectAccessReview"
    if await _allowed(site.client, kind, _REPORT, site.workflows, {"user": account, "groups": groups}):
        return [Finding(Level.OK, "executor", f"pods of {site.workflows}/default may report results")]
    text = f"pods of {site.workflows}/default may not create workflowtaskresults: their steps' outputs get lost"
    advice = (
        f"`argotui install --no-crds --no-controller --workflows-in {site.workflows}` gives them the right; or give "
        "workflows a serviceAccountName that has it"
    )
    return [Finding(Level.WARNING, "executor", text, advice)]


async def _allowed(client: Client, kind: str, right: Right, namespace: str, subject: Document | None = None) -> bool:
    spec = {"resourceAttributes": _attributes(right, namespace), **(subject or {})}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    review = await client.raw("POST", f"{_API}/{kind.lower()}s", body=body)
    return bool((review.get("status") or {}).get("allowed"))


def _attributes(right: Right, namespace: str) -> Document:
    resource, _, subresource = right.resource.partition("/")
    found = {"namespace": namespace, "verb": right.verb, "group": right.group, "resource": resource}
    return {**found, "subresource": subresource} if subresource else found
