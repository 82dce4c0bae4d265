"""The ConfigMap that has to be there before a pod (§4.7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, deleted, labels, name, namespace, uid
from argotui.model.keys import LABEL_WORKFLOW
from argotui.model.resources import CONFIG_MAPS

Send = Callable[[Callable[[], Coroutine[Any, Any, Document]]], Awaitable[Document]]


class Foreign(Exception):
    """The name belongs to somebody else."""


async def put_beside(client: Client, send: Send, config_map: Document, pause: Callable[[], Awaitable[None]]) -> None:
    """Returns when it exists with this content. One of an earlier try is brought up to date, that of an earlier
    workflow of the same name makes room. Raises KubeError and Foreign."""
    where = namespace(config_map)
    while True:
        try:
            await send(lambda: client.create(CONFIG_MAPS, config_map, where))
            return
        except ApiError as error:
            if not error.is_already_exists:
                raise
        if await _makes_do(client, send, config_map):
            return
        await pause()


async def _makes_do(client: Client, send: Send, config_map: Document) -> bool:
    """True when what is there will do."""
    where, called = namespace(config_map), name(config_map)
    try:
        found = await send(lambda: client.get(CONFIG_MAPS, called, where))
        if _owners(found) & _owners(config_map) and not deleted(found):
            await send(lambda: client.patch(CONFIG_MAPS, called, {"data": config_map["data"]}, where))
            return True
        if labels(found).get(LABEL_WORKFLOW) != labels(config_map)[LABEL_WORKFLOW]:
            raise Foreign(f'configmaps "{called}" already exists and does not belong to this workflow')
        if not deleted(found):
            await send(lambda: client.delete(CONFIG_MAPS, called, where, uid=uid(found)))
    except ApiError as error:
        if not (error.is_not_found or error.is_conflict):
            raise
    return False


def _owners(document: Document) -> set[str]:
    references = (document.get("metadata") or {}).get("ownerReferences") or []
    return {str(each.get("uid")) for each in references if isinstance(each, dict)}
