"""Questions about identity and rights, answered by those who decide about requests."""

from __future__ import annotations

from typing import Any

from argotui.local.apiserver import objectmeta, status
from argotui.local.apiserver.access import tokens
from argotui.local.apiserver.access.access import Access
from argotui.local.apiserver.access.authoriser import Asked
from argotui.local.apiserver.access.tokens import BadToken
from argotui.local.apiserver.access.users import User
from argotui.model.documents import Document

_GROUP = "authorization.k8s.io"
_ATTRIBUTES = ("verb", "group", "version", "resource", "subresource", "namespace", "name")


def answer(kind: str, document: Document, access: Access, user: User, namespace: str = "") -> Document:
    """The review with its status filled in; `namespace` is the one of the URL. Raises StatusError 400 or 422."""
    spec = document.get("spec") or {}
    if not isinstance(spec, dict):
        raise status.bad_request("spec has to be an object")
    review = Review(access, user, namespace)
    found: dict[str, Any] = {
        "SelfSubjectReview": review.self,
        "TokenReview": review.token,
        "SelfSubjectRulesReview": review.rules,
        "SelfSubjectAccessReview": review.self_access,
        "SubjectAccessReview": review.access,
        "LocalSubjectAccessReview": review.local_access,
    }
    metadata: Document = {"creationTimestamp": objectmeta.now() if kind == "SelfSubjectReview" else None}
    if namespace:
        metadata = {"namespace": namespace, **metadata}
    return {
        "apiVersion": document.get("apiVersion"),
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": found[kind](spec),
    }


class Review:
    """The reviews that one user may ask for."""

    def __init__(self, access: Access, user: User, namespace: str) -> None:
        self._access = access
        self._user = user
        self._namespace = namespace

    def self(self, spec: Document) -> Document:
        """Who asks."""
        return {"userInfo": self._user.info()}

    def token(self, spec: Document) -> Document:
        """Whose token something is."""
        given, audiences = spec.get("token"), spec.get("audiences") or []
        if not isinstance(given, str) or not given:
            cause = status.Cause("FieldValueRequired", "Required value: token is required for TokenReview in", "spec")
            raise status.invalid("TokenReview", "authentication.k8s.io", "", [cause])
        if not isinstance(audiences, list):
            raise status.bad_request("spec.audiences has to be a list of texts")
        wanted = [str(audience) for audience in audiences]
        try:
            user = self._access.authenticator.user_of_token(given, wanted)
        except BadToken as error:
            return {"user": {}, "error": f"[invalid bearer token, {error}]"}
        return {"authenticated": True, "user": user.info(), "audiences": wanted or [tokens.ISSUER]}

    def rules(self, spec: Document) -> Document:
        """Everything that the one who asks may do in a namespace."""
        namespace = spec.get("namespace")
        if not isinstance(namespace, str) or not namespace:
            raise status.bad_request("no namespace on request")
        held = self._access.authoriser.held(self._user.who, namespace)
        documents = [rule.document() for rule in held.rules.rules]
        found: Document = {
            "resourceRules": [_without(rule, "nonResourceURLs") for rule in documents if "resources" in rule],
            "nonResourceRules": [_without(rule, "resources") for rule in documents if "nonResourceURLs" in rule],
            "incomplete": False,
        }
        if held.errors:
            found["evaluationError"] = held.trouble.removeprefix("RBAC: ")
        return found

    def self_access(self, spec: Document) -> Document:
        """Whether the one who asks may do something."""
        return self._decided("SelfSubjectAccessReview", self._user, spec)

    def access(self, spec: Document) -> Document:
        """Whether somebody else may do something."""
        kind = "SubjectAccessReview"
        return self._decided(kind, _subject(kind, spec), spec)

    def local_access(self, spec: Document) -> Document:
        """Whether somebody else may do something in the namespace of the URL."""
        kind = "LocalSubjectAccessReview"
        wanted = (spec.get("resourceAttributes") or {}).get("namespace")
        if wanted != self._namespace:
            text = f"Invalid value: must match metadata.namespace, which is {self._namespace}"
            raise _refused(kind, text, "spec.resourceAttributes.namespace")
        return self._decided(kind, _subject(kind, spec), spec)

    def _decided(self, kind: str, user: User, spec: Document) -> Document:
        decision = self._access.authoriser.decide(user, _asked(kind, spec))
        found: Document = {"allowed": decision.allowed}
        return {**found, "reason": decision.reason} if decision.reason else found


def _asked(kind: str, spec: Document) -> Asked:
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (about is None) is (path is None):
        text = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _refused(kind, text, "spec.resourceAttributes")
    chosen = about if about is not None else path
    if not isinstance(chosen, dict) or not all(isinstance(v, str) for k, v in chosen.items() if k in _ATTRIBUTES):
        raise status.bad_request("the attributes have to be texts")
    if path is not None:
        return Asked(str(path.get("verb") or ""), path=str(path.get("path") or "/"))
    return Asked(**{key: chosen.get(key) or "" for key in _ATTRIBUTES})


def _subject(kind: str, spec: Document) -> User:
    name, groups = spec.get("user") or "", spec.get("groups") or ()
    if not isinstance(name, str) or not isinstance(groups, list | tuple):
        raise status.bad_request("user has to be a text and groups a list")
    if not name and not groups:
        raise _refused(kind, "Invalid value: at least one of user or group must be specified", "spec.user")
    return User(name, tuple(str(group) for group in groups))


def _refused(kind: str, text: str, path: str) -> status.StatusError:
    return status.invalid(kind, _GROUP, "", [status.Cause("FieldValueInvalid", text, path)])


def _without(rule: Document, key: str) -> Document:
    extra = ("apiGroups", "resourceNames") if key == "resources" else ()
    return {name: value for name, value in rule.items() if name != key and name not in extra}
