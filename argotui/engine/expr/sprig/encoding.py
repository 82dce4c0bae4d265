"""sprig's hashes, encodings, paths and random texts; and the functions that are refused by name."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import string
import zlib
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from argotui.engine.expr.context import Context
from argotui.engine.expr.encodings import decode_base32, decode_base64
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import bytes_text, text_bytes


def _hash(name: str) -> Callable[[Context, str], str]:
    def run(context: Context, text: str) -> str:
        context.meter.spend(1 + len(text) // 64)
        return hashlib.new(name, text_bytes(text), usedforsecurity=False).hexdigest()

    return run


def _encoded(encode: Callable[[bytes], bytes]) -> Callable[[Context, str], str]:
    return lambda context, text: context.meter.text(encode(text_bytes(text)).decode())


def _decoded(decode: Callable[[str], bytes]) -> Callable[[Context, str], str]:
    """The content, or the text of the error: sprig does not tell them apart."""

    def run(context: Context, text: str) -> str:
        context.meter.allow_text(len(text))
        try:
            return bytes_text(decode(text))
        except Fault as fault:
            return str(fault)

    return run


# --- paths ------------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    cleaned = posixpath.normpath(text) if text else "."
    return "/" + cleaned.lstrip("/") if cleaned.startswith("/") else cleaned


def _base(text: str) -> str:
    if not text:
        return "."
    return text.rstrip("/").rpartition("/")[2] or "/"


def _directory(text: str) -> str:
    return _clean(text[: text.rfind("/") + 1])


def _extension(text: str) -> str:
    name = text.rpartition("/")[2]
    position = name.rfind(".")
    return name[position:] if position >= 0 else ""


def _path(change: Callable[[str], Any]) -> Callable[[Context, str], Any]:
    return lambda _context, text: change(text)


# --- random -----------------------------------------------------------------------------------------


def _random_text(alphabet: str) -> Callable[[Context, int], str]:
    def run(context: Context, count: int) -> str:
        if count <= 0:
            return ""
        context.meter.allow_text(count)
        context.meter.spend(count)
        return "".join(alphabet[context.random_below(len(alphabet))] for _ in range(count))

    return run


def _random_int(context: Context, low: int, high: int) -> int:
    if high <= low:
        raise Fault("invalid argument to Intn")
    return low + context.random_below(high - low)


def _random_bytes(context: Context, count: int) -> str:
    if count < 0:
        raise Fault("runtime error: makeslice: len out of range")
    context.meter.allow_text(count)
    return base64.b64encode(context.random_bytes(count)).decode()


def _uuid(context: Context) -> str:
    return str(UUID(bytes=context.random_bytes(16), version=4))


def _shuffle(context: Context, text: str) -> str:
    characters = list(text)
    if len(set(characters)) <= 1:
        return text
    context.meter.spend(len(characters))
    for position in range(len(characters) - 1, 0, -1):
        other = context.random_below(position + 1)
        characters[position], characters[other] = characters[other], characters[position]
    return "".join(characters)


# --- refused ----------------------------------------------------------------------------------------


def refused(name: str) -> Callable[..., Any]:
    """A function that exists upstream and is not offered here."""

    def run(_context: Context, *_arguments: Any) -> Any:
        raise Fault(f"sprig.{name} is not supported by this version of argotui")

    return run


def _decrypt(_context: Context, _password: str, text: str) -> str:
    if not text:
        return ""
    decode_base64(text)
    raise Fault("sprig.decryptAES is not supported by this version of argotui")


_CERTIFICATE: Final = "(sprig.certificate, error)"
_REFUSED: Final = {
    "bcrypt": "string) string",
    "htpasswd": "string, string) string",
    "derivePassword": "uint32, string, string, string, string) string",
    "encryptAES": "string, string) (string, error)",
    "genPrivateKey": "string) string",
    "buildCustomCert": f"string, string) {_CERTIFICATE}",
    "genCA": f"string, int) {_CERTIFICATE}",
    "genCAWithKey": f"string, int, string) {_CERTIFICATE}",
    "genSelfSignedCert": f"string, []interface {{}}, []interface {{}}, int) {_CERTIFICATE}",
    "genSelfSignedCertWithKey": f"string, []interface {{}}, []interface {{}}, int, string) {_CERTIFICATE}",
    "genSignedCert": f"string, []interface {{}}, []interface {{}}, int, sprig.certificate) {_CERTIFICATE}",
    "genSignedCertWithKey": (
        f"string, []interface {{}}, []interface {{}}, int, sprig.certificate, string) {_CERTIFICATE}"
    ),
    "getHostByName": "string) string",
}

_TEXT: Final = "string) string"
_PATHS: Final[Table] = {
    "base": (_TEXT, _path(_base)),
    "dir": (_TEXT, _path(_directory)),
    "clean": (_TEXT, _path(_clean)),
    "ext": (_TEXT, _path(_extension)),
    "isAbs": ("string) bool", _path(lambda text: text.startswith("/"))),
}

ENCODING: Final[Table] = {
    "sha1sum": (_TEXT, _hash("sha1")),
    "sha256sum": (_TEXT, _hash("sha256")),
    "sha512sum": (_TEXT, _hash("sha512")),
    "adler32sum": (_TEXT, lambda _context, text: str(zlib.adler32(text_bytes(text)))),
    "b64enc": (_TEXT, _encoded(base64.b64encode)),
    "b64dec": (_TEXT, _decoded(decode_base64)),
    "b32enc": (_TEXT, _encoded(base64.b32encode)),
    "b32dec": (_TEXT, _decoded(decode_base32)),
    **_PATHS,
    **{f"os{name[0].upper()}{name[1:]}": entry for name, entry in _PATHS.items()},
    "randAlphaNum": ("int) string", _random_text(string.ascii_letters + string.digits)),
    "randAlpha": ("int) string", _random_text(string.ascii_letters)),
    "randNumeric": ("int) string", _random_text(string.digits)),
    "randAscii": ("int) string", _random_text("".join(map(chr, range(32, 127))))),
    "randInt": ("int, int) int", _random_int),
    "randBytes": ("int) (string, error)", _random_bytes),
    "uuidv4": (") string", _uuid),
    "shuffle": (_TEXT, _shuffle),
    "decryptAES": ("string, string) (string, error)", _decrypt),
    **{name: (signature, refused(name)) for name, signature in _REFUSED.items()},
}
