"""The map `sprig` of an expression's environment: all functions of sprig but `env` and `expandenv`."""

from __future__ import annotations

from typing import Final

from argotui.engine.expr.gotypes import MAP, parse_type
from argotui.engine.expr.sprig.dates import DATES
from argotui.engine.expr.sprig.encoding import ENCODING
from argotui.engine.expr.sprig.lists import LISTS_TABLE
from argotui.engine.expr.sprig.maps import MAPS, FrozenMap
from argotui.engine.expr.sprig.numbers import NUMBERS
from argotui.engine.expr.sprig.regexes import REGEXES
from argotui.engine.expr.sprig.texts import TEXTS, Table
from argotui.engine.expr.sprig.urls import URLS
from argotui.engine.expr.values import Function

_ALL: Final[Table] = {**TEXTS, **NUMBERS, **LISTS_TABLE, **MAPS, **DATES, **REGEXES, **ENCODING, **URLS}

SPRIG: Final = FrozenMap(
    MAP, {name: Function(parse_type(f"func({signature}"), run) for name, (signature, run) in _ALL.items()}
)
