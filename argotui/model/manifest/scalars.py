"""What a plain scalar of a manifest means.

Booleans are `true` and `false` only: `yes`, `no`, `on` and `off` are texts, and so are dates and
times.  Numbers are read as Kubernetes reads them; a leading zero makes a number octal, which is
kept in mind (`OctalInt`) because as a text it would be a surprise.
"""

from __future__ import annotations

import re

from argotui.model.manifest.octal import OctalInt

Scalar = str | int | float | bool | None
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_OCTAL = re.compile(r"([-+]?)0o?([0-7]+)\Z")
_RADIX = re.compile(r"[-+]?0(x[0-9a-fA-F]+|b[01]+)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_LONGEST = 40


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST:
        return text
    if _DECIMAL.match(text):
        return _integer(text)
    if octal := _OCTAL.match(text):
        return OctalInt(octal[1] + octal[2], 8)
    if _RADIX.match(text):
        return int(text, 0)
    if _FLOAT.match(text) and not _LEADING_ZERO.match(text):
        return plain_number(float(text), text)
    return text


def _integer(text: str) -> int | float:
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)


def plain_number(number: float, text: str) -> Scalar:
    """A float as JSON would carry it: whole numbers without a point, the text where it is infinite."""
    if number in (float("inf"), float("-inf")):
        return text
    return int(number) if number.is_integer() and abs(number) < 1e21 else number
