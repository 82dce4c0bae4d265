"""RBAC: from the stored roles and bindings to yes or no, without reading the store for a request.

Roles and bindings are kept decoded and followed change by change. What holds for one user in one namespace is put
together at the first request and kept until a role or binding changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from argotui.local.apiserver.access.users import User, Who, account_name
from argotui.local.apiserver.storage.store import Change, Store
from argotui.model.documents import Document
from argotui.model.rbac import Right, Rule, Rules

GROUP = "rbac.authorization.k8s.io"
_ROLES = (f"roles.{GROUP}", f"clusterroles.{GROUP}")
_BINDINGS = (f"rolebindings.{GROUP}", f"clusterrolebindings.{GROUP}")
_REMEMBERED = 1024


@dataclass(frozen=True)
class Asked:
    """One request, as rights see it. `path` is set for requests that are for no object, and then all else is empty.

    `resource` has no subresource in it; `namespace` is empty for the whole cluster.
    """

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def right(self) -> Right:
        """What is needed for it."""
        resource = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return Right(self.verb, self.group, resource, self.name)


class Reference(NamedTuple):
    """What a binding binds: kind Role or ClusterRole."""

    kind: str
    name: str


class Binding(NamedTuple):
    """One decoded binding; `namespace` is empty for a ClusterRoleBinding. Subjects are (kind, name, shown)."""

    namespace: str
    name: str
    reference: Reference
    subjects: tuple[tuple[str, str, str], ...]

    def subject_of(self, who: Who) -> str | None:
        """How the binding names the user or one of its groups; None when it does not."""
        for kind, name, shown in self.subjects:
            if name == who.name if kind == "User" else name in who.groups:
                return shown
        return None

    def describe(self, subject: str) -> str:
        """As in the reasons of reviews."""
        kind, name = ("RoleBinding", f"{self.name}/{self.namespace}") if self.namespace else ("ClusterRoleBinding", "")
        return f'{kind} "{name or self.name}" of {self.reference.kind} "{self.reference.name}" to {subject}'


@dataclass
class Held:
    """What one user has in one namespace: rules, with where each comes from, and bindings that lead nowhere."""

    rules: Rules
    sources: tuple[tuple[str, Rules], ...]
    errors: tuple[str, ...]

    @property
    def trouble(self) -> str:
        """The errors as Kubernetes puts them into reasons; empty for none."""
        if not self.errors:
            return ""
        return f"RBAC: {self.errors[0] if len(self.errors) == 1 else '[' + ', '.join(self.errors) + ']'}"


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed, and what a review says about it."""

    allowed: bool
    reason: str = ""


_ALLOWED = Decision(True)


@dataclass
class Authoriser:
    """Fed with every committed change by `observe`; `load` fills it at the start."""

    _roles: dict[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict)
    _bindings: dict[str, dict[str, Binding]] = field(default_factory=dict)
    _held: dict[tuple[Who, str], Held] = field(default_factory=dict)

    def load(self, store: Store) -> None:
        """Takes what is stored."""
        for collection in (*_ROLES, *_BINDINGS):
            for entry in store.head.shelf(collection).select():
                self._take(collection, entry.key.namespace, entry.key.name, store.document(entry))
        self._held.clear()

    def observe(self, change: Change) -> None:
        """Follows a committed change."""
        collection = change.entry.key.collection
        if collection in _ROLES or collection in _BINDINGS:
            document = None if change.deleted else msgspec.json.decode(change.body)
            self._take(collection, change.entry.key.namespace, change.entry.key.name, document)
            self._held.clear()

    def _take(self, collection: str, namespace: str, name: str, document: Document | None) -> None:
        if collection in _ROLES:
            if document is None:
                self._roles.pop((namespace, name), None)
            else:
                self._roles[namespace, name] = tuple(Rule.of(rule) for rule in document.get("rules") or ())
            return
        there = self._bindings.setdefault(namespace, {})
        if document is None:
            there.pop(name, None)
        else:
            there[name] = _binding(namespace, name, document)

    def allows(self, user: User, asked: Asked) -> bool:
        """The question of every request."""
        if user.is_master:
            return True
        held = self.held(user.who, asked.namespace)
        return held.rules.allow_url(asked.verb, asked.path) if asked.path else held.rules.allow(asked.right)

    def decide(self, user: User, asked: Asked) -> Decision:
        """The same with its reason, for reviews and refusals."""
        if user.is_master:
            return _ALLOWED
        held = self.held(user.who, asked.namespace)
        for source, rules in held.sources:
            if rules.allow_url(asked.verb, asked.path) if asked.path else rules.allow(asked.right):
                return Decision(True, f"RBAC: allowed by {source}")
        return Decision(False, held.trouble)

    def held(self, who: Who, namespace: str) -> Held:
        """What somebody has in a namespace; "" for the whole cluster."""
        key = (who, namespace)
        found = self._held.get(key)
        if found is None:
            if len(self._held) >= _REMEMBERED:
                self._held.clear()
            found = self._held[key] = self._gather(who, namespace)
        return found

    def _gather(self, who: Who, namespace: str) -> Held:
        sources: list[tuple[str, Rules]] = []
        errors: dict[str, None] = {}
        for binding in self._bindings_in(namespace):
            subject = binding.subject_of(who)
            if subject is None:
                continue
            rules = self.rules_of(binding.reference, namespace)
            if rules is None:
                errors[not_there(binding.reference)] = None
            else:
                sources.append((binding.describe(subject), Rules(rules)))
        all_rules = Rules(rule for _, rules in sources for rule in rules.rules)
        return Held(all_rules, tuple(sources), tuple(errors))

    def _bindings_in(self, namespace: str) -> Iterator[Binding]:
        yield from self._bindings.get("", {}).values()
        if namespace:
            yield from self._bindings.get(namespace, {}).values()

    def rules_of(self, reference: Reference, namespace: str) -> tuple[Rule, ...] | None:
        """The rules of what a binding in a namespace refers to; None when it is not there."""
        return self._roles.get(("" if reference.kind == "ClusterRole" else namespace, reference.name))


def not_there(reference: Reference) -> str:
    """What is said of a role that is bound and is not there."""
    return f'{reference.kind.lower()}.{GROUP} "{reference.name}" not found'


def _binding(namespace: str, name: str, document: Document) -> Binding:
    subjects = tuple(filter(None, (_subject(namespace, subject) for subject in document.get("subjects") or ())))
    return Binding(namespace, name, reference_of(document), subjects)


def reference_of(binding: Document) -> Reference:
    """What a stored binding binds."""
    reference = binding.get("roleRef") or {}
    return Reference(str(reference.get("kind") or ""), str(reference.get("name") or ""))


def _subject(binding_namespace: str, subject: dict[str, Any]) -> tuple[str, str, str] | None:
    kind, name = str(subject.get("kind") or ""), str(subject.get("name") or "")
    if kind in ("User", "Group"):
        return kind, name, f'{kind} "{name}"'
    if kind != "ServiceAccount":
        return None
    namespace = str(subject.get("namespace") or binding_namespace)
    return "User", account_name(namespace, name), f'ServiceAccount "{name}/{namespace}"'
