"""The whole of access: who asks, whether they may, and those who keep both in step with the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from argotui.local.apiserver.access.accounts import Accounts
from argotui.local.apiserver.access.aggregation import Aggregator
from argotui.local.apiserver.access.authenticator import Authenticator
from argotui.local.apiserver.access.authoriser import Authoriser
from argotui.local.apiserver.access.tokens import Signer
from argotui.local.apiserver.access.users import User
from argotui.local.apiserver.storage.store import Change, Store


class Access:
    """One cluster's. `fixed` are the tokens of its administrator and of its own processes."""

    def __init__(self, directory: Path, store: Store, fixed: Mapping[str, User]) -> None:
        self.signer = Signer(directory)
        self.authoriser = Authoriser()
        self.authenticator = Authenticator(store, self.signer, fixed)
        self.aggregator = Aggregator(store)
        self._store = store
        self._directory = directory
        self._accounts: Accounts | None = None

    @property
    def observers(self) -> tuple[Callable[[Change], None], ...]:
        """Who has to be told of every committed change."""
        return self.authoriser.observe, self.authenticator.observe, self.aggregator.observe, self._observe

    def load(self) -> None:
        """Takes what is stored, before the first request."""
        self.authoriser.load(self._store)
        self.authenticator.load()
        self._accounts = Accounts(self._store, self.signer, (self._directory / "ca.pem").read_text())
        self._accounts.start()

    def _observe(self, change: Change) -> None:
        if self._accounts is not None:
            self._accounts.observe(change)
