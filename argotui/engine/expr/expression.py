"""Compiling and running expressions: what the rest of the engine uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from argotui.engine.expr.check import Checker
from argotui.engine.expr.compile import Compiler
from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import ExprError, Fault, Source
from argotui.engine.expr.frame import Evaluate, Frame
from argotui.engine.expr.gostring import shown_as_text
from argotui.engine.expr.jsontext import encode
from argotui.engine.expr.limits import DEFAULT_LIMITS, Limits, Meter
from argotui.engine.expr.optimize import optimize
from argotui.engine.expr.parser import parse
from argotui.engine.expr.sprig.maps import copied

_TOO_DEEP: Final = "expression is nested too deeply"
_CHANGERS: Final = ("set", "erge")
"""What the names of functions that change their arguments have in common: set, unset, merge, mustMerge…"""


class Expression:
    """A compiled expression; it may be run any number of times."""

    __slots__ = ("_changes", "_evaluate", "_variables", "text")

    def __init__(self, text: str, evaluate: Evaluate, variables: int) -> None:
        self.text = text
        self._changes = "sprig" in text and any(part in text for part in _CHANGERS)
        self._evaluate = evaluate
        self._variables = variables

    def run(
        self,
        env: Mapping[str, Any],
        *,
        now: datetime | None = None,
        entropy: bytes = b"",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Any:
        """The value in an environment of the same names and types. Raises ExprError.

        The environment is never changed; an expression that mentions `sprig.set` or its like works on a copy.
        now: what `now()` gives, aware; entropy: what random functions draw from. An expression that needs
        one of them and does not get it is refused.
        """
        context = Context(Meter(limits), now, entropy)
        try:
            own = copied({**env}, Context(context.meter.fresh())) if self._changes else env
            return self._evaluate(Frame(own, self._variables, context))
        except RecursionError:
            raise ExprError(_TOO_DEEP) from None
        except Fault as fault:
            raise ExprError(str(fault)) from None

    def holds(
        self,
        env: Mapping[str, Any],
        *,
        now: datetime | None = None,
        entropy: bytes = b"",
        limits: Limits = DEFAULT_LIMITS,
    ) -> bool:
        """The value as Argo evaluates conditions (hooks, retry expressions…). Raises ExprError with Argo's text, also
        when it is no bool."""
        try:
            value = self.run(env, now=now, entropy=entropy, limits=limits)
        except ExprError as error:
            message = f"unable to evaluate expression '{self.text}': {error.message}"
            raise ExprError(message, error.line, error.column, error.excerpt) from None
        if not isinstance(value, bool):
            raise ExprError(f"unable to cast expression result '{_as_text(value)}' to bool")
        return value


def compile_expression(text: str, env: Mapping[str, Any]) -> Expression:
    """Compile an expression against an environment, whose names and types are checked.

    env is the environment itself (`argo_environment(scope)`), not the scope. Raises ExprError.
    """
    source = Source(text)
    try:
        tree = parse(source, env)
        Checker(source, env).visit(tree)
        compiler = Compiler(source)
        evaluate = compiler.compile(optimize(tree, source))
    except RecursionError:
        raise ExprError(_TOO_DEEP) from None
    except Fault as fault:
        raise ExprError(str(fault)) from None
    return Expression(text, evaluate, compiler.variables)


def evaluate(
    text: str,
    env: Mapping[str, Any],
    *,
    now: datetime | None = None,
    entropy: bytes = b"",
    limits: Limits = DEFAULT_LIMITS,
) -> Any:
    """Compile and run in one go. Raises ExprError."""
    return compile_expression(text, env).run(env, now=now, entropy=entropy, limits=limits)


def evaluate_bool(
    text: str,
    env: Mapping[str, Any],
    *,
    now: datetime | None = None,
    entropy: bytes = b"",
    limits: Limits = DEFAULT_LIMITS,
) -> bool:
    """Compile a condition and evaluate it in one go. Raises ExprError with Argo's text."""
    return compile_expression(text, env).holds(env, now=now, entropy=entropy, limits=limits)


def _as_text(value: Any) -> str:
    try:
        return shown_as_text(value)
    except Fault as fault:
        return f"({fault})"


def go_json(value: Any) -> str:
    """The JSON text that Argo inserts for a result (§3.1). Raises ExprError for what JSON cannot say."""
    try:
        return encode(value, Meter())
    except Fault as fault:
        raise ExprError(str(fault)) from None
