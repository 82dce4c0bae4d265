"""Applies the tokens of a path to decoded JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from argotui.engine.expr.errors import Fault, LimitFault
from argotui.engine.expr.jsonpath.errors import (
    COLLECTIONS,
    LISTS,
    PathError,
    TokenError,
    empty_script,
    kind,
    missing_key,
    out_of_range,
    script_error,
    unexpected_result,
    wrong_argument,
    wrong_target,
)
from argotui.engine.expr.jsonpath.script import ScriptCompiler
from argotui.engine.expr.jsonpath.selector import (
    Argument,
    Filter,
    Index,
    Key,
    Plain,
    Range,
    Scripted,
    Token,
    Union,
    parse_selector,
)
from argotui.engine.expr.limits import MAX_VALUE_DEPTH, Meter
from argotui.engine.expr.values import Int64, is_integer, is_list, is_number

MAX_PATH: Final = 4096
MAX_TOKENS: Final = 100

Tokens = Sequence[Token]


def query(path: str, data: Any, meter: Meter) -> Any:
    """What a path selects. Raises Fault with the library's text."""
    if len(path) > MAX_PATH:
        raise Fault(f"JSONPath selector is longer than {MAX_PATH} characters")
    walk = _Walk(meter)
    try:
        tokens = walk.compile(path)
    except PathError as error:
        raise Fault(f"invalid JSONPath selector '{path}' {error}") from None
    try:
        return walk.apply(tokens, data, data)
    except PathError as error:
        raise Fault(str(error)) from None


