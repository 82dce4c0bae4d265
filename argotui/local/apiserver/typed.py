"""Kubernetes' own kinds: what their Go types do to a document on its way through the server.

Unknown fields and nulls are dropped, empty optional strings, lists and maps too (omitempty),
quantities get their canonical form, and a value of the wrong type is refused. The table of types is
`types.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from argotui.local.apiserver import status
from argotui.local.apiserver.status import Cause
from argotui.model.documents import Document
from argotui.model.quantity import Quantity, QuantityError

_TABLE = Path(__file__).with_name("types.json")
# switches that Go keeps as plain bools: false is not written. volumeMounts[].readOnly is one as well, but an
# explicit false there is how a pod asks to write to a hostPath, so it stays
PLAIN_BOOLS = frozenset({"hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty"})


class Field(NamedTuple):
    """`shape` is "" for one value, "[" for a list, "{" for a map; `type` is a scalar's letter or a type's name."""

    type: str
    shape: str
    required: bool


@cache
def table() -> dict[str, dict[str, Field]]:
    """Type name -> field name -> Field."""
    raw: dict[str, dict[str, str]] = json.loads(_TABLE.read_text())
    return {name: {field: _field(text) for field, text in fields.items()} for name, fields in raw.items()}


def _field(text: str) -> Field:
    required, text = text.startswith("!"), text.removeprefix("!")
    return Field(text.lstrip("[{"), text[0] if text[0] in "[{" else "", required)


class _Unfit(Exception):
    """A value of the wrong type: what was found, and what Go would have wanted."""


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _Unfit("string")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Unfit("int64")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _Unfit("float64")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("bool")
    return value


def _quantity(value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _Unfit("resource.Quantity")
    try:
        return str(Quantity.parse(value))
    except QuantityError as error:
        raise _Unfit(f"resource.Quantity ({error})") from error


def _int_or_string(value: Any) -> int | str:
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise _Unfit("int32 or string")
    return value


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "s": _string, "t": _string, "B": _string, "i": _integer, "f": _number, "b": _boolean, "q": _quantity,
    "x": _int_or_string, "any": lambda value: value,
}  # fmt: skip


_ZEROS: dict[str, Any] = {"s": "", "B": "", "i": 0, "f": 0, "b": False}


class Walk:
    """One pass over one document. Collects unknown fields and missing required ones."""

    def __init__(self, kind: str, version: str) -> None:
        self._kind = kind
        self._version = version
        self.unknown: list[str] = []
        self.causes: list[Cause] = []

    def document(self, document: Document) -> None:
        """Tidies everything but `apiVersion`, `kind` and `metadata`, in place. Raises StatusError 400."""
        fields = table()[self._kind]
        for key in list(document):
            if key in ("apiVersion", "kind", "metadata"):
                continue
            field = fields.get(key)
            if field is None:
                self.unknown.append(key)
                del document[key]
            else:
                self._set(document, key, self._value(field, document[key], key), field)
        self._missing(fields, document, "")

    def _set(self, into: Document, key: str, value: Any, field: Field) -> None:
        empty = value is None or (not field.required and _is_empty(field, key, value))
        if empty:
            del into[key]
        else:
            into[key] = value

    def _value(self, field: Field, value: Any, path: str) -> Any:
        if value is None:
            return None
        if field.shape == "[":
            if not isinstance(value, list):
                raise self._refused("slice", value, path)
            return [self._element(field.type, item, f"{path}[{index}]") for index, item in enumerate(value)]
        if field.shape == "{":
            if not isinstance(value, dict):
                raise self._refused("map", value, path)
            return {key: self._element(field.type, item, f"{path}.{key}") for key, item in value.items()}
        return self._one(field.type, value, path)

    def _element(self, type_: str, value: Any, path: str) -> Any:
        """A list item or a map value: null is the zero value there, not absence."""
        if value is None:
            return None if type_ == "any" else _ZEROS.get(type_, {})
        return self._one(type_, value, path)

    def _one(self, type_: str, value: Any, path: str) -> Any:
        scalar = _SCALARS.get(type_)
        if scalar is not None:
            try:
                return scalar(value)
            except _Unfit as wanted:
                raise self._refused(str(wanted), value, path) from wanted
        if not isinstance(value, dict):
            raise self._refused(f"v1.{type_}", value, path)
        return self._struct(type_, value, path)

    def _struct(self, type_: str, value: Document, path: str) -> Document:
        fields = table()[type_]
        result: Document = {}
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                self.unknown.append(f"{path}.{key}")
            elif item is not None:
                item = self._value(field, item, f"{path}.{key}")
                if field.required or not _is_empty(field, key, item):
                    result[key] = item
        self._missing(fields, result, f"{path}.")
        return result

    def _missing(self, fields: dict[str, Field], value: Document, prefix: str) -> None:
        """Notes required fields that are not there; in a status Go writes their zero values instead."""
        for key, field in fields.items():
            if not field.required or key in value or key == "metadata":
                continue
            if not prefix.startswith("status."):
                self.causes.append(Cause("FieldValueRequired", "Required value", f"{prefix}{key}"))
            elif field.type in _ZEROS and not field.shape:
                value[key] = _ZEROS[field.type]

    def _refused(self, wanted: str, value: Any, path: str) -> status.StatusError:
        got = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
        return status.bad_request(
            f'{self._kind} in version "{self._version}" cannot be handled as a {self._kind}: json: cannot unmarshal'
            f" {got} into Go struct field {self._kind}.{path} of type {wanted}"
        )


def _is_empty(field: Field, key: str, value: Any) -> bool:
    """What omitempty leaves out. A struct that is there but empty (emptyDir: {}) is kept."""
    if field.shape or field.type in ("s", "t", "B"):
        return not value
    return value is False and key in PLAIN_BOOLS
