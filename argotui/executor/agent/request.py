"""One HTTP template: the request, its answer, and what the success condition makes of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from yarl import URL

from argotui.engine.expr import ExprError, argo_environment, evaluate_bool
from argotui.engine.gotext import quote
from argotui.executor import gotext
from argotui.executor.outputs import go_text
from argotui.model.documents import Document, dig
from argotui.model.phase import Phase

MAX_BODY: Final = 1024 * 1024
"""More than a workflow's object could hold; upstream's agent fails when it tries to store it."""

_REDIRECTS: Final = 10
_NOT_BY_ITSELF: Final = ("Content-Type",)
_NEVER: Final = aiohttp.ClientTimeout(total=None)

Secret = Callable[[str, str], Awaitable[str]]
"""The value of a key of a Secret: (name, key). Raises RequestFailed."""


class RequestFailed(Exception):
    """Why there is no answer; `str()` is the node's message."""


@dataclass(frozen=True)
class Answer:
    """Status, body and headers (canonical name -> values)."""

    status: int
    body: bytes
    headers: dict[str, list[str]]


async def perform(template: Document, secret: Secret) -> Document:
    """The result for the node: {phase, message?, outputs?}. Never raises for what the template or the server does."""
    http = template.get("http")
    if not isinstance(http, dict):
        return {"phase": str(Phase.ERROR), "message": "error processing task: agent cannot execute: unknown task type"}
    try:
        answer = await _answered(http, secret)
        failure = _judged(http, answer)
    except (RequestFailed, ExprError) as error:
        return {"phase": str(Phase.FAILED), "message": str(error)}
    outputs = {"result": go_text(answer.body)}
    if failure:
        return {"phase": str(Phase.FAILED), "message": failure, "outputs": outputs}
    return {"phase": str(Phase.SUCCEEDED), "outputs": outputs}


async def _answered(http: Document, secret: Secret) -> Answer:
    method, url = str(http.get("method") or "GET"), str(http.get("url") or "")
    headers = [await _header(entry, secret) for entry in http.get("headers") or ()]
    try:
        return await _sent(method, url, headers, _body(http), http)
    except TimeoutError:
        raise RequestFailed(f"{_doing(method, url)}: context deadline exceeded") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise RequestFailed(f"{_doing(method, url)}: {_go_error(error)}") from None


async def _sent(method: str, url: str, headers: list[tuple[str, str]], body: bytes, http: Document) -> Answer:
    seconds = http.get("timeoutSeconds")
    timeout = _NEVER if seconds is None else aiohttp.ClientTimeout(total=max(float(seconds), 0.001))
    async with (
        aiohttp.ClientSession(timeout=timeout, auto_decompress=True) as session,
        session.request(
            method, URL(url), headers=headers, data=body or None, max_redirects=_REDIRECTS,
            ssl=not http.get("insecureSkipVerify"), skip_auto_headers=_NOT_BY_ITSELF,
        ) as response,
    ):  # fmt: skip
        content = await response.content.read(MAX_BODY + 1)
        while len(content) <= MAX_BODY and (more := await response.content.read(MAX_BODY + 1 - len(content))):
            content += more
        if len(content) > MAX_BODY:
            raise RequestFailed(f"{_doing(method, url)}: the answer is larger than {MAX_BODY} bytes")
        found: dict[str, list[str]] = {}
        for name, value in response.headers.items():
            found.setdefault(_canonical(name), []).append(value)
        return Answer(response.status, content, found)


async def _header(entry: Document, secret: Secret) -> tuple[str, str]:
    reference = dig(entry, "valueFrom", "secretKeyRef")
    name = str(entry.get("name") or "")
    if reference is None:
        return name, str(entry.get("value") or "")
    return name, await secret(str(reference.get("name") or ""), str(reference.get("key") or ""))


def _body(http: Document) -> bytes:
    source = http.get("bodyFrom")
    if source is None:
        return str(http.get("body") or "").encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(str(source.get("bytes") or ""), validate=True)
    except binascii.Error as error:
        raise RequestFailed(f"http.bodyFrom.bytes is not base64: {error}") from None


def _judged(http: Document, answer: Answer) -> str:
    """Why the answer is no success; "" when it is one. Raises ExprError."""
    condition = str(http.get("successCondition") or "")
    if not condition:
        good = 200 <= answer.status < 300
        return "" if good else f"received non-2xx response code: {answer.status}"
    scope: dict[str, Any] = {
        "request": {
            "method": str(http.get("method") or ""),
            "url": str(http.get("url") or ""),
            "body": str(http.get("body") or ""),
            "bodyBytes": _body(http),
            "headers": {str(h.get("name")): [str(h.get("value") or "")] for h in http.get("headers") or ()},
        },
        "response": {"statusCode": answer.status, "body": go_text(answer.body), "headers": answer.headers},
    }
    met = evaluate_bool(condition, {**argo_environment({}), **scope})
    return "" if met else f"successCondition '{condition}' evaluated false"


def _canonical(name: str) -> str:
    """`content-type` -> `Content-Type`, as Go keeps headers."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _doing(method: str, url: str) -> str:
    """`Get "http://…"`: how Go begins such errors. A password in the URL is not told."""
    try:
        parsed = URL(url)
        shown = str(parsed.with_password("***")) if parsed.password else url
    except ValueError:
        shown = url
    return f"{method.capitalize()} {quote(shown)}"


def _go_error(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"tls: failed to verify certificate: {error.certificate_error}"
        case aiohttp.ClientConnectorDNSError():
            return f"dial tcp: lookup {error.host}: no such host"
        case aiohttp.ClientConnectorError(os_error=cause) if cause.errno:
            return f"dial tcp {error.host}:{error.port}: connect: {gotext.errno_text(cause.errno)}"
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case aiohttp.TooManyRedirects():
            return f"stopped after {_REDIRECTS} redirects"
        case aiohttp.InvalidURL():
            return f'unsupported protocol scheme or invalid URL "{error.url}"'
    return str(error) or type(error).__name__
