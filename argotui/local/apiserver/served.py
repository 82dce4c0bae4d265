"""Which resources are served, and what is particular to each.

Built-in kinds are a fixed table; kinds of CustomResourceDefinitions come and go with those objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Change, Store
from argotui.model import resources
from argotui.model.documents import Document
from argotui.model.resources import Resource

EVERY_VERB = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "reason", "reportingComponent", "source", "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "services": ("spec.clusterIP", "spec.type"),
    "jobs.batch": ("status.successful",),
}  # fmt: skip

_CATEGORIES = {"pods": ("all",), "services": ("all",), "jobs.batch": ("all",)}


@dataclass(frozen=True)
class Collection:
    """A served resource. `definition` reads the CustomResourceDefinition it comes from, None for a built-in kind.

    Definitions are large (the schema of a workflow has 700 kB), so they are read when something is
    made of them, and not kept.
    """

    resource: Resource
    list_kind: str
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    definition: Callable[[], Document] | None = field(default=None, compare=False, repr=False)
    cache: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What others have made of the definition: strategy, columns."""

    @cached_property
    def id(self) -> str:
        """`plural.group`, the name of the collection in the store."""
        return self.resource.group_resource

    @cached_property
    def group_version(self) -> tuple[str, str]:
        """(group, version); the core group is ""."""
        return self.resource.group, self.resource.version

    @property
    def builtin(self) -> bool:
        """Whether the kind is Kubernetes' own, with Go types behind it upstream."""
        return self.definition is None

    @property
    def field_paths(self) -> tuple[str, ...]:
        """Fields for field selectors beyond metadata.name and metadata.namespace."""
        return _FIELDS.get(self.id, ())

    def version_spec(self) -> Document:
        """The served version's part of the CustomResourceDefinition; empty for a built-in kind."""
        for version in self.definition()["spec"]["versions"] if self.definition else ():
            if version["name"] == self.resource.version:
                return version  # type: ignore[no-any-return]
        return {}

    def schema(self) -> Document | None:
        """The structural schema, None when there is none."""
        found: Any = self.version_spec().get("schema", {}).get("openAPIV3Schema")
        return found if isinstance(found, dict) else None


def field_paths() -> dict[str, tuple[str, ...]]:
    """The selectable fields of every built-in collection."""
    return dict(_FIELDS)


_SUBRESOURCES = {
    "pods": ("binding", "log", "exec", "eviction", "attach", "portforward"),
    "serviceaccounts": ("token",),
}


def _builtin(resource: Resource) -> Collection:
    own = _SUBRESOURCES.get(resource.group_resource, ())
    status = ("status",) if resource.status_subresource else ()
    return Collection(resource, f"{resource.kind}List", (*status, *own), _CATEGORIES.get(resource.group_resource, ()))


class _Names(msgspec.Struct):
    kind: str
    plural: str
    singular: str = ""
    listKind: str = ""  # noqa: N815 - as on the wire
    shortNames: tuple[str, ...] = ()  # noqa: N815
    categories: tuple[str, ...] = ()


class _Version(msgspec.Struct):
    name: str
    served: bool = False
    subresources: dict[str, Any] | None = None


class _Spec(msgspec.Struct):
    group: str
    scope: str
    names: _Names
    versions: tuple[_Version, ...]


class _Definition(msgspec.Struct):
    """As much of a CustomResourceDefinition as serving its objects needs; the schema is skipped."""

    spec: _Spec


def custom(body: bytes, definition: Callable[[], Document]) -> Collection:
    """The collection that a CustomResourceDefinition describes (its one served version)."""
    spec = msgspec.json.decode(body, type=_Definition).spec
    names = spec.names
    version = next(version for version in spec.versions if version.served)
    has_status = "status" in (version.subresources or {})
    resource = Resource(
        spec.group,
        version.name,
        names.kind,
        names.plural,
        names.singular or names.kind.lower(),
        names.shortNames,
        namespaced=spec.scope == "Namespaced",
        status_subresource=has_status,
    )
    list_kind = names.listKind or f"{names.kind}List"
    return Collection(resource, list_kind, ("status",) if has_status else (), names.categories, definition)


class Served:
    """The resources that are served now."""

    def __init__(self) -> None:
        builtin = [r for r in resources.ALL if r not in resources.ARGO]
        self._by_path = {(r.group, r.version, r.plural): _builtin(r) for r in builtin}
        self._by_id = {c.id: c for c in self._by_path.values()}
        self.generation = 0
        """Grows with every change; keys caches of discovery and OpenAPI documents."""

    def __iter__(self) -> Iterator[Collection]:
        return iter(list(self._by_id.values()))

    def at(self, group: str, version: str, plural: str) -> Collection | None:
        """The collection behind a path."""
        return self._by_path.get((group, version, plural))

    def get(self, collection_id: str) -> Collection | None:
        """The collection by `plural.group`."""
        return self._by_id.get(collection_id)

    def by_kind(self, api_version: str, kind: str) -> Collection | None:
        """The collection of an object's apiVersion and kind."""
        for collection in self._by_id.values():
            if collection.resource.kind == kind and collection.resource.api_version == api_version:
                return collection
        return None

    def add(self, collection: Collection) -> None:
        """Serves a custom resource from now on, or in its new form."""
        old = self._by_id.get(collection.id)
        if old is not None:
            self._by_path.pop((*old.group_version, old.resource.plural), None)
        self._by_path[(*collection.group_version, collection.resource.plural)] = collection
        self._by_id[collection.id] = collection
        self.generation += 1

    def remove(self, collection_id: str) -> None:
        """Stops serving a custom resource."""
        collection = self._by_id.pop(collection_id, None)
        if collection is not None:
            self._by_path.pop((*collection.group_version, collection.resource.plural), None)
            self.generation += 1


class Definitions:
    """Keeps the served resources in step with the CustomResourceDefinitions that are stored."""

    _COLLECTION = "customresourcedefinitions.apiextensions.k8s.io"

    def __init__(self, served: Served, store: Store) -> None:
        self._served = served
        self._store = store

    def start(self) -> None:
        """Serves what is defined already."""
        for entry in self._store.head.shelf(self._COLLECTION).select():
            self._serve(entry.key, self._store.body(entry))

    def observe(self, change: Change) -> None:
        """Follows a committed change."""
        key = change.entry.key
        if key.collection != self._COLLECTION:
            return
        if change.deleted:
            self._served.remove(key.name)
        else:
            self._serve(key, change.body)

    def _serve(self, key: Key, body: bytes) -> None:
        self._served.add(custom(body, lambda: self._read(key)))
        for entry in self._store.head.shelf(key.name).select():
            entry.cells = None  # the columns may be others now

    def _read(self, key: Key) -> Document:
        entry = self._store.get(key)
        return self._store.document(entry) if entry is not None else {"spec": {"versions": []}}
