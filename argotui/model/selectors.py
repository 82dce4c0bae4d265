"""Selectors: labels (see `labels`), fields, and fields of workflow nodes (§6.2).

The grammars, and the texts of refusals, are those of the Kubernetes API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from argotui.model.anystring import any_string
from argotui.model.labels import LabelSelector as LabelSelector
from argotui.model.labels import Requirement as Requirement
from argotui.model.labels import SelectorError as SelectorError


@dataclass(frozen=True)
class FieldTerm:
    """One condition on a field: operator `=` or `!=`."""

    field: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{_escape(self.value)}"


@dataclass(frozen=True)
class FieldSelector:
    """Conditions on fields, all of which must hold."""

    terms: tuple[FieldTerm, ...] = ()

    @classmethod
    def parse(cls, text: str) -> FieldSelector:
        """Read `metadata.name=x,status.phase!=Failed`; blanks count.  Raises SelectorError."""
        terms = [_field_term(text, part) for part in sorted(_split_fields(text)) if part]
        return cls(tuple(term for term in terms if term.field or term.value))

    def matches(self, getter: Callable[[str], str]) -> bool:
        """Whether all conditions hold; `getter` gives a field's text, empty for a missing one."""
        return all((getter(term.field) == term.value) == (term.operator == "=") for term in self.terms)

    def required(self, field: str) -> str | None:
        """The value that an equality condition asks for, None when there is no such condition."""
        for term in self.terms:
            if term.field == field and term.operator == "=":
                return term.value
        return None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that the selector looks at."""
        return tuple(term.field for term in self.terms)

    @property
    def empty(self) -> bool:
        """No condition at all."""
        return not self.terms

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))


def _split_fields(text: str) -> list[str]:
    parts, start, escaped = [], 0, False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _field_term(selector: str, part: str) -> FieldTerm:
    for position in range(len(part)):
        for sign in ("!=", "==", "="):
            if part.startswith(sign, position):
                value = _unescape(part[position + len(sign) :])
                return FieldTerm(part[:position], "!=" if sign == "!=" else "=", value)
    raise SelectorError(f"invalid selector: '{selector}'; can't understand '{part}'")


def _unescape(value: str) -> str:
    out, escaped = [], False
    for char in value:
        if escaped:
            if char not in "\\,=":
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{char}")
            out.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(char)}")
        else:
            out.append(char)
    if escaped:
        raise SelectorError("invalid field selector: invalid escape sequence: \\")
    return "".join(out)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


@dataclass(frozen=True)
class NodeSelector:
    """A field selector over node statuses, as `--node-field-selector` takes it (§6.2)."""

    selector: FieldSelector

    def matches(self, node: Mapping[str, Any]) -> bool:
        """Whether the node status meets the selector; unknown fields count as empty."""
        fields = node_fields(node)
        return self.selector.matches(lambda field: fields.get(field, ""))

    def __str__(self) -> str:
        return str(self.selector)


def node_selector(text: str) -> NodeSelector:
    """Read a node field selector.  Raises SelectorError."""
    return NodeSelector(FieldSelector.parse(text))


def node_fields(node: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a node that a selector can name, with their texts."""
    reference = node.get("templateRef") or {}
    fields = {
        "displayName": node.get("displayName") or "",
        "templateName": node.get("templateName") or reference.get("template") or "",
        "phase": node.get("phase") or "",
        "name": node.get("name") or "",
        "id": node.get("id") or "",
        "templateRef.name": reference.get("name") or "",
        "templateRef.template": reference.get("template") or "",
    }
    for parameter in (node.get("inputs") or {}).get("parameters") or ():
        fields[f"inputs.parameters.{parameter.get('name')}.value"] = any_string(parameter.get("value")) or ""
    return fields
