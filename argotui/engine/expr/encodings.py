"""Go's base64 and base32 decoders."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.values import text_bytes

_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_BASE32: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def decode_base64(text: str) -> bytes:
    """Go's base64.StdEncoding: line ends are skipped. Raises Fault with Go's text and byte offset."""
    data = text_bytes(text)
    wrong = _first_wrong(data, _BASE64, 4)
    if wrong is not None:
        raise Fault(f"illegal base64 data at input byte {wrong}")
    return base64.b64decode(data.replace(b"\r", b"").replace(b"\n", b""))


def decode_base32(text: str) -> bytes:
    """Go's base32.StdEncoding. Raises Fault with Go's text and byte offset."""
    data = text_bytes(text).replace(b"\r", b"").replace(b"\n", b"")
    wrong = _first_wrong(data, _BASE32, 8)
    if wrong is None:
        try:
            return base64.b32decode(data)
        except binascii.Error:
            wrong = data.find(b"=")
    raise Fault(f"illegal base32 data at input byte {wrong}")


def _first_wrong(data: bytes, alphabet: frozenset[int], quantum: int) -> int | None:
    """The offset that Go reports for data that is not encoded in whole groups; None for data that is."""
    position, count = 0, 0
    while position < len(data):
        byte = data[position]
        if byte in b"\r\n":
            position += 1
            continue
        if byte == ord("="):
            return _wrong_padding(data, position, count % quantum, quantum)
        if byte not in alphabet:
            return position
        count += 1
        position += 1
    return len(data) - count % quantum if count % quantum else None


def _wrong_padding(data: bytes, position: int, filled: int, quantum: int) -> int | None:
    if filled < 2:
        return position
    missing = quantum - filled
    while missing and position < len(data):
        if data[position] == ord("="):
            missing -= 1
        elif data[position] not in b"\r\n":
            return position
        position += 1
    if missing:
        return len(data)
    rest = data[position:].lstrip(b"\r\n")
    return len(data) - len(rest) if rest else None
