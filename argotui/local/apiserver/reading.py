"""GET of one object and of lists."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from argotui.local.apiserver import accept, history, requests, status, views
from argotui.local.apiserver.accept import View
from argotui.local.apiserver.answers import answer, hang_up, send
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.selection import Selection, select
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.documents import Document

_STREAM_BYTES = 4 << 20
_STREAM_SECONDS = 120.0


def selection_of(call: Call) -> Selection:
    """What the request's namespace, name and selectors select. Raises StatusError 400."""
    query = call.query
    return select(
        call.collection,
        call.target.namespace,
        query.get("labelSelector", ""),
        query.get("fieldSelector", ""),
        call.target.name,
    )


def revision_asked(query: dict[str, str]) -> int | None:
    """The parameter resourceVersion; None when unset. Raises StatusError 400."""
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        cause = status.Cause(
            "FieldValueInvalid", f"Invalid value: {json.dumps(text[:64])}: must be a number", "resourceVersion"
        )
        raise status.invalid("ListOptions", "meta.k8s.io", "", [cause])
    return int(text)


async def get(call: Call) -> web.StreamResponse:
    """One object."""
    store = call.context.store
    entry = store.get(call.key)
    if entry is None:
        raise missing(call)
    asked = revision_asked(call.query)
    if asked is not None and asked > store.revision:
        raise status.too_large(asked, store.revision)
    return await answer(call, views.one(call.collection, entry, store.body(entry), call.view))


def missing(call: Call) -> status.StatusError:
    """404 for the object of the path."""
    resource = call.collection.resource
    return status.not_found(resource.plural, resource.group, call.target.name)


async def list_objects(call: Call) -> web.StreamResponse:
    """A list, or a page of one."""
    selection, view = selection_of(call), call.view
    limit = requests.number(call.query, "limit") or 0
    token = call.query.get("continue", "")
    with call.context.store.pinned():
        page = await (_next_page(call, selection, token, limit) if token else _first_page(call, selection, limit))
        return await listing(call, page, view)


@dataclass(frozen=True)
class Page:
    """Objects of a list. `bodies` has those that are not the newest versions; the others are read as they are sent."""

    entries: list[Entry]
    metadata: Document
    bodies: dict[int, bytes] | None = None


async def listing(call: Call, page: Page, view: View) -> web.StreamResponse:
    """The page in the form that was asked for; in pieces when it is large, so that memory stays bounded."""
    batches = _batches(call, page, view)
    head = views.list_head(call.collection, view, page.metadata)
    first: list[bytes] = []
    async for batch in batches:
        first += batch
        if sum(map(len, first)) > _STREAM_BYTES:
            return await _stream(call.request, head + b",".join(first), batches)
    return await answer(call, b"".join((head, b",".join(first), b"]}\n")))


async def _batches(call: Call, page: Page, view: View) -> AsyncIterator[list[bytes]]:
    if page.bodies is None:
        async for batch in views.forms(call.context.store, call.collection, page.entries, view):
            yield batch
    else:
        yield [views.form(call.collection, entry, page.bodies[entry.seq], view) for entry in page.entries]


