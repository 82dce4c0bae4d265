"""Objects in Kubernetes' protobuf encoding, which kubectl and other Go clients send for built-in kinds.

Only bodies of requests are read in it; answers are JSON, which every such client takes as well. The
numbers of the fields are in `wire.json`, the types in `types.json`.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from argotui.local.apiserver.typed import Field, table
from argotui.model.documents import Document
from argotui.model.times import format_micro_time, format_time

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_WIRE = Path(__file__).with_name("wire.json")
_MICRO_TIMES = {"acquireTime", "renewTime", "eventTime", "lastObservedTime"}
_ZERO_TIME = -62135596800
# fields that Go sends although nobody set them, and for which "not set" is something else than zero here
_SENT_UNSET = frozenset({"generation", "readOnly"})
_MAX_DEPTH = 60

_Value = int | bytes


class BadProtobuf(ValueError):
    """Not a message of a kind that is known here."""


@cache
def _numbers() -> dict[str, dict[int, tuple[str, str]]]:
    """Type -> field number -> (field, message that is inlined there or "")."""
    raw: dict[str, dict[str, str]] = json.loads(_WIRE.read_text())
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for name, fields in raw.items():
        found[name] = {}
        for number, text in fields.items():
            field, _, inlined = text.partition(">")
            found[name][int(number)] = (field, inlined)
    return found


def decode(data: bytes) -> Document:
    """The object as a document. Raises BadProtobuf."""
    if not data.startswith(_MAGIC):
        raise BadProtobuf("the body does not start with k8s\\0")
    envelope = dict(_fields(data[len(_MAGIC) :]))
    meta = {number: _text(value) for number, value in _fields(_bytes(envelope.get(1, b"")))}
    kind = meta.get(2, "")
    if kind not in _numbers() or kind not in table():
        raise BadProtobuf(f"the kind {kind[:64]!r} is not known in this encoding; send it as JSON")
    return {"apiVersion": meta.get(1, ""), "kind": kind, **_message(kind, kind, _bytes(envelope.get(2, b"")), 0)}


def _fields(data: bytes) -> Iterator[tuple[int, _Value]]:
    """(number, value) of every field of a message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise BadProtobuf("a field is longer than the message")
            yield number, data[at : at + length]
            at += length
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, data[at : at + size]
            at += size
        else:
            raise BadProtobuf(f"wire type {wire} is not used by Kubernetes")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise BadProtobuf("a number ends too early or is too long")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _bytes(value: _Value) -> bytes:
    if not isinstance(value, bytes):
        raise BadProtobuf("a number where text or a message belongs")
    return value


def _integer(value: _Value) -> int:
    if isinstance(value, bytes):
        raise BadProtobuf("text where a number belongs")
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _text(value: _Value) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError as error:
        raise BadProtobuf("text that is not UTF-8") from error


def _message(message: str, type_: str, data: bytes, depth: int) -> Document:
    """The fields of a message; their types are those of `type_`, which differs for an inlined message."""
    if depth > _MAX_DEPTH:
        raise BadProtobuf("nested too deeply")
    numbers, types = _numbers().get(message, {}), table()[type_]
    found: Document = {}
    for number, value in _fields(data):
        name, inlined = numbers.get(number, ("", ""))
        if inlined:
            found |= _message(inlined, type_, _bytes(value), depth + 1)
        elif name and not (value == 0 and name in _SENT_UNSET):
            _add(found, name, types[name], value, depth)
    return found


def _add(found: Document, name: str, field: Field, value: _Value, depth: int) -> None:
    if field.shape == "[":
        found.setdefault(name, []).append(_one(name, field.type, value, depth))
    elif field.shape == "{":
        pair = dict(_fields(_bytes(value)))
        key = _text(pair.get(1, b""))
        found.setdefault(name, {})[key] = _one(name, field.type, pair.get(2, b""), depth)
    else:
        found[name] = _one(name, field.type, value, depth)


def _one(name: str, type_: str, value: _Value, depth: int) -> Any:
    if type_ == "s":
        return _text(value)
    if type_ == "i":
        return _integer(value)
    if type_ == "b":
        return bool(_integer(value))
    if type_ == "B":
        return base64.b64encode(_bytes(value)).decode()
    if type_ == "f":
        return struct.unpack("<d", _bytes(value).ljust(8, b"\0"))[0]
    if type_ == "t":
        return _time(name, _bytes(value))
    if type_ == "q":
        return _text(dict(_fields(_bytes(value))).get(1, b""))
    if type_ == "x":
        return _int_or_string(_bytes(value))
    if type_ == "any":
        return None  # raw extensions: nothing that is served here has one in this encoding
    return _message(type_, type_, _bytes(value), depth + 1)


def _time(name: str, data: bytes) -> str | None:
    parts = {number: _integer(value) for number, value in _fields(data)}
    seconds, nanos = parts.get(1, 0), parts.get(2, 0)
    if (not seconds and not nanos) or seconds == _ZERO_TIME:
        return None
    try:
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000 % 1_000_000)
    except (OverflowError, ValueError, OSError) as error:
        raise BadProtobuf("a time out of range") from error
    return format_micro_time(moment) if name in _MICRO_TIMES else format_time(moment)


def _int_or_string(data: bytes) -> int | str:
    parts = dict(_fields(data))
    if parts.get(1, 0) == 1:
        return _text(parts.get(3, b""))
    return _integer(parts.get(2, 0))
