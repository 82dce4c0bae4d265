"""Clients that act as the pods' ServiceAccounts."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from argotui.kube.client import Client
from argotui.model.documents import Document
from argotui.model.resources import ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS

EXECUTOR = "executor"
_RBAC = "rbac.authorization.k8s.io"


class Accounts:
    """One client for each ServiceAccount, made when it is first needed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made: dict[tuple[str, str], Client] = {}
        self._stack = contextlib.AsyncExitStack()

    async def client(self, namespace: str, name: str) -> Client:
        """Acts with a token of the account, as the executor does."""
        if (namespace, name) not in self._made:
            path = SERVICE_ACCOUNTS.path(namespace, name, "token")
            request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
            issued = await self._client.raw("POST", path, body=request)
            config = self._client.config
            own = replace(config, token=issued["status"]["token"], client_cert_data=None, client_key_data=None)
            self._made[namespace, name] = await self._stack.enter_async_context(Client(own))
        return self._made[namespace, name]

    async def close(self) -> None:
        await self._stack.aclose()


async def allow_executors(client: Client, namespace: str) -> None:
    """The Role of executors and agents (§4.10) for every ServiceAccount of a namespace."""
    group = "argoproj.io"
    rules = [
        {"apiGroups": [group], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
        {"apiGroups": [group], "resources": ["workflowtasksets"], "verbs": ["list", "watch"]},
        {"apiGroups": [group], "resources": ["workflowtasksets/status"], "verbs": ["patch"]},
    ]
    metadata = {"name": EXECUTOR, "namespace": namespace}
    role: Document = {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
    await client.apply(ROLES, role, field_manager="tests", force=True)
    await _bind(client, namespace, EXECUTOR, "Role", EXECUTOR)


async def allow_everything(client: Client, namespace: str) -> None:
    """All that there is in a namespace, for every ServiceAccount of it."""
    await _bind(client, namespace, "everything", "ClusterRole", "cluster-admin")


async def _bind(client: Client, namespace: str, name: str, kind: str, role: str) -> None:
    subject = {"kind": "Group", "apiGroup": _RBAC, "name": f"system:serviceaccounts:{namespace}"}
    metadata = {"name": name, "namespace": namespace}
    binding: Document = {"apiVersion": f"{_RBAC}/v1", "kind": "RoleBinding", "metadata": metadata}
    binding |= {"subjects": [subject], "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": role}}
    await client.apply(ROLE_BINDINGS, binding, field_manager="tests", force=True)
