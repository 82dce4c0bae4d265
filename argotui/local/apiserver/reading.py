"""GET of one object and of lists."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from argotui.local.apiserver import accept, history, listoptions, status, views
from argotui.local.apiserver.accept import View
from argotui.local.apiserver.answers import answer, hang_up, send
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.selection import Selection, select
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.documents import Document

_STREAM_BYTES = 4 << 20
_STREAM_SECONDS = 120.0
_EXPIRED = "The resourceVersion for the provided list is too old."
_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)


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


async def get(call: Call) -> web.StreamResponse:
    """One object."""
    store = call.context.store
    entry = store.get(call.key)
    if entry is None:
        raise missing(call)
    asked = listoptions.revision_asked(call.query, listing=False)
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
    listoptions.check_list(call.query)
    limit = listoptions.limit_of(call.query)
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
    asked, match = listoptions.revision_asked(call.query, listing=True), call.query.get("resourceVersionMatch", "")
    if asked and asked > store.revision:
        raise status.too_large(asked, store.revision)
    if asked and (match == "Exact" or (limit and not match)):
        return await _page_at(call, selection, asked, ("", ""), limit)
    return _page_now(call, selection, None, limit, store.revision)


async def _next_page(call: Call, selection: Selection, token: str, limit: int) -> Page:
    if call.query.get("resourceVersion") not in (None, "", "0"):
        raise status.bad_request("specifying resource version is not allowed when using continue")
    namespaced = call.collection.resource.namespaced
    revision, after = listoptions.decode_token(token, selection.namespace, namespaced=namespaced)
    store = call.context.store
    if revision is None:
        return _page_now(call, selection, after, limit, store.revision)
    if revision > store.revision:
        raise status.too_large(revision, store.revision)
    if store.head.unchanged_since(call.collection.id, revision):
        return _page_now(call, selection, after, limit, revision)
    if revision < store.compacted:
        error = status.expired(_INCONSISTENT)
        error.continue_ = listoptions.encode_token(None, selection.namespace, after)
        raise error
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
        raise status.expired(_EXPIRED)
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
        metadata["continue"] = _token(revision, page[-1], selection)
    return Page(page, metadata, bodies)


def _metadata(revision: int, page: list[Entry], remaining: int, selection: Selection) -> Document:
    metadata: Document = {"resourceVersion": str(revision)}
    if remaining:
        metadata["continue"] = _token(revision, page[-1], selection)
        if not selection.by_content:
            metadata["remainingItemCount"] = remaining
    return metadata


def _token(revision: int, last: Entry, selection: Selection) -> str:
    return listoptions.encode_token(revision, selection.namespace, (last.key.namespace, last.key.name))


def collect(call: Call, selection: Selection) -> list[Entry]:
    """Every selected entry of now; for deletecollection."""
    shelf = call.context.store.head.shelf(call.collection.id)
    return [entry for entry in shelf.select(selection.namespace) if selection.matches(entry)]
