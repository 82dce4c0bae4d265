"""Who has what somebody waits for, said to people.

The messages in the status are upstream's to the letter and name the lock only; who holds it stands in
`status.synchronization`. Displays put both together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from argotui.engine.locknames import holder_key
from argotui.engine.nodemap import Nodes
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.phase import is_waiting_for_lock

_SHOWN: Final = 3
_PARTS: Final = {"mutex": "holder", "semaphore": "holders"}


def told_nodes(workflow: Document, nodes: Nodes) -> Nodes:
    """The nodes, with messages that also say who holds the lock that is waited for."""
    holders = _awaited(workflow)
    if not holders:
        return nodes
    told = {}
    for identifier, node in nodes.items():
        if is_waiting_for_lock(node):
            lock = node["synchronizationStatus"]["waiting"]
            message = _told(str(node.get("message") or ""), _names(workflow, nodes, holders.get(lock, ())))
            node = {**node, "message": message}
        told[identifier] = node
    return told


def told_message(workflow: Document, nodes: Nodes, message: str) -> str:
    """The message of a workflow that waits for locks of its own, with those who hold them."""
    holders = next((held for lock, held in _awaited(workflow).items() if f" {lock} " in message), ())
    return _told(message, _names(workflow, nodes, holders))


def _told(message: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{message}; held by {', '.join(names[:_SHOWN])}{more}" if names else message


def _awaited(workflow: Document) -> dict[str, tuple[str, ...]]:
    """lock -> its holders, of all locks that the workflow waits for."""
    return dict(_entries(dig(workflow, "status", "synchronization") or {}))


def _entries(synchronization: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind, part in _PARTS.items():
        for entry in dig(dict(synchronization), kind, "waiting") or ():
            held = entry.get(part) or ()
            yield str(entry.get(kind) or ""), (held,) if isinstance(held, str) else tuple(map(str, held))


def _names(workflow: Document, nodes: Nodes, holders: tuple[str, ...]) -> list[str]:
    """Nodes of the workflow itself by their display names, others by the names of their workflows."""
    own = holder_key(documents.namespace(workflow), documents.name(workflow)) + "/"
    names = []
    for holder in holders:
        node = nodes.get(holder.removeprefix(own)) if holder.startswith(own) else None
        names.append("/".join(holder.split("/")[:2]) if node is None else str(node.get("displayName") or holder))
    return list(dict.fromkeys(names))
