"""From a request's headers to its user: the cluster's own tokens, those of users, those of ServiceAccounts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from argotui.local.apiserver.access import tokens
from argotui.local.apiserver.access.tokens import BadToken, Clock, Signer
from argotui.local.apiserver.access.users import AUTHENTICATED, User, account_groups, account_name
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Change, Store
from argotui.local.secrets import HASH, TOKEN_SECRET, USER_GROUPS, USER_NAME, USER_SECRET, USERS_NAMESPACE
from argotui.model.documents import Document

_EXTRA = "authentication.kubernetes.io/"
_OWN = "kubernetes.io"
_REMEMBERED = 2048


class _Signed(NamedTuple):
    """A signed token that was good: whose it is, when it is good, and the objects (with uids) that have to be there."""

    user: User
    claims: Document
    needs: tuple[tuple[Key, str], ...]


class Authenticator:
    """Fed with every committed change by `observe`, since users are Secrets; `load` fills it at the start.

    `fixed` are the tokens of the cluster's administrator and of its own processes.
    """

    def __init__(self, store: Store, signer: Signer, fixed: Mapping[str, User], clock: Clock = time.time) -> None:
        self._store = store
        self._signer = signer
        # by hash: finding a token must not take longer the more of it is right
        self._known = {_hash(token): user for token, user in fixed.items()}
        self._users: dict[str, tuple[str, User]] = {}
        self._signed: dict[str, _Signed] = {}
        self._clock = clock

    def load(self) -> None:
        """Takes the users that are stored."""
        for entry in self._store.head.shelf("secrets").select(USERS_NAMESPACE):
            if entry.fields.get("type") == USER_SECRET:
                self._take(entry.key.name, self._store.document(entry))

    def observe(self, change: Change) -> None:
        """Follows a committed change."""
        key = change.entry.key
        if key.collection == "secrets" and key.namespace == USERS_NAMESPACE:
            gone = change.deleted or change.entry.fields.get("type") != USER_SECRET
            self._take(key.name, None if gone else msgspec.json.decode(change.body))

    def _take(self, secret: str, document: Document | None) -> None:
        self._users = {digest: found for digest, found in self._users.items() if found[0] != secret}
        if document is None:
            return
        data = {key: _plain(value) for key, value in (document.get("data") or {}).items()}
        name, digest = data.get(USER_NAME, ""), data.get(HASH, "")
        groups = tuple(group for group in data.get(USER_GROUPS, "").split(",") if group and not _reserved(group))
        if name and digest and not _reserved(name):
            self._users[digest] = secret, User(name, (*groups, AUTHENTICATED))

    def user_of(self, header: str) -> User | None:
        """The user of an Authorization header; None when nobody is known by it."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        try:
            return self.user_of_token(token.strip())
        except BadToken:
            return None

    def user_of_token(self, token: str, audiences: Sequence[str] = ()) -> User:
        """The user of a token that is meant for one of `audiences`, else for this server. Raises BadToken."""
        if tokens.is_signed(token):
            return self._account(token, audiences)
        digest = _hash(token)
        user = self._known.get(digest)
        if user is not None:
            return user
        found = self._users.get(digest)
        if found is None:
            raise BadToken("invalid bearer token")
        return found[1]

    def _account(self, token: str, audiences: Sequence[str]) -> User:
        known = self._signed.get(token)
        if known is None:
            claims = self._signer.claims(token)
            if claims.get("iss") == tokens.LEGACY_ISSUER:
                return self._legacy(claims, token)
            if len(self._signed) >= _REMEMBERED:
                self._signed.clear()
            known = self._signed[token] = _signed(claims)
        tokens.check_time(known.claims, self._clock())
        meant = known.claims.get("aud") or ()
        if tokens.ISSUER not in meant if not audiences else not set(audiences) & set(meant):
            raise BadToken("the token is meant for others")
        for key, uid in known.needs:
            self._present(key, uid)
        return known.user

    def _legacy(self, claims: Document, token: str) -> User:
        """A token without an end, of a Secret that has to be there still and hold it."""
        prefix = f"{tokens.LEGACY_ISSUER}/"
        namespace, secret, name, uid = (
            str(claims.get(prefix + part) or "")
            for part in ("namespace", "secret.name", "service-account.name", "service-account.uid")
        )
        entry = self._store.get(Key("secrets", namespace, secret))
        if entry is None or entry.deleting or entry.fields.get("type") != TOKEN_SECRET:
            raise BadToken("the token's secret is gone")
        held = (self._store.document(entry).get("data") or {}).get("token", "")
        if _plain(held) != token:
            raise BadToken("the token's secret holds another token")
        self._present(Key("serviceaccounts", namespace, name), uid)
        return _account_user(namespace, name, uid, [])

    def _present(self, key: Key, uid: str) -> None:
        """Raises BadToken when something is gone that a token hangs on."""
        entry = self._store.get(key)
        if entry is None or entry.uid != uid:
            raise BadToken(f"{key.collection} {key.namespace}/{key.name}, which the token belongs to, is gone")


def _signed(claims: Document) -> _Signed:
    own: dict[str, Any] = claims.get(_OWN) or {}
    namespace = str(own.get("namespace") or "")
    names = {kind: _reference(own.get(kind)) for kind in ("serviceaccount", "pod", "secret")}
    extra = [("credential-id", f"JTI={claims.get('jti')}")]
    if own.get("pod"):
        extra += zip(("pod-name", "pod-uid"), names["pod"], strict=True)
    wanted = [(kind, found) for kind, found in names.items() if kind == "serviceaccount" or own.get(kind)]
    needs = tuple((Key(f"{kind}s", namespace, name), uid) for kind, (name, uid) in wanted)
    return _Signed(_account_user(namespace, *names["serviceaccount"], extra), claims, needs)


def _reference(wanted: Any) -> tuple[str, str]:
    """Name and uid."""
    found = wanted if isinstance(wanted, dict) else {}
    return str(found.get("name") or ""), str(found.get("uid") or "")


def _account_user(namespace: str, name: str, uid: str, extra: list[tuple[str, str]]) -> User:
    groups = (*account_groups(namespace), AUTHENTICATED)
    return User(account_name(namespace, name), groups, uid, tuple((_EXTRA + key, (value,)) for key, value in extra))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _plain(value: Any) -> str:
    try:
        return base64.b64decode(str(value)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _reserved(name: str) -> bool:
    """Names that Kubernetes keeps for itself: no stored user may claim one."""
    return name.startswith("system:")
