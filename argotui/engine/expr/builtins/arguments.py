"""Checks that several functions share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import ANY, FLOAT64, GoType

Types = Sequence["GoType | None"]

NUMBER_KINDS: Final = frozenset(
    ["float32", "float64", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64"]
)
INT_KINDS: Final = frozenset(["int", "int8", "int16", "int32", "int64"])
LIST_KINDS: Final = frozenset(("slice", "array"))


def kind_of(kind: GoType | None) -> str:
    """Go's kind of a type, pointers followed; `invalid` for nil."""
    if kind is None:
        return "invalid"
    return kind.elem.kind if kind.kind == "ptr" and kind.elem is not None else kind.kind


def named(kind: GoType | None) -> str:
    """The type's name in a message; Go prints a missing one so."""
    return "%!s(<nil>)" if kind is None else kind.name


def expect(types: Types, count: int) -> None:
    """Raise Fault unless so many arguments are given."""
    if len(types) != count:
        raise Fault(f"invalid number of arguments (expected {count}, got {len(types)})")


def one_of(kind: GoType | None, kinds: frozenset[str], message: str) -> None:
    """Raise Fault unless the type is of one of the kinds, or not known; the type's name ends the message."""
    found = kind_of(kind)
    if found != "interface" and found not in kinds:
        raise Fault(message.format(named(kind)))


def first_type(types: Types) -> GoType:
    return types[0] if types and types[0] is not None else ANY


def validate_rounding(name: str) -> object:
    """The check of `ceil`, `floor` and `round`."""

    def validate(types: Types) -> GoType:
        expect(types, 1)
        one_of(types[0], NUMBER_KINDS, f"invalid argument for {name} (type {{}})")
        return FLOAT64

    return validate


def validate_aggregate(name: str) -> object:
    """The check of `max`, `min`, `mean` and `median`."""

    def validate(types: Types) -> GoType:
        if not types:
            raise Fault(f"not enough arguments to call {name}")
        for kind in types:
            found = kind_of(kind)
            if found == "interface" or found in LIST_KINDS:
                return ANY
            if found not in NUMBER_KINDS:
                raise Fault(f"invalid argument for {name} (type {named(kind)})")
        return first_type(types)

    return validate
