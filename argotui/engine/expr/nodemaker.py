"""Makes the nodes of a tree within the limits: upstream's number of nodes, and a depth that no stack minds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from argotui.engine.expr import ast
from argotui.engine.expr.errors import ExprError
from argotui.engine.expr.limits import MAX_HEIGHT, MAX_NODES
from argotui.engine.expr.tokens import Token
from argotui.engine.expr.tokenstream import TokenStream

_N = TypeVar("_N", bound=ast.Base)


class NodeMaker:
    """Counts the nodes of one expression. Raises ExprError at the current token when there are too many."""

    def __init__(self, stream: TokenStream) -> None:
        self._stream = stream
        self._nodes = 0
        self._depth = 0

    def made(self, node: _N, offset: int, *inside: ast.Node | None) -> _N:
        """Count a node and place it; inside: the nodes that deepen it."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._stream.error("compilation failed: expression exceeds maximum allowed nodes")
        node.offset = offset
        node.height = 1 + max((part.height for part in inside if part is not None), default=0)
        self._check(node.height)
        return node

    def pair(self, symbol: str, left: ast.Node, right: ast.Node, token: Token) -> ast.Binary:
        """A binary node. Chains lean to the left and are walked without recursion, so they add no height."""
        node = self.made(ast.Binary(symbol, left, right), token.offset, right)
        node.height = max(node.height, left.height if isinstance(left, ast.Binary) else left.height + 1)
        self._check(node.height)
        return node

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """While the parser is one level deeper."""
        self._depth += 1
        self._check(self._depth)
        yield
        self._depth -= 1

    def _check(self, depth: int) -> None:
        if depth > MAX_HEIGHT:
            raise self._too_deep()

    def _too_deep(self) -> ExprError:
        return self._stream.error(f"expression is nested more than {MAX_HEIGHT} levels deep")
