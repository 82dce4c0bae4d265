"""OpenAPI documents: enough for kubectl to explain kinds and to know what the server validates.

Built-in kinds are described from the table of types, custom resources by their own schemas. A
document is made when it is first asked for and again when the served resources have changed.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from argotui.local.apiserver import views
from argotui.local.apiserver.discovery import REVIEWS
from argotui.local.apiserver.served import Collection, Served
from argotui.local.apiserver.typed import Field, table
from argotui.model.documents import Document
from argotui.model.resources import Resource

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_META_TYPES = {
    "ObjectMeta",
    "OwnerReference",
    "ManagedFieldsEntry",
    "LabelSelector",
    "LabelSelectorRequirement",
    "Condition",
}
_SCALARS: dict[str, Document] = {
    "s": {"type": "string"},
    "t": {"type": "string", "format": "date-time"},
    "B": {"type": "string", "format": "byte"},
    "i": {"type": "integer", "format": "int64"},
    "f": {"type": "number", "format": "double"},
    "b": {"type": "boolean"},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
}
_SHARED: dict[str, Document] = {
    _QUANTITY: {"description": "An amount such as 500m, 2 or 1.5Gi.", "type": "string"},
    _INT_OR_STRING: {"description": "A number, or a text such as 50%.", "type": "string", "format": "int-or-string"},
}
_TYPE_META: dict[str, Document] = {
    "apiVersion": {"type": "string", "description": "Group and version of the kind."},
    "kind": {"type": "string", "description": "The kind of the object."},
}
V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""In what kubectl asks for version 2."""

_WRITES = ("dryRun", "fieldManager", "fieldValidation", "pretty")


@cache
def _descriptions() -> dict[str, str]:
    """`Type` and `Type.field` -> one sentence."""
    text: dict[str, str] = json.loads(Path(__file__).with_name("descriptions.json").read_text())
    return text


