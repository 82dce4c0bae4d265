"""How a verb runs: one event loop, one connection, and every expected failure as one clear line."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argotui.cli.terminal import complain
from argotui.config.paths import local_dir, local_kubeconfig
from argotui.engine.nodemap import NodesUnreadable
from argotui.engine.operations import OperationRefused
from argotui.kube.config import ClusterConfig, load_cluster
from argotui.kube.errors import ApiError, ConfigError, KubeError, Unreachable
from argotui.model.labels import SelectorError
from argotui.model.problem import ManifestError
from argotui.services.actions.types import ActionRefused
from argotui.services.identity import Identity, who
from argotui.services.lookup import LookupFailed
from argotui.services.waiting import WorkflowGone

if TYPE_CHECKING:
    from argotui.kube.client import Client

LOCAL_CONTEXT = "argotui-local"
_EVERYWHERE = "; -A takes this right in the whole cluster, without it one namespace is enough"


class CliError(Exception):
    """The command cannot go on; the message is the line that is printed."""


@dataclass(frozen=True)
class CliSession:
    """A connection for one command. `namespace` is where names are looked up."""

    client: Client
    identity: Identity
    namespace: str
    is_local: bool


Main = Callable[[CliSession], Awaitable[int]]


def run_connected(args: argparse.Namespace, main: Main) -> int:
    """Runs `main` with a connection to the cluster that `args` name; returns the exit code."""

    async def connected() -> int:
        async with session(args) as connection:
            return await main(connection)

    return run_guarded(connected, _EVERYWHERE if getattr(args, "all_namespaces", False) else "")


def run_guarded(main: Callable[[], Awaitable[int]], hint: str = "") -> int:
    """Runs a coroutine; what is expected to go wrong becomes a line on stderr and exit code 1. `hint` is added where
    a right is missing."""

    async def guarded() -> int:
        return await main()

    try:
        return asyncio.run(guarded())
    except ManifestError as error:
        for problem in error.problems:
            complain(str(problem), prefix="")
        return 1
    except Unreachable as error:
        complain(_unreachable(error))
        return 1
    except ApiError as error:
        complain(f"not allowed: {error.message}{hint}" if error.is_forbidden else error.message)
        return 1
    except (
        CliError, KubeError, ActionRefused, OperationRefused, LookupFailed, WorkflowGone, NodesUnreadable, SelectorError
    ) as error:  # fmt: skip
        complain(str(error))
        return 1


@asynccontextmanager
async def session(args: argparse.Namespace) -> AsyncIterator[CliSession]:
    """The connection that the common options describe; closed when the block is left."""
    config = cluster_of(args)
    from argotui.kube.client import Client  # here, because the HTTP client takes longer to import than all the rest

    async with Client(config) as client:
        yield CliSession(
            client=client,
            identity=who(),
            namespace=args.namespace or config.namespace or "default",
            is_local=config.context_name == LOCAL_CONTEXT,
        )


def cluster_of(args: argparse.Namespace) -> ClusterConfig:
    """The cluster that is meant; the local one also where nothing else is configured, which is said on stderr."""
    kubeconfig = local_kubeconfig()
    if args.local:
        if args.kubeconfig or args.context:
            raise CliError("--local cannot be combined with --kubeconfig or --context")
        if not kubeconfig.exists():
            raise CliError("there is no local cluster yet; start it with: argotui local start")
        return load_cluster(kubeconfig=str(kubeconfig))
    if kubeconfig.exists() and not _anything_configured(args):
        complain("no kubeconfig is configured: using the local cluster")
        return load_cluster(kubeconfig=str(kubeconfig))
    interactive = sys.stdin.isatty()
    return load_cluster(kubeconfig=args.kubeconfig, context=args.context, interactive=interactive)


def says_where(args: argparse.Namespace) -> bool:
    """Whether any cluster is named or configured, the local one included."""
    return bool(args.local or local_kubeconfig().exists() or _anything_configured(args))


def _anything_configured(args: argparse.Namespace) -> bool:
    """Whether there is any other cluster to talk to: a kubeconfig that exists, or the pod's own."""
    if args.kubeconfig or args.context or os.environ.get("KUBECONFIG") or os.environ.get("KUBERNETES_SERVICE_HOST"):
        return True
    return (Path.home() / ".kube" / "config").exists()


def _unreachable(error: Unreachable) -> str:
    """The reason; for the local cluster also what to do."""
    try:
        endpoint = (local_dir() / "endpoint").read_text().strip()
    except OSError:
        return str(error)
    if endpoint.rpartition("/")[2] not in str(error):
        return str(error)
    from argotui.local.supervisor import lifecycle

    if asyncio.run(lifecycle.status(local_dir())) is None:
        return "the local cluster does not run; start it with: argotui local start"
    return "the local cluster's API server is being started again; wait for it with: argotui local start"


def need(found: bool, message: str) -> None:
    """Ends the command as a usage error (exit code 2) unless `found`."""
    if not found:
        print(f"argotui: {message}", file=sys.stderr)
        raise SystemExit(2)


__all__ = [
    "CliError",
    "CliSession",
    "ConfigError",
    "cluster_of",
    "need",
    "run_connected",
    "run_guarded",
    "says_where",
    "session",
]
