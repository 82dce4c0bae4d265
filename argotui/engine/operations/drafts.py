"""A draft: the copy of a workflow that an operation changes, its nodes unpacked (§1.7, §6)."""

from __future__ import annotations

import base64
import zlib
from typing import Final

from argotui.engine.nodemap import NodesUnreadable, node_map
from argotui.engine.operations.refusal import OperationRefused
from argotui.model.documents import Document, clone, compact_json
from argotui.model.keys import LABEL_ACTION, LABEL_ACTOR, LABEL_ACTOR_EMAIL, LABEL_ACTOR_PREFERRED_USERNAME

MAX_PLAIN_BYTES: Final = 1024 * 1024
"""Workflows whose JSON is longer carry their nodes compressed."""

_ACTOR_LABELS = (LABEL_ACTOR, LABEL_ACTOR_EMAIL, LABEL_ACTOR_PREFERRED_USERNAME, LABEL_ACTION)


def nodes_of(workflow: Document) -> dict[str, Document]:
    """The node map, whichever way it is stored.  Raises OperationRefused when it cannot be read."""
    try:
        return dict(node_map(workflow))
    except NodesUnreadable as error:
        raise OperationRefused(str(error)) from error


def draft_of(workflow: Document) -> Document:
    """A deep copy with plain `status.nodes`, without the labels of whoever acted last."""
    nodes = nodes_of(workflow)
    draft: Document = clone(workflow)
    status = draft["status"] = draft.get("status") or {}
    status.pop("compressedNodes", None)
    if nodes:
        status["nodes"] = clone(nodes)
    drop_actor(draft)
    return draft


def drop_actor(document: Document) -> None:
    """Removes who did the last operation: without a verified identity those labels would lie."""
    labels = (document.get("metadata") or {}).get("labels") or {}
    for key in _ACTOR_LABELS:
        labels.pop(key, None)


def packed(draft: Document) -> Document:
    """The draft as it is written: nodes compressed when the object is too long otherwise."""
    status = draft.get("status") or {}
    if not status.get("nodes") or len(compact_json(draft).encode()) <= MAX_PLAIN_BYTES:
        return draft
    packer = zlib.compressobj(wbits=31)
    raw = packer.compress(compact_json(status["nodes"]).encode()) + packer.flush()
    rest = {key: value for key, value in status.items() if key != "nodes"}
    return {**draft, "status": {**rest, "compressedNodes": base64.b64encode(raw).decode("ascii")}}
