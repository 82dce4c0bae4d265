"""`when` conditions: parsing and evaluation with the semantics of govaluate (§2.8)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.whentimes import unix_seconds
from argotui.engine.whentokens import (
    Kind,
    Token,
    WhenError,
    check_syntax,
    show,
    tokenize,
)

__all__ = ["WhenError", "evaluate_cron_when", "evaluate_value", "evaluate_when"]

Value = Any
"""None, bool, float, str, list of values, or a compiled pattern."""


def evaluate_when(text: str) -> bool:
    """Evaluate a substituted step or task condition; an empty one is true.

    Bare words are texts here (`foo != bar`). Raises WhenError with upstream's message.
    """
    if not text:
        return True
    return _as_bool(text, _step_value(text))


def evaluate_cron_when(text: str) -> bool:
    """Evaluate the `when` of a CronWorkflow: as `evaluate_when`, but bare words are unknown parameters."""
    return _as_bool(text, _evaluate(_plan(_checked(tokenize(text)))))


def evaluate_value(text: str) -> Value:
    """The raw value of an expression with bare words as texts. Raises WhenError without the wrapping."""
    return _evaluate(_plan(_checked(_texts(_checked(tokenize(text))))))


def _step_value(text: str) -> Value:
    try:
        tokens = _checked(tokenize(text))
    except WhenError as error:
        raise WhenError(_first_line(f"Invalid 'when' expression '{text}': {_hinted(str(error))}")) from None
    try:
        plan = _plan(_checked(_texts(tokens)))
    except WhenError as error:
        raise WhenError(_first_line(f"Failed to parse 'when' expression '{text}': {error}")) from None
    try:
        return _evaluate(plan)
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


# --- patterns -------------------------------------------------------------------------------------

_UNSUPPORTED: Final = re.compile(r"(?<!\\)\(\?(?:=|!|<=|<!|>)")


def compile_pattern(text: str) -> re.Pattern[str]:
    """Compile a Go regular expression. Raises WhenError with Go's text for the usual mistakes."""
    unsupported = _UNSUPPORTED.search(text)
    if unsupported is not None:
        raise WhenError(f"error parsing regexp: invalid or unsupported Perl syntax: `{unsupported[0]}`")
    try:
        return re.compile(_python_pattern(text))
    except (re.error, OverflowError, RecursionError) as error:
        raise WhenError(f"error parsing regexp: {_pattern_error(text, error)}") from None


def _python_pattern(text: str) -> str:
    """Go's `$` and `\\z` stand for the very end of the text, Python's `$` also for the last line break."""
    return re.sub(
        r"(\\.|\[(?:\\.|[^\]\\])+\])|(\$)",
        lambda m: r"\Z" if m[2] or m[1] == r"\z" else m[1],
        text,
        flags=re.DOTALL,
    )


def _pattern_error(text: str, error: Exception) -> str:
    message = str(error)
    position = getattr(error, "pos", None) or 0
    if "unterminated character set" in message:
        return f"missing closing ]: `{text[position:]}`"
    if "unterminated subpattern" in message:
        return f"missing closing ): `{text}`"
    if "unbalanced parenthesis" in message:
        return f"unexpected ): `{text}`"
    if "nothing to repeat" in message:
        return f"missing argument to repetition operator: `{text[position : position + 1]}`"
    return f"invalid regexp: `{text}`"


# --- plan -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: Value


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str


@dataclass(frozen=True, slots=True)
class _Prefix:
    symbol: str
    operand: _Node


@dataclass(frozen=True, slots=True)
class _Operation:
    symbol: str
    left: _Node
    right: _Node


_Node = _Leaf | _Parameter | _Prefix | _Operation

# From the loosest to the tightest; operators of one level are evaluated from left to right, also `**`.
_LEVELS: Final[tuple[tuple[str, ...], ...]] = (
    (",",),
    ("?", ":", "??"),
    ("||",),
    ("&&",),
    ("==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"),
    ("&", "|", "^"),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
    ("**",),
)
_LEVEL_OF: Final = {symbol: level for level, symbols in enumerate(_LEVELS) for symbol in symbols}
_INFIX: Final = frozenset({Kind.SEPARATOR, Kind.TERNARY, Kind.LOGICALOP, Kind.COMPARATOR, Kind.MODIFIER})
_MAX_DEPTH: Final = 60


def _plan(tokens: list[Token]) -> _Node:
    return _Planner(tokens).planned()


