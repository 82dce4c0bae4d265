"""The node map of a workflow, whichever of its representations the object carries (§1.7)."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from argotui.model.documents import Document, dig

Nodes = Mapping[str, Document]

MAX_BYTES: Final = 512 * 1024 * 1024
"""A compressed map that unpacks to more than this is refused: no real workflow is that large."""

_GZIP: Final = b"\x1f\x8b"


class NodesUnreadable(ValueError):
    """The nodes are stored in a way that cannot be read here; the text says which and why."""


def node_map(workflow: Document) -> Nodes:
    """`status.nodes` by id, unpacked when it is stored compressed; empty before the first pass.

    Raises `NodesUnreadable` for a map that is damaged, offloaded to a database, or compressed with something other
    than gzip.
    """
    plain = dig(workflow, "status", "nodes")
    if isinstance(plain, dict) and plain:
        return plain
    packed = dig(workflow, "status", "compressedNodes")
    if packed:
        return _unpack(str(packed))
    if dig(workflow, "status", "offloadNodeStatusVersion"):
        raise NodesUnreadable("the nodes of this workflow are offloaded to a database, which this version cannot read")
    return {}


def _unpack(packed: str) -> Nodes:
    try:
        raw = base64.b64decode(packed, validate=True)
    except binascii.Error as error:
        raise NodesUnreadable(f"status.compressedNodes is not base64: {error}") from error
    if not raw.startswith(_GZIP):
        raise NodesUnreadable("status.compressedNodes is not gzip; zstd and brotli are not supported by this version")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(raw, MAX_BYTES)
        nodes: Any = msgspec.json.decode(text)
    except (zlib.error, msgspec.DecodeError) as error:
        raise NodesUnreadable(f"status.compressedNodes is damaged: {error}") from error
    if not unpacker.eof or not isinstance(nodes, dict):
        raise NodesUnreadable("status.compressedNodes is damaged: it ends early, is too large, or is not a map")
    return nodes