async def _stream(request: web.BaseRequest, begun: bytes, batches: AsyncIterator[list[bytes]]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    compressor = None
    if accept.takes_gzip(request.headers.get("Accept-Encoding", "")):
        response.headers.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
        compressor = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        async with asyncio.timeout(_STREAM_SECONDS):
            await _send(response, begun, compressor)
            async for batch in batches:
                await _send(response, b"".join(b"," + form for form in batch), compressor)
            await _send(response, b"]}\n", compressor)
            if compressor is not None:
                await response.write(compressor.flush())
            await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        hang_up(request)  # who reads half a list has to learn that it is half a list
    return response


async def _send(response: web.StreamResponse, data: bytes, compressor: Any) -> None:
    if compressor is not None:
        data = await asyncio.get_running_loop().run_in_executor(None, compressor.compress, data)
    await send(response, data)


async def _first_page(call: Call, selection: Selection, limit: int) -> Page:
    store = call.context.store
    asked, match = revision_asked(call.query), call.query.get("resourceVersionMatch", "")
    _check_match(asked, match, call)
    if asked and asked > store.revision:
        raise status.too_large(asked, store.revision)
    if asked and (match == "Exact" or (limit and not match)):
        return await _page_at(call, selection, asked, ("", ""), limit)
    return _page_now(call, selection, None, limit, store.revision)


def _check_match(asked: int | None, match: str, call: Call) -> None:
    if not match:
        return
    why = ""
    if match not in ("Exact", "NotOlderThan"):
        why = f'Unsupported value: "{match[:64]}": supported values: "Exact", "NotOlderThan", ""'
    elif asked is None:
        why = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
    elif match == "Exact" and asked == 0:
        why = 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
    if why:
        cause = status.Cause("FieldValueForbidden", why, "resourceVersionMatch")
        raise status.invalid("ListOptions", "meta.k8s.io", "", [cause])


async def _next_page(call: Call, selection: Selection, token: str, limit: int) -> Page:
    if call.query.get("resourceVersionMatch"):
        raise status.bad_request("resourceVersionMatch is forbidden when continue is provided")
    if call.query.get("resourceVersion") not in (None, "", "0"):
        raise status.bad_request("specifying resource version is not allowed when using continue")
    revision, after = _decode_token(token)
    store = call.context.store
    if revision > store.revision:
        raise status.bad_request("continue key is not valid: it is from another cluster")
    if store.head.unchanged_since(call.collection.id, revision):
        return _page_now(call, selection, after, limit, revision)
    if revision < store.compacted:
        raise status.expired(
            "The provided continue parameter is too old: the state of the cluster that it pages through has been"
            " compacted. Start the list again without the parameter."
        )
    return await _page_at(call, selection, revision, after, limit)


def _page_now(call: Call, selection: Selection, after: tuple[str, str] | None, limit: int, revision: int) -> Page:
    """A page of the newest state, which is that of `revision`."""
    store = call.context.store
    shelf = store.head.shelf(call.collection.id)
    entries = [entry for entry in shelf.select(selection.namespace, after) if selection.matches(entry)]
    page = entries[:limit] if limit else entries
    return Page(page, _metadata(revision, page, len(entries) - len(page), selection))


async def _page_at(call: Call, selection: Selection, revision: int, after: tuple[str, str], limit: int) -> Page:
    """A page of the state at an older `revision`."""
    store = call.context.store
    if revision < store.compacted:
        raise status.too_old(revision, store.compacted)
    page: list[Entry] = []
    bodies: dict[int, bytes] = {}
    more = False
    async for entry, body in history.at(store, call.collection, revision, after):
        if not selection.matches(entry):
            continue
        if limit and len(page) == limit:
            more = True
            break
        page.append(entry)
        bodies[entry.seq] = body
    metadata: Document = {"resourceVersion": str(revision)}
    if more:
        metadata["continue"] = _encode_token(revision, page[-1])
    return Page(page, metadata, bodies)


def _metadata(revision: int, page: list[Entry], remaining: int, selection: Selection) -> Document:
    metadata: Document = {"resourceVersion": str(revision)}
    if remaining:
        metadata["continue"] = _encode_token(revision, page[-1])
        if not selection.by_content:
            metadata["remainingItemCount"] = remaining
    return metadata


def _encode_token(revision: int, last: Entry) -> str:
    text = json.dumps({"v": 1, "rv": revision, "after": [last.key.namespace, last.key.name]})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode_token(token: str) -> tuple[int, tuple[str, str]]:
    """Raises StatusError 400 for anything that `_encode_token` did not make."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
        namespace, name = parts["after"]
        revision = parts["rv"]
        if parts["v"] != 1 or not isinstance(revision, int) or revision < 0:
            raise ValueError("unknown version")
        return revision, (str(namespace), str(name))
    except (ValueError, TypeError, KeyError, UnicodeError, RecursionError, binascii.Error) as error:
        raise status.bad_request(f"continue key is not valid: {error}") from error


def collect(call: Call, selection: Selection) -> list[Entry]:
    """Every selected entry of now; for deletecollection."""
    shelf = call.context.store.head.shelf(call.collection.id)
    return [entry for entry in shelf.select(selection.namespace) if selection.matches(entry)]
