"""sprig's functions of URLs, with the rules of Go's net/url."""

from __future__ import annotations

import re
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gostrings import quoted
from argotui.engine.expr.sprig.convert import kind_name
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import bytes_text, text_bytes

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_USERINFO: Final = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*\Z", re.ASCII)
_PORT: Final = re.compile(r"(?::[0-9]*)?\Z", re.ASCII)
_ESCAPE: Final = re.compile(rb"%(?:([0-9A-Fa-f]{2})|(.{0,2}))", re.DOTALL)
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_KEPT: Final = {
    "path": _UNRESERVED | frozenset(b"$&+,/:;=@"),
    "user": _UNRESERVED | frozenset(b"$&+,;="),
    "host": _UNRESERVED | frozenset(b"!$&'()*+,;=:[]<>\""),
    "fragment": _UNRESERVED | frozenset(b"$&+,/:;=?@!()*"),
}


def _unescape(text: str) -> str:
    """Percent escapes resolved. Raises Fault with Go's text."""

    def byte(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            raise Fault(f"invalid URL escape {quoted(bytes_text(match[0]))}")
        return bytes((int(match[1], 16),))

    return bytes_text(_ESCAPE.sub(byte, text_bytes(text))) if "%" in text else text


def _escape(text: str, part: str) -> str:
    kept = _KEPT[part]
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text_bytes(text))


def _url_parse(_context: Context, text: str) -> dict[str, Any]:
    try:
        return _parsed(text)
    except Fault as fault:
        shown = text.partition("#")[0]
        raise Fault(f"unable to parse url: parse {quoted(shown)}: {fault}") from None


def _parsed(text: str) -> dict[str, Any]:
    if any(c < " " or c == "\x7f" for c in text):
        raise Fault("net/url: invalid control character in URL")
    rest, _, fragment = text.partition("#")
    found = dict.fromkeys(("scheme", "host", "hostname", "path", "query", "opaque", "fragment", "userinfo"), "")
    if rest.startswith(":"):
        raise Fault("missing protocol scheme")
    scheme = _SCHEME.match(rest)
    if scheme is not None:
        found["scheme"], rest = scheme[1].lower(), rest[scheme.end() :]
    rest, _, found["query"] = rest.partition("?")
    if not rest.startswith("/") and found["scheme"]:
        found["opaque"] = rest
    else:
        if ":" in rest.partition("/")[0]:
            raise Fault("first path segment in URL cannot contain colon")
        if rest.startswith("//") and (found["scheme"] or not rest.startswith("///")):
            authority, slash, path = rest[2:].partition("/")
            rest = slash + path
            found["userinfo"], found["host"] = _authority(authority)
            found["hostname"] = _hostname(found["host"])
        found["path"] = _unescape(rest)
    found["fragment"] = _unescape(fragment)
    return dict(found)


def _authority(text: str) -> tuple[str, str]:
    user, at, host = text.rpartition("@")
    if host.startswith("["):
        end = host.rfind("]")
        if end < 0:
            raise Fault("missing ']' in host")
        port = host[end + 1 :]
    else:
        port = host[host.rfind(":") :] if ":" in host else ""
    if not _PORT.match(port):
        raise Fault(f"invalid port {quoted(port)} after host")
    host = _unescape(host)
    if not at:
        return "", host
    if not _USERINFO.match(user):
        raise Fault("net/url: invalid userinfo")
    return _userinfo(user), host


def _userinfo(text: str) -> str:
    name, colon, password = text.partition(":")
    return _escape(_unescape(name), "user") + colon + (_escape(_unescape(password), "user") if colon else "")


def _hostname(host: str) -> str:
    if host.startswith("[") and "]" in host:
        return host[1 : host.index("]")]
    name, colon, port = host.rpartition(":")
    return name if colon and (not port or port.isdigit()) else host


def _url_join(context: Context, parts: dict[str, Any]) -> str:
    found = {name: _part(parts, name) for name in ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")}
    user = _joined_user(found["userinfo"])
    made = f"{found['scheme']}:" if found["scheme"] else ""
    if found["opaque"]:
        made += found["opaque"]
    else:
        made = _with_authority(made, found, user)
    made += f"?{found['query']}" if found["query"] else ""
    made += f"#{_escape(found['fragment'], 'fragment')}" if found["fragment"] else ""
    return context.meter.text(made)


def _with_authority(made: str, found: dict[str, str], user: str) -> str:
    if found["scheme"] or found["host"] or user:
        if found["host"] or found["path"] or user:
            made += "//"
        made += (f"{user}@" if user else "") + _escape(found["host"], "host")
    path = _escape(found["path"], "path") if found["path"] != "*" else "*"
    if path and not path.startswith("/") and found["host"]:
        made += "/"
    if not made and ":" in path.partition("/")[0]:
        made = "./"
    return made + path


def _part(parts: dict[str, Any], name: str) -> str:
    value = parts.get(name, "")
    if not isinstance(value, str):
        raise Fault(f"unable to parse {name} key, must be of type string, but {kind_name(value)} found")
    return value


def _joined_user(text: str) -> str:
    if not text:
        return ""
    try:
        return _authority(f"{text}@host")[0]
    except Fault as fault:
        raise Fault(f"unable to parse userinfo in dict: parse {quoted(f'proto://{text}@host')}: {fault}") from None


URLS: Final[Table] = {
    "urlParse": ("string) map[string]interface {}", _url_parse),
    "urlJoin": ("map[string]interface {}) string", _url_join),
}
