"""The life of the controller process: configuration, election, one term after the other."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import NoReturn

from argotui.controller.clientlimit import ClientLimit
from argotui.controller.health import Health, HealthServer
from argotui.controller.identity import default_identity
from argotui.controller.lease import Lease, LeaseLost, NoLease
from argotui.controller.metrics.counting import Counting
from argotui.controller.options import Options
from argotui.controller.settings import Settings
from argotui.controller.term import ScopeChanged, Term
from argotui.controller.thinking import Load
from argotui.controller.transient import is_transient
from argotui.engine.configform import ConfigError
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
        for remark in options.remarks:
            log.info(remark)
        cluster = load_cluster(kubeconfig=options.kubeconfig, context=options.context)
        async with Client(cluster, user_agent="argotui-controller") as client:
            return await Controller(client, options, load).run()
    except (KubeconfigError, ConfigError) as error:
        print(f"argotui controller: {error}", file=sys.stderr, flush=True)
    except _NotServed as error:
        print(f"argotui controller: --health-port: {error}", file=sys.stderr, flush=True)
    return 1


class _NotServed(Exception):
    """The port of the probes cannot be had."""


class Controller:
    """One process: configuration, election, one term of leadership after the other."""

    def __init__(self, client: Client, options: Options, load: Load) -> None:
        namespace = options.namespace or client.config.namespace
        self._client = client
        self._options = options
        self._load = load
        self._identity = options.identity or default_identity(client.config.server, namespace)
        self._namespace = namespace
        self._settings = Settings(client, options, namespace)
        self._say_ready = _Ready()
        self._counting = Counting(options.metrics_host, options.report)
        self._health = Health(options.health_age)
        self._probes = HealthServer(self._health, options.metrics_host, options.health_port)

    async def run(self) -> NoReturn:
        """Until cancelled. Raises ConfigError for a first configuration that cannot be used, _NotServed."""
        book = self._counting.book
        self._client.observe(book.request)
        self._client.gate(ClientLimit(self._options.qps, self._options.burst, book.client_wait))
        self._counting.begin()
        try:
            try:
                await self._probes.start()
            except OSError as error:
                raise _NotServed(f"{self._options.health_port}: {error.strerror or error}") from error
            while True:
                await self._lead()
        finally:
            await self._probes.stop()
            await self._counting.stop()

    async def _lead(self) -> None:
        """One term, from waiting for the Lease to losing it. Returns when another one may begin."""
        settings = self._settings
        await _read_patiently(settings)
        await self._counting.apply(settings.current)
        self._health.stands_by()
        lease = self._lease(settings.scope.instance_id)
        await lease.acquire()
        try:
            await self._term(lease)
        except* LeaseLost as lost:
            log.error("%s; nothing is written until it is held again", lost.exceptions[0])
        except* ScopeChanged:
            log.info("the instance id or the namespace changed")
            await lease.release()
        except* KubeError as failed:
            log.warning("the term could not begin: %s", failed.exceptions[0])
            await asyncio.sleep(_PAUSE)
        finally:
            self._health.stands_by()
            if (task := asyncio.current_task()) is not None and task.cancelling():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(lease.release()), 2)

    async def _term(self, lease: Lease | NoLease) -> None:
        log.info("leads as %s", lease.identity or "the only one")
        self._health.begins()
        settings, scope = self._settings, self._settings.scope
        await settings.read()  # hours may have passed since, and it says which Lease is ours
        if settings.scope != scope:
            raise ScopeChanged
        term = Term(self._client, lease, settings, self._load, self._counting, self._options.workers)

        def ready() -> None:
            self._health.leads(term.caches.workflows.values)
            self._say_ready()

        await term.run(ready)

    def _lease(self, instance: str) -> Lease | NoLease:
        if self._options.lease_disabled:
            return NoLease()
        name = f"workflow-controller-{instance}" if instance else "workflow-controller"
        return Lease(self._client, self._namespace, name, self._identity, self._options.lease)


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
