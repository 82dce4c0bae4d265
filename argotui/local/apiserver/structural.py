"""What a structural schema (of a CustomResourceDefinition) does to an object: prune, default, validate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import jsonschema_rs
import msgspec

from argotui.local.apiserver.status import Cause
from argotui.model.documents import Document, clone

_OBJECT_META = ("apiVersion", "kind", "metadata")
_KEPT_WORDS = {
    "type", "enum", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems",
    "uniqueItems", "minProperties", "maxProperties", "required",
}  # fmt: skip
_MAX_CAUSES = 50


class Pruner:
    """Drops unknown fields and fills in defaults, in one walk. Made once for a schema; equal parts are shared."""

    __slots__ = ("_default", "_defaults", "_embedded", "_extra", "_fields", "_items", "_nullable", "_open")
    _made: ClassVar[dict[tuple[Any, ...], Pruner]] = {}

    def __init__(self, fields: dict[str, Pruner], extra: Pruner | None, items: Pruner | None, schema: Document) -> None:
        self._fields = fields
        self._extra = extra
        self._items = items
        self._open = (
            bool(schema.get("x-kubernetes-preserve-unknown-fields")) or schema.get("additionalProperties") is True
        )
        self._embedded = bool(schema.get("x-kubernetes-embedded-resource"))
        self._nullable = bool(schema.get("nullable"))
        self._default = schema.get("default")
        self._defaults = {key: child for key, child in self._fields.items() if child._default is not None}

    @classmethod
    def of(cls, schema: Document) -> Pruner:
        """The pruner of a schema."""
        fields = {key: cls.of(child) for key, child in (schema.get("properties") or {}).items()}
        below = [schema.get(word) for word in ("additionalProperties", "items")]
        extra, items = (cls.of(child) if isinstance(child, dict) else None for child in below)
        made = cls(fields, extra, items, schema)
        children = (*((key, id(child)) for key, child in fields.items()), id(extra), id(items))
        key = (children, made._open, made._embedded, made._nullable, json.dumps(made._default))
        return cls._made.setdefault(key, made)

    @property
    def idle(self) -> bool:
        """Whether nothing below here can be dropped or filled in."""
        return not self._fields and (self._open or (self._extra is None and self._items is None))

    def walk(self, value: Any, path: str, unknown: list[str]) -> None:
        """Changes `value` in place; appends the paths of dropped fields."""
        if isinstance(value, dict):
            self._walk_object(value, path, unknown)
        elif isinstance(value, list) and self._items is not None:
            items = self._items
            for index, item in enumerate(value):
                items.walk(item, f"{path}[{index}]", unknown)

    def _walk_object(self, value: Document, path: str, unknown: list[str]) -> None:
        for key in list(value):
            child = self._fields.get(key) or self._extra
            place = f"{path}.{key}" if path else key
            if child is not None:
                item = value[key]
                if isinstance(item, dict | list):
                    child.walk(item, place, unknown)
                elif item is None and child._default is not None and not child._nullable:
                    del value[key]
            elif not self._open and not (self._embedded and key in _OBJECT_META):
                unknown.append(place)
                del value[key]
        for key, child in self._defaults.items():
            if key not in value:
                value[key] = clone(child._default)


def has_rules(schema: Any) -> bool:
    """Whether a schema has x-kubernetes-validations anywhere."""
    if isinstance(schema, dict):
        return "x-kubernetes-validations" in schema or any(has_rules(child) for child in schema.values())
    return isinstance(schema, list) and any(has_rules(child) for child in schema)


class _Translation:
    """A structural schema in the words of JSON Schema; what only Kubernetes knows is translated or left out.

    Objects that occur more than once are referred to: a workflow has the schema of a container in
    dozens of places, and a validator compiles each place on its own.
    """

    def __init__(self) -> None:
        self.definitions: Document = {}
        self._names: dict[bytes, str] = {}

    def of(self, schema: Document) -> Document:
        """The translation of a schema, or a reference to it."""
        found = _words(schema)
        if "properties" in schema:
            found["properties"] = {key: self.of(child) for key, child in schema["properties"].items()}
        for word in ("items", "additionalProperties", "not"):
            if isinstance(schema.get(word), dict):
                found[word] = self.of(schema[word])
        for word in ("allOf", "anyOf", "oneOf"):
            if isinstance(schema.get(word), list):
                found[word] = [self.of(child) for child in schema[word]]
        return self._refer(found) if "properties" in found else found

    def _refer(self, schema: Document) -> Document:
        text = msgspec.json.encode(schema, order="deterministic")
        name = self._names.get(text)
        if name is None:
            name = self._names[text] = f"d{len(self._names)}"
            self.definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}


def _words(schema: Document) -> Document:
    """The words that are about the value itself."""
    found: Document = {word: value for word, value in schema.items() if word in _KEPT_WORDS}
    if schema.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in found:
        types = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*types, "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    for bound, word in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(word) is True and bound in found:
            found[word] = found.pop(bound)
    return found


def json_schema(schema: Document) -> Document:
    """The same schema in the words of JSON Schema."""
    translation = _Translation()
    return {**translation.of(schema), "$defs": translation.definitions}


class Validator:
    """Checks objects against a schema and words what is wrong as Kubernetes does."""

    def __init__(self, schema: Document) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(json_schema(schema))

    def causes(self, value: Any) -> list[Cause]:
        """Every breach, in the order of the document; empty when the value is valid."""
        if self._validator.is_valid(value):
            return []
        found = []
        for error in self._validator.iter_errors(value):
            found += list(_causes(error))
            if len(found) >= _MAX_CAUSES:
                break
        return found


def schema_fault(schema: Document) -> str | None:
    """Why a schema cannot be used, None when it can."""
    try:
        Pruner.of(schema)
        Validator(schema)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        return f"is not a schema: {str(error).partition(chr(10))[0]}"
    return None


def path_text(parts: list[str | int]) -> str:
    """`spec.templates[0].name`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def type_name(value: Any) -> str:
    """A value's JSON type."""
    if value is None:
        return "null"
    names = {bool: "boolean", str: "string", int: "integer", float: "number", dict: "object", list: "array"}
    return names[type(value)]


