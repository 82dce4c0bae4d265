"""What a cluster has from the start."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from argotui.local.apiserver import objectmeta
from argotui.local.apiserver.access import policy
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.shipped import CONFIGURATION, configuration
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Store
from argotui.local.apiserver.strategies import strategy_for
from argotui.model import resources
from argotui.model.documents import Document

_NAMESPACES = ("default", "argo", "kube-system")
_ACCOUNTS = (("argo", "argo"),)
_QUICK_START = ("default", "argo")
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


async def prepare(context: Context) -> None:
    """Makes what is missing: Argo's definitions, namespaces, accounts, roles; the user's part of it only once."""
    await _define_all(context)
    for name in _NAMESPACES:
        await _ensure(context, Key("namespaces", "", name), _namespace(name))
    for namespace, name in _ACCOUNTS:
        account: Document = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {}}
        await _ensure(context, Key("serviceaccounts", namespace, name), account)
    await _roles(context)
    if not context.store.fact("quick_start"):
        for namespace in _QUICK_START:
            for resource, document in policy.quick_start(namespace):
                await _ensure(context, Key(resource.group_resource, namespace, document["metadata"]["name"]), document)
        context.store.remember("quick_start", 1)
    if not context.store.fact("configured"):
        await _ensure(context, CONFIGURATION, configuration())
        context.store.remember("configured", 1)


async def _roles(context: Context) -> None:
    """Kubernetes' roles as this version has them; a binding of them that is there may have been changed."""
    for role in policy.cluster_roles():
        key = Key(resources.CLUSTER_ROLES.group_resource, "", role["metadata"]["name"])
        entry = context.store.latest(key)
        if entry is None:
            await _ensure(context, key, role)
        elif not role.get("aggregationRule"):
            stored = context.store.latest_document(entry)
            missing = [rule for rule in role["rules"] if rule not in (stored.get("rules") or ())]
            if missing:
                stored["rules"] = [*(stored.get("rules") or ()), *missing]
                await context.store.put(key, stored)
    for binding in policy.cluster_role_bindings():
        await _ensure(context, Key(resources.CLUSTER_ROLE_BINDINGS.group_resource, "", _name(binding)), binding)
    await context.access.aggregator.settle()


def _name(document: Document) -> str:
    return str(document["metadata"]["name"])


async def _define_all(context: Context) -> None:
    """Stores Argo's definitions, unless this very program has done so and nobody has changed them since.

    Making them loads all manifest models, a third of a second that most starts can do without.
    """
    store = context.store
    made_by = _fingerprint()
    if store.fact("definitions") == made_by and _defined_until(store) == store.fact("definitions_revision"):
        return
    from argotui.model.schema import crds

    for crd in crds():
        await _define(context, crd)
    store.remember("definitions", made_by)
    store.remember("definitions_revision", _defined_until(store))


def _defined_until(store: Store) -> int:
    """The revision of the last change of one of Argo's definitions."""
    keys = [Key(_DEFINITIONS, "", resource.group_resource) for resource in resources.ARGO]
    return max(entry.seq if (entry := store.get(key)) else 0 for key in keys)


def _fingerprint() -> int:
    """A number that changes with the source files that the definitions are made from."""
    folder = Path(resources.__file__).parent
    stats = sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*.py"))
    return int.from_bytes(hashlib.sha256(repr(stats).encode()).digest()[:7], "big")


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
    key = Key(_DEFINITIONS, "", crd["metadata"]["name"])
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
