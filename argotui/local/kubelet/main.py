"""The kubelet's process: options, start, signals."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from argotui.config.paths import UnsafeDirectory, local_dir, local_kubeconfig, private_directory
from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.errors import KubeError
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.local.inotify import Inotify, Unavailable
from argotui.local.kubelet import sockets
from argotui.local.kubelet.agent import Kubelet
from argotui.local.kubelet.context import Node
from argotui.local.kubelet.environment import NODE
from argotui.local.kubelet.logindex import LogIndex
from argotui.local.kubelet.noderecord import NodeRecord
from argotui.local.kubelet.provisioning import Provisioner
from argotui.local.kubelet.tidy import Tidy
from argotui.local.runtime import bounds, choose
from argotui.local.runtime.types import LOG_CAP, RUNTIMES, Runtime
from argotui.local.runtime.waiter import MissingTool
from argotui.model import documents
from argotui.model.resources import NODES, PERSISTENT_VOLUME_CLAIMS, PODS

log = logging.getLogger("argotui.kubelet")

_LOCK_SECONDS, _LOCK_TRIES = 0.05, 200


class AnotherKubelet(Exception):
    """There is one kubelet for each directory."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    directory: Path
    runtime: str = "auto"
    max_pods: int = 0
    log_cap: int = LOG_CAP


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 after SIGTERM, 1 when it cannot start, 2 for wrong options."""
    args = _parser().parse_args(argv)
    logging.basicConfig(level=args.loglevel.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    directory = Path(args.dir).absolute() if args.dir else local_dir()
    options = Options(directory, args.runtime, args.max_pods or default_max_pods(), args.log_cap)
    try:
        private_directory(directory)
        for name in ("run", "pods"):
            (directory / name).mkdir(mode=0o700, exist_ok=True)
        return asyncio.run(run(options))
    except (UnsafeDirectory, choose.NoRuntime, MissingTool, AnotherKubelet, KubeError) as error:
        log.error("%s", error)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="argotui kubelet", description="Runs the pods of a local cluster.")
    parser.add_argument("--dir", help="the local cluster's directory")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto")
    parser.add_argument("--max-pods", type=int, default=0, help="pods at once (default: 2 for each core, and 6)")
    parser.add_argument("--log-cap", type=int, default=LOG_CAP, help="bytes of log kept for each container")
    parser.add_argument("--loglevel", default="info", choices=("debug", "info", "warning", "error"))
    return parser


def default_max_pods() -> int:
    """Steps mostly wait for something, so there are more of them than cores."""
    return 2 * (os.cpu_count() or 1) + 6


async def run(options: Options) -> int:
    """Serves until SIGTERM or SIGINT. Containers go on running."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    lock = await _lock(options.directory / "run" / "kubelet.lock")
    chosen = await choose.choose(options.runtime, options.directory)
    choose.write_note(options.directory, chosen.runtime)
    config = load_cluster(kubeconfig=str(local_kubeconfig(options.directory, "kubelet")), context=None)
    async with Client(config, user_agent="argotui-kubelet") as client:
        serving = asyncio.create_task(_serve(options, chosen, client))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    bounds.remove(options.directory)  # unless steps still run in it
    os.close(lock)
    return 0


async def _lock(path: Path) -> int:
    """Makes sure that this is the only kubelet of the directory. Raises AnotherKubelet."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_LOCK_SECONDS)  # a kubelet that has been told to end takes a moment
            continue
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor
    raise AnotherKubelet(f"another kubelet runs in {path.parent.parent}")


async def _serve(options: Options, chosen: choose.Choice, client: Client) -> None:
    directory = options.directory
    tidy = Tidy(directory / "run" / "trash")
    node = Node(
        api=client,
        pods_dir=directory / "pods",
        runtime=chosen.runtime,
        tools=chosen.tools,
        logs=LogIndex(),
        marks=_marks(),
        runtime_named=Runtimes(chosen.runtime, directory).named,
        tidy=tidy,
        log_cap=options.log_cap,
        authority=(directory / "ca.pem").read_bytes(),
        server=client.config.server,
    )
    kubelet = Kubelet(node, options.max_pods)

    def on_pod(delta: Delta) -> None:
        kubelet.on_change(delta)
        provisioner.on_pod(delta.object, gone=delta.type is DeltaType.DELETED)

    reflector = Reflector(client, PODS, None, on_change=on_pod)
    provisioner = Provisioner(client, node.claims_dir, tidy, lambda: list(reflector.cache.values()))
    claims = Reflector(client, PERSISTENT_VOLUME_CLAIMS, None, on_change=provisioner.on_claim)
    own = Reflector(client, NODES, None, field_selector=f"metadata.name={NODE}", on_change=kubelet.on_node_change)
    record = NodeRecord(client, chosen.runtime.description, options.max_pods)
    await record.register()
    async with (
        contextlib.AsyncExitStack() as ending,
        sockets.serving(directory / "run", kubelet),
        asyncio.TaskGroup() as group,
    ):
        ending.push_async_callback(kubelet.abandon)
        ending.push_async_callback(provisioner.stop)
        group.create_task(own.run())
        await own.synced()
        group.create_task(reflector.run())
        group.create_task(claims.run())
        group.create_task(record.beat())
        group.create_task(tidy.run())
        await reflector.synced()
        await claims.synced()
        provisioner.tidy_up()
        kubelet.begin()
        await kubelet.tidy_up({documents.uid(pod): pod for pod in reflector.cache.values()})
        log.info("%s runtime, at most %d pods at once", chosen.runtime.description.name, options.max_pods)
        print("ready", flush=True)


def _marks() -> Inotify | None:
    try:
        return Inotify()
    except Unavailable as error:
        log.warning("children that outlive their command are only found when their log is closed: %s", error)
        return None


class Runtimes:
    """The runtime in use, and those of pods that an earlier kubelet has started with another one."""

    def __init__(self, chosen: Runtime, directory: Path) -> None:
        self._known = {chosen.description.name: chosen}
        self._directory = directory

    def named(self, name: str) -> Runtime:
        """For picking up and ending; nothing new is started with it."""
        if name not in self._known:
            self._known[name] = choose.for_running(name, self._directory)
        return self._known[name]
