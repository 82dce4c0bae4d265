"""Nobody may give away rights that they do not have: checks on writes of roles and bindings."""

from __future__ import annotations

from collections.abc import Iterable

from argotui.local.apiserver import status
from argotui.local.apiserver.access.authoriser import GROUP, Asked, Authoriser, reference_of
from argotui.local.apiserver.access.users import User
from argotui.local.apiserver.served import Collection
from argotui.model.documents import Document
from argotui.model.rbac import Rule, quoted

_EVERYTHING = (Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",)))
_PLURALS = {"Role": "roles", "ClusterRole": "clusterroles"}


def check(authoriser: Authoriser, user: User, collection: Collection, document: Document, old: Document | None) -> None:
    """Whether `user` may store this role or binding. Raises StatusError 403, or 404 for the role that is bound."""
    if collection.resource.group != GROUP or user.is_master:
        return
    name, namespace = document["metadata"]["name"], document["metadata"].get("namespace", "")
    plural = collection.resource.plural
    try:
        if plural in ("roles", "clusterroles"):
            if not authoriser.allows(user, _asked("escalate", plural, namespace, name)):
                _check_role(authoriser, user, namespace, document, old)
        else:
            reference = reference_of(document)
            bound = _PLURALS.get(reference.kind, "")
            if not authoriser.allows(user, _asked("bind", bound, namespace, reference.name)):
                rules = authoriser.rules_of(reference, namespace)
                if rules is None:
                    raise status.not_found(plural, GROUP, reference.name)  # upstream names the binding's kind as well
                _confirm(authoriser, user, namespace, rules)
    except _Escalates as error:
        raise status.forbidden(plural, GROUP, name, str(error)) from None


class _Escalates(Exception):
    """The rights are not there; the message tells which."""


def _asked(verb: str, plural: str, namespace: str, name: str) -> Asked:
    return Asked(verb, GROUP, "*", plural, namespace=namespace, name=name)


def _check_role(authoriser: Authoriser, user: User, namespace: str, document: Document, old: Document | None) -> None:
    if document.get("aggregationRule") or (old or {}).get("aggregationRule"):
        try:
            _confirm(authoriser, user, namespace, _EVERYTHING)
        except _Escalates:
            raise _Escalates("must have cluster-admin privileges to use the aggregationRule") from None
    _confirm(authoriser, user, namespace, [Rule.of(rule) for rule in document.get("rules") or ()])


def _confirm(authoriser: Authoriser, user: User, namespace: str, wanted: Iterable[Rule]) -> None:
    held = authoriser.held(user.who, namespace)
    lacking = held.rules.lacking(wanted)
    if not lacking:
        return
    text = f'user "{user.name}" (groups={quoted(user.groups)}) is attempting to grant RBAC permissions not currently'
    text += " held:\n" + "\n".join(sorted(map(str, lacking)))
    raise _Escalates(text + (f"; resolution errors: [{', '.join(held.errors)}]" if held.errors else ""))
