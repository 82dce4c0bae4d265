"""What namespaces and ServiceAccounts get without being asked for: see `Accounts`."""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid

from argotui.local.apiserver import objectmeta
from argotui.local.apiserver.access.tokens import LEGACY_ISSUER, Signer
from argotui.local.apiserver.access.users import account_name
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change, Store
from argotui.local.secrets import ACCOUNT_NAME, ACCOUNT_UID, TOKEN_SECRET
from argotui.model import documents
from argotui.model.documents import Document

log = logging.getLogger(__name__)

DEFAULT = "default"
_ACCOUNTS, _SECRETS, _NAMESPACES = "serviceaccounts", "secrets", "namespaces"


class Accounts:
    """Gives each namespace its `default` ServiceAccount, and fills the Secrets that are to hold a token.

    It acts within the change that makes it necessary: who creates a namespace may at once create pods in it.
    """

    def __init__(self, store: Store, signer: Signer, certificate: str) -> None:
        self._store = store
        self._signer = signer
        self._certificate = certificate

    def start(self) -> None:
        """Looks after everything that is stored."""
        for entry in self._store.head.shelf(_NAMESPACES).select():
            self._furnish(entry.key.name)
        for entry in self._store.head.shelf(_SECRETS).select():
            self._fill(entry)

    def observe(self, change: Change) -> None:
        """Acts on a committed change."""
        key = change.entry.key
        if key.collection == _NAMESPACES and not change.deleted:
            if change.previous is None:
                self._furnish(key.name)
        elif key.collection == _SECRETS and not change.deleted:
            self._fill(change.entry)
        elif change.deleted and (key.collection, key.name) == (_ACCOUNTS, DEFAULT):
            self._furnish(key.namespace)
        elif key.collection == _ACCOUNTS and not change.deleted and change.previous is None:
            for entry in self._store.head.shelf(_SECRETS).select(key.namespace):
                self._fill(entry)

    def _furnish(self, namespace: str) -> None:
        holder = self._store.latest(Key(_NAMESPACES, "", namespace))
        if holder is None or holder.deleting:
            return
        key = Key(_ACCOUNTS, namespace, DEFAULT)
        if self._store.latest(key) is not None:
            return
        metadata = {"name": DEFAULT, "namespace": namespace, "uid": str(uuid.uuid4())}
        metadata["creationTimestamp"] = objectmeta.now()
        self._send(key, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})

    def _fill(self, entry: Entry) -> None:
        """Gives a token Secret its token, when its ServiceAccount is there."""
        if entry.fields.get("type") != TOKEN_SECRET or entry.deleting:
            return
        newest = self._store.latest(entry.key)
        if newest is None:
            return
        secret = self._store.latest_document(newest)
        namespace, name = entry.key.namespace, documents.annotations(secret).get(ACCOUNT_NAME, "")
        account = self._store.latest(Key(_ACCOUNTS, namespace, name))
        data = secret.setdefault("data", {})
        if account is None or data.get("token"):
            return
        texts = {"ca.crt": self._certificate, "namespace": namespace}
        texts["token"] = self._signer.sign(_claims(namespace, entry.key.name, name, account.uid))
        data.update({key: base64.b64encode(text.encode()).decode() for key, text in texts.items()})
        secret["metadata"].setdefault("annotations", {})[ACCOUNT_UID] = account.uid
        self._send(entry.key, secret)

    def _send(self, key: Key, document: Document) -> None:
        self._store.put(key, document).add_done_callback(_report)


def _report(written: asyncio.Future[Change]) -> None:
    error = None if written.cancelled() else written.exception()
    if isinstance(error, StatusError):
        log.warning("a ServiceAccount or its token could not be stored: %s", error)
    elif error is not None:
        raise error


def _claims(namespace: str, secret: str, account: str, uid: str) -> Document:
    names = {"namespace": namespace, "secret.name": secret, "service-account.name": account, "service-account.uid": uid}
    claims: Document = {"iss": LEGACY_ISSUER, "sub": account_name(namespace, account)}
    return claims | {f"{LEGACY_ISSUER}/{key}": value for key, value in names.items()}
