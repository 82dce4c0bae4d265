"""The node map as one compressed blob, for workflows that are too large to be stored plainly (§1.7).

A compressed write costs the whole map each time, so the encoded form of every node is kept and only
the nodes that changed are encoded again; compression leaves the event loop.
"""

import asyncio
import base64
import gzip
import os
from collections.abc import Mapping
from typing import Any

import msgspec

from argotui.model.documents import Document

DEFAULT_LIMIT = 1024 * 1024
_LEVEL = 6

_encode = msgspec.json.Encoder().encode


class WorkflowTooLarge(Exception):
    """Even compressed, the workflow does not fit into an object."""


def size_limit(environ: Mapping[str, str] = os.environ) -> int:
    """Bytes of JSON above which the node map is compressed; MAX_WORKFLOW_SIZE overrides it."""
    text = environ.get("MAX_WORKFLOW_SIZE", "")
    return int(text) if text.isdecimal() and int(text) > 0 else DEFAULT_LIMIT


class Packing:
    """Decides how the nodes of one workflow are stored, and makes the patch that stores them."""

    def __init__(self, stored: Document, limit: int | None = None) -> None:
        self._limit = limit or size_limit()
        self._stored_packed = bool((stored.get("status") or {}).get("compressedNodes"))
        # a packed object says nothing of its size when unpacked, so it counts as too large until measured
        self._estimate = self._limit + 1 if self._stored_packed else len(_encode(stored))
        self._sent_packed = self._stored_packed
        self._pieces: dict[str, bytes] = {}

    @property
    def packed(self) -> bool:
        """The object as last stored holds its nodes compressed."""
        return self._stored_packed

    def stored(self) -> None:
        """The body made last was accepted by the server."""
        self._stored_packed = self._sent_packed
        if not self._stored_packed:
            self._pieces.clear()

    async def body(self, changes: Document, workflow: Document) -> Document:
        """`changes` as they are to be sent, given the whole `workflow` after them.

        `workflow` is read before the first suspension, so it may change while this waits. Raises
        WorkflowTooLarge.
        """
        self._estimate += len(_encode(changes))
        if self._estimate > self._limit:
            self._estimate = _plain_size(workflow)
        if self._estimate > self._limit:
            return await self._packed_body(changes, workflow)
        return self._plain_body(changes, workflow)

    def _plain_body(self, changes: Document, workflow: Document) -> Document:
        self._sent_packed = False
        if not self._stored_packed:
            return changes
        status = {**_status(changes), "nodes": _nodes(workflow), "compressedNodes": None}
        return {**changes, "status": status}

    async def _packed_body(self, changes: Document, workflow: Document) -> Document:
        self._encode_changed(changes, workflow)
        text = b"{" + b",".join(self._pieces.values()) + b"}"
        bare = {**workflow, "status": {**_status(workflow), "nodes": None, "compressedNodes": None}}
        rest = len(_encode(bare))
        blob = await asyncio.to_thread(_compress, text)
        if rest + len(blob) > self._limit:
            raise WorkflowTooLarge(
                "workflow is longer than maximum allowed size. "
                f"compressed size {rest + len(blob)} > maxSize {self._limit}"
            )
        self._sent_packed = True
        return {**changes, "status": {**_status(changes), "nodes": None, "compressedNodes": blob}}

    def _encode_changed(self, changes: Document, workflow: Document) -> None:
        nodes = _nodes(workflow)
        touched = _nodes(changes) if self._pieces else nodes
        for key in touched:
            node = nodes.get(key)
            if node is None:
                self._pieces.pop(key, None)
            else:
                self._pieces[key] = _encode(key) + b":" + _encode(node)


def _compress(text: bytes) -> str:
    # without a time stamp the same nodes give the same blob
    return base64.b64encode(gzip.compress(text, _LEVEL, mtime=0)).decode("ascii")


def _plain_size(workflow: Document) -> int:
    status = _status(workflow)
    if "compressedNodes" in status:
        workflow = {**workflow, "status": {k: v for k, v in status.items() if k != "compressedNodes"}}
    return len(_encode(workflow))


def _status(document: Document) -> Document:
    found = document.get("status")
    return found if isinstance(found, dict) else {}


def _nodes(document: Document) -> dict[str, Any]:
    found = _status(document).get("nodes")
    return found if isinstance(found, dict) else {}
