"""Roles and bindings: their defaults and rules."""

from __future__ import annotations

from collections.abc import Iterator

from argotui.local.apiserver.names import quoted
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.strategies.strategy import TypedStrategy, invalid, required, unsupported
from argotui.model import rbac
from argotui.model.documents import Document
from argotui.model.labels import LabelSelector, SelectorError

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


class RoleStrategy(TypedStrategy):
    """Role and ClusterRole."""

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        found = []
        for index, rule in enumerate(document.get("rules") or ()):
            found += list(_rule_causes(f"rules[{index}]", rule, namespaced=self.collection.resource.namespaced))
        selectors = (document.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
        if "aggregationRule" in document and not selectors:
            text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
            found.append(required("aggregationRule.clusterRoleSelectors", text))
        for index, selector in enumerate(selectors):
            try:
                LabelSelector.from_document(selector)
            except SelectorError as error:
                path = f"aggregationRule.clusterRoleSelectors[{index}]"
                found.append(invalid(path, "<value>", f"invalid label selector: {error}"))
        return found


def _rule_causes(path: str, rule: Document, *, namespaced: bool) -> Iterator[Cause]:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", rbac.quoted(urls), text)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", rbac.quoted(urls), text)
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


class BindingStrategy(TypedStrategy):
    """RoleBinding and ClusterRoleBinding."""

    def complete(self, document: Document, old: Document | None) -> None:
        """The API groups that are meant when none is said."""
        document["roleRef"].setdefault("apiGroup", _GROUP)
        for subject in document.get("subjects") or ():
            if subject.get("kind") in ("User", "Group"):
                subject.setdefault("apiGroup", _GROUP)

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        reference = document["roleRef"]
        if old is not None and reference != old.get("roleRef"):
            return [invalid("roleRef", "<value>", "cannot change roleRef")]
        kinds = ("Role", "ClusterRole") if self.collection.resource.namespaced else ("ClusterRole",)
        found = []
        if reference["apiGroup"] != _GROUP:
            found.append(unsupported("roleRef.apiGroup", reference["apiGroup"], (_GROUP,)))
        if reference.get("kind") not in kinds:
            found.append(unsupported("roleRef.kind", reference.get("kind", ""), kinds))
        if not reference.get("name"):
            found.append(required("roleRef.name"))
        for index, subject in enumerate(document.get("subjects") or ()):
            found += list(_subject_causes(f"subjects[{index}]", subject, self.collection.resource.namespaced))
        return found


def _subject_causes(path: str, subject: Document, namespaced: bool) -> Iterator[Cause]:
    if not subject.get("name"):
        yield required(f"{path}.name")
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if kind not in _SUBJECTS:
        yield unsupported(f"{path}.kind", kind, _SUBJECTS)
    elif kind == "ServiceAccount":
        if group:
            yield unsupported(f"{path}.apiGroup", group, ("",))
        if not subject.get("namespace") and not namespaced:
            yield required(f"{path}.namespace")
    elif group != _GROUP:
        yield unsupported(f"{path}.apiGroup", quoted(group).strip('"'), (_GROUP,))
