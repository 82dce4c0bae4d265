"""The names of all functions of the language; they cannot be declared by `let`."""

from __future__ import annotations

from typing import Final

_PREDICATES: Final = "all none any one filter map find findIndex findLast findLastIndex groupBy sortBy reduce"
_VALUES: Final = "count sum len type abs ceil floor round int float string max min mean median get"
_TEXTS: Final = (
    "trim trimPrefix trimSuffix upper lower split splitAfter replace repeat join indexOf lastIndexOf hasPrefix"
    " hasSuffix toJSON fromJSON toBase64 fromBase64"
)
_COLLECTIONS: Final = (
    "now duration date timezone first last take keys values toPairs fromPairs reverse uniq concat flatten sort"
)
_BITS: Final = "bitand bitor bitxor bitnand bitshl bitshr bitushr bitnot"

NAMES: Final = frozenset(f"{_PREDICATES} {_VALUES} {_TEXTS} {_COLLECTIONS} {_BITS}".split())
