"""What a cluster has from the start."""

from __future__ import annotations

import uuid

from argotui.local.apiserver import objectmeta
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.strategies import strategy_for
from argotui.model.documents import Document
from argotui.model.schema import crds

_NAMESPACES = ("default", "argo", "kube-system")


async def prepare(context: Context) -> None:
    """Makes what is missing: namespaces, service accounts, Argo's definitions."""
    for crd in crds():
        await _define(context, crd)
    for name in _NAMESPACES:
        await _ensure(context, Key("namespaces", "", name), _namespace(name))


async def _ensure(context: Context, key: Key, document: Document) -> None:
    if context.store.latest(key) is not None:
        return
    document["metadata"].update(name=key.name, uid=str(uuid.uuid4()), creationTimestamp=objectmeta.now())
    if key.namespace:
        document["metadata"]["namespace"] = key.namespace
    await context.store.put(key, document)


def _namespace(name: str) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


async def _define(context: Context, crd: Document) -> None:
    """Stores a definition, or the new form of one that an older version of argotui stored."""
    key = Key("customresourcedefinitions.apiextensions.k8s.io", "", crd["metadata"]["name"])
    entry = context.store.latest(key)
    old = context.store.latest_document(entry) if entry is not None else None
    document: Document = {**crd, "metadata": dict(old["metadata"] if old else crd["metadata"])}
    document["spec"] = {**crd["spec"], "conversion": {"strategy": "None"}}
    if old is not None and old["spec"] == document["spec"]:
        return
    if old is None:
        document["metadata"].update(uid=str(uuid.uuid4()), creationTimestamp=objectmeta.now(), generation=1)
    collection = context.served.get(key.collection)
    assert collection is not None
    strategy_for(collection).complete(document, old)
    await context.store.put(key, document)
