"""Kubernetes' own kinds: what their Go types do to a document on its way through the server.

Unknown fields and nulls are dropped, empty optional strings, lists and maps too (omitempty),
quantities get their canonical form, and a value of the wrong type is refused. The table of types is
`types.json`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from argotui.local.apiserver import status
from argotui.local.apiserver.status import Cause
from argotui.model.documents import Document
from argotui.model.quantity import Quantity, QuantityError

_HEAD = ("apiVersion", "kind", "metadata")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\r\n]")
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
    """A value of the wrong type, and what Go would have wanted."""

    def __init__(self, wanted: str, value: Any) -> None:
        super().__init__(wanted)
        self.wanted = wanted
        self.value = value


class _Undecodable(Exception):
    """A text that a type of Go's does not read, in that type's words."""


def _base64(value: Any) -> str:
    text = _string(value)
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        bad = _NOT_BASE64.search(text)
        raise _Undecodable(f"illegal base64 data at input byte {bad.start() if bad else len(text)}") from error
    return text


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _Unfit("string", value)
    return value


def _integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Unfit("int64", value)
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _Unfit("float64", value)
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("bool", value)
    return value


def _quantity(value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _Unfit("resource.Quantity", value)
    try:
        return str(Quantity.parse(value))
    except QuantityError as error:
        raise _Undecodable(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from error


def _int_or_string(value: Any) -> int | str:
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise _Unfit("int32 or string", value)
    return value


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "s": _string, "t": _string, "B": _base64, "i": _integer, "f": _number, "b": _boolean, "q": _quantity,
    "x": _int_or_string, "any": lambda value: value,
}  # fmt: skip


_ZEROS: dict[str, Any] = {"s": "", "B": "", "i": 0, "f": 0, "b": False}


class Walk:
    """One pass over one document. Collects unknown fields and missing required ones."""

    def __init__(self, kind: str, version: str) -> None:
        self._kind = kind
        self._version = version
        self._path: list[str] = []
        self.unknown: list[str] = []
        self.causes: list[Cause] = []

    def document(self, document: Document) -> None:
        """Tidies everything but `apiVersion`, `kind` and `metadata`, in place. Raises StatusError 400."""
        body = {key: document.pop(key) for key in list(document) if key not in _HEAD}
        try:
            document.update(self._struct(table()[self._kind], body, _HEAD))
        except _Unfit as unfit:
            raise self._refused(unfit) from unfit
        except _Undecodable as error:
            head = f'{self._kind} in version "{self._version}" cannot be handled as a {self._kind}'
            raise status.bad_request(f"{head}: {error}") from error

    def _at(self, key: str) -> str:
        """The path of a field below where the walk is."""
        return "".join((*self._path, ".", key)).removeprefix(".")

    def _struct(self, fields: dict[str, Field], value: Document, skipped: tuple[str, ...] = ()) -> Document:
        result: Document = {}
        path = self._path
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                self.unknown.append(self._at(key))
            elif item is not None:
                path.append(f".{key}")  # stays there when an exception tells of it
                item = self._value(field, item)
                path.pop()
                if item or field.required or not _is_empty(field, key, item):
                    result[key] = item
        if len(result) != len(fields):
            self._missing(fields, result, skipped)
        return result

    def _value(self, field: Field, value: Any) -> Any:
        if not field.shape:
            return self._one(field.type, value)
        if field.shape == "[":
            return self._list(field.type, value)
        return self._map(field.type, value)

    def _list(self, type_: str, value: Any) -> list[Any]:
        if type(value) is not list:
            raise _Unfit("slice", value)
        if type_ == "s" and all(type(item) is str for item in value):
            return value
        result = []
        for index, item in enumerate(value):
            self._path.append(f"[{index}]")
            result.append(self._element(type_, item))
            self._path.pop()
        return result

    def _map(self, type_: str, value: Any) -> Document:
        if type(value) is not dict:
            raise _Unfit("map", value)
        result = {}
        for key, item in value.items():
            self._path.append(f".{key}")
            result[key] = self._element(type_, item)
            self._path.pop()
        return result

    def _element(self, type_: str, value: Any) -> Any:
        """A list item or a map value: null is the zero value there, not absence."""
        if value is None:
            return None if type_ == "any" else _ZEROS.get(type_, {})
        return self._one(type_, value)

    def _one(self, type_: str, value: Any) -> Any:
        scalar = _SCALARS.get(type_)
        if scalar is not None:
            return scalar(value)
        if type(value) is not dict:
            raise _Unfit(f"v1.{type_}", value)
        return self._struct(table()[type_], value)

    def _missing(self, fields: dict[str, Field], value: Document, skipped: tuple[str, ...]) -> None:
        """Notes required fields that are not there; in a status Go writes their zero values instead."""
        for key, field in fields.items():
            if not field.required or key in value or key in skipped or key == "metadata":
                continue
            if not self._path or self._path[0] != ".status":
                self.causes.append(Cause("FieldValueRequired", "Required value", self._at(key)))
            elif field.type in _ZEROS and not field.shape:
                value[key] = _ZEROS[field.type]

    def _refused(self, unfit: _Unfit) -> status.StatusError:
        names: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "bool"}
        got = names.get(type(unfit.value), "number")
        path = "".join(self._path).removeprefix(".")
        return status.bad_request(
            f'{self._kind} in version "{self._version}" cannot be handled as a {self._kind}: json: cannot unmarshal'
            f" {got} into Go struct field {self._kind}.{path} of type {unfit.wanted}"
        )


def _is_empty(field: Field, key: str, value: Any) -> bool:
    """What omitempty leaves out. A struct that is there but empty (emptyDir: {}) is kept."""
    if field.shape or field.type in ("s", "t", "B"):
        return not value
    return value is False and key in PLAIN_BOOLS
