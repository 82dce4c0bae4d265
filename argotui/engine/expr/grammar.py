"""Operators and their precedences, and the functions that take predicates."""

from __future__ import annotations

from typing import Final

UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}

BINARY: Final = {
    "|": 0,
    "or": 10,
    "||": 10,
    "and": 15,
    "&&": 15,
    "==": 20,
    "!=": 20,
    "<": 20,
    ">": 20,
    ">=": 20,
    "<=": 20,
    "in": 20,
    "matches": 20,
    "contains": 20,
    "startsWith": 20,
    "endsWith": 20,
    "..": 25,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "%": 60,
    "**": 100,
    "^": 100,
    "??": 500,
}
RIGHT_ASSOCIATIVE: Final = frozenset(("**", "^"))
COMPARISONS: Final = frozenset(("<", ">", ">=", "<="))
NEGATABLE: Final = frozenset(("contains", "matches", "startsWith", "endsWith", "in"))

PREDICATE_FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "all",
            "none",
            "any",
            "one",
            "filter",
            "map",
            "find",
            "findIndex",
            "findLast",
            "findLastIndex",
            "groupBy",
        ),
        ("value", "predicate"),
    ),
    **dict.fromkeys(("count", "sum"), ("value", "predicate?")),
    **dict.fromkeys(("sortBy", "reduce"), ("value", "predicate", "value?")),
}
"""Function -> what its arguments are; `?` marks one that may be left out."""