class _Walk:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._scripts = ScriptCompiler(self._path, meter)
        self._depth = 0

    def compile(self, path: str) -> Tokens:
        self._meter.spend(1 + len(path) // 8)
        tokens = parse_selector(path, self._scripts.compile)
        if len(tokens) > MAX_TOKENS:
            raise Fault(f"JSONPath selector has more than {MAX_TOKENS} parts")
        return tokens

    def _path(self, path: str) -> Callable[[Any, Any], Any]:
        tokens = self.compile(path)
        return lambda root, current: self.apply(tokens, root, current)

    def apply(self, tokens: Tokens, root: Any, current: Any) -> Any:
        """What the tokens select, one after the other."""
        self._meter.spend()
        if not tokens:
            return current
        self._depth += 1
        if self._depth > MAX_VALUE_DEPTH:
            raise LimitFault("value is nested too deeply")
        try:
            return _APPLY[type(tokens[0])](self, tokens[0], root, current, tokens[1:])
        finally:
            self._depth -= 1

    def plain(self, token: Plain, root: Any, current: Any, rest: Tokens) -> Any:
        if token.kind == "root":
            return self.apply(rest, root, root)
        if token.kind == "wildcard":
            return self._wildcard(root, current, rest)
        if token.kind == "recursive":
            return self._recursive(root, current, rest)
        if token.kind == "length":
            return self.apply(rest, root, _length(current))
        return self.apply(rest, root, current)

    def key(self, token: Key, root: Any, current: Any, rest: Tokens) -> Any:
        if not isinstance(current, dict):
            raise wrong_target("key", current, ("map",))
        if token.key not in current:
            raise missing_key(token.key)
        return self.apply(rest, root, current[token.key])

    def index(self, token: Index, root: Any, current: Any, rest: Tokens) -> Any:
        if not is_list(current):
            raise wrong_target("index", current, LISTS)
        position = token.index + len(current) if token.index < 0 else token.index
        if not 0 <= position < len(current):
            raise out_of_range("index")
        return self.apply(rest, root, current[position])

    def scripted(self, token: Scripted, root: Any, current: Any, rest: Tokens) -> Any:
        if not token.text:
            raise empty_script()
        try:
            value = token.script(root, current)
        except PathError as error:
            raise script_error(error) from None
        if isinstance(value, str):
            return self.key(Key(value), root, current, rest)
        number = _integer(value)
        if number is None:
            raise unexpected_result(value, "int string")
        return self.index(Index(number), root, current, rest)

    def _wildcard(self, root: Any, current: Any, rest: Tokens) -> list[Any]:
        return self._each("wildcard", root, current, rest)

    def _each(self, name: str, root: Any, current: Any, rest: Tokens) -> list[Any]:
        items = _items(name, current)
        if not rest:
            return items
        found = [self._attempt(rest, root, item) for item in items]
        return [item for item in found if item is not None]

    def _attempt(self, tokens: Tokens, root: Any, current: Any) -> Any:
        """What the tokens select; nil where they do not fit."""
        try:
            return self.apply(tokens, root, current)
        except PathError:
            return None

    def _recursive(self, root: Any, current: Any, rest: Tokens) -> list[Any]:
        found: list[Any] = []
        pending = [current]
        while pending:
            value = pending.pop()
            self._meter.spend()
            if value is None:
                continue
            hit = self._attempt(rest, root, value) if rest else value
            if rest and is_list(hit):
                found.extend(hit)
            elif hit is not None:
                found.append(hit)
            if isinstance(value, dict):
                pending.extend(value[key] for key in sorted(value, reverse=True))
            elif is_list(value):
                pending.extend(reversed(value))
            self._meter.grow(1)
        return found

    def filter(self, token: Filter, root: Any, current: Any, rest: Tokens) -> Any:
        if not token.text:
            raise empty_script()
        kept = [item for item in _items("filter", current) if self._keeps(token, root, item)]
        if not rest:
            return kept
        if isinstance(rest[0], Index):
            return self.index(rest[0], current, kept, rest[1:])
        found = [self._attempt(rest, root, item) for item in kept]
        return [item for item in found if item is not None]

    def _keeps(self, token: Filter, root: Any, item: Any) -> bool:
        try:
            value = token.script(root, item)
        except PathError:
            return False
        if isinstance(value, str):
            quoted = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
            return value[1:-1] != "" if quoted else value != ""
        return bool(value)

    def union(self, token: Union, root: Any, current: Any, rest: Tokens) -> Any:
        keys: list[str] = []
        positions: list[int] = []
        for argument in token.arguments:
            found = self._union_argument(argument, root, current)
            (keys if isinstance(found, str) else positions).append(found)  # type: ignore[arg-type]
            if keys and positions:
                got, expected = ("string", "int") if isinstance(found, str) else ("int", "string")
                raise wrong_argument("union", got, expected)
        if keys:
            if not isinstance(current, dict):
                raise wrong_target("union", current, ("map",))
            return self._selected([current[key] for key in keys if key in current], root, rest)
        if not is_list(current):
            raise wrong_target("union", current, LISTS)
        size = len(current)
        places = [position + size if position < 0 else position for position in positions]
        return self._selected([current[place] for place in places if 0 <= place < size], root, rest)

    def _union_argument(self, argument: Any, root: Any, current: Any) -> str | int:
        value = self._script_value("union", argument, root, current)
        if value is None:
            raise wrong_argument("union", "nil", "int string")
        if isinstance(value, str):
            return value
        number = _integer(value)
        if number is None:
            raise wrong_argument("union", kind(value), "int string")
        return number

    def _script_value(self, name: str, argument: Any, root: Any, current: Any) -> Any:
        if not isinstance(argument, Argument):
            return argument
        try:
            if not argument.text:
                raise empty_script()
            return argument.script(root, current)
        except TokenError:
            raise
        except PathError as error:
            raise TokenError(f"{name}: invalid token {script_error(error)}") from None

    def _selected(self, values: list[Any], root: Any, rest: Tokens) -> Any:
        """The values of a union or range: an index after it looks into the list, all else into each value."""
        self._meter.grow(len(values))
        if not rest:
            return values
        if isinstance(rest[0], Index):
            return self.apply(rest, root, values)
        found = [self._attempt(rest, root, value) for value in values]
        return [value for value in found if value is not None]

    def range(self, token: Range, root: Any, current: Any, rest: Tokens) -> Any:
        if not is_list(current):
            raise wrong_target("range", current, LISTS)
        size = len(current)
        bounds = [self._bound(bound, root, current) for bound in (token.start, token.end)]
        start = 0 if bounds[0] is None else _within(bounds[0], size)
        end = size if bounds[1] is None else _within(bounds[1], size)
        step = self._bound(token.step, root, current)
        if step == 0:
            raise out_of_range("range")
        step = 1 if step is None else step
        places = range(start, end, step) if step > 0 else range(end - 1, start - 1, step)
        return self._selected([current[place] for place in places], root, rest)

    def _bound(self, argument: Any, root: Any, current: Any) -> int | None:
        if argument is None or type(argument) is int:
            return argument
        value = self._script_value("range", argument, root, current)
        number = _integer(value)
        if number is None:
            raise TokenError(f"range: invalid token {unexpected_result(value, 'int')}")
        return number


def _within(position: int, size: int) -> int:
    return min(max(position + size if position < 0 else position, 0), size)


def _items(name: str, value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    if is_list(value):
        return list(value)
    raise wrong_target(name, value, COLLECTIONS)


def _length(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("length", Int64(len(value)))
    if is_list(value):
        return Int64(len(value))
    if isinstance(value, str):
        return Int64(len(value.encode("utf-8", "surrogateescape")))
    raise wrong_target("length", value, ("array", "map", "slice", "string"))


def _integer(value: Any) -> int | None:
    if is_integer(value):
        return int(value)
    return int(value) if is_number(value) and float(value).is_integer() else None


_APPLY: Final[dict[type, Callable[..., Any]]] = {
    Plain: _Walk.plain,
    Key: _Walk.key,
    Index: _Walk.index,
    Scripted: _Walk.scripted,
    Filter: _Walk.filter,
    Union: _Walk.union,
    Range: _Walk.range,
}
