"""Questions about identity and rights. There is one user here, the holder of the token, and it may do everything."""

from __future__ import annotations

import hmac
from typing import Any

from argotui.local.apiserver import objectmeta, status
from argotui.model.documents import Document

USER = "argotui-admin"
GROUPS = ("system:masters", "system:authenticated")
_REASON = "the holder of the local cluster's token may do everything"


def _user() -> Document:
    return {"username": USER, "groups": list(GROUPS)}


def answer(kind: str, document: Document, token: str) -> Document:
    """The review with its status filled in. `token` is the cluster's own. Raises StatusError 400 or 422."""
    spec = document.get("spec") or {}
    if not isinstance(spec, dict):
        raise status.bad_request("spec has to be an object")
    found: dict[str, Any] = {
        "SelfSubjectReview": _self,
        "TokenReview": lambda spec: _token(spec, token),
        "SelfSubjectRulesReview": _rules,
        "SelfSubjectAccessReview": _self_access,
        "SubjectAccessReview": _access,
        "LocalSubjectAccessReview": _access,
    }
    metadata = {"creationTimestamp": objectmeta.now()} if kind == "SelfSubjectReview" else {"creationTimestamp": None}
    return {
        "apiVersion": document.get("apiVersion"),
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": found[kind](spec),
    }


def _self(spec: Document) -> Document:
    return {"userInfo": _user()}


def _token(spec: Document, token: str) -> Document:
    given = spec.get("token")
    if isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode()):
        return {"authenticated": True, "user": _user()}
    return {"authenticated": False, "error": "invalid bearer token"}


def _rules(spec: Document) -> Document:
    return {
        "incomplete": False,
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    }


def _check_attributes(kind: str, spec: Document) -> None:
    both = [spec.get("resourceAttributes"), spec.get("nonResourceAttributes")]
    if sum(value is not None for value in both) != 1:
        text = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = status.Cause("FieldValueInvalid", text, "spec.resourceAttributes")
        raise status.invalid(kind, "authorization.k8s.io", "", [cause])


def _self_access(spec: Document) -> Document:
    _check_attributes("SelfSubjectAccessReview", spec)
    return {"allowed": True, "reason": _REASON}


def _access(spec: Document) -> Document:
    """Others than the holder of the token cannot even sign in."""
    _check_attributes("SubjectAccessReview", spec)
    if spec.get("user") == USER or GROUPS[0] in (spec.get("groups") or ()):
        return {"allowed": True, "reason": _REASON}
    return {"allowed": False, "reason": "this version of argotui's local cluster knows no other user"}
