"""Requests in, answers out: authentication, routing, and refusals as Status."""

from __future__ import annotations

import logging
import platform

from aiohttp import web

from argotui.local.apiserver import accept, answers, bodies, discovery, requests, reviews, routes, status, views
from argotui.local.apiserver.access import asking
from argotui.local.apiserver.access.users import NOBODY, User
from argotui.local.apiserver.context import Call, Context
from argotui.local.apiserver.openapi import V2_PROTOBUF, OpenApi
from argotui.local.apiserver.status import StatusError
from argotui.model.documents import Document

log = logging.getLogger(__name__)

_OPEN = ("/healthz", "/livez", "/readyz", "/version", "/version/")
"""What Kubernetes tells everybody."""


def _platform() -> str:
    """The machine in Go's words."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}/{machine}"


VERSION = {
    "major": "1", "minor": "32", "gitVersion": "v1.32.0+argotui", "gitCommit": "", "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "python", "platform": _platform(),
}  # fmt: skip


class Server:
    """Handles requests for one context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._openapi = OpenApi(context.served)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request; always answers, never raises for what a client sent."""
        try:
            return await self._answer(request)
        except StatusError as error:
            return refusal(error)
        except RecursionError:
            return refusal(status.bad_request("the object is nested too deeply"))
        except ConnectionResetError:
            return web.Response(status=499)  # nobody is there to read it
        except Exception:
            log.exception("%s %s failed", request.method, request.raw_path)
            return refusal(StatusError(500, "InternalError", "Internal error occurred: see the log of the API server"))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, query = requests.split_url(request.raw_path)
        parts = requests.segments(path)
        target = requests.target_of(parts)
        user = self._admitted(request, path, target, query)
        if target is None:
            return await self._general(request, path, parts)
        collection = self._context.served.at(target.group, target.version, target.plural)
        if collection is None:
            return await self._review(request, target, user)
        call = Call(self._context, request, target, collection, query, user)
        return await routes.handler_for(call)(call)

    def _admitted(
        self, request: web.BaseRequest, path: str, target: requests.Target | None, query: dict[str, str]
    ) -> User:
        """Who asks. Raises StatusError 401 for who is not known, 403 for who may not."""
        access = self._context.access
        user = access.authenticator.user_of(request.headers.get("Authorization", ""))
        if user is None:
            if path in _OPEN:
                return NOBODY
            raise StatusError(401, "Unauthorized", "Unauthorized")
        user = asking.impersonated(access.authoriser, user, request)
        asking.authorise(access.authoriser, user, asking.asked_of(request.method, path, target, query))
        return user

    async def _general(self, request: web.BaseRequest, path: str, parts: list[str]) -> web.StreamResponse:
        """Everything that is not an object: health, version, discovery, OpenAPI."""
        if request.method not in ("GET", "HEAD"):
            raise status.method_not_allowed()
        if parts[0] in ("healthz", "livez", "readyz"):
            return web.Response(text="ok")
        if parts == ["version"]:
            return _json(VERSION)
        if parts[0] == "openapi":
            return await self._described(request, parts)
        document = self._discovered(request, parts)
        if document is None:
            raise status.no_such_resource()
        return document

    async def _described(self, request: web.BaseRequest, parts: list[str]) -> web.StreamResponse:
        """OpenAPI: version 3 by group version, version 2 in one piece."""
        body: bytes | None = None
        if parts == ["openapi", "v3"]:
            body = views.encode(self._openapi.index())
        elif parts[:2] == ["openapi", "v3"]:
            body = self._openapi.document("/".join(parts[2:]))
        elif parts == ["openapi", "v2"]:
            if request.headers.get("Accept", "").startswith(V2_PROTOBUF):
                return web.Response(body=self._openapi.v2_protobuf(), content_type=V2_PROTOBUF.replace("@", "."))
            accept.form_of(request.headers.get("Accept", ""))
            body = self._openapi.v2()
        if body is None:
            raise status.no_such_resource()
        return await answers.reply(request, body)

    def _discovered(self, request: web.BaseRequest, parts: list[str]) -> web.Response | None:
        served = self._context.served
        version = discovery.aggregated_version(request.headers.get("Accept", ""))
        if version and parts in (["api"], ["apis"]):
            document = discovery.aggregated(served, parts == ["api"], version)
            return _json(document, discovery.AGGREGATED.format(version=version))
        found: Document | None = None
        if parts == ["api"]:
            found = discovery.core_versions()
        elif parts == ["apis"]:
            found = discovery.groups(served)
        elif parts == ["api", "v1"]:
            found = discovery.resources(served, "", "v1")
        elif parts[0] == "apis" and len(parts) == 2:
            found = discovery.group(served, parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            found = discovery.resources(served, parts[1], parts[2])
        return None if found is None else _json(found)

    async def _review(self, request: web.BaseRequest, target: requests.Target, user: User) -> web.Response:
        found = discovery.REVIEWS.get((target.group, target.version), {}).get(target.plural)
        if found is None or target.name or bool(target.namespace) is not found[1]:
            raise status.no_such_resource()
        if request.method != "POST":
            raise status.method_not_allowed()
        document = bodies.decode_object(await bodies.read(request), request.content_type)
        document["apiVersion"] = f"{target.group}/{target.version}"
        body = views.encode(reviews.answer(found[0], document, self._context.access, user, target.namespace))
        return web.Response(body=body, status=201, content_type="application/json")


def _json(document: Document, content_type: str = "application/json") -> web.Response:
    return web.Response(body=views.encode(document), headers={"Content-Type": content_type})


def refusal(error: StatusError) -> web.Response:
    """A Status answer."""
    headers = answers.warning_headers(error.warnings)
    if error.retry_after:
        headers["Retry-After"] = str(error.retry_after)
    body = views.encode(error.body())
    return web.Response(body=body, status=error.code, content_type="application/json", headers=headers)
