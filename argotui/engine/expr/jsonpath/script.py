"""The scripts of filters and subscripts: operators found in the text from the loosest to the tightest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gonumbers import NumberError, divide, parse_float, parse_int, power, remainder
from argotui.engine.expr.gostring import shown
from argotui.engine.expr.gostrings import SPACE
from argotui.engine.expr.jsonpath.errors import PathError, empty_script
from argotui.engine.expr.jsonpath.selector import Script
from argotui.engine.expr.jsontext import decode
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.regex.pattern import compile_pattern
from argotui.engine.expr.values import is_list, is_map, map_items

MAX_DEPTH: Final = 30

_TOKENS: Final = (
    ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "=~", "!", "+", "-", "**", "*", "/", "%"],
    ["not in", "in", "@", "$"],
)
_DEFAULT: Final = tuple(token for group in _TOKENS for token in group)
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")

Parameters = dict[str, Any]
Select = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Operator:
    """left, right: operators, values or texts. select: the compiled path of `@` and `$`."""

    symbol: str
    left: Any
    right: Any
    select: Select | None = None


class ScriptCompiler:
    """Compiles scripts. select: compiles a path."""

    def __init__(self, compile_path: Callable[[str], Select], meter: Meter) -> None:
        self._compile_path = compile_path
        self._meter = meter

    def compile(self, text: str) -> Script:
        """A script as a function of root and current value. Raises PathError."""
        operator = self._build(text, _DEFAULT, 0)
        meter = self._meter

        def run(root: Any, current: Any) -> Any:
            meter.spend(1 + len(text) // 8)
            if not text:
                raise empty_script()
            parameters = {"$": root, "@": current, "nil": None, "null": None}
            if operator is None:
                return _literal(text, parameters)
            return Evaluation(parameters, meter).value(operator)

        return run

    def _build(self, text: str, tokens: tuple[str, ...], depth: int) -> Operator | None:
        if depth > MAX_DEPTH:
            raise Fault("JSONPath script is nested too deeply")
        while True:
            self._meter.spend(1 + len(text) // 4)
            symbol = tokens[0]
            text = text.strip(SPACE)
            if not text:
                return None
            if text.startswith("(") and text.endswith(")"):
                text = text[1:-1].strip(SPACE)
                tokens = ("", *_DEFAULT)
            found = self._operator(text, symbol, tokens, depth)
            if found is not None:
                return found
            if len(tokens) == 1:
                return None
            tokens = tokens[1:]

    def _operator(self, text: str, symbol: str, tokens: tuple[str, ...], depth: int) -> Operator | None:
        position = _find(text, symbol)
        if position < 0:
            return None
        right_text = text[position + len(symbol) :].strip(SPACE)
        left_text = text[:position].strip(SPACE)
        path = symbol in ("$", "@")
        if not right_text and not path:
            return None
        right = self._argument(right_text, tokens, depth)
        if not left_text and not path and symbol != "!":
            return None
        left = self._argument(left_text, tokens, depth)
        if not symbol:
            raise PathError("unsupported operator")
        if path or symbol == "!":
            if left is not None:
                return None
            return Operator(symbol, None, right, self._compile_path(text) if path else None)
        return Operator(symbol, left, right)

    def _argument(self, text: str, tokens: tuple[str, ...], depth: int) -> Any:
        operator = self._build(text, tokens, depth + 1)
        if operator is not None:
            return operator
        text = text.strip(SPACE)
        if not text:
            return None
        for brackets in ("[]", "{}"):
            if text[0] == brackets[0] and text[-1] == brackets[1]:
                try:
                    return decode(text, self._meter)
                except Fault:
                    return text
        return text


def _find(text: str, operator: str) -> int:
    """Where an operator stands outside of quotes and brackets; -1 if nowhere."""
    quote = ""
    square = rounded = 0
    for position, character in enumerate(text):
        if character in "()":
            if quote or square > 0:
                continue
            rounded += 1 if character == "(" else -1
        elif character in "[]":
            if quote or rounded > 0:
                continue
            square += 1 if character == "[" else -1
        elif character in "'\"":
            if quote not in ("", character) or square > 0 or rounded > 0:
                continue
            quote = "" if quote else character
        if quote or square > 0 or rounded > 0:
            continue
        start = position + 1 - len(operator)
        if start >= 0 and text[start : position + 1] == operator:
            return start
    return -1


def _literal(text: str, parameters: Parameters) -> Any:
    """A script without operators: a parameter, number, bool or text."""
    if text in parameters:
        return parameters[text]
    try:
        return parse_float(text)
    except NumberError:
        return text in _TRUE if text in (*_TRUE, *_FALSE) else text


class Evaluation:
    """Evaluates operators for one root and current value. Raises PathError for what does not fit."""

    def __init__(self, parameters: Parameters, meter: Meter) -> None:
        self._parameters = parameters
        self._meter = meter

    def value(self, operator: Operator) -> Any:
        self._meter.spend()
        if operator.select is not None:
            found = operator.select(self._parameters["$"], self._parameters["@"])
            quoted = isinstance(found, str) and not _is_quoted(found, "'")
            return f"'{found}'" if quoted else found
        return _EVALUATIONS[operator.symbol](self, operator.left, operator.right)

    def _resolved(self, argument: Any) -> Any:
        if isinstance(argument, Operator):
            argument = self.value(argument)
        if isinstance(argument, str) and argument in self._parameters:
            return self._parameters[argument]
        return argument

    def _printed(self, argument: Any) -> str:
        if argument is None:
            raise PathError("invalid argument. is nil")
        return shown(self._resolved(argument), self._meter)

    def number(self, argument: Any) -> float:
        try:
            return parse_float(self._printed(argument))
        except NumberError:
            raise PathError("invalid argument. expected number") from None

    def integer(self, argument: Any) -> int:
        try:
            return parse_int(self._printed(argument))
        except NumberError:
            raise PathError("invalid argument. expected integer") from None

    def boolean(self, argument: Any) -> bool:
        value = None if argument is None else self._resolved(argument)
        if value is None:
            return False
        text = shown(value, self._meter)
        if text not in (*_TRUE, *_FALSE):
            raise PathError("invalid argument. expected boolean")
        return text in _TRUE

    def text(self, argument: Any) -> str:
        """The text of an argument; one that comes out of the data stands in single quotes."""
        if argument is None:
            raise PathError("invalid argument. is nil")
        if isinstance(argument, Operator):
            argument = self.value(argument)
        if not isinstance(argument, str):
            return shown(argument, self._meter)
        if argument in self._parameters:
            value = self._parameters[argument]
            if not isinstance(value, str):
                return shown(value, self._meter)
            return value if _is_quoted(value, "'") else f"'{_unquoted(value)}'"
        return f"'{argument[1:-1]}'" if _is_quoted(argument, '"') else argument

    def elements(self, argument: Any) -> list[Any]:
        if argument is None:
            raise PathError("invalid argument. is nil")
        value = self._resolved(argument)
        if isinstance(value, str) and value[:1] + value[-1:] in ("{}", "[]"):
            try:
                value = decode(value, self._meter)
            except Fault:
                raise PathError("invalid argument") from None
        if value is None:
            raise PathError("invalid argument. is nil")
        if is_list(value):
            return list(value)
        if is_map(value):
            return [item for _, item in map_items(value)]
        raise PathError("invalid argument. expected array, map, or slice")

    # --- operators ----------------------------------------------------------------------------------

    def same(self, left: Any, right: Any) -> bool:
        try:
            return self.number(left) == self.number(right)
        except PathError:
            return self.text(left) == self.text(right)

    def both(self, left: Any, right: Any) -> bool:
        first, second = self.boolean(left), self.boolean(right)
        return first and second

    def either(self, left: Any, right: Any) -> bool:
        first, second = self.boolean(left), self.boolean(right)
        return first or second

    def matches(self, left: Any, right: Any) -> bool:
        subject, pattern = _inner(self.text(left)), _inner(self.text(right))
        try:
            compiled = compile_pattern(pattern)
        except Fault:
            raise PathError("invalid argument. expected a valid regexp") from None
        return compiled.matches(subject, self._meter)

    def within(self, left: Any, right: Any) -> bool:
        item: Any = left
        for convert in (self.number, self.text, self.boolean):
            try:
                item = convert(left)
                break
            except PathError:
                continue
        return any(type(element) is type(item) and element == item for element in self.elements(right))

    def modulus(self, left: Any, right: Any) -> int:
        first, second = self.integer(left), self.integer(right)
        if second == 0:
            raise Fault("runtime error: integer divide by zero")
        return remainder(first, second)

    def divided(self, left: Any, right: Any) -> float:
        return divide(self.number(left), self.number(right))


def _numbers(operation: Callable[[float, float], Any]) -> Callable[[Evaluation, Any, Any], Any]:
    def run(evaluation: Evaluation, left: Any, right: Any) -> Any:
        first = evaluation.number(left)
        return operation(first, evaluation.number(right))

    return run


_EVALUATIONS: Final[dict[str, Callable[[Evaluation, Any, Any], Any]]] = {
    "||": Evaluation.either,
    "&&": Evaluation.both,
    "==": Evaluation.same,
    "!=": lambda evaluation, left, right: not evaluation.same(left, right),
    "<=": _numbers(lambda a, b: a <= b),
    ">=": _numbers(lambda a, b: a >= b),
    "<": _numbers(lambda a, b: a < b),
    ">": _numbers(lambda a, b: a > b),
    "=~": Evaluation.matches,
    "!": lambda evaluation, _left, right: not evaluation.boolean(right),
    "+": _numbers(lambda a, b: a + b),
    "-": _numbers(lambda a, b: a - b),
    "**": _numbers(power),
    "*": _numbers(lambda a, b: a * b),
    "/": Evaluation.divided,
    "%": Evaluation.modulus,
    "not in": lambda evaluation, left, right: not evaluation.within(left, right),
    "in": Evaluation.within,
}


def _is_quoted(text: str, quote: str) -> bool:
    return len(text) > 1 and text[0] == quote and text[-1] == quote


def _unquoted(text: str) -> str:
    return text[1:-1] if _is_quoted(text, '"') else text


def _inner(text: str) -> str:
    return text[1:-1] if _is_quoted(text, "'") else text
