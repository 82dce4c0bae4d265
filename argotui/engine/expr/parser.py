"""Pratt parser: tokens to the syntax tree, with upstream's precedences, texts and places of errors."""

from __future__ import annotations

from collections.abc import Container
from typing import TypeVar

from argotui.engine.expr import ast
from argotui.engine.expr.builtins.names import NAMES
from argotui.engine.expr.errors import ExprError, Source
from argotui.engine.expr.grammar import (
    BINARY,
    COMPARISONS,
    NEGATABLE,
    PREDICATE_FUNCTIONS,
    RIGHT_ASSOCIATIVE,
    UNARY,
)
from argotui.engine.expr.lexer import tokens
from argotui.engine.expr.limits import MAX_HEIGHT, MAX_NODES, MAX_TEXT
from argotui.engine.expr.numberliteral import LiteralError, number_value
from argotui.engine.expr.tokens import Kind, Token, is_name

_N = TypeVar("_N", bound=ast.Base)


def parse(source: Source, overridden: Container[str] = ()) -> ast.Node:
    """The tree of an expression. overridden: names of the environment, which hide functions of the same
    name. Raises ExprError."""
    if len(source.text) > MAX_TEXT:
        raise ExprError(f"expression is longer than {MAX_TEXT} characters")
    return _Parser(source, overridden).parsed()


