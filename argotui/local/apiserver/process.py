"""The API server as a process: start, serve, end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import signal
import sqlite3
import ssl
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from argotui.config.paths import UnsafeDirectory, private_directory
from argotui.local import certificates
from argotui.local.apiserver import endpoint
from argotui.local.apiserver.cluster import Cluster
from argotui.local.apiserver.server import Server
from argotui.local.apiserver.storage.compaction import Keep
from argotui.local.apiserver.storage.database import UnknownFormat

log = logging.getLogger(__name__)

_LOCK_SECONDS = 6.0
_MAX_LINE = 64 * 1024
_STOP_SECONDS = 3.0
_FRAMES = 6000


class AlreadyServing(Exception):
    """Another API server holds the directory."""


def main(argv: Sequence[str] | None = None) -> int:
    """`--dir DIR`: serves the local cluster of DIR until SIGTERM. Prints `ready` when it does."""
    parser = argparse.ArgumentParser(prog="argotui local apiserver")
    parser.add_argument("--dir", required=True, type=Path, help="directory that holds the cluster's state")
    parser.add_argument("--history-seconds", type=float, default=Keep.seconds, help="how long old versions are kept")
    parser.add_argument("--max-database-bytes", type=int, default=0, help="refuse writes beyond this size (0: none)")
    options = parser.parse_args(argv)
    keep = Keep(seconds=options.history_seconds, least=min(Keep.least, options.history_seconds))
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        directory = private_directory(options.dir.absolute())
        with _lock(directory):
            asyncio.run(serve(directory, keep, options.max_database_bytes))
    except (UnsafeDirectory, UnknownFormat, AlreadyServing, OSError) as error:
        log.error("%s", error)
        return 1
    except sqlite3.DatabaseError as error:
        log.error("the database in %s cannot be used: %s; `argotui local reset` starts anew", options.dir, error)
        return 1
    return 0


def _one_line(record: logging.LogRecord) -> bool:
    """What a client sent that is no HTTP is worth a line in the log, not a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.msg, record.args = "%s", (str(error).partition("\n")[0],)
    return True


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[None]:
    (directory / "run").mkdir(mode=0o700, exist_ok=True)
    with (directory / "run" / "apiserver.lock").open("a+") as file:
        end = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise AlreadyServing(f"an API server serves {directory} already") from None
                time.sleep(0.05)  # waiting for a lock has no time limit of its own
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


async def serve(directory: Path, keep: Keep, max_bytes: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    certificates.ensure(directory)
    cluster = Cluster(directory, endpoint.identities(directory), keep, max_bytes)
    context = cluster.context
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, context.closing.set)
    runner = web.ServerRunner(
        web.Server(
            Server(context).handle, access_log=None, handler_cancellation=True,
            max_line_size=_MAX_LINE, max_field_size=_MAX_LINE, keepalive_timeout=3600.0,
        ),
        handle_signals=False, shutdown_timeout=_STOP_SECONDS,
    )  # fmt: skip
    try:
        await cluster.start()
        await runner.setup()
        listener = endpoint.listen(directory)
        await web.SockSite(runner, listener, ssl_context=_tls(directory), backlog=1024).start()
        url = endpoint.announce(directory, listener.getsockname()[1])
        log.info("serving %s, %d objects, revision %d", url, context.store.head.count(), context.store.revision)
        _tune()
        print("ready", flush=True)
        await cluster.until_closing()
    finally:
        context.closing.set()
        context.hub.wake_all()
        await runner.cleanup()
        await cluster.stop()


def _tune() -> None:
    """Settings of the interpreter for a process that answers many small requests."""
    # the writer thread has to get its turn between two requests, not after 5 ms of them
    sys.setswitchinterval(0.0005)
    # requests leave few cycles behind, and each full collection walks the entries of all objects
    gc.set_threshold(20_000, 20, 50)
    gc.freeze()
    # a body may be 500 levels deep, and what walks along one takes several frames for a level
    sys.setrecursionlimit(_FRAMES)


def _tls(directory: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    context.set_alpn_protocols(["http/1.1"])
    return context
