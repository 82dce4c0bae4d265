"""One keep-alive HTTP pool to one API server: credentials, proxies, pauses the server asks for, explained failures.

Which requests are sent again, because a lost connection does not tell whether they were carried out:
- refused with 429, or 5xx with Retry-After: any request, the server has not acted;
- refused with 401: any request, once, when there are newer credentials;
- GET, PUT and DELETE when the connection is lost before an answer begins, once (aiohttp does so). They may be carried
  out twice: a PUT carries a resourceVersion, so the second is a conflict; a second DELETE finds nothing.
POST and PATCH are never sent again after a lost connection: that raises Unreachable, and the caller, who knows whether
the object's name makes a repetition harmless, decides.
"""

import asyncio
import copy
import json
import os
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypedDict
from urllib.parse import urlsplit

import aiohttp
import msgspec
from multidict import CIMultiDict

from argotui.kube.config import ClusterConfig
from argotui.kube.credentials import Proof, credentials_of, why_refused
from argotui.kube.errors import ApiError, Silent, Unreachable
from argotui.kube.proxies import proxy_for
from argotui.kube.tls import ssl_context
from argotui.kube.trouble import CONNECT_SECONDS, explain

JSON = "application/json"
ANSWER_SECONDS = 60.0
"""Longest silence within the answer about one object. Lists, watches and logs set their own."""

ATTEMPTS = 5
_LONGEST_PAUSE = 30.0
_LOST_AFTER = 30_000
"""Milliseconds without a sign of the peer's TCP after which a connection is lost; longer than most routes heal in."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Query = Mapping[str, str] | list[tuple[str, str]]

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


class Route(TypedDict):
    """How a connection is made; arguments of aiohttp's requests."""

    ssl: ssl.SSLContext | bool
    proxy: str | None
    server_hostname: str | None


class _Request(NamedTuple):
    method: str
    path: str
    query: Query | None
    body: bytes | None
    headers: Mapping[str, str] | None
    silence: float | None


