"""What the checker knows of a value before it exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.expr.gotypes import ANY, ANYS, BYTES, DURATION, FLOAT64, INT, TIME, GoType
from argotui.engine.expr.values import type_of

if TYPE_CHECKING:
    from argotui.engine.expr.builtins.table import BuiltinFunction


@dataclass(frozen=True, slots=True)
class Nature:
    """type: None when nothing is known, or for nil. element: of a list, when more is known than its type
    says; of a predicate, its result. builtin: the function that an identifier names. method: the type is
    that of a method."""

    type: GoType | None = None
    is_nil: bool = False
    element: Nature | None = None
    builtin: BuiltinFunction | None = None
    method: bool = False

    def __str__(self) -> str:
        return "unknown" if self.type is None else self.type.name

    @property
    def kind(self) -> str:
        return "invalid" if self.type is None else self.type.kind

    @property
    def is_unknown(self) -> bool:
        return (self.type is None and not self.is_nil) or self.type is ANY

    @property
    def is_integer(self) -> bool:
        return self.type is not None and self.type.is_integer

    @property
    def is_float(self) -> bool:
        return self.type is not None and self.type.is_float

    @property
    def is_number(self) -> bool:
        return self.is_integer or self.is_float

    @property
    def is_bool(self) -> bool:
        return self.kind == "bool"

    @property
    def is_string(self) -> bool:
        return self.kind == "string"

    @property
    def is_array(self) -> bool:
        return self.kind in ("slice", "array")

    @property
    def is_map(self) -> bool:
        return self.kind == "map"

    @property
    def is_time(self) -> bool:
        return self.type is TIME

    @property
    def is_duration(self) -> bool:
        return self.type is DURATION

    @property
    def is_bytes(self) -> bool:
        return self.type is BYTES

    def deref(self) -> Nature:
        """What a pointer points at."""
        if self.type is not None and self.type.kind == "ptr":
            return of_type(self.type.elem)
        return self

    def key_nature(self) -> Nature:
        return of_type(self.type.key) if self.type is not None and self.type.kind == "map" else UNKNOWN

    def element_nature(self) -> Nature:
        """Of a list, map or pointer."""
        if self.type is None:
            return UNKNOWN
        if self.is_array and self.element is not None:
            return self.element
        return of_type(self.type.elem) if self.kind in ("ptr", "map", "slice", "array") else UNKNOWN

    def assignable_to(self, other: Nature) -> bool:
        if self.is_nil and other.kind in ("ptr", "interface", "func", "map", "slice"):
            return True
        if self.type is None or other.type is None:
            return False
        return self.type.assignable_to(other.type)

    def comparable_to(self, other: Nature) -> bool:
        """True when `==` between the two makes sense."""
        if self.is_unknown or other.is_unknown or self.is_nil or other.is_nil:
            return True
        both = ((self.is_number, other.is_number), (self.is_array, other.is_array))
        return any(left and right for left, right in both) or self.assignable_to(other)

    def maybe_compatible(self, other: Nature, *checks: str) -> bool:
        """True when one side or both are unknown and the other one passes a check (`is_number`, …)."""
        if self.is_unknown:
            return other.is_unknown or other.passes(*checks)
        return other.is_unknown and self.passes(*checks)

    def passes(self, *checks: str) -> bool:
        return any(getattr(self, check) for check in checks)

    def promoted(self, other: Nature) -> Nature:
        """The type of arithmetic between two numbers."""
        return FLOAT_NATURE if self.is_float or other.is_float else INT_NATURE

    def in_array(self) -> Nature:
        """A []interface {} whose elements are known to be this."""
        return Nature(ANYS, element=self)


UNKNOWN: Final = Nature()
NIL: Final = Nature(is_nil=True)
_KNOWN: Final[dict[GoType, Nature]] = {}


def of_type(kind: GoType | None) -> Nature:
    """The nature of a type."""
    if kind is None:
        return UNKNOWN
    found = _KNOWN.get(kind)
    if found is None:
        found = _KNOWN[kind] = Nature(kind)
    return found


def of_value(value: Any) -> Nature:
    """The nature of a value of the environment."""
    return NIL if value is None else of_type(type_of(value))


INT_NATURE: Final = of_type(INT)
FLOAT_NATURE: Final = of_type(FLOAT64)
