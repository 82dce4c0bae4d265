"""Expression tags, `{{=…}}`: what stands in their place (§3.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from argotui.engine import gotext
from argotui.engine.expr import ExprError, go_json
from argotui.engine.expressions import Reference, Surroundings, compiled, references
from argotui.engine.template import TemplateError

_LATE: Final = (
    ("item",),
    ("retries",),
    ("lastRetry", "exitCode"),
    ("lastRetry", "status"),
    ("lastRetry", "duration"),
    ("lastRetry", "message"),
    ("workflow", "status"),
    ("workflow", "failures"),
)
"""Variables that come into being after others; a pass that does not know them leaves the tag to a later one."""

_SIBLINGS: Final = ("steps", "tasks")
"""Below these, what comes into being late has names of its own."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

PLACEHOLDER: Final = "__argo__internal__placeholder"
"""How values begin that validation puts in place of those that only a run knows."""


class Unresolved(Exception):
    """The tag stays as it is, if its place allows that; the text says why. missing: it may come yet, it is a
    variable with this first part."""

    def __init__(self, reason: str, missing: str = "") -> None:
        super().__init__(reason)
        self.missing = missing


class Unreadable(Exception):
    """The tag can never be evaluated, wherever it stands."""


def replacement(written: str, surroundings: Surroundings, place: int, *, strict: bool) -> str:
    """The JSON text for a tag. written: what stands after `{{=`, in the JSON text of its document.

    place: number of the tag in its text. strict: every variable that is named has to be there, else only those
    without which the expression makes no sense. Raises Unresolved, Unreadable.
    """
    text = _unescaped(written)
    try:
        named = references(text)
    except ExprError as error:
        raise Unreadable(f"failed to evaluate expression: {error}") from None
    env = surroundings.environment(text)
    missing = _missing(named, env, strict)
    if missing is not None:
        raise Unresolved(f"failed to evaluate expression: {'.'.join(missing)} is missing", missing[0])
    return _inserted(_value(text, env, surroundings, place), text)


def has_placeholder(scope: Mapping[str, Any]) -> bool:
    """Whether validation stands in for a run: then nothing but a missing variable is wrong."""
    if not isinstance(scope, dict):  # a run has no placeholders, and its variables are not computed in vain
        return False
    return any(isinstance(value, str) and value.startswith(PLACEHOLDER) for value in scope.values())


def _unescaped(written: str) -> str:
    try:
        text: str = json.loads(f'"{written}"')
    except ValueError as error:
        raise Unresolved(f"failed to unmarshall JSON expression: {error}") from None
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _missing(named: Iterable[Reference], env: Mapping[str, Any], strict: bool) -> tuple[str, ...] | None:
    """The first variable that is not there, up to the part that is missing."""
    for reference in named:
        absent = _absent_part(reference.parts, env)
        if len(absent) == 1 or absent in _LATE or (absent and strict and not reference.optional):
            return absent
        if len(absent) == 2 and not strict and absent[0] in _SIBLINGS:
            return absent
    return None


def _absent_part(parts: tuple[str, ...], env: Mapping[str, Any]) -> tuple[str, ...]:
    """The beginning of a name up to the part that does not exist; empty when there is all of it."""
    known: Any = env
    for position, part in enumerate(parts, 1):
        if isinstance(known, str) or (isinstance(known, dict) and part not in known):
            return parts[:position]
        if not isinstance(known, dict):
            break
        known = known[part]
    return ()


def _value(text: str, env: dict[str, Any], surroundings: Surroundings, place: int) -> Any:
    drawn = surroundings.drawn
    try:
        return compiled(text, env).run(env, now=drawn.now, entropy=drawn.entropy(text, place))
    except ExprError as error:
        raise Unresolved(f"failed to evaluate expression: {error}") from None


def _inserted(value: Any, text: str) -> str:
    if value is None:
        raise Unresolved(f"failed to evaluate expression {gotext.quote(text)}")
    try:
        made = go_json(value)
    except ExprError as error:
        raise Unresolved(f"failed to marshal evaluated expression: {error}") from None
    if len(made) > 1 and made.startswith('"') and made.endswith('"'):
        return made[1:-1]
    return gotext.quote_body(made)


def plain_value(tag: str, scope: Mapping[str, Any]) -> Any:
    """The value of `=expression` where one variable is asked for (§3.1). Raises TemplateError."""
    text = tag[1:]
    try:
        env = {named.parts[0]: scope[named.parts[0]] for named in references(text) if named.parts[0] in scope}
        expression = compiled(text, env)
    except ExprError:
        raise TemplateError(f"Unable to compile: {gotext.quote(text)}") from None
    try:
        value = expression.run(env)
    except ExprError:
        raise TemplateError(f"Invalid expression: {gotext.quote(text)}") from None
    if value is None:
        raise TemplateError(f"Unable to resolve: {gotext.quote(tag)}")
    return value
