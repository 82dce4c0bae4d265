"""The kubelet's own endpoint, at which the API server asks for commands in containers (§4.6) and for logs."""

from __future__ import annotations

import contextlib
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web

from tests.cluster.envtest.certificates import Signed

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_ERROR_CHANNEL = b"\x03"
Run = Callable[[str, str, str, list[str]], bool]
"""Carries out a command: namespace, pod, container, command. Whether it is one that the executor knows."""


@contextlib.asynccontextmanager
async def served(signed: Signed, run: Run) -> AsyncIterator[int]:
    """Serves on loopback; gives the port."""

    async def execute(request: web.Request) -> web.StreamResponse:
        found = request.match_info
        known = run(found["namespace"], found["pod"], found["container"], request.query.getall("command", []))
        socket = web.WebSocketResponse(protocols=PROTOCOLS)
        await socket.prepare(request)
        await socket.send_bytes(_ERROR_CHANNEL + json.dumps(_outcome(known)).encode())
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_route("*", "/exec/{namespace}/{pod}/{container}", execute)
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", _log)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_tls(signed))
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _log(_request: web.Request) -> web.Response:
    return web.Response(text="")


def _outcome(known: bool) -> dict[str, object]:
    if known:
        return {"metadata": {}, "status": "Success"}
    causes = [{"reason": "ExitCode", "message": "127"}]
    failed = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode"}
    return failed | {"message": "command terminated with exit code 127", "details": {"causes": causes}}


def _tls(signed: Signed) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "certificate", Path(folder) / "key"
        certificate.write_bytes(signed.certificate)
        key.write_bytes(signed.key)
        context.load_cert_chain(certificate, key)
    return context
