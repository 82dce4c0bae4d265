"""Answers on their way out: headers, compression, pieces."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable

from aiohttp import web
from multidict import CIMultiDict

from argotui.local.apiserver import accept
from argotui.local.apiserver.context import Call

_GZIP_BYTES = 128 * 1024
_PIECE_BYTES = 64 << 10


async def answer(call: Call, body: bytes, code: int = 200) -> web.StreamResponse:
    """A JSON answer to a call, with what the client should be warned of."""
    return await reply(call.request, body, code, call.warnings)


async def reply(
    request: web.BaseRequest, body: bytes, code: int = 200, warnings: Iterable[str] = ()
) -> web.StreamResponse:
    """A JSON answer, compressed when it is large and the client can read it."""
    headers = warning_headers(warnings)
    headers.update({"Cache-Control": "no-cache, private", "Content-Type": "application/json"})
    if len(body) > _GZIP_BYTES and accept.takes_gzip(request.headers.get("Accept-Encoding", "")):
        body = await asyncio.get_running_loop().run_in_executor(None, gzip.compress, body, 1)
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    if len(body) <= _PIECE_BYTES:
        return web.Response(body=body, status=code, headers=headers)
    response = web.StreamResponse(status=code, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    await send(response, body)
    await response.write_eof()
    return response


def warning_headers(warnings: Iterable[str]) -> CIMultiDict[str]:
    """A header for each warning."""
    return CIMultiDict([("Warning", f"299 - {_header_text(warning)}") for warning in warnings])


def _header_text(text: str) -> str:
    """A quoted string for a header: printable ASCII, at most 1 KiB."""
    safe = "".join(char if " " <= char <= "~" else "?" for char in text[:1024])
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def send(response: web.StreamResponse, data: bytes) -> None:
    """Writes in pieces: asyncio's TLS copies what is left of a piece for each 16 KiB that it encrypts."""
    for start in range(0, len(data), _PIECE_BYTES):
        await response.write(data[start : start + _PIECE_BYTES])


def hang_up(request: web.BaseRequest) -> None:
    """Cuts the connection of an answer that cannot be completed."""
    if request.transport is not None:
        request.transport.abort()
