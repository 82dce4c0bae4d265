"""Text the way Go writes it: quoting, floats and integers.

Upstream is a Go program and its texts end up in messages, node names and substituted templates, so
they have to be spelled in the same way here.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_SHORT: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def quote_body(text: str) -> str:
    """The text between the quotes of Go's `strconv.Quote(text)`.

    This is what a substituted value looks like inside the JSON text (§3.1). It is not JSON quoting: a
    control character becomes `\\x01`, which no JSON reader accepts.
    """
    if text.isascii() and text.isprintable():
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(_quote_character(character) for character in text)


def quote(text: str) -> str:
    """Go's `%q`: the text in double quotes."""
    return f'"{quote_body(text)}"'


def _quote_character(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    if _printable(character):
        return character
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _printable(character: str) -> bool:
    """Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space."""
    return character == " " or unicodedata.category(character)[0] in "LMNPS"


def plain_float(value: float) -> str:
    """A float in the shortest decimal form without an exponent (`1.0` -> `1`, `1e21` -> 22 digits)."""
    digits, exponent = shortest(value)
    sign = "-" if str(value).startswith("-") else ""
    point = len(digits) + exponent
    if exponent >= 0:
        return sign + digits + "0" * exponent
    if point > 0:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    return f"{sign}0.{'0' * -point}{digits}"


def general_float(value: float) -> str:
    """A float as Go's `%v` prints it: shortest digits, exponent form below 1e-4 and from 1e6 on."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    digits, exponent = shortest(value)
    power = exponent + len(digits) - 1
    if value == 0 or -4 <= power < 6:
        return plain_float(value)
    return _exponent_form(value, digits, power)


def json_float(value: float) -> str:
    """A float as Go's JSON encoder writes it: exponent form below 1e-6 and from 1e21 on."""
    size = abs(value)
    if size == 0 or 1e-6 <= size < 1e21:
        return plain_float(value)
    digits, exponent = shortest(value)
    power = exponent + len(digits) - 1
    return _exponent_form(value, digits, power).replace("e-0", "e-")


def _exponent_form(value: float, digits: str, power: int) -> str:
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    sign = "-" if value < 0 else ""
    return f"{sign}{mantissa}e{'+' if power >= 0 else '-'}{abs(power):02d}"


def shortest(value: float) -> tuple[str, int]:
    """The digits that identify a finite float (sign left out), and the power of ten of the last one."""
    text = repr(abs(value))
    mantissa, _, exponent_text = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(exponent_text or "0") - len(fraction)
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    if not stripped:
        return "0", 0
    return stripped, exponent + len(digits) - len(stripped)


class AtoiError(ValueError):
    """A text that Go's `strconv.Atoi` refuses; the message is Go's."""


def atoi(text: str) -> int:
    """Go's `strconv.Atoi`: an optional sign and decimal digits, nothing else."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise AtoiError(f"strconv.Atoi: parsing {quote(text)}: invalid syntax")
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise AtoiError(f"strconv.Atoi: parsing {quote(text)}: value out of range")
    return number
