"""`when` conditions: parsing and evaluation with the semantics of govaluate (§2.8)."""

from __future__ import annotations

from collections.abc import Sequence

from argotui.engine.when.operators import OPERATIONS, check_types, int64, is_number
from argotui.engine.when.patterns import compile_pattern
from argotui.engine.when.planning import Leaf, Node, Operation, Parameter, Prefix, plan
from argotui.engine.when.tokens import Kind, Token, Value, WhenError, check_syntax, show, tokenize

__all__ = ["WhenError", "evaluate_cron_when", "evaluate_value", "evaluate_when"]


def evaluate_when(text: str) -> bool:
    """Evaluate a substituted step or task condition; an empty one is true.

    Bare words are texts here (`foo != bar`). Raises WhenError with upstream's message.
    """
    if not text:
        return True
    return _as_bool(text, _step_value(text))


def evaluate_cron_when(text: str) -> bool:
    """Evaluate the `when` of a CronWorkflow: as `evaluate_when`, but bare words are unknown parameters."""
    return _as_bool(text, _evaluate(plan(_checked(tokenize(text)))))


def evaluate_value(text: str) -> Value:
    """The raw value of an expression with bare words as texts. Raises WhenError without the wrapping."""
    return _evaluate(plan(_checked(_texts(_checked(tokenize(text))))))


def _step_value(text: str) -> Value:
    try:
        tokens = _checked(tokenize(text))
    except WhenError as error:
        raise WhenError(_first_line(f"Invalid 'when' expression '{text}': {_hinted(str(error))}")) from None
    try:
        found = plan(_checked(_texts(tokens)))
    except WhenError as error:
        raise WhenError(_first_line(f"Failed to parse 'when' expression '{text}': {error}")) from None
    try:
        return _evaluate(found)
    except WhenError as error:
        raise WhenError(_first_line(f"Failed to evaluate 'when' expresion '{text}': {error}")) from None


def _hinted(message: str) -> str:
    if "Invalid token" not in message:
        return message
    return f'{message} (hint: try wrapping the affected expression in quotes ("))'


def _as_bool(text: str, value: Value) -> bool:
    if isinstance(value, bool):
        return value
    raise WhenError(_first_line(f"Expected boolean evaluation for '{text}'. Got {show(value)}"))


def _first_line(message: str) -> str:
    return message.partition("\n")[0].rstrip()


def _texts(tokens: Sequence[Token]) -> list[Token]:
    return [Token(Kind.STRING, t.value) if t.kind is Kind.VARIABLE else t for t in tokens]


def _checked(tokens: list[Token]) -> list[Token]:
    """Check the order of the tokens, then compile the constant patterns."""
    check_syntax(tokens)
    checked = list(tokens)
    for index, token in enumerate(tokens[:-1]):
        follower = tokens[index + 1]
        if (
            token.kind is Kind.COMPARATOR
            and token.value in ("=~", "!~")
            and (follower.kind is Kind.STRING and isinstance(follower.value, str))
        ):
            checked[index + 1] = Token(Kind.PATTERN, compile_pattern(follower.value))
    return checked


# --- evaluation -----------------------------------------------------------------------------------


def _evaluate(node: Node) -> Value:
    """Long chains (`a || b || …`) hang to the left, so the left side is walked without recursion."""
    chain: list[Operation] = []
    while isinstance(node, Operation):
        chain.append(node)
        node = node.left
    value = _operand(node)
    for operation in reversed(chain):
        value = _apply(operation, value)
    return value


def _operand(node: Leaf | Parameter | Prefix) -> Value:
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Parameter):
        raise WhenError(f"No parameter '{node.name}' found.")
    return _apply_prefix(node.symbol, _evaluate(node.operand))


def _apply_prefix(symbol: str, value: Value) -> Value:
    fits = isinstance(value, bool) if symbol == "!" else is_number(value)
    if not fits:
        raise WhenError(f"Value '{show(value)}' cannot be used with the prefix '{symbol}'")
    if symbol == "!":
        return not value
    return -value if symbol == "-" else float(~int64(value))


def _apply(node: Operation, left: Value) -> Value:
    if node.symbol == "&&" and left is False:
        return False
    if node.symbol == "||" and left is True:
        return True
    if node.symbol in (":", "??") and left is not None:
        return left
    right = None if node.symbol == "?" and left is False else _evaluate(node.right)
    check_types(node.symbol, left, right)
    return OPERATIONS[node.symbol](left, right)
