"""The tokens of an expression as the parser takes them: one at a time, with one that may be put back."""

from __future__ import annotations

from argotui.engine.expr.errors import ExprError, Source
from argotui.engine.expr.lexer import tokens
from argotui.engine.expr.tokens import Kind, Token


class TokenStream:
    """current: the token that is read next. Every method raises ExprError at the place of the fault."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens = tokens(source)
        self._pushed: Token | None = None
        self.current = Token(Kind.EOF, "", 0)

    def advance(self) -> Token:
        """Go to the next token; returns the one that was current."""
        passed = self.current
        if self._pushed is not None:
            self.current, self._pushed = self._pushed, None
            return passed
        following = next(self._tokens, None)
        if following is None:
            raise self.error("unexpected end of expression")
        self.current = following
        return passed

    def push_back(self, before: Token) -> None:
        """Make the token before the current one current again."""
        self._pushed, self.current = self.current, before

    def expect_operator(self, value: str) -> None:
        """Pass this operator."""
        if not self.current.is_operator(value):
            raise self.unexpected()
        self.advance()

    def expect_bracket(self, value: str) -> None:
        """Pass this bracket."""
        if not self.current.is_bracket(value):
            raise self.unexpected()
        self.advance()

    def expect_identifier(self) -> Token:
        """Pass a name, and return it."""
        if self.current.kind is not Kind.IDENTIFIER:
            raise self.unexpected()
        return self.advance()

    def error(self, message: str, token: Token | None = None) -> ExprError:
        """The error at a token, or at the current one."""
        return self._source.error(message, (token or self.current).offset)

    def unexpected(self) -> ExprError:
        """The current token cannot stand here."""
        return self.error(f"unexpected token {self.current}")
