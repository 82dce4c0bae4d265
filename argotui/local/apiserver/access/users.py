"""Somebody who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from argotui.model.documents import Document

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
ACCOUNT_PREFIX = "system:serviceaccount:"
_ACCOUNT_GROUP = "system:serviceaccounts"


class Who(NamedTuple):
    """What rights hang on."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class User:
    """One identity. `extra` has what is known beside it: of which pod a ServiceAccount's token is."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def who(self) -> Who:
        """Name and groups."""
        return Who(self.name, self.groups)

    @property
    def is_master(self) -> bool:
        """Whether it may do everything, whatever roles there are."""
        return MASTERS in self.groups

    def info(self) -> Document:
        """The UserInfo of reviews."""
        info: Document = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra}
        return info


NOBODY = User("system:anonymous", ("system:unauthenticated",))
"""Who has shown no token."""


def account_name(namespace: str, name: str) -> str:
    """The user name of a ServiceAccount."""
    return f"{ACCOUNT_PREFIX}{namespace}:{name}"


def account_of(user: str) -> tuple[str, str] | None:
    """Namespace and name of the ServiceAccount that a user name is of."""
    namespace, colon, name = user.removeprefix(ACCOUNT_PREFIX).partition(":")
    if not user.startswith(ACCOUNT_PREFIX) or not (namespace and colon and name) or ":" in name:
        return None
    return namespace, name


def account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every ServiceAccount of a namespace."""
    return _ACCOUNT_GROUP, f"{_ACCOUNT_GROUP}:{namespace}"
