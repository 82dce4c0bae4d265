"""Character classes of regular expressions."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class CharSet:
    """ranges: inclusive pairs of characters. categories: general categories, or their first letters; one
    that starts with `^` is negated. folded: letters match whatever their case. negated: all the others."""

    ranges: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()
    negated: bool = False
    folded: bool = False
    inner: tuple[CharSet, ...] = ()

    def __contains__(self, character: str) -> bool:
        if "\ud800" <= character <= "\udfff":
            character = "\ufffd"
        found = self._has(character)
        if not found and self.folded:
            found = any(self._has(other) for other in variants(character))
        return found != self.negated

    def _has(self, character: str) -> bool:
        for low, high in self.ranges:
            if low <= character <= high:
                return True
        if self.categories and any(in_category(character, name) for name in self.categories):
            return True
        return any(character in inner for inner in self.inner)


def in_category(character: str, name: str) -> bool:
    """True when the character has the general category (`Lu`), or one of its group (`L`)."""
    if name.startswith("^"):
        return not in_category(character, name[1:])
    if name == "Any":
        return True
    if name == "Ascii":
        return character < "\x80"
    category = unicodedata.category(character)
    if name == "LC":
        return category in ("Lu", "Ll", "Lt")
    return category.startswith(name)


@lru_cache(maxsize=4096)
def variants(character: str) -> tuple[str, ...]:
    """The other characters that differ from it by case only, one by one."""
    found = {character}
    for _ in range(3):
        for known in tuple(found):
            found.update(one for one in (known.lower(), known.upper(), known.title()) if len(one) == 1)
            found.update(_SPECIAL.get(known, ()))
    found.discard(character)
    return tuple(sorted(found))


_SPECIAL: Final = {
    "k": ("\u212a",),
    "s": ("\u017f",),
    "\u00e5": ("\u212b",),
    "\u03b8": ("\u03f4", "\u03d1"),
    "\u03c3": ("\u03c2",),
    "\u00b5": ("\u03bc",),
    "\u03bc": ("\u00b5",),
    "\u03c9": ("\u2126",),
    "\u1e61": ("\u1e9b",),
    "\u00df": ("\u1e9e",),
}

PERL: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "d": (("0", "9"),),
    "s": (("\t", "\n"), ("\f", "\r"), (" ", " ")),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
}

POSIX: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "alnum": (("0", "9"), ("A", "Z"), ("a", "z")),
    "alpha": (("A", "Z"), ("a", "z")),
    "ascii": (("\0", "\x7f"),),
    "blank": (("\t", "\t"), (" ", " ")),
    "cntrl": (("\0", "\x1f"), ("\x7f", "\x7f")),
    "digit": (("0", "9"),),
    "graph": (("!", "~"),),
    "lower": (("a", "z"),),
    "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": (("\t", "\r"), (" ", " ")),
    "upper": (("A", "Z"),),
    "word": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "xdigit": (("0", "9"), ("A", "F"), ("a", "f")),
}

_LONG_CATEGORIES: Final = (
    "Lu Uppercase_Letter|Ll Lowercase_Letter|Lt Titlecase_Letter|LC Cased_Letter|Lm Modifier_Letter|Lo Other_Letter"
    "|L Letter|Mn Nonspacing_Mark|Mc Spacing_Mark|Me Enclosing_Mark|M Mark|M Combining_Mark|Nd Decimal_Number|Nd Digit"
    "|Nl Letter_Number|No Other_Number|N Number|Pc Connector_Punctuation|Pd Dash_Punctuation|Ps Open_Punctuation"
    "|Pe Close_Punctuation|Pi Initial_Punctuation|Pf Final_Punctuation|Po Other_Punctuation|P Punctuation|P Punct"
    "|Sm Math_Symbol|Sc Currency_Symbol|Sk Modifier_Symbol|So Other_Symbol|S Symbol|Zs Space_Separator"
    "|Zl Line_Separator|Zp Paragraph_Separator|Z Separator|Cc Control|Cc Cntrl|Cf Format|Cs Surrogate|Co Private_Use"
    "|Cn Unassigned|C Other"
)
_ALIASES: Final = {
    long.replace("_", "").lower(): short for short, long in (entry.split(" ") for entry in _LONG_CATEGORIES.split("|"))
}
_SHORT: Final = {name.lower(): name for name in {*_ALIASES.values()}}

_SCRIPT_NAMES: Final = (
    "adlam arabic armenian balinese bengali bopomofo braille buddhist cherokee common coptic cyrillic devanagari"
    " ethiopic georgian gothic greek gujarati gurmukhi han hangul hebrew hiragana inherited javanese kannada katakana"
    " khmer lao latin malayalam mongolian myanmar ogham oriya runic sinhala syriac tamil telugu thaana thai tibetan"
    " tifinagh yi"
)
SCRIPTS: Final = frozenset(_SCRIPT_NAMES.split())
"""Names of scripts that Go knows; Python has no table of scripts, so they are refused by name."""


def category(name: str) -> str | None:
    """The general category of a class name (`Lu`, `Uppercase_Letter`, `Any`); None if there is none."""
    plain = name.replace("_", "").replace("-", "").replace(" ", "").lower()
    if plain == "any":
        return "Any"
    if plain == "ascii":
        return "Ascii"
    if plain == "assigned":
        return "^Cn"
    return _SHORT.get(plain) or _ALIASES.get(plain)
