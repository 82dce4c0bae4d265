"""What a cluster has from the start."""

from __future__ import annotations

import uuid

from argotui.local.apiserver import objectmeta
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.storage.entry import Key
from argotui.model import resources
from argotui.model.documents import Document

_NAMESPACES = ("default", "argo", "kube-system")


async def prepare(context: Context) -> None:
    """Makes what is missing: namespaces, service accounts, Argo's definitions."""
    for crd in _definitions():
        await _ensure(context, Key("customresourcedefinitions.apiextensions.k8s.io", "", crd["metadata"]["name"]), crd)
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


def _definitions() -> list[Document]:
    return [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": resource.group_resource},
            "spec": {
                "group": resource.group,
                "scope": "Namespaced" if resource.namespaced else "Cluster",
                "names": {
                    "kind": resource.kind, "listKind": f"{resource.kind}List", "plural": resource.plural,
                    "singular": resource.singular, "shortNames": list(resource.short_names),
                },
                "versions": [{
                    "name": resource.version, "served": True, "storage": True,
                    "subresources": {"status": {}} if resource.status_subresource else {},
                }],
            },
        }
        for resource in resources.ARGO
    ]  # fmt: skip
