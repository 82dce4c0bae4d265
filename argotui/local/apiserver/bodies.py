"""Request bodies: read with a cap, decoded with refusals instead of tracebacks."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from aiohttp import web

from argotui.local.apiserver import protobuf
from argotui.local.apiserver.status import StatusError, bad_request
from argotui.model.documents import Document
from argotui.model.manifest.reader import read_documents
from argotui.model.problem import ManifestError

MAX_BYTES = 3 * 1024 * 1024
"""As kube-apiserver's limit for what it decodes."""

_MAX_DEPTH = 500
_STRICT_BYTES = 1 << 20
JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml")


async def read(request: web.BaseRequest) -> bytes:
    """The body. Raises StatusError 413 beyond MAX_BYTES."""
    if (request.content_length or 0) > MAX_BYTES:
        raise _too_large()
    if not request.body_exists:
        return b""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large()
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large() -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_BYTES}")


def decode_json(data: bytes) -> Any:
    """JSON of any shape. Raises StatusError 400, also for depth and numbers out of range."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body of the request could not be read as JSON: {error}") from error
    # a body with few brackets cannot be deep, and most have few
    if data.count(b"{") + data.count(b"[") > _MAX_DEPTH and _too_deep(value):
        raise bad_request(f"the body of the request is nested more than {_MAX_DEPTH} levels deep")
    return value


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def decode_object(data: bytes, content_type: str) -> Document:
    """A JSON or YAML object. Raises StatusError 400 or 415."""
    if content_type in YAML:
        value = _decode_yaml(data)
    elif content_type == protobuf.CONTENT_TYPE:
        value = _decode_protobuf(data)
    elif content_type in (JSON, "", "application/octet-stream", "*/*"):
        value = decode_json(data)
    else:
        raise unsupported_type([JSON, YAML[0], protobuf.CONTENT_TYPE])
    if not isinstance(value, dict):
        raise bad_request("the body of the request has to be a JSON object")
    return value


def _decode_yaml(data: bytes) -> Any:
    """One YAML document with Kubernetes' scalars; depth, size and the growth by aliases are limited."""
    try:
        documents = read_documents(data.decode(), "body")
    except (UnicodeDecodeError, ManifestError) as error:
        raise bad_request(f"the body of the request could not be read as YAML: {error}") from error
    if len(documents) != 1:
        raise bad_request(f"the body of the request has to be one YAML document, not {len(documents)}")
    return documents[0].value


def _decode_protobuf(data: bytes) -> Document:
    try:
        return protobuf.decode(data)
    except protobuf.BadProtobuf as error:
        raise bad_request(f"the body of the request could not be read as protobuf: {error}") from error


def unsupported_type(accepted: list[str]) -> StatusError:
    """415 with the types that would do."""
    return StatusError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted),
    )


def duplicate_fields(data: bytes) -> list[str]:
    """Paths of fields that a JSON body gives more than once (looked for in bodies up to 1 MiB)."""
    if len(data) > _STRICT_BYTES:
        return []
    try:
        marked = json.loads(data, object_pairs_hook=_Pairs)
    except ValueError:
        return []  # YAML, whose loader keeps the last one
    found: list[str] = []
    _walk(marked, "", found)
    return found


class _Pairs(list[tuple[str, Any]]):
    """The pairs of a JSON object, told from a JSON array by its type."""


def _walk(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, child in value:
            place = f"{path}.{key}" if path else key
            if key in seen and place not in found:
                found.append(place)
            seen.add(key)
            _walk(child, place, found)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _walk(child, f"{path}[{index}]", found)
