"""Label selectors: `a=b,c in (d,e),!f`; grammar and refusals are those of the Kubernetes API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from argotui.model.names import DNS_SUBDOMAIN


class SelectorError(ValueError):
    """The selector cannot be read."""


_SPACE = " \t\r\n"
_SPECIAL = "=!(),<>"
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}\Z")
LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@dataclass(frozen=True)
class Requirement:
    """One condition on a label.

    `operator` is one of `=`, `==`, `!=`, `in`, `notin`, `exists`, `!`, `gt`, `lt`; `values` is sorted.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels meets the condition; a missing label meets `!=` and `notin`."""
        value = labels.get(self.key)
        if self.operator in ("=", "==", "in"):
            return value is not None and value in self.values
        if self.operator in ("!=", "notin"):
            return value is None or value not in self.values
        if self.operator in ("gt", "lt"):
            return value is not None and self._compares(value)
        return (value is not None) == (self.operator == "exists")

    def _compares(self, value: str) -> bool:
        if not _INTEGER.match(value):
            return False
        ours, limit = int(value), int(self.values[0])
        return ours > limit if self.operator == "gt" else ours < limit

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({','.join(self.values)})"
        sign = {"gt": ">", "lt": "<"}.get(self.operator, self.operator)
        return f"{self.key}{sign}{self.values[0]}"


@dataclass(frozen=True)
class LabelSelector:
    """Conditions on labels, all of which must hold; none matches everything."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Read `a=b,c in (d,e),!f,n>4`.  Raises SelectorError."""
        return _parse_labels(text)

    @classmethod
    def from_document(cls, selector: Mapping[str, Any] | None) -> LabelSelector:
        """Read the object form, `matchLabels` and `matchExpressions`.  Raises SelectorError."""
        selector = selector or {}
        found = [Requirement(k, "in", (str(v),)) for k, v in (selector.get("matchLabels") or {}).items()]
        names = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
        for part in selector.get("matchExpressions") or ():
            operator = names.get(part.get("operator"))
            if operator is None:
                raise SelectorError(f"{part.get('operator')!r} is not a valid label selector operator")
            found.append(Requirement(part["key"], operator, tuple(sorted(set(part.get("values") or ())))))
        return cls(tuple(sorted(found, key=lambda requirement: requirement.key)))

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether all conditions hold for the labels (None counts as no labels)."""
        return all(requirement.matches(labels or {}) for requirement in self.requirements)

    @property
    def empty(self) -> bool:
        """No condition at all."""
        return not self.requirements

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


@lru_cache(maxsize=512)
def _parse_labels(text: str) -> LabelSelector:
    found = _LabelParser(text).parse()
    return LabelSelector(tuple(sorted(found, key=lambda requirement: requirement.key)))


class _LabelParser:
    """Recursive descent over `!key`, `key`, `key OP value`, `key in (…)`; one token of look-ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def _peek(self, offset: int = 0) -> str:
        position = self._position + offset
        return self._tokens[position] if position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def parse(self) -> list[Requirement]:
        """All requirements, in the order of the text."""
        found: list[Requirement] = []
        if self._peek() == "":
            return found
        while True:
            if self._peek() != "!" and not _is_word(self._peek()):
                raise SelectorError(f"found '{self._peek()}', expected: !, identifier, or 'end of string'")
            found.append(self._requirement())
            separator = self._take()
            if separator == "":
                return found
            if separator != ",":
                raise SelectorError(f"found '{separator}', expected: ',' or 'end of string'")
            if self._peek() != "!" and not _is_word(self._peek()):
                raise SelectorError(f"found '{self._peek()}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        try:
            return self._read_requirement()
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None

    def _read_requirement(self) -> Requirement:
        if self._peek() == "!":
            self._take()
            return Requirement(_checked_key(self._word()), "!")
        key = _checked_key(self._word())
        if self._peek() in ("", ","):
            return Requirement(key, "exists")
        token = self._take()
        operator = {">": "gt", "<": "lt"}.get(token, token)
        if operator not in _OPERATORS or token in ("gt", "lt"):
            raise SelectorError(f"found '{token}', expected: {', '.join(_OPERATORS)}")
        values = self._list() if operator in ("in", "notin") else (self._value(),)
        return Requirement(key, operator, _checked_values(key, operator, values))

    def _word(self) -> str:
        token = self._take()
        if not _is_word(token):
            raise SelectorError(f"found '{token}', expected: identifier")
        return token

    def _value(self) -> str:
        return "" if self._peek() in ("", ",") else self._word()

    def _list(self) -> tuple[str, ...]:
        if (token := self._take()) != "(":
            raise SelectorError(f"found '{token}' expected: '('")
        values = {self._element()}
        while (token := self._take()) == ",":
            values.add(self._element())
        if token != ")":
            raise SelectorError(f"found '{token}', expected: ',' or ')'")
        return tuple(sorted(values))

    def _element(self) -> str:
        return "" if self._peek() in (",", ")") else self._word()


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    while position < len(text):
        if text[position] in _SPACE:
            position += 1
            continue
        token = _symbol(text, position) or _identifier(text, position)
        found.append(token)
        position += len(token)
    return found


def _symbol(text: str, position: int) -> str:
    if text[position] not in _SPECIAL:
        return ""
    return text[position : position + 2] if text[position : position + 2] in ("==", "!=") else text[position]


def _identifier(text: str, position: int) -> str:
    end = position
    while end < len(text) and text[end] not in _SPECIAL and text[end] not in _SPACE:
        end += 1
    return text[position:end]


def _is_word(token: str) -> bool:
    return token != "" and token[0] not in _SPECIAL


def label_key_problems(key: str) -> list[str]:
    """Why a text cannot be a label key (`prefix/name`); empty when it can."""
    parts = key.split("/")
    if len(parts) > 2:
        rule = NAME_RULE.replace("name part must", "a valid label key must")
        return [f"{rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if len(parts) == 2:
        if not parts[0]:
            problems.append("prefix part must be non-empty")
        elif len(parts[0]) > 253:
            problems.append("prefix part must be no more than 253 bytes")
        elif not DNS_SUBDOMAIN.match(parts[0]):
            problems.append("prefix part must be a lowercase DNS subdomain (e.g. 'example.com')")
    name = parts[-1]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not LABEL_NAME.match(name):
        problems.append(NAME_RULE)
    return problems


def label_value_problems(value: str) -> list[str]:
    """Why a text cannot be a label value; empty when it can."""
    problems = ["must be no more than 63 bytes"] if len(value) > 63 else []
    if value and not LABEL_NAME.match(value):
        problems.append(VALUE_RULE)
    return problems


def _checked_key(key: str) -> str:
    if problems := label_key_problems(key):
        raise SelectorError(f'<nil>: Invalid value: "{key}": {"; ".join(problems)}')
    return key


def _checked_values(key: str, operator: str, values: tuple[str, ...]) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if operator in ("gt", "lt") and not _INTEGER.match(value):
            raise SelectorError(
                f"values[{index}]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
            )
        if problems := label_value_problems(value):
            raise SelectorError(f'values[{index}][{key}]: Invalid value: "{value}": {"; ".join(problems)}')
    return values
