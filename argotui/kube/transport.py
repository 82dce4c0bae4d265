"""One keep-alive HTTP pool to one API server: credentials, pauses the server asks for, explained failures."""

import asyncio
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ApiError, Unreachable
from argotui.kube.tls import ssl_context

JSON = "application/json"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
"""Longest silence within the answer about one object. Lists, watches and logs set their own."""

_ATTEMPTS = 5
_LONGEST_PAUSE = 30.0
_TOKEN_AGE = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Query = Mapping[str, str] | list[tuple[str, str]]

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


class Transport:
    """Requests with this cluster's identity. Enter it once; it closes its connections when left."""

    def __init__(self, config: ClusterConfig, *, user_agent: str = "argotui") -> None:
        self.config = config
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None
        self._token = config.token
        self._token_read = 0.0

    observe: Callable[[str, str, int, float], None] | None = None
    """Told of every answer: method, path, status, seconds until it began."""

    async def open(self) -> None:
        """Makes the pool; no connection is made yet."""
        context = ssl_context(self.config)
        connector = aiohttp.TCPConnector(
            ssl=context if context is not None else True,
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
        """Ends all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent, "Accept": JSON}
        if urlsplit(self.config.server).hostname in _LOOPBACK:
            headers["Accept-Encoding"] = "identity"  # zipping for oneself costs both ends time
        return headers

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
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer below 400, its body unread. `silence` bounds the wait for the next byte, never the whole.

        Asks again when the server refuses with 429, or 5xx with Retry-After: then it has not acted.
        Raises ApiError, Unreachable.
        """
        try:
            response = await self._answered(method, path, query, body, headers, silence)
            async with response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(self.explain(error, silence)) from error

    async def _answered(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        silence: float | None,
    ) -> aiohttp.ClientResponse:
        for attempt in range(_ATTEMPTS):
            started = time.monotonic()
            response = await self.session.request(
                method,
                self.url(path),
                params=query or None,
                data=body,
                headers=self.authorised(headers),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence),
                allow_redirects=False,
                server_hostname=self.config.tls_server_name or None,
            )
            if self.observe is not None:
                self.observe(method, path, response.status, time.monotonic() - started)
            if response.status < 300:
                return response
            error = await _refusal(response)
            pause = _pause(error, attempt)
            if pause is None:
                raise error
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt either returns or raises")

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open pool. Raises RuntimeError before `open` and after `close`."""
        if self._session is None:
            raise RuntimeError("the client is used outside `async with`")
        return self._session

    def url(self, path: str) -> str:
        """The whole address of `path`."""
        return self.config.server + path

    def authorised(self, headers: Mapping[str, str] | None = None) -> dict[str, str]:
        """`headers` with the bearer token. A token file is read again every minute: kubelets rotate it."""
        result = dict(headers or {})
        if self.config.token_file is not None and time.monotonic() - self._token_read > _TOKEN_AGE:
            self._token = self.config.token_file.read_text().strip()
            self._token_read = time.monotonic()
        if self._token:
            result["Authorization"] = f"Bearer {self._token}"
        return result

    def explain(self, error: BaseException, silence: float | None = None) -> str:
        """Why there was no answer, with the server's address, in words."""
        server = self.config.server
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return f"{server}: its certificate is not trusted: {error.certificate_error}"
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return f"{server}: the host name cannot be resolved"
        if isinstance(error, aiohttp.ClientConnectorError):
            cause = error.os_error
            if isinstance(cause, ConnectionRefusedError):
                return f"{server}: connection refused; nothing listens there"
            return f"{server}: cannot connect: {cause.strerror or cause}"
        if isinstance(error, aiohttp.ServerDisconnectedError):
            return f"{server}: the connection was closed before an answer came"
        if isinstance(error, aiohttp.ClientPayloadError):
            return f"{server}: the connection was cut in the middle of an answer"
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return f"{server}: no connection within {CONNECT_SECONDS:g} s"
        if isinstance(error, TimeoutError):
            return f"{server}: silent for {silence or 0:g} s"
        return f"{server}: {error or type(error).__name__}"


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
    return ApiError(response.status, response.reason or "", f"HTTP {response.status}: {shown}", None, retry_after)


def _pause(error: ApiError, attempt: int) -> float | None:
    """Seconds to wait before asking again, None when the refusal is final."""
    if attempt == _ATTEMPTS - 1 or not error.is_overload:
        return None
    if error.retry_after is not None:
        return min(error.retry_after, _LONGEST_PAUSE) * random.uniform(1.0, 1.2)
    if error.status == 429:
        return random.uniform(0.5, 1.0) * 2.0**attempt
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
    for option, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


__all__ = ["ANSWER_SECONDS", "JSON", "Query", "Transport", "decode", "encode"]