class _Planner:
    """Precedence climbing over checked tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def planned(self) -> _Node:
        return self._climb(0)

    def _climb(self, lowest: int) -> _Node:
        node = self._value()
        while (level := self._infix_level()) >= lowest:
            symbol = self._next().value
            node = _Operation(symbol, node, self._climb(level + 1))
        return node

    def _infix_level(self) -> int:
        """The level of the operator that comes next; -1 when none does."""
        if self._position >= len(self._tokens):
            return -1
        token = self._tokens[self._position]
        return _LEVEL_OF[token.value] if token.kind in _INFIX else -1

    def _next(self) -> Token:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _value(self) -> _Node:
        if self._position >= len(self._tokens):
            return _Leaf(None)
        token = self._next()
        if token.kind is Kind.CLAUSE:
            return self._clause()
        if token.kind is Kind.PREFIX:
            return _Prefix(token.value, self._value())
        if token.kind is Kind.CLAUSE_CLOSE:
            self._position -= 1
            return _Leaf(None)
        return _leaf(token)

    def _clause(self) -> _Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise WhenError(f"more than {_MAX_DEPTH} brackets within each other")
        node = self._climb(0)
        self._position += 1
        self._depth -= 1
        return node


def _leaf(token: Token) -> _Node:
    if token.kind is Kind.VARIABLE:
        return _Parameter(token.value)
    if token.kind is Kind.ACCESSOR:
        return _Parameter(token.value[0])
    if token.kind is Kind.TIME:
        return _Leaf(unix_seconds(token.value))
    return _Leaf(token.value)


# --- evaluation -----------------------------------------------------------------------------------


def _evaluate(node: _Node) -> Value:
    """Long chains (`a || b || …`) hang to the left, so the left side is walked without recursion."""
    chain: list[_Operation] = []
    while isinstance(node, _Operation):
        chain.append(node)
        node = node.left
    value = _operand(node)
    for operation in reversed(chain):
        value = _apply(operation, value)
    return value


def _operand(node: _Leaf | _Parameter | _Prefix) -> Value:
    if isinstance(node, _Leaf):
        return node.value
    if isinstance(node, _Parameter):
        raise WhenError(f"No parameter '{node.name}' found.")
    return _apply_prefix(node.symbol, _evaluate(node.operand))


def _apply_prefix(symbol: str, value: Value) -> Value:
    fits = isinstance(value, bool) if symbol == "!" else _is_number(value)
    if not fits:
        raise WhenError(f"Value '{show(value)}' cannot be used with the prefix '{symbol}'")
    if symbol == "!":
        return not value
    return -value if symbol == "-" else float(~_int64(value))


def _apply(node: _Operation, left: Value) -> Value:
    if node.symbol == "&&" and left is False:
        return False
    if node.symbol == "||" and left is True:
        return True
    if node.symbol in (":", "??") and left is not None:
        return left
    right = None if node.symbol == "?" and left is False else _evaluate(node.right)
    _check_types(node.symbol, left, right)
    return _OPERATIONS[node.symbol](left, right)


def _check_types(symbol: str, left: Value, right: Value) -> None:
    if symbol in (">", ">=", "<", "<="):
        if not (_both(left, right, float) or _both(left, right, str)):
            raise _mismatch("comparator", symbol, left)
    elif symbol == "+":
        if not (_both(left, right, float) or isinstance(left, str) or isinstance(right, str)):
            raise _mismatch("modifier", symbol, left)
    elif symbol in _CHECKS:
        role, left_fits, right_fits = _CHECKS[symbol]
        if not left_fits(left):
            raise _mismatch(role, symbol, left)
        if not right_fits(right):
            raise _mismatch(role, symbol, right)


def _mismatch(role: str, symbol: str, value: Value) -> WhenError:
    wanted = "bool" if role in ("logical operator", "ternary operator") else "number"
    return WhenError(f"Value '{show(value)}' cannot be used with the {role} '{symbol}', it is not a {wanted}")


def _both(left: Value, right: Value, kind: type) -> bool:
    return isinstance(left, kind) and isinstance(right, kind)


def _is_number(value: Value) -> bool:
    return isinstance(value, float)


def _is_bool(value: Value) -> bool:
    return isinstance(value, bool)


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_pattern(value: Value) -> bool:
    return isinstance(value, str | re.Pattern)


def _is_list(value: Value) -> bool:
    return isinstance(value, list)


def _anything(_value: Value) -> bool:
    return True


_Check = tuple[str, Callable[[Value], bool], Callable[[Value], bool]]

_CHECKS: Final[dict[str, _Check]] = {
    **dict.fromkeys("-*/%&|^", ("modifier", _is_number, _is_number)),
    **dict.fromkeys(("**", "<<", ">>"), ("modifier", _is_number, _is_number)),
    **dict.fromkeys(("&&", "||"), ("logical operator", _is_bool, _is_bool)),
    **dict.fromkeys(("=~", "!~"), ("comparator", _is_text, _is_pattern)),
    "in": ("comparator", _anything, _is_list),
    "?": ("ternary operator", _is_bool, _anything),
}


def _equal(left: Value, right: Value) -> bool:
    """Equality that also looks at the type: 1 is neither "1" nor true."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return show(left) + show(right)
    return left + right


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _modulus(left: float, right: float) -> float:
    try:
        return math.fmod(left, right)
    except ValueError:
        return math.nan


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(result, complex) else result


def _int64(value: float) -> int:
    if not math.isfinite(value):
        return -(2**63)
    number = int(value)
    return number if -(2**63) <= number < 2**63 else -(2**63)


def _shift(left: float, right: float, direction: int) -> float:
    bits, count = _int64(left) % 2**64, _int64(right) % 2**64
    if count > 63:
        return 0.0
    return float((bits << count) % 2**64 if direction > 0 else bits >> count)


def _matches(text: str, pattern: str | re.Pattern[str]) -> bool:
    found = compile_pattern(pattern) if isinstance(pattern, str) else pattern
    return found.search(text) is not None


def _joined(left: Value, right: Value) -> list[Value]:
    return [*left, right] if isinstance(left, list) else [left, right]


_OPERATIONS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    ",": _joined,
    "?": lambda left, right: right if left else None,
    ":": lambda left, right: right,
    "??": lambda left, right: right,
    "&&": lambda left, right: left and right,
    "||": lambda left, right: left or right,
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "=~": _matches,
    "!~": lambda left, right: not _matches(left, right),
    "in": lambda left, right: any(_equal(left, item) for item in right),
    "&": lambda left, right: float(_int64(left) & _int64(right)),
    "|": lambda left, right: float(_int64(left) | _int64(right)),
    "^": lambda left, right: float(_int64(left) ^ _int64(right)),
    "<<": lambda left, right: _shift(left, right, 1),
    ">>": lambda left, right: _shift(left, right, -1),
    "+": _add,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": _modulus,
    "**": _power,
}
