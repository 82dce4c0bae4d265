"""Requests in, answers out: authentication, routing, and refusals as Status."""

from __future__ import annotations

import asyncio
import hmac
import logging

from aiohttp import web

from argotui.local.apiserver import requests, routes, status, views
from argotui.local.apiserver.context import Call, Context
from argotui.local.apiserver.status import StatusError

log = logging.getLogger(__name__)

_OPEN = ("/healthz", "/livez", "/readyz", "/version", "/version/")
"""What Kubernetes tells everybody."""


class Server:
    """Handles requests for one context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._authorization = b"Bearer " + context.token.encode()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request; always answers, never raises for what a client sent."""
        try:
            return await self._answer(request)
        except StatusError as error:
            return refusal(error)
        except (ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.raw_path)
            return refusal(StatusError(500, "InternalError", "Internal error occurred: see the log of the API server"))

    def _authenticated(self, request: web.BaseRequest) -> bool:
        sent = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return hmac.compare_digest(sent, self._authorization)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, query = requests.split_url(request.raw_path)
        if not self._authenticated(request) and path not in _OPEN:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        parts = requests.segments(path)
        target = requests.target_of(parts)
        if target is None:
            return self._general(request, path)
        collection = self._context.served.at(target.group, target.version, target.plural)
        if collection is None:
            raise status.no_such_resource()
        call = Call(self._context, request, target, collection, query)
        response = await routes.handler_for(call)(call)
        for warning in call.warnings:
            response.headers.add("Warning", f'299 - "{warning}"')
        return response

    def _general(self, request: web.BaseRequest, path: str) -> web.Response:
        if path in _OPEN:
            return web.Response(text="ok")
        raise status.no_such_resource()


def refusal(error: StatusError) -> web.Response:
    """A Status answer."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    body = views.encode(error.body())
    return web.Response(body=body, status=error.code, content_type="application/json", headers=headers)