class Transport:
    """Requests with this cluster's identity. Enter it once; it closes its connections when left."""

    def __init__(self, config: ClusterConfig, *, user_agent: str = "argotui") -> None:
        self.config = config
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None
        self._credentials = credentials_of(config)
        self._proxy = ""
        self._context: tuple[tuple[bytes, bytes] | None, ssl.SSLContext | None] = (None, None)

    observe: Callable[[str, str, int, float], None] | None = None
    """Told of every answer: method, path, status, seconds until it began."""

    def with_token(self, token: str) -> "Transport":
        """The same open pool, with another identity. It ends with this one."""
        other = copy.copy(self)
        other.config = replace(
            self.config, token=token, token_file=None, username="", password="", plugin=None, impersonation=None
        )
        other._credentials = credentials_of(other.config)
        return other

    async def open(self) -> None:
        """Makes the pool; no connection is made yet. Raises ConfigError."""
        own, key = self.config.client_cert_data, self.config.client_key_data
        self._tls(None if own is None or key is None else (own, key))
        self._proxy = proxy_for(self.config.server, self.config.proxy_url, os.environ)
        connector = aiohttp.TCPConnector(
            limit=0,  # watches hold connections for minutes; callers bound their own requests
            keepalive_timeout=60,
            socket_factory=_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers(),
            read_bufsize=2**18,
            raise_for_status=False,
        )

    async def close(self) -> None:
        """Ends all connections, and a credential plugin that runs."""
        await self._credentials.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent, "Accept": JSON}
        if urlsplit(self.config.server).hostname in _LOOPBACK:
            headers["Accept-Encoding"] = "identity"  # zipping for oneself costs both ends time
        return headers

    def _tls(self, certificate: tuple[bytes, bytes] | None) -> ssl.SSLContext | None:
        """The context for a client certificate; kept, because making one takes milliseconds."""
        if self._context[1] is None or self._context[0] != certificate:
            self._context = certificate, ssl_context(self.config, certificate)
        return self._context[1]

    @asynccontextmanager
    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        silence: float | None = ANSWER_SECONDS,
        attempts: int = ATTEMPTS,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer below 300, its body unread. `silence` bounds the wait for the next byte, never the whole.

        attempts: how often a server that is too busy is asked at most; 1 leaves the pause to the caller.
        Raises ApiError, Unreachable.
        """
        request = _Request(method, path, query, body, headers, silence)
        try:
            response = await self._answered(request, attempts)
            async with response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.failure(error, silence) from error

    async def _answered(self, request: _Request, attempts: int) -> aiohttp.ClientResponse:
        renewed = False
        attempt = 0
        while True:
            proof = await self.proof()
            response = await self._once(request, proof)
            if response.status < 300:
                return response
            error = await _refusal(response)
            if error.is_unauthorized:
                if renewed or not await self.newer(proof):
                    raise self.unauthorized(error, proof)
                renewed = True
                continue
            attempt += 1
            pause = _pause(error, attempt, attempts)
            if pause is None:
                raise error
            await asyncio.sleep(pause)

    async def _once(self, request: _Request, proof: Proof) -> aiohttp.ClientResponse:
        started = time.monotonic()
        response = await self.session.request(
            request.method,
            self.url(request.path),
            params=request.query or None,
            data=request.body,
            headers=self.authorised(proof, request.headers),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=request.silence),
            allow_redirects=False,
            **self.route(proof),
        )
        if self.observe is not None:
            self.observe(request.method, request.path, response.status, time.monotonic() - started)
        return response

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open pool. Raises RuntimeError before `open` and after `close`."""
        if self._session is None:
            raise RuntimeError("the client is used outside `async with`")
        return self._session

    def url(self, path: str) -> str:
        """The whole address of `path`."""
        return self.config.server + path

    async def proof(self) -> Proof:
        """What proves who we are, good now. Raises NoCredentials."""
        return await self._credentials.current()

    async def newer(self, refused: Proof) -> bool:
        """Whether there is another proof to try after a 401. Raises NoCredentials."""
        return await self._credentials.refused(refused)

    def unauthorized(self, error: ApiError, proof: Proof) -> ApiError:
        """A 401 with what can be said about our side of it; servers tell nobody why."""
        why = why_refused(proof, self.config.origins.user)
        return ApiError(error.status, error.reason, f"{error.message}: {why}", error.details, error.retry_after)

    def route(self, proof: Proof) -> Route:
        """TLS and proxy for a request with this proof. Raises ConfigError for a certificate that cannot be used."""
        context = self._tls(proof.certificate)
        return Route(
            ssl=context if context is not None else True,
            proxy=self._proxy or None,
            server_hostname=self.config.tls_server_name or None,
        )

    def authorised(self, proof: Proof, headers: Mapping[str, str] | None = None) -> CIMultiDict[str]:
        """`headers` with the proof, and as whom we act."""
        result = CIMultiDict(headers or {})
        if proof.authorization:
            result["Authorization"] = proof.authorization
        if self.config.impersonation is not None:
            result.extend(self.config.impersonation.headers())
        return result

    def failure(self, error: BaseException, silence: float | None = None) -> Unreachable:
        """Why there was no answer, with the server's address, in words. `silence` is how long was waited for a byte."""
        silent = isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError)
        return (Silent if silent else Unreachable)(explain(self.config, error, silence, self._proxy))


async def _refusal(response: aiohttp.ClientResponse) -> ApiError:
    async with response:
        text = await response.read()
    retry_after = _seconds(response.headers.get("Retry-After"))
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and document.get("kind") == "Status":
        return ApiError.from_status(document, response.status, retry_after)
    shown = text[:300].decode("utf-8", "replace").strip() or response.reason or "no reason given"
    if "HTTP request to an HTTPS server" in shown:
        shown += " The kubeconfig's server must begin with https://."
    return ApiError(response.status, response.reason or "", f"HTTP {response.status}: {shown}", None, retry_after)


def _pause(error: ApiError, attempt: int, attempts: int) -> float | None:
    """Seconds to wait before asking again, None when the refusal is final. `attempt` counts from 1."""
    if attempt >= attempts or not error.is_overload:
        return None
    if error.retry_after is not None:
        return min(error.retry_after, _LONGEST_PAUSE) * random.uniform(1.0, 1.2)
    if error.status == 429:
        return random.uniform(0.5, 1.0) * 2.0 ** (attempt - 1)
    return None  # a 5xx without a pause may have been carried out: the caller decides


def _seconds(header: str | None) -> float | None:
    """Retry-After in its form of seconds, the only one that API servers use."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def _socket(info: tuple[Any, ...]) -> socket.socket:
    """Probes idle connections, so that a peer that vanished without a word is noticed within half a minute."""
    family, kind, protocol = info[:3]
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # the last one counts while something sent is not acknowledged, when nothing is probed
    options = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", _LOST_AFTER))
    for option, value in options:
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


__all__ = ["ANSWER_SECONDS", "ATTEMPTS", "JSON", "Query", "Transport", "decode", "encode"]
