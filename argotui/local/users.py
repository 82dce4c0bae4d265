"""Users of the local cluster: made, listed and removed through its API. Only the hash of a token is kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from argotui.config.paths import local_kubeconfig
from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.errors import ApiError, KubeError, Unreachable
from argotui.local.kubeconfigs import kubeconfig
from argotui.local.secrets import HASH, USER_NAME, USER_PREFIX, USER_SECRET, USERS_NAMESPACE
from argotui.local.userproblem import UserProblem, check_name
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    NAMESPACES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    Resource,
)

_GROUP = "rbac.authorization.k8s.io"
_LABEL = "argotui.io/user"
_HOME = "argo"


@dataclass(frozen=True)
class Account:
    """One user. `namespace` is empty for rights in the whole cluster, `role` for a user who has lost its binding."""

    name: str
    role: str
    namespace: str
    created: str


@asynccontextmanager
async def administrator(directory: Path) -> AsyncIterator[Users]:
    """The users of the cluster in `directory`, as its administrator sees them. Raises UserProblem."""
    path = local_kubeconfig(directory)
    if not path.exists():
        raise UserProblem("there is no local cluster yet; run: argotui local start")
    async with Client(load_cluster(kubeconfig=str(path), context=None)) as client:
        try:
            yield Users(client, directory)
        except Unreachable as error:
            raise UserProblem(f"the local cluster does not run ({error}); run: argotui local start") from error
        except KubeError as error:
            raise UserProblem(str(error)) from error


class Users:
    """What an administrator does with users."""

    def __init__(self, client: Client, directory: Path) -> None:
        self._client = client
        self._directory = directory

    async def add(self, name: str, role: str, namespace: str) -> str:
        """Makes a user and gives it a role, in one namespace or (namespace "") everywhere; returns its kubeconfig.

        Raises UserProblem for a name that is taken or cannot be one, and for a role or namespace that is not there.
        """
        check_name(name)
        if namespace and not await self._exists(NAMESPACES, namespace, ""):
            raise UserProblem(f"there is no namespace {namespace}; make it first: kubectl create namespace {namespace}")
        reference = await self._role(role, namespace)
        token = secrets.token_urlsafe(32)
        await self._store(name, token)
        try:
            await self._client.create(*_binding(name, namespace, reference))
        except KubeError:
            await self._client.delete(SECRETS, USER_PREFIX + name, USERS_NAMESPACE)
            raise
        server = (self._directory / "endpoint").read_text().strip()
        authority = base64.b64encode((self._directory / "ca.pem").read_bytes()).decode()
        return kubeconfig(server, authority, name, token, namespace or _HOME)

    async def list(self) -> list[Account]:
        """All users, by name."""
        selector = f"type={USER_SECRET}"
        found = (await self._client.list(SECRETS, USERS_NAMESPACE, field_selector=selector)).items
        bindings = {}
        for resource in (CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS):
            for binding in (await self._client.list(resource, None, label_selector=_LABEL)).items:
                bindings[documents.labels(binding)[_LABEL]] = binding
        return sorted((_account(secret, bindings) for secret in found), key=lambda account: account.name)

    async def remove(self, name: str) -> None:
        """Ends a user: its token is worth nothing from then on. Raises UserProblem when there is none."""
        check_name(name)
        try:
            await self._client.delete(SECRETS, USER_PREFIX + name, USERS_NAMESPACE)
        except ApiError as error:
            if error.is_not_found:
                raise UserProblem(f"there is no user {name}; `argotui local user list` shows all") from None
            raise
        for resource in (CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS):
            for binding in (await self._client.list(resource, None, label_selector=f"{_LABEL}={name}")).items:
                place = documents.namespace(binding) or None
                await self._client.delete(resource, documents.name(binding), place)

    async def _store(self, name: str, token: str) -> None:
        values = {USER_NAME: name, HASH: hashlib.sha256(token.encode()).hexdigest()}
        secret: Document = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": USER_PREFIX + name, "labels": {_LABEL: name}},
            "type": USER_SECRET,
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
        }
        try:
            await self._client.create(SECRETS, secret, USERS_NAMESPACE)
        except ApiError as error:
            if error.is_already_exists:
                raise UserProblem(f"the user {name} exists; end it first: argotui local user remove {name}") from None
            raise

    async def _role(self, role: str, namespace: str) -> Document:
        """The reference of a Role of the namespace, else of a ClusterRole."""
        if namespace and await self._exists(ROLES, role, namespace):
            return {"apiGroup": _GROUP, "kind": "Role", "name": role}
        if await self._exists(CLUSTER_ROLES, role, ""):
            return {"apiGroup": _GROUP, "kind": "ClusterRole", "name": role}
        where = f"no Role {role} in {namespace} and no such ClusterRole" if namespace else f"no ClusterRole {role}"
        raise UserProblem(f"there is {where}; view, edit, admin and cluster-admin are always there")

    async def _exists(self, resource: Resource, name: str, namespace: str) -> bool:
        if "/" in name or not name:
            return False
        try:
            await self._client.get(resource, name, namespace or None)
        except ApiError as error:
            if not error.is_not_found:
                raise
            return False
        return True


def _binding(name: str, namespace: str, reference: Document) -> tuple[Resource, Document, str | None]:
    resource = ROLE_BINDINGS if namespace else CLUSTER_ROLE_BINDINGS
    binding: Document = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": USER_PREFIX + name, "labels": {_LABEL: name}},
        "roleRef": reference,
        "subjects": [{"kind": "User", "apiGroup": _GROUP, "name": name}],
    }
    return resource, binding, namespace or None


def _account(secret: Document, bindings: dict[str, Document]) -> Account:
    name = documents.name(secret).removeprefix(USER_PREFIX)
    binding = bindings.get(name, {})
    role = str(dig(binding, "roleRef", "name") or "")
    return Account(name, role, documents.namespace(binding), documents.created(secret))
