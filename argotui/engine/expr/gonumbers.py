"""Go's numbers: 64-bit wrap-around, conversions, `math.Pow`, and reading numbers from texts."""

from __future__ import annotations

import math
import re
from typing import Any, Final

MAX_INT: Final = 2**63 - 1
MIN_INT: Final = -(2**63)

_INTEGER: Final = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9_]+)\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:[eE][+-]?[0-9_]+)?\Z", re.ASCII)
_HEX_FLOAT: Final = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F_]+\.?[0-9a-fA-F_]*|\.[0-9a-fA-F_]+)[pP][+-]?[0-9]+\Z", re.ASCII
)
_SPECIAL: Final = re.compile(r"[+-]?(?:inf|infinity)\Z|nan\Z", re.ASCII | re.IGNORECASE)
_LOOSE: Final = re.compile(r"(?:^|[^0-9a-fA-FxXoObB_])_|__|_(?:[^0-9a-fA-F]|\Z)")


class NumberError(ValueError):
    """A text that is no number; `args[0]` is `syntax` or `range`."""


def wrap(number: int) -> int:
    """The number in 64 bits, two's complement."""
    if MIN_INT <= number <= MAX_INT:
        return number
    return (number - MIN_INT) % 2**64 + MIN_INT


def to_int(number: float) -> int:
    """Go's int(x) of a number. A float that does not fit gives the smallest int, as on amd64."""
    if isinstance(number, int):
        return wrap(int(number))
    if not math.isfinite(number):
        return MIN_INT
    whole = int(number)
    return whole if MIN_INT <= whole <= MAX_INT else MIN_INT


def divide(left: float, right: float) -> float:
    """Float division; by zero gives an infinity or NaN."""
    if right:
        return left / right
    if left == 0 or left != left:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def remainder(left: int, right: int) -> int:
    """Go's `%`: the sign is that of the left side. right must not be 0."""
    result = abs(left) % abs(right)
    return -result if left < 0 else result


def quotient(left: int, right: int) -> int:
    """Go's integer `/`: cut towards zero. right must not be 0."""
    result = abs(left) // abs(right)
    return wrap(-result if (left < 0) != (right < 0) else result)


def power(base: float, exponent: float) -> float:
    """Go's math.Pow, which squares repeatedly: the last digit can differ from the C library's."""
    if exponent == 0 or base == 1:
        return 1.0
    if exponent == 1:
        return base
    if not (math.isfinite(base) and math.isfinite(exponent)) or base == 0 or abs(exponent) >= 2**63:
        return _special_power(base, exponent)
    if exponent == 0.5:
        return math.sqrt(base) if base >= 0 else math.nan
    if exponent == -0.5:
        return 1 / math.sqrt(base) if base > 0 else math.nan
    fraction, whole = math.modf(abs(exponent))
    if fraction and base < 0:
        return math.nan
    return _finite_power(base, exponent, whole, fraction)


def _finite_power(base: float, exponent: float, whole: float, fraction: float) -> float:
    result, scale = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction -= 1
            whole += 1
        result = math.exp(fraction * math.log(base))
    mantissa, shift = math.frexp(base)
    count = int(whole)
    while count:
        if abs(shift) > 1 << 12:
            return _overflowed(base, exponent, shift)
        if count & 1:
            result *= mantissa
            scale += shift
        mantissa *= mantissa
        shift <<= 1
        if abs(mantissa) < 0.5:
            mantissa += mantissa
            shift -= 1
        count >>= 1
    if exponent < 0:
        result, scale = 1 / result, -scale
    return _load_exponent(result, scale)


def _overflowed(base: float, exponent: float, shift: int) -> float:
    negative = base < 0 and exponent == int(exponent) and int(exponent) & 1
    huge = (shift > 0) == (exponent > 0)
    value = math.inf if huge else 0.0
    return -value if negative else value


def _load_exponent(mantissa: float, exponent: int) -> float:
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.copysign(math.inf, mantissa)


def _special_power(base: float, exponent: float) -> float:
    """math.Pow where an argument is zero, infinite, NaN or enormous."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        odd = abs(exponent) < 2**53 and exponent % 2 == 1
        return math.copysign(math.inf, base) if odd else math.inf


def round_half_away(value: float) -> float:
    """Go's math.Round: halves away from zero."""
    if not math.isfinite(value):
        return value
    whole = float(math.trunc(value))
    if abs(value - whole) >= 0.5:
        whole += math.copysign(1.0, value)
    return math.copysign(whole, value)


def floor(value: float) -> float:
    return math.copysign(float(math.floor(value)), value) if math.isfinite(value) else value


def ceil(value: float) -> float:
    return math.copysign(float(math.ceil(value)), value) if math.isfinite(value) else value


def parse_int(text: str, base: int = 10, bits: int = 64) -> int:
    """Go's strconv.ParseInt; base 0 reads the prefix. Raises NumberError."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    number = _digits(digits, base)
    number = -number if text.startswith("-") else number
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise NumberError("range")
    return number


def _digits(digits: str, base: int) -> int:
    if not digits.isascii() or not digits or digits.startswith(("+", "-")) or digits.strip() != digits:
        raise NumberError("syntax")
    if base != 0 and "_" in digits:
        raise NumberError("syntax")
    if base == 0:
        if not _INTEGER.match(digits) or _LOOSE.search(digits):
            raise NumberError("syntax")
        digits = digits.replace("_", "")
        base, digits = _prefix(digits)
    if len(digits.lstrip("0")) > 70:
        raise NumberError("range" if all(c.isdigit() for c in digits) else "syntax")
    try:
        return int(digits, base)
    except ValueError:
        raise NumberError("syntax") from None


def _prefix(digits: str) -> tuple[int, str]:
    head = digits[:2].lower()
    if head in ("0x", "0o", "0b"):
        return {"0x": 16, "0o": 8, "0b": 2}[head], digits[2:]
    if len(digits) > 1 and digits[0] == "0":
        return 8, digits[1:]
    return 10, digits


def parse_float(text: str) -> float:
    """Go's strconv.ParseFloat of 64 bits. Raises NumberError.

    Underscores are syntax only; upstream strips them in literals and accepts them nowhere else without a
    base prefix, except that the function `float` reads `1_000.5`.
    """
    if _SPECIAL.match(text):
        return float(text)
    if _HEX_FLOAT.match(text) and not _LOOSE.search(text):
        return _hex_float(text.replace("_", ""))
    if not _DECIMAL.match(text) or not any(c.isdigit() for c in text) or _LOOSE.search(text):
        raise NumberError("syntax")
    value = float(text.replace("_", ""))
    if math.isinf(value):
        raise NumberError("range")
    return value


def _hex_float(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        raise NumberError("range") from None


def as_float(number: Any) -> float:
    """float64(x) of a number."""
    return float(number)
