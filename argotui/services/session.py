"""One console's connection: which cluster, as whom, in which namespace, and whether it may write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from argotui.config.paths import UnsafeDirectory, local_dir, local_kubeconfig
from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig, load_cluster
from argotui.kube.errors import ApiError, ConfigError
from argotui.kube.exec import ExecResult
from argotui.kube.transport import ANSWER_SECONDS, JSON, Query
from argotui.local.supervisor.lifecycle import RuntimeNote, StartFailed, start
from argotui.model.documents import Document
from argotui.services.identity import Identity, who
from argotui.services.place import Isolation, SessionOptions
from argotui.store.text import one_line

LOCAL_CONTEXT = "argotui-local"

__all__ = ["CONNECT_ERRORS", "LOCAL_CONTEXT", "Session", "SessionOptions", "open_session"]

CONNECT_ERRORS = (ConfigError, StartFailed, UnsafeDirectory, OSError)
"""What `open_session` raises."""


@dataclass(frozen=True)
class Session:
    """What actions and feeds need. `namespace` None means all namespaces."""

    client: Client
    identity: Identity
    context: str
    namespace: str | None
    read_only: bool
    is_local: bool

    @property
    def home_namespace(self) -> str:
        """Where things are made when all namespaces are shown: the context's own namespace."""
        return self.namespace or self.client.config.namespace

    def within(self, namespace: str | None) -> Session:
        """The same connection, looking at another namespace."""
        return replace(self, namespace=namespace)

    def isolation(self) -> Isolation | None:
        """How steps are kept apart; None on a real cluster, and before the kubelet has said so."""
        return read_isolation(local_dir()) if self.is_local else None


class ReadOnlyClient(Client):
    """Refuses every write before it leaves the process."""

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        accept: str = JSON,
        content_type: str = JSON,
        silence: float | None = ANSWER_SECONDS,
    ) -> Document:
        """As in `Client`; raises ApiError 403 for anything but reading."""
        if method != "GET":
            raise ApiError(403, "ReadOnly", "this console is read-only; start it without --read-only to change things")
        return await super().raw(
            method, path, query=query, body=body, accept=accept, content_type=content_type, silence=silence
        )

    async def exec(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> ExecResult:
        """Always refused: a command can change anything."""
        raise ApiError(403, "ReadOnly", "this console is read-only; it runs no commands in containers")


@asynccontextmanager
async def open_session(options: SessionOptions) -> AsyncIterator[Session]:
    """Connects; the connection closes when the block is left. Nothing is sent yet, but `local` starts the cluster.

    Raises ConfigError for a kubeconfig that does not do, StartFailed or UnsafeDirectory for the local cluster.
    """
    config = await _cluster(options)
    client_type = ReadOnlyClient if options.read_only else Client
    async with client_type(config) as client:
        yield Session(
            client=client,
            identity=who(),
            context=config.context_name,
            namespace=None if options.all_namespaces else options.namespace or config.namespace,
            read_only=options.read_only,
            is_local=options.local or config.context_name == LOCAL_CONTEXT,
        )


async def _cluster(options: SessionOptions) -> ClusterConfig:
    if not options.local:
        return load_cluster(kubeconfig=options.kubeconfig, context=options.context)
    await start(local_dir())
    return load_cluster(kubeconfig=str(local_kubeconfig()))


def read_isolation(directory: Path) -> Isolation | None:
    """What the kubelet of the local cluster in `directory` wrote about its runtime."""
    note = RuntimeNote.read(directory)
    if note is None:
        return None
    isolates, missing = (tuple(one_line(item) for item in items) for items in (note.isolates, note.not_isolated))
    return Isolation(one_line(note.name), isolates, missing, one_line(note.reason))
