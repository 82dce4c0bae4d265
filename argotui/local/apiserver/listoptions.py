"""Parameters of lists and watches: which are allowed together, and what the tokens of pages mean."""

from __future__ import annotations

import base64
import binascii
import json
import posixpath

from argotui.local.apiserver import names, requests, status
from argotui.local.apiserver.status import Cause

_MATCH = "resourceVersionMatch"
_TOKEN_VERSION = "meta.k8s.io/v1"
_ANY_REVISION = -1
"""In a token: go on with whatever is there now."""


def check_list(query: dict[str, str]) -> None:
    """Raises StatusError 422 for parameters that a list does not take, or not together."""
    causes, match = [], query.get(_MATCH, "")
    if match:
        if not query.get("resourceVersion"):
            causes.append(_forbidden(_MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if query.get("continue"):
            causes.append(_forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            causes.append(_unsupported(match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and query.get("resourceVersion") == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            causes.append(_forbidden(_MATCH, why))
    if query.get("sendInitialEvents"):
        causes.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    _refuse(causes)


def check_watch(query: dict[str, str]) -> None:
    """Likewise for a watch."""
    causes, match = [], query.get(_MATCH, "")
    initial = bool(query.get("sendInitialEvents"))
    if initial and match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        causes.append(_forbidden(_MATCH, why))
    if match:
        if not initial:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            causes.append(_forbidden(_MATCH, why))
        if match != "NotOlderThan":
            causes.append(_unsupported(match, ("NotOlderThan",)))
        if query.get("continue"):
            causes.append(_forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided"))
    _refuse(causes)


def _refuse(causes: list[Cause]) -> None:
    if causes:
        raise status.invalid("ListOptions", "meta.k8s.io", "", causes)


def _forbidden(path: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", path)


def _unsupported(value: str, choices: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{choice}"' for choice in choices)
    text = f"Unsupported value: {names.quoted(value[:64])}: supported values: {listed}"
    return Cause("FieldValueNotSupported", text, _MATCH)


def initial_events(query: dict[str, str]) -> bool | None:
    """sendInitialEvents; None when it is not given. Raises StatusError 400."""
    return requests.flag(query, "sendInitialEvents") if query.get("sendInitialEvents") else None


def revision_asked(query: dict[str, str], *, listing: bool) -> int | None:
    """The parameter resourceVersion; None when unset. Raises StatusError 400 for a list, 500 otherwise."""
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        quoted = names.quoted(text[:64])
        why = f"resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: invalid syntax"
        if listing:
            raise status.bad_request(f"invalid resource version: {why}")
        raise status.StatusError(500, "", why)
    return int(text)


def limit_of(query: dict[str, str]) -> int:
    """How many objects a page has at most, 0 for all. A list from resourceVersion 0 has no pages.

    Raises StatusError 400.
    """
    text = query.get("limit", "")
    try:
        limit = int(text) if text else 0
    except ValueError as error:
        quoted = names.quoted(text[:64])
        raise status.bad_request(f"strconv.ParseInt: parsing {quoted}: invalid syntax") from error
    return 0 if query.get("resourceVersion") == "0" else max(limit, 0)


def encode_token(revision: int | None, namespace: str, last: tuple[str, str]) -> str:
    """What leads to the page behind the object `last` (namespace, name) of a list in `namespace`."""
    start = last[1] if namespace or not last[0] else "/".join(last)
    asked = _ANY_REVISION if revision is None else revision
    text = json.dumps({"v": _TOKEN_VERSION, "rv": asked, "start": f"{start}\0"})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(token: str, namespace: str, *, namespaced: bool) -> tuple[int | None, tuple[str, str]]:
    """(revision or None for the newest, the object behind which the page begins). Raises StatusError 400."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
    except (ValueError, UnicodeError, RecursionError, binascii.Error) as error:
        raise _bad_token(str(error)) from error
    if not isinstance(parts, dict):
        raise _bad_token("it is no object")
    if parts.get("v") != _TOKEN_VERSION:
        raise _bad_token("", f" server does not recognize this encoded version {str(parts.get('v', ''))[:64]}")
    revision, start = parts.get("rv"), parts.get("start")
    if not isinstance(revision, int) or isinstance(revision, bool) or not revision or revision < _ANY_REVISION:
        raise _bad_token("", f" incorrect encoded start resourceVersion (version {_TOKEN_VERSION})")
    if not isinstance(start, str) or not start:
        raise _bad_token("", f" encoded start key empty (version {_TOKEN_VERSION})")
    return None if revision == _ANY_REVISION else revision, _place(start, namespace, namespaced)


def _place(start: str, namespace: str, namespaced: bool) -> tuple[str, str]:
    if posixpath.normpath(f"/{start}") != f"/{start}":
        raise _bad_token(start[:64])
    name = start.removesuffix("\0")
    if namespace or not namespaced:
        return namespace, name
    place = name.partition("/")
    return place[0], place[2]


def _bad_token(why: str, known: str = "") -> status.StatusError:
    return status.bad_request(f"invalid continue token: continue key is not valid:{known or f' {why}'}")
