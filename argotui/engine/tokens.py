"""Secrets with tokens of service accounts (§4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argotui.engine.pods.scheduling import executor_account
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import ANNOTATION_SERVICE_ACCOUNT_TOKEN

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def executor_token(ex: Execution, template: Document) -> str:
    """The Secret with the token of the executor's own service account; empty when it has none."""
    account = executor_account(template, ex.spec)
    if not account:
        return ""
    return token_of(account, ex.lookup.service_account(ex.namespace, account))


def token_of(name: str, account: Document | None) -> str:
    """The first Secret that a service account lists, else the one its annotation names, else the usual one."""
    listed = (account or {}).get("secrets") or []
    if listed:
        return str(listed[0].get("name") or "")
    named = documents.annotations(account or {}).get(ANNOTATION_SERVICE_ACCOUNT_TOKEN)
    return named or f"{name}.service-account-token"
