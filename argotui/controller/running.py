"""The life of the controller process: configuration, election, one term after the other."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable

from argotui.controller.identity import default_identity
from argotui.controller.lease import Lease, LeaseLost, NoLease
from argotui.controller.metrics.counting import Counting
from argotui.controller.options import Options
from argotui.controller.scope import Scope
from argotui.controller.settings import Settings
from argotui.controller.term import ScopeChanged, Term
from argotui.controller.thinking import Load
from argotui.controller.transient import is_transient
from argotui.engine.config import ConfigError, EngineConfig
from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.errors import ConfigError as KubeconfigError
from argotui.kube.errors import KubeError

log = logging.getLogger(__name__)

_PAUSE = 1.0


async def run_controller(options: Options, load: Load | None = None) -> int:
    """Until SIGTERM or SIGINT: 0. A configuration that cannot be used: 1, said on stderr.

    `load` is the engine's own unless a test brings another.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    work = asyncio.create_task(_serve(options, load or _engine()))
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        log.info("told to end")
        return 0
    finally:
        waiting.cancel()
        work.cancel()
        await asyncio.wait({work})


async def _serve(options: Options, load: Load) -> int:
    try:
        cluster = load_cluster(kubeconfig=options.kubeconfig, context=options.context)
        async with Client(cluster, user_agent="argotui-controller") as client:
            namespace = options.namespace or cluster.namespace
            identity = options.identity or default_identity(cluster.server, namespace)
            ready = _Ready()
            counting = Counting(options.metrics_host, options.report)
            client.observe(counting.book.request)
            counting.begin()
            try:
                while True:
                    await _lead(client, options, namespace, identity, load, ready, counting)
            finally:
                await counting.stop()
    except (KubeconfigError, ConfigError) as error:
        print(f"argotui controller: {error}", file=sys.stderr, flush=True)
        return 1


async def _lead(
    client: Client,
    options: Options,
    namespace: str,
    identity: str,
    load: Load,
    ready: Callable[[], None],
    counting: Counting,
) -> None:
    """One term, from waiting for the Lease to losing it. Returns when another one may begin."""
    settings = Settings(client, options, namespace)
    await _read_patiently(settings)
    await counting.apply(settings.current)
    instance = settings.current.instance_id
    lease = _lease(client, options, namespace, identity, instance)
    await lease.acquire()
    log.info("leads as %s", lease.identity or "the only one")
    scope = Scope(_watched(options, settings.current, namespace), instance)
    term = Term(client, lease, settings, scope, load, counting)
    try:
        await term.run(ready)
    except* LeaseLost as lost:
        log.error("%s; nothing is written until it is held again", lost.exceptions[0])
    except* ScopeChanged:
        log.info("the instance id changed")
        await lease.release()
    except* KubeError as failed:
        log.warning("the term could not begin: %s", failed.exceptions[0])
        await asyncio.sleep(_PAUSE)
    finally:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(lease.release()), 2)


async def _read_patiently(settings: Settings) -> None:
    """The server may start after us. What keeps us waiting is said once."""
    said = ""
    while True:
        try:
            return await settings.read()
        except KubeError as error:
            if str(error) != said:
                said = str(error)
                log.log(logging.WARNING if is_transient(error) else logging.ERROR, "waits: %s", error)
        await asyncio.sleep(_PAUSE / 10)


def _lease(client: Client, options: Options, namespace: str, identity: str, instance: str) -> Lease | NoLease:
    if options.lease_disabled:
        return NoLease()
    name = f"workflow-controller-{instance}" if instance else "workflow-controller"
    return Lease(client, namespace, name, identity, options.lease)


def _watched(options: Options, config: EngineConfig, namespace: str) -> str | None:
    """The one namespace whose workflows are run, None for all."""
    if options.namespaced:
        return options.managed_namespace or config.managed_namespace or namespace
    return config.managed_namespace or None


def _engine() -> Load:
    from argotui.engine.run import Run

    load: Load = Run.load
    return load


class _Ready:
    """Says `ready` on stdout, once: whoever waited for it may have closed the pipe since."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self) -> None:
        if self._said:
            return
        self._said = True
        try:
            print("ready", flush=True)
        except BrokenPipeError:
            log.info("ready; nobody listens")
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for the rest of the process)