class OpenApi:
    """The documents of one server."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._generation = -1
        self._made: dict[str, bytes] = {}

    def index(self) -> Document:
        """GET /openapi/v3."""
        paths = {}
        for name in self._names():
            digest = hashlib.sha256(self._document(name)).hexdigest()[:32].upper()
            paths[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
        return {"paths": paths}

    def document(self, name: str) -> bytes | None:
        """GET /openapi/v3/NAME (`api/v1`, `apis/GROUP/VERSION`), None when there is no such version."""
        return self._document(name) if name in self._names() else None

    def v2(self) -> bytes:
        """GET /openapi/v2, all in one."""
        self._refresh()
        if "v2" not in self._made:
            definitions: Document = {}
            for name in self._names():
                definitions |= json.loads(self._document(name))["components"]["schemas"]
            text = views.encode(definitions).replace(b"#/components/schemas/", b"#/definitions/")
            head = {"swagger": "2.0", "info": _info(), "paths": {}}
            self._made["v2"] = views.encode(head)[:-1] + b',"definitions":' + text + b"}"
        return self._made["v2"]

    @staticmethod
    def v2_protobuf() -> bytes:
        """GET /openapi/v2 as protobuf: only its head, without a kind.

        kubectl asks for it when a file holds a `kind: List`, finds no description of that kind, and goes on.
        """
        info = _text(1, _info()["title"]) + _text(2, _info()["version"])
        return _text(1, "2.0") + _bytes(2, info) + _bytes(8, b"")  # swagger, info, paths

    def _refresh(self) -> None:
        if self._generation != self._served.generation:
            self._generation = self._served.generation
            self._made.clear()

    def _names(self) -> dict[str, list[Collection]]:
        found: dict[str, list[Collection]] = {}
        for collection in (*self._served, *_reviews()):
            group, version = collection.group_version
            found.setdefault(f"apis/{group}/{version}" if group else f"api/{version}", []).append(collection)
        return dict(sorted(found.items()))

    def _document(self, name: str) -> bytes:
        self._refresh()
        if name not in self._made:
            self._made[name] = views.encode(_version(self._names()[name]))
        return self._made[name]


@cache
def _reviews() -> tuple[Collection, ...]:
    """The kinds that only answer: they are described, but cannot be listed."""
    return tuple(
        Collection(Resource(group, version, kind, plural, kind.lower(), namespaced=namespaced), f"{kind}List")
        for (group, version), kinds in REVIEWS.items()
        for plural, (kind, namespaced) in kinds.items()
    )


def _bytes(field: int, data: bytes) -> bytes:
    """A protobuf field of fewer than 128 bytes."""
    return bytes((field << 3 | 2, len(data))) + data


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _info() -> Document:
    return {"title": "argotui local cluster", "version": "v1"}


def _version(collections: list[Collection]) -> Document:
    schemas: Document = dict(_SHARED)
    paths: Document = {}
    for collection in collections:
        _add_type(schemas, "ObjectMeta", "")
        schema = _kind_schema(collection, schemas)
        schema["x-kubernetes-group-version-kind"] = [_gvk(collection)]
        schemas[_schema_name(collection)] = schema
        if collection in _reviews():
            paths[collection.resource.path("{namespace}")] = {"post": _operation(collection, "post", _WRITES)}
            continue
        schemas[_schema_name(collection) + "List"] = _list_schema(collection)
        paths |= _paths(collection)
    return {"openapi": "3.0.0", "info": _info(), "paths": paths, "components": {"schemas": schemas}}


def _gvk(collection: Collection) -> Document:
    resource = collection.resource
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _prefix(collection: Collection) -> str:
    resource = collection.resource
    if collection.builtin:
        return f"io.k8s.api.{resource.group.partition('.')[0] or 'core'}.{resource.version}"
    return ".".join([*reversed(resource.group.split(".")), resource.version])


def _schema_name(collection: Collection) -> str:
    return f"{_prefix(collection)}.{collection.resource.kind}"


def _reference(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _kind_schema(collection: Collection, schemas: Document) -> Document:
    kind = collection.resource.kind
    if collection.builtin:
        return _type_schema(kind, _prefix(collection), schemas)
    schema: Document = dict(collection.schema() or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    metadata = {
        "description": "Name, labels and what else all objects have.",
        "allOf": [_reference(f"{_META}.ObjectMeta")],
    }
    schema["properties"] = {**schema.get("properties", {}), **_TYPE_META, "metadata": metadata}
    return schema


def _list_schema(collection: Collection) -> Document:
    listed = {"type": "array", "items": _reference(_schema_name(collection))}
    metadata = {"type": "object"}
    return {
        "description": f"A list of {collection.resource.kind} objects.",
        "type": "object",
        "required": ["items"],
        "properties": {**_TYPE_META, "metadata": metadata, "items": listed},
        "x-kubernetes-group-version-kind": [{**_gvk(collection), "kind": collection.list_kind}],
    }


def _type_name(type_: str, prefix: str) -> str:
    return f"{_META}.{type_}" if type_ in _META_TYPES or not prefix else f"{prefix}.{type_}"


def _add_type(schemas: Document, type_: str, prefix: str) -> str:
    """Adds a type and what it holds; returns its name among the schemas."""
    name = _type_name(type_, prefix)
    if name not in schemas:
        schemas[name] = {}  # types that hold themselves end here
        schemas[name] = _type_schema(type_, prefix, schemas)
    return name


def _type_schema(type_: str, prefix: str, schemas: Document) -> Document:
    fields = table()[type_]
    properties = {}
    for key, field in sorted(fields.items()):
        schema = _field_schema(field, prefix, schemas)
        text = _descriptions().get(f"{type_}.{key}") or _descriptions().get(f"*.{key}")
        if text:
            # beside $ref nothing counts, so the reference goes one level down
            schema = {"allOf": [schema], "description": text} if "$ref" in schema else {**schema, "description": text}
        properties[key] = schema
    found: Document = {"type": "object", "properties": properties}
    if text := _descriptions().get(type_):
        found["description"] = text
    required = [key for key, field in fields.items() if field.required]
    return {**found, "required": sorted(required)} if required else found


def _field_schema(field: Field, prefix: str, schemas: Document) -> Document:
    one: Document
    if field.type == "q":
        one = _reference(_QUANTITY)
    elif field.type == "x":
        one = _reference(_INT_OR_STRING)
    else:
        known = _SCALARS.get(field.type)
        one = dict(known) if known is not None else _reference(_add_type(schemas, field.type, prefix))
    if field.shape == "[":
        return {"type": "array", "items": one}
    return {"type": "object", "additionalProperties": one} if field.shape == "{" else one


def _paths(collection: Collection) -> Document:
    resource = collection.resource
    below = "{name}"
    if resource.namespaced:
        listing, everywhere = resource.path("{namespace}"), resource.path()
        paths = {everywhere: {"get": _operation(collection, "list", ())}}
    else:
        listing, paths = resource.path(), {}
    paths[listing] = {
        "get": _operation(collection, "list", ()),
        "post": _operation(collection, "post", _WRITES),
        "delete": _operation(collection, "deletecollection", ()),
    }
    paths[f"{listing}/{below}"] = _object_operations(collection)
    if resource.status_subresource:
        operations = _object_operations(collection)
        operations.pop("delete")
        paths[f"{listing}/{below}/status"] = operations
    return paths


def _object_operations(collection: Collection) -> Document:
    return {
        "get": _operation(collection, "get", ()),
        "put": _operation(collection, "put", _WRITES),
        "patch": _operation(collection, "patch", (*_WRITES, "force")),
        "delete": _operation(collection, "delete", ()),
    }


def _operation(collection: Collection, action: str, parameters: tuple[str, ...]) -> Document:
    shape = _reference(_schema_name(collection))
    answer: Any = {"description": "OK", "content": {"application/json": {"schema": shape}}}
    return {
        "operationId": f"{action}{collection.resource.kind}",
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _gvk(collection),
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters],
        "responses": {"200": answer},
    }
