"""Go values as Python values.

    nil None · bool · int · float64 float · string str · []interface {} list · map[string]interface {} dict
    []byte bytes · other integers, slices and maps: the classes below

A Go string is bytes; one that is not UTF-8 is a str with surrogate escapes (`\\udc80`…), so a byte is never
lost and `text_bytes` gives the bytes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import (
    ANY_MAP,
    ANYS,
    BOOL,
    BYTES,
    DURATION,
    FLOAT64,
    INT,
    INT64,
    INTS,
    MAP,
    MONTH,
    PAIR,
    STRING,
    STRINGS,
    UINT8,
    UINT64,
    WEEKDAY,
    GoType,
)


class Sized(int):
    """An integer whose type is not `int`. Arithmetic gives a plain int, as in the language."""

    type: ClassVar[GoType] = INT64
    bits: ClassVar[int] = 64
    signed: ClassVar[bool] = True


class Int64(Sized):
    """A Go int64."""


class Uint8(Sized):
    """A Go byte."""

    type = UINT8
    bits = 8
    signed = False


class Uint64(Sized):
    """A Go uint64."""

    type = UINT64
    signed = False


class Named:
    """An integer of a named type; it is no number of the language, except for the types' own operators."""

    __slots__ = ("value",)
    type: ClassVar[GoType]

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Named) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self), self.value))


class Duration(Named):
    """A time.Duration; value: nanoseconds."""

    __slots__ = ()
    type = DURATION


class Month(Named):
    """A time.Month, 1 to 12."""

    __slots__ = ()
    type = MONTH


class Weekday(Named):
    """A time.Weekday, 0 is Sunday."""

    __slots__ = ()
    type = WEEKDAY


class Slice(list[Any]):
    """A slice or array that is no plain []interface {}, or a nil one."""

    __slots__ = ("is_nil", "type")

    def __init__(self, kind: GoType, items: Iterable[Any] = (), *, is_nil: bool = False) -> None:
        super().__init__(items)
        self.type = kind
        self.is_nil = is_nil


class TypedMap(dict[Any, Any]):
    """A map with string keys that is no map[string]interface {}."""

    __slots__ = ("type",)

    def __init__(self, kind: GoType, items: dict[Any, Any]) -> None:
        super().__init__(items)
        self.type = kind


class AnyMap:
    """A map with keys of any type. In Go `1`, `1.0` and `true` are three keys."""

    __slots__ = ("_entries", "type")

    def __init__(self, kind: GoType = ANY_MAP) -> None:
        self.type = kind
        self._entries: dict[Any, tuple[Any, Any]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Any) -> bool:
        return map_key(key) in self._entries

    def get(self, key: Any) -> Any:
        """The value, or None."""
        entry = self._entries.get(map_key(key))
        return None if entry is None else entry[1]

    def set(self, key: Any, value: Any) -> None:
        self._entries[map_key(key)] = (key, value)

    def items(self) -> Iterator[tuple[Any, Any]]:
        return iter(self._entries.values())


def map_key(key: Any) -> Any:
    """What tells two keys of a Go map apart. Raises Fault for a type that cannot be a key."""
    kind = type_of(key)
    if kind is None:
        return None
    if kind.kind in ("slice", "map", "func"):
        raise Fault(f"runtime error: hash of unhashable type {kind.name}")
    return (kind.name, tuple(map(map_key, key)) if isinstance(key, list) else key)


class Function:
    """A Go function value. call takes the arguments, already of the parameters' types."""

    __slots__ = ("call", "type")

    def __init__(self, kind: GoType, call: Callable[..., Any]) -> None:
        self.type = kind
        self.call = call


_PLAIN: Final[dict[type, GoType]] = {
    bool: BOOL,
    int: INT,
    float: FLOAT64,
    str: STRING,
    list: ANYS,
    dict: MAP,
    bytes: BYTES,
}


def type_of(value: Any) -> GoType | None:
    """The Go type of a value; None for nil."""
    if value is None:
        return None
    found = _PLAIN.get(type(value))
    if found is not None:
        return found
    kind: GoType = value.type
    return kind


def type_name(value: Any) -> str:
    """The type as `%T` prints it."""
    kind = type_of(value)
    return "<nil>" if kind is None else kind.name


def conversion_name(value: Any) -> str:
    """The type as Go names it when a type assertion fails."""
    return "nil" if value is None else operand_name(value)


def operand_name(value: Any) -> str:
    """The type as upstream names it where it follows pointers: of operands and of arguments of functions."""
    return type_name(value).removeprefix("*")


def is_number(value: Any) -> bool:
    """An integer or a float of an unnamed type."""
    kind = type(value)
    return kind is int or kind is float or isinstance(value, Sized)


def is_integer(value: Any) -> bool:
    return type(value) is int or isinstance(value, Sized)


def is_nil(value: Any) -> bool:
    """nil, or a nil slice."""
    return value is None or (type(value) is Slice and value.is_nil)


def is_map(value: Any) -> bool:
    return isinstance(value, dict | AnyMap)


def is_list(value: Any) -> bool:
    """A slice or an array, bytes included."""
    return isinstance(value, list | bytes)


def elements(value: list[Any] | bytes) -> list[Any]:
    """The elements of a slice or an array."""
    return [Uint8(byte) for byte in value] if isinstance(value, bytes) else value


def strings(items: Iterable[str]) -> Slice:
    return Slice(STRINGS, items)


def ints(items: Iterable[int]) -> Slice:
    return Slice(INTS, items)


def pair(key: Any, value: Any) -> Slice:
    return Slice(PAIR, (key, value))


def map_items(value: Any) -> list[tuple[Any, Any]]:
    """The entries of a map. Go's order is random; here it is that of the keys' text, so a result repeats."""
    return sorted(value.items(), key=lambda entry: _order(entry[0]))


def _order(key: Any) -> tuple[str, Any]:
    if isinstance(key, str):
        return ("", key)
    return (type_name(key), key if is_number(key) else repr(key))


def text_bytes(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def bytes_text(data: bytes) -> str:
    """The Go string of some bytes."""
    return data.decode("utf-8", "surrogateescape")


def joined(left: str, right: str) -> str:
    """Both texts in one. Stray bytes that meet may become a character."""
    text = left + right
    return text if text.isascii() else rejoined(text)


def rejoined(text: str) -> str:
    """A text that was put together from pieces, with stray bytes that became characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return bytes_text(text_bytes(clean(text)))
    return text


def clean(text: str) -> str:
    """The text with every surrogate that stands for no byte replaced, as Go's decoders do."""
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff" else c for c in text)
