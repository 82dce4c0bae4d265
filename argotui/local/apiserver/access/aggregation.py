"""ClusterRoles that are made of others: their rules follow the roles that their selectors find."""

from __future__ import annotations

import asyncio
import logging

from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change, Store
from argotui.model.documents import Document
from argotui.model.labels import LabelSelector, SelectorError

log = logging.getLogger(__name__)

_ROLES = "clusterroles.rbac.authorization.k8s.io"
_RETRY_SECONDS = 1.0
_PASSES = 8


class Aggregator:
    """Feed it with `observe`, run it as a task; `settle` does what is due at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake = asyncio.Event()

    def observe(self, change: Change) -> None:
        """Notes that some role has changed."""
        if change.entry.key.collection == _ROLES:
            self._wake.set()

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await self._wake.wait()
            try:
                await self.settle()
            except StatusError as error:
                log.warning("gathering the rules of roles failed: %s", error)
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._wake.set)
            self._wake.clear()  # what has changed until here is in what `settle` read last

    async def settle(self) -> None:
        """Writes every role that gathers others and has not got their rules. Some gather those that gather."""
        for _ in range(_PASSES):
            roles = {entry.key.name: self._newest(entry) for entry in self._store.head.shelf(_ROLES).select()}
            rules = {name: _gathered(role, roles) for name, role in roles.items() if role}
            due = [role for name, role in roles.items() if role and role.get("rules", []) != rules[name]]
            if not due:
                return
            for role in due:
                role["rules"] = rules[role["metadata"]["name"]]
            # all are handed over before anything is awaited, so that no other write can come between
            for written in [self._store.put(Key(_ROLES, "", role["metadata"]["name"]), role) for role in due]:
                await written
        log.warning("ClusterRoles gather each other in a circle: %s", ", ".join(r["metadata"]["name"] for r in due))

    def _newest(self, entry: Entry) -> Document | None:
        newest = self._store.latest(entry.key)
        return self._store.latest_document(newest) if newest is not None else None


def _gathered(role: Document, roles: dict[str, Document | None]) -> list[Document]:
    selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
    if not selectors:
        return role.get("rules", [])  # type: ignore[no-any-return]
    found: list[Document] = []
    for selector in selectors:
        try:
            wanted = LabelSelector.from_document(selector)
        except SelectorError:  # refused when the role is written
            continue
        for name in sorted(roles):
            other = roles[name]
            if other is None or name == role["metadata"]["name"]:
                continue
            if wanted.matches(other["metadata"].get("labels") or {}):
                found += [rule for rule in other.get("rules") or () if rule not in found]
    return found
