"""Pratt parser: tokens to the syntax tree, with upstream's precedences, texts and places of errors."""

from __future__ import annotations

from collections.abc import Container

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
from argotui.engine.expr.limits import MAX_TEXT
from argotui.engine.expr.nodemaker import NodeMaker
from argotui.engine.expr.numberliteral import LiteralError, number_value
from argotui.engine.expr.tokens import Kind, Token, is_name
from argotui.engine.expr.tokenstream import TokenStream


def parse(source: Source, overridden: Container[str] = ()) -> ast.Node:
    """The tree of an expression. overridden: names of the environment, which hide functions of the same
    name. Raises ExprError."""
    if len(source.text) > MAX_TEXT:
        raise ExprError(f"expression is longer than {MAX_TEXT} characters")
    return _Parser(source, overridden).parsed()


class _Parser:
    def __init__(self, source: Source, overridden: Container[str]) -> None:
        self._stream = TokenStream(source)
        self._overridden = overridden
        self._maker = NodeMaker(self._stream)
        self._made = self._maker.made
        self._predicates = 0

    def parsed(self) -> ast.Node:
        self._stream.advance()
        node = self._sequence()
        if self._stream.current.kind is not Kind.EOF:
            raise self._stream.unexpected()
        return node

    # --- expressions --------------------------------------------------------------------------------

    def _sequence(self) -> ast.Node:
        nodes = [self._expression(0)]
        while self._stream.current.is_operator(";"):
            self._stream.advance()
            if self._stream.current.kind is Kind.EOF:
                break
            nodes.append(self._expression(0))
        if len(nodes) == 1:
            return nodes[0]
        return self._made(ast.Sequence(nodes), nodes[0].offset, *nodes)

    def _expression(self, precedence: int) -> ast.Node:
        with self._maker.deeper():
            return self._operators(precedence)

    def _operators(self, precedence: int) -> ast.Node:
        if precedence == 0 and self._stream.current.is_operator("let"):
            return self._let()
        if precedence == 0 and self._stream.current.is_operator("if"):
            return self._if()
        left = self._primary()
        before = ""
        while self._stream.current.kind is Kind.OPERATOR:
            negation = self._negation(precedence)
            operator = self._stream.current
            if negation is False or BINARY.get(operator.value, -1) < precedence:
                break
            left = self._binary(left, before, negation)
            before = operator.value
        return self._conditional(left) if precedence == 0 else left

    def _negation(self, precedence: int) -> bool | None:
        """True when a `not` stood before the operator that is current now; None without one; False when
        the `not` belongs to an outer level (it is current again then)."""
        token = self._stream.current
        if not token.is_operator("not"):
            return None
        self._stream.advance()
        if self._stream.current.value not in NEGATABLE:
            raise self._stream.unexpected()
        if BINARY[self._stream.current.value] >= precedence:
            return True
        self._stream.push_back(token)
        return False

    def _binary(self, left: ast.Node, before: str, negation: bool | None) -> ast.Node:
        operator = self._stream.advance()
        symbol = operator.value
        if symbol == "|":
            return self._call(self._stream.expect_identifier(), [left], hides=True)
        if before == "??" and symbol != "??":
            raise self._stream.error(
                f"Operator ({symbol}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.",
                operator,
            )
        if symbol in COMPARISONS:
            return self._comparison(left, operator)
        right = self._expression(BINARY[symbol] + (symbol not in RIGHT_ASSOCIATIVE))
        node = self._maker.pair(symbol, left, right, operator)
        if not negation:
            return node
        return self._made(ast.Unary("not", node), operator.offset, node)

    def _comparison(self, left: ast.Node, token: Token) -> ast.Node:
        """`a < b < c` is `a < b && b < c`."""
        root: ast.Node | None = None
        while True:
            right = self._expression(BINARY[token.value] + 1)
            node = self._maker.pair(token.value, left, right, token)
            root = node if root is None else self._maker.pair("&&", root, node, token)
            left, token = right, self._stream.current
            if not token.is_operator(*COMPARISONS):
                return root
            self._stream.advance()

    def _let(self) -> ast.Node:
        self._stream.advance()
        name = self._stream.expect_identifier()
        self._stream.expect_operator("=")
        value = self._expression(0)
        self._stream.expect_operator(";")
        with self._maker.deeper():
            body = self._sequence()
        return self._made(ast.Let(name.value, value, body), name.offset, value, body)

    def _if(self) -> ast.Node:
        self._stream.advance()
        condition = self._expression(0)
        self._stream.expect_bracket("{")
        then = self._sequence()
        self._stream.expect_bracket("}")
        self._stream.expect_operator("else")
        if self._stream.current.is_operator("if"):
            otherwise = self._expression(0)
        else:
            self._stream.expect_bracket("{")
            otherwise = self._sequence()
            self._stream.expect_bracket("}")
        return self._made(ast.Conditional(condition, then, otherwise), 0, condition, then, otherwise)

    def _conditional(self, node: ast.Node) -> ast.Node:
        while self._stream.current.is_operator("?"):
            self._stream.advance()
            if self._stream.current.is_operator(":"):
                self._stream.advance()
                then = node
            else:
                then = self._expression(0)
                self._stream.expect_operator(":")
            otherwise = self._expression(0)
            made = ast.Conditional(node, then, otherwise)
            node = self._made(made, self._stream.current.offset, node, then, otherwise)
        return node

    def _primary(self) -> ast.Node:
        token = self._stream.current
        if token.kind is Kind.OPERATOR and token.value in UNARY:
            self._stream.advance()
            operand = self._expression(UNARY[token.value])
            return self._postfix(self._made(ast.Unary(token.value, operand), token.offset, operand))
        if token.is_bracket("("):
            self._stream.advance()
            node = self._sequence()
            self._stream.expect_bracket(")")
            return self._postfix(node)
        if self._predicates and token.is_operator("#", "."):
            return self._pointer()
        if token.is_operator("::"):
            self._stream.advance()
            return self._postfix(self._call(self._stream.expect_identifier(), [], hides=False))
        return self._secondary()

    def _pointer(self) -> ast.Node:
        token = self._stream.current
        name = ""
        if token.value == "#":
            self._stream.advance()
            if self._stream.current.kind is Kind.IDENTIFIER:
                name = self._stream.advance().value
        return self._postfix(self._made(ast.Pointer(name), token.offset))

    def _secondary(self) -> ast.Node:
        token = self._stream.current
        if token.kind is Kind.NUMBER:
            return self._number()
        if token.kind is Kind.IDENTIFIER:
            if token.value in ("true", "false", "nil"):
                self._stream.advance()
                literal = ast.Nil() if token.value == "nil" else ast.Bool(token.value == "true")
                return self._made(literal, token.offset)
            return self._postfix(self._named())
        if token.kind is Kind.STRING:
            self._stream.advance()
            return self._postfix(self._made(ast.String(token.value), token.offset))
        if token.kind is Kind.BYTES:
            self._stream.advance()
            return self._postfix(self._made(ast.Bytes(token.value.encode("latin-1")), token.offset))
        if token.is_bracket("["):
            return self._postfix(self._array())
        if token.is_bracket("{"):
            return self._postfix(self._map())
        raise self._stream.unexpected()

    def _named(self) -> ast.Node:
        token = self._stream.advance()
        if self._stream.current.is_bracket("("):
            return self._call(token, [], hides=True)
        return self._made(ast.Identifier(token.value), token.offset)

    def _number(self) -> ast.Node:
        token = self._stream.advance()
        try:
            value = number_value(token.value)
        except LiteralError as error:
            raise self._stream.error(str(error)) from None
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
        self._stream.expect_bracket("(")
        wanted = PREDICATE_FUNCTIONS[name][len(arguments) :]
        for index, role in enumerate(wanted):
            if self._stream.current.is_bracket(")"):
                if role.endswith("?"):
                    break
                raise self._stream.error(f"expected at least {len(wanted)} arguments")
            if index > 0:
                self._stream.expect_operator(",")
            arguments.append(self._predicate() if role.startswith("predicate") else self._expression(0))
        if self._stream.current.is_operator(","):
            self._stream.advance()
        self._stream.expect_bracket(")")

    def _arguments(self, arguments: list[ast.Node]) -> None:
        given = len(arguments)
        self._stream.expect_bracket("(")
        while not self._stream.current.is_bracket(")"):
            if len(arguments) > given:
                self._stream.expect_operator(",")
                if self._stream.current.is_bracket(")"):
                    break
            arguments.append(self._expression(0))
        self._stream.expect_bracket(")")

    def _predicate(self) -> ast.Node:
        start = self._stream.current
        braced = start.is_bracket("{")
        if braced:
            self._stream.advance()
        self._predicates += 1
        node = self._sequence() if braced else self._expression(0)
        if not braced and self._stream.current.is_operator(";"):
            raise self._stream.error("wrap predicate with brackets { and }")
        self._predicates -= 1
        if braced:
            self._stream.expect_bracket("}")
        return self._made(ast.Predicate(node), start.offset, node)

    # --- literals -----------------------------------------------------------------------------------

    def _array(self) -> ast.Node:
        start = self._stream.advance()
        nodes: list[ast.Node] = []
        while not self._stream.current.is_bracket("]"):
            if nodes:
                self._stream.expect_operator(",")
                if self._stream.current.is_bracket("]"):
                    break
            nodes.append(self._expression(0))
        self._stream.expect_bracket("]")
        return self._made(ast.Array(nodes), start.offset, *nodes)

    def _map(self) -> ast.Node:
        start = self._stream.advance()
        pairs: list[ast.Node] = []
        while not self._stream.current.is_bracket("}"):
            if pairs:
                self._stream.expect_operator(",")
                if self._stream.current.is_bracket("}"):
                    break
                if self._stream.current.is_operator(","):
                    raise self._stream.unexpected()
            key = self._key()
            self._stream.expect_operator(":")
            value = self._expression(0)
            pairs.append(self._made(ast.Pair(key, value), start.offset, key, value))
        self._stream.expect_bracket("}")
        return self._made(ast.Map(pairs), start.offset, *pairs)

    def _key(self) -> ast.Node:
        token = self._stream.current
        if token.kind in (Kind.NUMBER, Kind.STRING, Kind.IDENTIFIER):
            node = self._made(ast.String(token.value), token.offset)
            self._stream.advance()
            return node
        if token.is_bracket("("):
            return self._expression(0)
        raise self._stream.error(
            "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses"
            f" (unexpected token {token})"
        )

    # --- members, indexes and slices ----------------------------------------------------------------

    def _postfix(self, node: ast.Node) -> ast.Node:
        while self._stream.current.kind in (Kind.OPERATOR, Kind.BRACKET):
            token = self._stream.current
            if token.value in (".", "?."):
                self._stream.advance()
                optional = token.value == "?."
                if optional and self._stream.current.is_bracket("["):
                    node = self._index(node, self._stream.advance(), optional=True)
                else:
                    node = self._member(node, optional)
            elif token.value == "[":
                node = self._index(node, self._stream.advance(), optional=False)
            else:
                break
        return node

    def _member(self, node: ast.Node, optional: bool) -> ast.Node:
        token = self._stream.advance()
        named = token.kind is Kind.IDENTIFIER or (token.kind is Kind.OPERATOR and is_name(token.value))
        if not named:
            raise self._stream.error("expected name")
        name = self._made(ast.String(token.value), token.offset)
        chained = isinstance(node, ast.Chain)
        if isinstance(node, ast.Chain):
            node = node.node
        member = self._made(ast.Member(node, name, optional), token.offset, node)
        made: ast.Node = member
        if self._stream.current.is_bracket("("):
            member.method = True
            arguments: list[ast.Node] = []
            self._arguments(arguments)
            made = self._made(ast.Call(member, arguments), token.offset, member, *arguments)
        if chained or optional:
            made = self._made(ast.Chain(made), token.offset, made)
        return made

    def _index(self, node: ast.Node, bracket: Token, *, optional: bool) -> ast.Node:
        start: ast.Node | None = None
        if not self._stream.current.is_operator(":"):
            start = self._expression(0)
        if self._stream.current.is_operator(":"):
            self._stream.advance()
            end = None if self._stream.current.is_bracket("]") else self._expression(0)
            made: ast.Node = self._made(ast.SliceOf(node, start, end), bracket.offset, node, start, end)
        elif start is None:
            raise self._stream.unexpected()
        else:
            made = self._made(ast.Member(node, start, optional), bracket.offset, node, start)
            if optional:
                made = self._made(ast.Chain(made), bracket.offset, made)
        self._stream.expect_bracket("]")
        return made