def _causes(error: Any) -> Iterator[Cause]:
    path, name, limit = path_text(error.instance_path), error.kind.name, error.kind.value
    value = error.instance
    if name == "type":
        got, wanted = type_name(value), ",".join(limit)
        text = f'Invalid value: "{got}": {path} in body must be of type {wanted}: "{got}"'
        yield Cause("FieldValueTypeInvalid", text, path)
    elif name == "required":
        yield Cause("FieldValueRequired", "Required value", f"{path}.{limit}" if path else str(limit))
    elif name == "enum":
        choices = ", ".join(json.dumps(choice) for choice in limit if choice is not None)
        text = f"Unsupported value: {_shown(value)}: supported values: {choices}"
        yield Cause("FieldValueNotSupported", text, path)
    elif name in _COUNTS:
        reason, text = _COUNTS[name]
        yield Cause(reason, text.format(path=path, limit=limit, value=_shown(value), count=_count(value)), path)
    elif name in ("anyOf", "oneOf", "not"):
        text = f'Invalid value: {_shown(value)}: "{path}" must validate {_ALTERNATIVES[name]}'
        yield Cause("FieldValueInvalid", text, path)
    else:
        yield Cause("FieldValueInvalid", f"Invalid value: {_shown(value)}: {error.message}", path)


_ALTERNATIVES = {
    "anyOf": "at least one schema (anyOf)",
    "oneOf": "one and only one schema (oneOf)",
    "not": "not the schema (not)",
}
_INVALID = "Invalid value: {value}: {path} in body should "
_COUNTS: dict[str, tuple[str, str]] = {
    "minimum": ("FieldValueInvalid", _INVALID + "be greater than or equal to {limit}"),
    "maximum": ("FieldValueInvalid", _INVALID + "be less than or equal to {limit}"),
    "exclusiveMinimum": ("FieldValueInvalid", _INVALID + "be greater than {limit}"),
    "exclusiveMaximum": ("FieldValueInvalid", _INVALID + "be less than {limit}"),
    "multipleOf": ("FieldValueInvalid", _INVALID + "be a multiple of {limit}"),
    "pattern": ("FieldValueInvalid", _INVALID + "match '{limit}'"),
    "minLength": ("FieldValueInvalid", _INVALID + "be at least {limit} chars long"),
    "maxLength": ("FieldValueTooLong", "Too long: may not be more than {limit} bytes"),
    "minItems": ("FieldValueInvalid", _INVALID + "have at least {limit} items"),
    "maxItems": ("FieldValueTooMany", "Too many: {count}: must have at most {limit} items"),
    "minProperties": ("FieldValueInvalid", _INVALID + "have at least {limit} properties"),
    "maxProperties": ("FieldValueTooMany", "Too many: {count}: must have at most {limit} items"),
    "uniqueItems": ("FieldValueDuplicate", "Duplicate value: {value}"),
}


def _count(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _shown(value: Any) -> str:
    """A value in a message: its JSON, cut."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "…"
