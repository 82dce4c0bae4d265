"""Expressions in their surroundings: which variables they see, compiled once, what they need (§3.1, §3.2).

Everything that evaluates an expression in the engine comes through here: tags, conditions of hooks and retries,
outputs, labels. The language itself lives in `argotui.engine.expr`, which is loaded with the first expression.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.errors import EngineError

if TYPE_CHECKING:
    from argotui.engine.expr import Expression
    from argotui.engine.expr.ast import Node

Scope = Mapping[str, Any]

_KEPT: Final = 4096
"""Expressions that are remembered, read and compiled."""

_SHORT: Final = 2048
"""Characters up to which an expression is remembered, so that no workflow can fill the memory with long ones."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What an expression may draw on beyond its variables. now: None where the time is not known. seed: random
    functions follow from it, and from the text and the place of the expression; empty where there is no chance."""

    now: datetime | None = None
    seed: bytes = b""

    def entropy(self, text: str, place: int) -> bytes:
        """Random bytes for one expression: the same ones whenever it is evaluated again."""
        return sha256(b"%b\0%d\0%b" % (self.seed, place, text.encode())).digest() if self.seed else b""


NOTHING_DRAWN: Final = Drawn()


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable that an expression names: `steps['a'].status` is ("steps", "a", "status").

    optional: the expression says itself what happens when a part of it is missing (`?.`, `??`), or may not come to
    it (`? :`); the first part has to be there all the same.
    """

    parts: tuple[str, ...]
    optional: bool


def references(text: str) -> tuple[Reference, ...]:
    """The variables that an expression names, in order. Raises ExprError when it cannot be read."""
    return _references(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> tuple[Reference, ...]:
    from argotui.engine.expr.errors import Source
    from argotui.engine.expr.parser import parse

    return tuple(_References().of(parse(Source(text)), optional=False))


_references = lru_cache(maxsize=_KEPT)(_read)


class _References:
    """Walks a tree; its depth is bounded by the parser."""

    def of(self, node: Node, *, optional: bool, own: frozenset[str] = frozenset()) -> Iterator[Reference]:
        """own: variables that the expression itself declares."""
        from argotui.engine.expr import ast

        parts = _parts(node)
        if parts is not None:
            if parts[0] not in own:
                yield Reference(parts, optional)
            return
        if isinstance(node, ast.Let):
            yield from self.of(node.value, optional=optional, own=own)
            yield from self.of(node.body, optional=optional, own=own | {node.name})
            return
        yield from self._below(node, optional, own)

    def _below(self, node: Node, optional: bool, own: frozenset[str]) -> Iterator[Reference]:
        from argotui.engine.expr import ast

        chain: list[tuple[Node, bool]] = []
        while isinstance(node, ast.Binary):  # chains of operators lean to the left, as long as they like
            chain.append((node.right, optional))
            optional = optional or node.operator == "??"
            node = node.left
        if chain:
            for part, is_optional in [(node, optional), *reversed(chain)]:
                yield from self.of(part, optional=is_optional, own=own)
            return
        if isinstance(node, ast.Conditional):  # only one of its branches is evaluated
            yield from self.of(node.condition, optional=optional, own=own)
            optional = True
        optional = optional or isinstance(node, ast.Chain)
        for slot in ast.child_slots(node):
            if not (isinstance(node, ast.Conditional) and slot.node is node.condition):
                yield from self.of(slot.node, optional=optional, own=own)


def _parts(node: Node) -> tuple[str, ...] | None:
    """The name behind an identifier or a chain of constant members."""
    from argotui.engine.expr import ast

    found: list[str] = []
    while isinstance(node, ast.Member) and not node.optional and isinstance(node.property, ast.String):
        found.append(node.property.value)
        node = node.node
    return (node.name, *reversed(found)) if isinstance(node, ast.Identifier) else None


# --- surroundings -----------------------------------------------------------------------------


class Surroundings:
    """The environment of the expressions of one node: made when the first one asks, part by part."""

    __slots__ = ("_known", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: dict[frozenset[tuple[str, ...]], dict[str, Any]] = {}

    @property
    def drawn(self) -> Drawn:
        """Time and chance, as the scope knows them."""
        found: Drawn = getattr(self._scope, "drawn", NOTHING_DRAWN)
        return found

    def environment(self, text: str) -> dict[str, Any]:
        """The environment of an expression that can be read, with all that it can reach."""
        wanted = frozenset(reference.parts[:2] for reference in references(text))
        found = self._known.get(wanted)
        if found is None:
            found = self._known[wanted] = _environment(self._scope, wanted)
        return found


def _environment(scope: Scope, wanted: frozenset[tuple[str, ...]]) -> dict[str, Any]:
    from argotui.engine.expr import argo_environment

    near = getattr(scope, "near", None)
    return argo_environment(scope if near is None else near(wanted))


@cache
def _function_names() -> frozenset[str]:
    from argotui.engine.expr.environment import FUNCTIONS

    return frozenset(FUNCTIONS)


def compiled(text: str, env: Mapping[str, Any]) -> Expression:
    """An expression compiled against an environment; once for all environments of the same names and types.

    Raises ExprError.
    """
    if len(text) > _SHORT:
        from argotui.engine.expr import compile_expression

        return compile_expression(text, env)
    shape = tuple((name, _shape(env[name])) for name in sorted(env) if name not in _function_names())
    return _compiled(text, _Shaped(shape, env))


class _Shaped:
    """An environment that equals another one of the same names and types."""

    __slots__ = ("env", "shape")

    def __init__(self, shape: Hashable, env: Mapping[str, Any]) -> None:
        self.shape = shape
        self.env: Mapping[str, Any] | None = env

    def __hash__(self) -> int:
        return hash(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shaped) and self.shape == other.shape


def _shape(value: Any) -> Hashable:
    if isinstance(value, dict):
        return tuple((name, _shape(value[name])) for name in sorted(value, key=str))
    return type(value).__qualname__


@lru_cache(maxsize=_KEPT)
def _compiled(text: str, shaped: _Shaped) -> Expression:
    from argotui.engine.expr import compile_expression

    env, shaped.env = shaped.env or {}, None  # what is remembered holds no values
    return compile_expression(text, env)


# --- expressions without braces ---------------------------------------------------------------


def evaluate(text: str, scope: Scope) -> Any:
    """The value of an expression, as a value of the language. Raises EngineError with upstream's text."""
    from argotui.engine.expr import ExprError

    surroundings = Surroundings(scope)
    try:
        env = surroundings.environment(text)
        drawn = surroundings.drawn
        return compiled(text, env).run(env, now=drawn.now, entropy=drawn.entropy(text, 0))
    except ExprError as error:
        raise EngineError(str(error)) from None


def is_true(text: str, scope: Scope) -> bool:
    """The value of a condition. Raises EngineError with upstream's text, also when it is no bool."""
    from argotui.engine.expr import ExprError

    surroundings = Surroundings(scope)
    try:
        env = surroundings.environment(text)
        drawn = surroundings.drawn
        return compiled(text, env).holds(env, now=drawn.now, entropy=drawn.entropy(text, 0))
    except ExprError as error:
        raise EngineError(str(error)) from None


def as_text(value: Any) -> str:
    """A value as the text of a parameter: what Go's `%v` prints. Raises EngineError when it is too large."""
    from argotui.engine.expr.errors import Fault
    from argotui.engine.expr.gostring import shown

    try:
        return shown(value)
    except Fault as fault:
        raise EngineError(str(fault)) from None


def go_type(value: Any) -> str:
    """The name of a value's type, as upstream would print it."""
    from argotui.engine.expr.values import type_name

    return type_name(value)
