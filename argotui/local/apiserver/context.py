"""What every part of the server needs: the store, the served resources, the watch hub, the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from aiohttp import web

from argotui.local.apiserver.accept import View, view_of
from argotui.local.apiserver.access.access import Access
from argotui.local.apiserver.access.users import User
from argotui.local.apiserver.requests import Target
from argotui.local.apiserver.served import Collection, Served
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Store
from argotui.local.apiserver.watching import Hub


@dataclass
class Context:
    """One running server."""

    directory: Path
    access: Access
    store: Store
    served: Served
    hub: Hub
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to end: long answers end themselves."""


@dataclass
class Call:
    """One request for a resource."""

    context: Context
    request: web.BaseRequest
    target: Target
    collection: Collection
    query: dict[str, str]
    user: User
    warnings: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """The object that the path names."""
        return Key(self.collection.id, self.target.namespace, self.target.name)

    @property
    def dry_run(self) -> bool:
        """Whether everything is to be done but storing (the options have been checked)."""
        return bool(self.query.get("dryRun"))

    @cached_property
    def view(self) -> View:
        """In which form the client wants the answer. Raises StatusError 400 or 406."""
        return view_of(self.request.headers.get("Accept", ""), self.query.get("includeObject", ""))


Handler = Callable[[Call], Awaitable[web.StreamResponse]]