class _Parser:
    def __init__(self, source: Source, overridden: Container[str]) -> None:
        self._source = source
        self._overridden = overridden
        self._tokens = tokens(source)
        self._current = Token(Kind.EOF, "", 0)
        self._pushed: Token | None = None
        self._predicates = 0
        self._nodes = 0
        self._depth = 0

    def parsed(self) -> ast.Node:
        self._advance()
        node = self._sequence()
        if self._current.kind is not Kind.EOF:
            raise self._unexpected()
        return node

    # --- tokens -------------------------------------------------------------------------------------

    def _advance(self) -> Token:
        """Go to the next token; returns the one that was current."""
        passed = self._current
        if self._pushed is not None:
            self._current, self._pushed = self._pushed, None
            return passed
        following = next(self._tokens, None)
        if following is None:
            raise self._error("unexpected end of expression")
        self._current = following
        return passed

    def _expect_operator(self, value: str) -> None:
        if not self._current.is_operator(value):
            raise self._unexpected()
        self._advance()

    def _expect_bracket(self, value: str) -> None:
        if not self._current.is_bracket(value):
            raise self._unexpected()
        self._advance()

    def _expect_identifier(self) -> Token:
        if self._current.kind is not Kind.IDENTIFIER:
            raise self._unexpected()
        return self._advance()

    def _error(self, message: str, token: Token | None = None) -> ExprError:
        return self._source.error(message, (token or self._current).offset)

    def _unexpected(self) -> ExprError:
        return self._error(f"unexpected token {self._current}")

    def _made(self, node: _N, offset: int, *inside: ast.Node | None) -> _N:
        """Count a node and place it; inside: the nodes that deepen it."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error("compilation failed: expression exceeds maximum allowed nodes")
        node.offset = offset
        node.height = 1 + max((part.height for part in inside if part is not None), default=0)
        if node.height > MAX_HEIGHT:
            raise self._too_deep()
        return node

    def _too_deep(self) -> ExprError:
        return self._error(f"expression is nested more than {MAX_HEIGHT} levels deep")

    # --- expressions --------------------------------------------------------------------------------

    def _sequence(self) -> ast.Node:
        nodes = [self._expression(0)]
        while self._current.is_operator(";"):
            self._advance()
            if self._current.kind is Kind.EOF:
                break
            nodes.append(self._expression(0))
        if len(nodes) == 1:
            return nodes[0]
        return self._made(ast.Sequence(nodes), nodes[0].offset, *nodes)

    def _expression(self, precedence: int) -> ast.Node:
        self._depth += 1
        if self._depth > MAX_HEIGHT:
            raise self._too_deep()
        node = self._operators(precedence)
        self._depth -= 1
        return node

    def _operators(self, precedence: int) -> ast.Node:
        if precedence == 0 and self._current.is_operator("let"):
            return self._let()
        if precedence == 0 and self._current.is_operator("if"):
            return self._if()
        left = self._primary()
        before = ""
        while self._current.kind is Kind.OPERATOR:
            negation = self._negation(precedence)
            operator = self._current
            if negation is False or BINARY.get(operator.value, -1) < precedence:
                break
            left = self._binary(left, before, negation)
            before = operator.value
        return self._conditional(left) if precedence == 0 else left

    def _negation(self, precedence: int) -> bool | None:
        """True when a `not` stood before the operator that is current now; None without one; False when
        the `not` belongs to an outer level (it is current again then)."""
        token = self._current
        if not token.is_operator("not"):
            return None
        self._advance()
        if self._current.value not in NEGATABLE:
            raise self._unexpected()
        if BINARY[self._current.value] >= precedence:
            return True
        self._pushed, self._current = self._current, token
        return False

    def _binary(self, left: ast.Node, before: str, negation: bool | None) -> ast.Node:
        operator = self._advance()
        symbol = operator.value
        if symbol == "|":
            return self._call(self._expect_identifier(), [left], hides=True)
        if before == "??" and symbol != "??":
            raise self._error(
                f"Operator ({symbol}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.",
                operator,
            )
        if symbol in COMPARISONS:
            return self._comparison(left, operator)
        right = self._expression(BINARY[symbol] + (symbol not in RIGHT_ASSOCIATIVE))
        node = self._pair(symbol, left, right, operator)
        if not negation:
            return node
        return self._made(ast.Unary("not", node), operator.offset, node)

    def _pair(self, symbol: str, left: ast.Node, right: ast.Node, token: Token) -> ast.Binary:
        """A binary node. Chains lean to the left and are walked without recursion, so they add no height."""
        node = self._made(ast.Binary(symbol, left, right), token.offset, right)
        node.height = max(node.height, left.height if isinstance(left, ast.Binary) else left.height + 1)
        if node.height > MAX_HEIGHT:
            raise self._too_deep()
        return node

    def _comparison(self, left: ast.Node, token: Token) -> ast.Node:
        """`a < b < c` is `a < b && b < c`."""
        root: ast.Node | None = None
        while True:
            right = self._expression(BINARY[token.value] + 1)
            node = self._pair(token.value, left, right, token)
            root = node if root is None else self._pair("&&", root, node, token)
            left, token = right, self._current
            if not token.is_operator(*COMPARISONS):
                return root
            self._advance()

    def _let(self) -> ast.Node:
        self._advance()
        name = self._expect_identifier()
        self._expect_operator("=")
        value = self._expression(0)
        self._expect_operator(";")
        body = self._sequence_within()
        return self._made(ast.Let(name.value, value, body), name.offset, value, body)

    def _sequence_within(self) -> ast.Node:
        self._depth += 1
        if self._depth > MAX_HEIGHT:
            raise self._too_deep()
        node = self._sequence()
        self._depth -= 1
        return node

    def _if(self) -> ast.Node:
        self._advance()
        condition = self._expression(0)
        self._expect_bracket("{")
        then = self._sequence()
        self._expect_bracket("}")
        self._expect_operator("else")
        if self._current.is_operator("if"):
            otherwise = self._expression(0)
        else:
            self._expect_bracket("{")
            otherwise = self._sequence()
            self._expect_bracket("}")
        return self._made(ast.Conditional(condition, then, otherwise), 0, condition, then, otherwise)

    def _conditional(self, node: ast.Node) -> ast.Node:
        while self._current.is_operator("?"):
            self._advance()
            if self._current.is_operator(":"):
                self._advance()
                then = node
            else:
                then = self._expression(0)
                self._expect_operator(":")
            otherwise = self._expression(0)
            made = ast.Conditional(node, then, otherwise)
            node = self._made(made, self._current.offset, node, then, otherwise)
        return node

    def _primary(self) -> ast.Node:
        token = self._current
        if token.kind is Kind.OPERATOR and token.value in UNARY:
            self._advance()
            operand = self._expression(UNARY[token.value])
            return self._postfix(self._made(ast.Unary(token.value, operand), token.offset, operand))
        if token.is_bracket("("):
            self._advance()
            node = self._sequence()
            self._expect_bracket(")")
            return self._postfix(node)
        if self._predicates and token.is_operator("#", "."):
            return self._pointer()
        if token.is_operator("::"):
            self._advance()
            return self._postfix(self._call(self._expect_identifier(), [], hides=False))
        return self._secondary()

    def _pointer(self) -> ast.Node:
        token = self._current
        name = ""
        if token.value == "#":
            self._advance()
            if self._current.kind is Kind.IDENTIFIER:
                name = self._advance().value
        return self._postfix(self._made(ast.Pointer(name), token.offset))

    def _secondary(self) -> ast.Node:
        token = self._current
        if token.kind is Kind.NUMBER:
            return self._number()
        if token.kind is Kind.IDENTIFIER:
            if token.value in ("true", "false", "nil"):
                self._advance()
                literal = ast.Nil() if token.value == "nil" else ast.Bool(token.value == "true")
                return self._made(literal, token.offset)
            return self._postfix(self._named())
        if token.kind is Kind.STRING:
            self._advance()
            return self._postfix(self._made(ast.String(token.value), token.offset))
        if token.kind is Kind.BYTES:
            self._advance()
            return self._postfix(self._made(ast.Bytes(token.value.encode("latin-1")), token.offset))
        if token.is_bracket("["):
            return self._postfix(self._array())
        if token.is_bracket("{"):
            return self._postfix(self._map())
        raise self._unexpected()

    def _named(self) -> ast.Node:
        token = self._advance()
        if self._current.is_bracket("("):
            return self._call(token, [], hides=True)
        return self._made(ast.Identifier(token.value), token.offset)

    def _number(self) -> ast.Node:
        token = self._advance()
        try:
            value = number_value(token.value)
        except LiteralError as error:
            raise self._error(str(error)) from None
        node = ast.Float(value) if isinstance(value, float) else ast.Integer(value)
        return self._made(node, token.offset)

    # --- calls --------------------------------------------------------------------------------------

    def _call(self, token: Token, arguments: list[ast.Node], *, hides: bool) -> ast.Node:
        """A call of the function that a token names. hides: the environment hides functions."""
        name = token.value
        hidden = hides and name in self._overridden
        if name in PREDICATE_FUNCTIONS and not hidden:
            self._predicate_arguments(name, arguments)
            return self._made(ast.Builtin(name, arguments), token.offset, *arguments)
        if name in NAMES and not hidden:
            self._arguments(arguments)
            return self._made(ast.Builtin(name, arguments), token.offset, *arguments)
        callee = self._made(ast.Identifier(name), token.offset)
        self._arguments(arguments)
        return self._made(ast.Call(callee, arguments), token.offset, callee, *arguments)

    def _predicate_arguments(self, name: str, arguments: list[ast.Node]) -> None:
        self._expect_bracket("(")
        wanted = PREDICATE_FUNCTIONS[name][len(arguments) :]
        for index, role in enumerate(wanted):
            if self._current.is_bracket(")"):
                if role.endswith("?"):
                    break
                raise self._error(f"expected at least {len(wanted)} arguments")
            if index > 0:
                self._expect_operator(",")
            arguments.append(self._predicate() if role.startswith("predicate") else self._expression(0))
        if self._current.is_operator(","):
            self._advance()
        self._expect_bracket(")")

    def _arguments(self, arguments: list[ast.Node]) -> None:
        given = len(arguments)
        self._expect_bracket("(")
        while not self._current.is_bracket(")"):
            if len(arguments) > given:
                self._expect_operator(",")
                if self._current.is_bracket(")"):
                    break
            arguments.append(self._expression(0))
        self._expect_bracket(")")

    def _predicate(self) -> ast.Node:
        start = self._current
        braced = start.is_bracket("{")
        if braced:
            self._advance()
        self._predicates += 1
        node = self._sequence() if braced else self._expression(0)
        if not braced and self._current.is_operator(";"):
            raise self._error("wrap predicate with brackets { and }")
        self._predicates -= 1
        if braced:
            self._expect_bracket("}")
        return self._made(ast.Predicate(node), start.offset, node)

    # --- literals -----------------------------------------------------------------------------------

    def _array(self) -> ast.Node:
        start = self._advance()
        nodes: list[ast.Node] = []
        while not self._current.is_bracket("]"):
            if nodes:
                self._expect_operator(",")
                if self._current.is_bracket("]"):
                    break
            nodes.append(self._expression(0))
        self._expect_bracket("]")
        return self._made(ast.Array(nodes), start.offset, *nodes)

    def _map(self) -> ast.Node:
        start = self._advance()
        pairs: list[ast.Node] = []
        while not self._current.is_bracket("}"):
            if pairs:
                self._expect_operator(",")
                if self._current.is_bracket("}"):
                    break
                if self._current.is_operator(","):
                    raise self._unexpected()
            key = self._key()
            self._expect_operator(":")
            value = self._expression(0)
            pairs.append(self._made(ast.Pair(key, value), start.offset, key, value))
        self._expect_bracket("}")
        return self._made(ast.Map(pairs), start.offset, *pairs)

    def _key(self) -> ast.Node:
        token = self._current
        if token.kind in (Kind.NUMBER, Kind.STRING, Kind.IDENTIFIER):
            node = self._made(ast.String(token.value), token.offset)
            self._advance()
            return node
        if token.is_bracket("("):
            return self._expression(0)
        raise self._error(
            "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses"
            f" (unexpected token {token})"
        )

    # --- members, indexes and slices ----------------------------------------------------------------

    def _postfix(self, node: ast.Node) -> ast.Node:
        while self._current.kind in (Kind.OPERATOR, Kind.BRACKET):
            token = self._current
            if token.value in (".", "?."):
                self._advance()
                optional = token.value == "?."
                if optional and self._current.is_bracket("["):
                    node = self._index(node, self._advance(), optional=True)
                else:
                    node = self._member(node, optional)
            elif token.value == "[":
                node = self._index(node, self._advance(), optional=False)
            else:
                break
        return node

    def _member(self, node: ast.Node, optional: bool) -> ast.Node:
        token = self._advance()
        named = token.kind is Kind.IDENTIFIER or (token.kind is Kind.OPERATOR and is_name(token.value))
        if not named:
            raise self._error("expected name")
        name = self._made(ast.String(token.value), token.offset)
        chained = isinstance(node, ast.Chain)
        if isinstance(node, ast.Chain):
            node = node.node
        member = self._made(ast.Member(node, name, optional), token.offset, node)
        made: ast.Node = member
        if self._current.is_bracket("("):
            member.method = True
            arguments: list[ast.Node] = []
            self._arguments(arguments)
            made = self._made(ast.Call(member, arguments), token.offset, member, *arguments)
        if chained or optional:
            made = self._made(ast.Chain(made), token.offset, made)
        return made

    def _index(self, node: ast.Node, bracket: Token, *, optional: bool) -> ast.Node:
        start: ast.Node | None = None
        if not self._current.is_operator(":"):
            start = self._expression(0)
        if self._current.is_operator(":"):
            self._advance()
            end = None if self._current.is_bracket("]") else self._expression(0)
            made: ast.Node = self._made(ast.SliceOf(node, start, end), bracket.offset, node, start, end)
        elif start is None:
            raise self._unexpected()
        else:
            made = self._made(ast.Member(node, start, optional), bracket.offset, node, start)
            if optional:
                made = self._made(ast.Chain(made), bracket.offset, made)
        self._expect_bracket("]")
        return made
