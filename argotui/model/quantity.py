"""Kubernetes quantities: `500m`, `1.5Gi`, `12e6`.

An amount is kept exactly, in units of 10^-9; anything finer is rounded away from zero, as the API
does.  `str(quantity)` is the canonical text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import total_ordering

_TEXT = re.compile(r"([-+]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]{1,6})\Z")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAME = {power: name for name, power in _DECIMAL.items()}
_BINARY_NAME = {power: name for name, power in _BINARY.items()}
_NANO = 10**9
_MAX = 2**63 - 1
_MAX_EXPONENT = 4096

DECIMAL_SI = "DecimalSI"
DECIMAL_EXPONENT = "DecimalExponent"
BINARY_SI = "BinarySI"


class QuantityError(ValueError):
    """The text is not a quantity."""


@total_ordering
@dataclass(frozen=True, eq=False)
class Quantity:
    """An amount and the way it is written (`DecimalSI`, `DecimalExponent` or `BinarySI`)."""

    nano: int
    format: str = DECIMAL_SI
    written: str = field(default="", repr=False)
    """The text it was read from, where that text counts as canonical already (`007`, `1E3`)."""

    @classmethod
    def parse(cls, text: str | int | float) -> Quantity:
        """Read a quantity; JSON numbers are allowed.  Raises QuantityError."""
        if isinstance(text, bool):
            raise QuantityError("a boolean is not a quantity")
        if not isinstance(text, str):
            text = repr(text) if isinstance(text, int) else f"{text:.9f}"
        found = _TEXT.match(text)
        if not text or found is None or found.end() != len(text):
            raise QuantityError(f"{text[:64]!r} is not a quantity such as 500m, 2 or 1.5Gi")
        base, power, style = _suffix(text, found[4])
        digits, fraction = found[2] + (found[3] or ""), len(found[3] or "")
        mantissa = int(digits[:_MAX_EXPONENT] or "0") * (-1 if found[1] == "-" else 1)
        if base == 2:
            return _binary(mantissa << power, fraction)
        nano = _scaled(mantissa, power - fraction + 9)
        keep = text if not fraction and _is_canonical(mantissa, power, len(digits)) else ""
        return cls(nano, style, keep)

    @property
    def value(self) -> int:
        """The whole number at or above the amount (away from zero), limited to 64 bits."""
        return _limit(_round_up(self.nano, _NANO))

    @property
    def milli(self) -> int:
        """Thousandths, rounded away from zero, limited to 64 bits."""
        return _limit(_round_up(self.nano, 10**6))

    def __float__(self) -> float:
        return self.nano / _NANO

    def __bool__(self) -> bool:
        return self.nano != 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nano == other.nano

    def __lt__(self, other: Quantity) -> bool:
        return self.nano < other.nano

    def __hash__(self) -> int:
        return hash(self.nano)

    def __add__(self, other: Quantity) -> Quantity:
        """The sum, written like the left side (like the right one when the left is zero)."""
        return Quantity(self.nano + other.nano, self.format if self.nano else other.format)

    def __sub__(self, other: Quantity) -> Quantity:
        """The difference, written like the left side (like the right one when the left is zero)."""
        return Quantity(self.nano - other.nano, self.format if self.nano else other.format)

    def __str__(self) -> str:
        if not self.nano:
            return "0"
        if self.written:
            return self.written
        if self.format == BINARY_SI and self.nano % _NANO == 0 and abs(self.nano) >= 1024 * _NANO:
            return _binary_text(self.nano // _NANO)
        mantissa, power = _canonical(self.nano, -9)
        if self.format == DECIMAL_EXPONENT or power not in _DECIMAL_NAME:
            return f"{mantissa}e{power}" if power else str(mantissa)
        return f"{mantissa}{_DECIMAL_NAME[power]}"


def _suffix(text: str, suffix: str) -> tuple[int, int, str]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], DECIMAL_SI
    if suffix in _BINARY:
        return 2, _BINARY[suffix], BINARY_SI
    found = _EXPONENT.match(suffix)
    if not found or abs(int(found[1])) > _MAX_EXPONENT:
        raise QuantityError(f"{text[:64]!r}: unable to parse quantity's suffix {suffix[:16]!r}")
    return 10, int(found[1]), DECIMAL_EXPONENT


def _binary(mantissa: int, fraction: int) -> Quantity:
    nano = _scaled(mantissa, 9 - fraction)
    nano = max(min(nano, _MAX * _NANO), -_MAX * _NANO)
    return Quantity(nano, DECIMAL_SI if 0 < abs(nano) < _NANO else BINARY_SI)


def _scaled(mantissa: int, power: int) -> int:
    return mantissa * 10**power if power >= 0 else _round_up(mantissa, 10**-power)


def _round_up(amount: int, unit: int) -> int:
    return amount // unit if amount < 0 else -(-amount // unit)


def _limit(amount: int) -> int:
    return max(min(amount, _MAX), -_MAX - 1)


def _canonical(mantissa: int, power: int) -> tuple[int, int]:
    while mantissa % 1000 == 0:
        mantissa, power = mantissa // 1000, power + 3
    while mantissa % 10 == 0:
        mantissa, power = mantissa // 10, power + 1
    spare = power % 3
    return mantissa * 10**spare, power - spare


def _is_canonical(mantissa: int, power: int, digits: int) -> bool:
    """Whether upstream's fast path takes the text and finds nothing to change."""
    return bool(mantissa) and digits <= 18 and power >= -9 and _canonical(mantissa, power) == (mantissa, power)


def _binary_text(amount: int) -> str:
    power = 0
    while amount % 1024 == 0 and power < 60:
        amount, power = amount // 1024, power + 10
    return f"{amount}{_BINARY_NAME[power]}" if power else str(amount)


def parse(text: str | int | float) -> Quantity:
    """Read a quantity.  Raises QuantityError."""
    return Quantity.parse(text)


def canonical(text: str | int | float) -> str:
    """The text the API stores for a quantity: `1000m` is `1`, `2048Mi` is `2Gi`.  Raises QuantityError."""
    return str(Quantity.parse(text))


def value(text: str | int | float) -> int:
    """Whole units, rounded away from zero.  Raises QuantityError."""
    return Quantity.parse(text).value


def milli(text: str | int | float) -> int:
    """Thousandths, rounded away from zero.  Raises QuantityError."""
    return Quantity.parse(text).milli


def add(left: str | int | float, right: str | int | float) -> str:
    """The sum of two quantities, canonical.  Raises QuantityError."""
    return str(Quantity.parse(left) + Quantity.parse(right))


def compare(left: str | int | float, right: str | int | float) -> int:
    """-1, 0 or 1.  Raises QuantityError."""
    a, b = Quantity.parse(left), Quantity.parse(right)
    return (a > b) - (a < b)
