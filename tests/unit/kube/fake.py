"""An API server that misbehaves on request: each path has a script of answers, the last one repeats."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeApi:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self.tokens: set[str] | None = None
        """When set, others are refused with 401."""
        self._tls = tls
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self._scripts: dict[tuple[str, str], list[Answer]] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "FakeApi":
        app = web.Application(client_max_size=2**28)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def script(self, method: str, path: str, *answers: Answer) -> None:
        """`method` WATCH stands for a GET with watch=1."""
        self._scripts[method, path] = list(answers)

    def seen(self, method: str, path: str) -> list[web.Request]:
        return [r for r in self.requests if _method(r) == method and r.path == path]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        if self.tokens is not None and request.headers.get("Authorization", "")[7:] not in self.tokens:
            return web.json_response(status_body(401, "Unauthorized", "Unauthorized"), status=401)
        answers = self._scripts.get((_method(request), request.path))
        if not answers:
            return web.json_response(status_body(404, "NotFound", f"{request.path} not found"), status=404)
        return await (answers.pop(0) if len(answers) > 1 else answers[0])(request)


def _method(request: web.Request) -> str:
    return "WATCH" if request.query.get("watch") == "1" else request.method


def status_body(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    return {**body, "message": message, **({"details": details} if details else {})}


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


def refuse(code: int, reason: str, message: str = "no", headers: dict[str, str] | None = None) -> Answer:
    return reply(status_body(code, reason, message), code, headers)


def cut() -> Answer:
    """Closes the connection without an answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


def stream(*parts: Any, then: str = "end") -> Answer:
    """A watch: dicts become lines, bytes go out as they are. `then`: end, cut, or silence."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for part in parts:
            await response.write(part if isinstance(part, bytes) else json.dumps(part).encode() + b"\n")
        if then == "silence":
            await asyncio.Event().wait()
        if then == "cut":
            assert request.transport is not None
            request.transport.abort()
        return response

    return answer


def exec_server(*frames: bytes, status: int = 0) -> Answer:
    """A command in a container: frames of the channel protocol, or a refusal."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if status:
            return web.Response(status=status)
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
        await socket.prepare(request)
        for frame in frames:
            await socket.send_bytes(frame)
        await socket.close()
        return socket

    return answer


def pod(name: str, version: int, **extra: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": {**metadata, **extra}}


def page(*items: Any, version: int, token: str = "") -> Answer:
    metadata = {"resourceVersion": str(version), **({"continue": token} if token else {})}
    return reply({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": list(items)})


def event(kind: str, obj: Any) -> dict[str, Any]:
    return {"type": kind, "object": obj}
