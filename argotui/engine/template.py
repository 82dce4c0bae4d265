"""Substitution of `{{…}}` tags in JSON text (§3.1).

The target is always the JSON text of an object, never the object: a tag may stand in a key, may hold
another tag, and ends at the first `}}` whatever stands between. Values are inserted with Go's quoting,
so a value with a control character makes the result invalid JSON, which is an error.

Expression tags (`{{=…}}`) are evaluated by `argotui.engine.tags`, which is loaded with the first of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from argotui.engine import gotext

if TYPE_CHECKING:
    from argotui.engine import tags
    from argotui.engine.expressions import Surroundings

Scope = Mapping[str, Any]
"""Variable name -> text. `None` is an absent optional: the output of a skipped step without a default."""

OPEN: Final = "{{"
CLOSE: Final = "}}"
_MISSING: Final = object()


class TemplateError(Exception):
    """A substitution that can never succeed. The text is upstream's."""


class MissingVariable(TemplateError):
    """A tag whose variable is not in the scope although it must be."""


@dataclass(frozen=True, slots=True)
class Strictness:
    """Which unresolved tags are errors.

    prefixes: first segments (`steps`, `tasks`) whose tags must resolve; everything: all tags must. An
    artifact reference (`….outputs.artifacts.…`) is exempt from the prefixes: artifacts are resolved later.
    expressions: whether `{{=…}}` is evaluated at all.
    """

    prefixes: tuple[str, ...] = ()
    everything: bool = False
    expressions: bool = True

    @property
    def is_strict(self) -> bool:
        """Some unresolved tags are errors."""
        return self.everything or bool(self.prefixes)

    def forbids(self, tag: str) -> bool:
        """True when the trimmed tag must not stay unresolved."""
        if self.everything:
            return True
        if tag.partition(".")[0] not in self.prefixes:
            return False
        return ".outputs.artifacts." not in tag


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

LENIENT: Final = Strictness()
STRICT: Final = Strictness(everything=True)
NAMES_ONLY: Final = Strictness(expressions=False)
SIBLINGS: Final = Strictness(prefixes=("steps", "tasks"))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A text cut at its tags: `texts[0] tags[0] texts[1] … texts[n]`; compiled once, rendered often."""

    texts: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def written(self) -> str:
        """The text before it was cut."""
        parts = [f"{OPEN}{tag}{CLOSE}{text}" for tag, text in zip(self.tags, self.texts[1:], strict=True)]
        return "".join([self.texts[0], *parts]) if parts else self.texts[0]

    def render(self, scope: Scope, strictness: Strictness = LENIENT) -> str:
        """The text with every tag replaced that the scope knows. Raises TemplateError, MissingVariable."""
        if not self.tags:
            return self.texts[0]
        parts = [self.texts[0]]
        expressions = _Expressions(scope, strictness)
        for position, (tag, text) in enumerate(zip(self.tags, self.texts[1:], strict=True)):
            if not tag.startswith("="):
                parts.append(_replacement(tag, scope, strictness))
            elif strictness.expressions:
                parts.append(expressions.replaced(tag, position))
            else:
                parts.append(f"{OPEN}{tag}{CLOSE}")
            parts.append(text)
        return "".join(parts)


def compile_text(text: str) -> Compiled:
    """Cut a text at its tags. Raises TemplateError when a tag is not closed."""
    texts: list[str] = []
    tags: list[str] = []
    position = 0
    while True:
        start = text.find(OPEN, position)
        if start < 0:
            texts.append(text[position:])
            return Compiled(tuple(texts), tuple(tags))
        end = text.find(CLOSE, start + len(OPEN))
        if end < 0:
            raise TemplateError(_unclosed(text, text[start + len(OPEN) :]))
        texts.append(text[position:start])
        tags.append(text[start + len(OPEN) : end])
        position = end + len(CLOSE)


def _unclosed(text: str, rest: str) -> str:
    return f'Cannot find end tag="}}}}" in the template={gotext.quote(text)} starting from {gotext.quote(rest)}'


def _replacement(tag: str, scope: Scope, strictness: Strictness) -> str:
    name = tag.strip()
    value = scope.get(name, _MISSING)
    if isinstance(value, str):
        return gotext.quote_body(value)
    if value is None:
        raise TemplateError(
            f"unable to substitute {OPEN}{tag}{CLOSE}: output is an absent optional"
            " (skipped/omitted node with no default)"
        )
    if value is not _MISSING:
        raise MissingVariable(f"failed to resolve {OPEN}{tag}{CLOSE} to string")
    return _unresolved(tag, name, scope, strictness)


class _Expressions:
    """The expression tags of one text; what they share is made when the first one is met."""

    __slots__ = ("_scope", "_strictness", "_surroundings")

    def __init__(self, scope: Scope, strictness: Strictness) -> None:
        self._scope = scope
        self._strictness = strictness
        self._surroundings: Surroundings | None = None

    def replaced(self, tag: str, position: int) -> str:
        """What stands in place of a tag. Raises TemplateError, MissingVariable."""
        from argotui.engine import tags
        from argotui.engine.expressions import Surroundings

        if self._surroundings is None:
            self._surroundings = Surroundings(self._scope)
        try:
            return tags.replacement(tag[1:], self._surroundings, position, strict=self._strictness.is_strict)
        except tags.Unreadable as error:
            if not tags.has_placeholder(self._scope):
                raise TemplateError(str(error)) from None
        except tags.Unresolved as error:
            self._judge(error, tags.has_placeholder(self._scope))
        return f"{OPEN}{tag}{CLOSE}"

    def _judge(self, error: tags.Unresolved, is_validation: bool) -> None:
        """Raises unless the tag may stay."""
        strictness = self._strictness
        if error.missing:
            if strictness.everything or error.missing in strictness.prefixes:
                raise MissingVariable(str(error)) from None
        elif strictness.is_strict and not is_validation:
            raise TemplateError(str(error)) from None


def _unresolved(tag: str, name: str, scope: Scope, strictness: Strictness) -> str:
    inner = _inner_tag(tag, scope)
    if inner is not None:
        return inner
    if strictness.forbids(name):
        raise MissingVariable(f"failed to resolve {OPEN}{tag}{CLOSE}")
    return f"{OPEN}{tag}{CLOSE}"


def _inner_tag(tag: str, scope: Scope) -> str | None:
    """`{{a.{{b}}.c}}` is cut as the tag `a.{{b`: resolve `b`, and leave the outer tag to a later pass."""
    index = tag.rfind(OPEN)
    if index <= 0:
        return None
    inner = tag[index + len(OPEN) :]
    value = scope.get(inner, _MISSING)
    if value is None:
        raise TemplateError(f'unable to substitute nested tag {OPEN}{tag}{CLOSE}: "{inner}" is an absent optional')
    if not isinstance(value, str):
        return None
    return OPEN + tag[:index] + gotext.quote_body(value)


def substitute(
    text_json: str,
    scope: Scope,
    *,
    strict_prefixes: Iterable[str] = (),
    allow_unresolved: bool = True,
) -> str:
    """Replace the tags of a JSON text; the result is JSON text again.

    strict_prefixes: tags below these first segments must resolve. allow_unresolved=False: all must.
    Raises MissingVariable (the variable may still come) or TemplateError (it never will).
    """
    if not is_json(text_json):
        raise TemplateError("cannot do template replacements with invalid JSON")
    strictness = Strictness(tuple(strict_prefixes), everything=not allow_unresolved)
    result = compile_text(text_json).render(scope, strictness)
    if not is_json(result):
        raise TemplateError("cannot finish template replacement because the result was invalid JSON")
    return result


def substitute_text(text: str, scope: Scope, *, allow_unresolved: bool = True) -> str:
    """The same engine on a text that need not be JSON. The inserted values are quoted all the same."""
    return compile_text(text).render(scope, LENIENT if allow_unresolved else STRICT)


def substitute_document(document: Any, scope: Scope, strictness: Strictness = LENIENT) -> Any:
    """Substitute in a JSON value (through its text) and return the new value."""
    text = dumps(document)
    if OPEN not in text:
        return document
    return loads_substituted(compile_text(text).render(scope, strictness))


def loads_substituted(text: str) -> Any:
    """Decode a text that a substitution produced. Raises TemplateError when it is no JSON any more."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise TemplateError("cannot finish template replacement because the result was invalid JSON") from None


def dumps(document: Any) -> str:
    """Compact JSON text without escaping beyond what JSON asks for."""
    return _ENCODER.encode(document)


def is_json(text: str) -> bool:
    """True when the text is one JSON value."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return True


def simple_tags(text: str) -> list[str]:
    """The tags of a text in order, untrimmed, expression tags left out. Raises TemplateError."""
    return [tag for tag in compile_text(text).tags if not tag.startswith("=")]


def resolve_variable(reference: str, scope: Scope) -> Any:
    """The value behind `{{name}}` or `name` (`valueFrom.parameter`, `from`). Raises TemplateError.

    An expression (`{{=…}}`) sees only variables without a dot, and no functions of Argo's, as upstream.
    """
    name = variable_name(reference)
    if name.startswith("="):
        from argotui.engine.tags import plain_value

        return plain_value(name, scope)
    value = scope.get(name, _MISSING)
    if value is _MISSING:
        raise TemplateError(f"Unable to resolve: {gotext.quote(name)}")
    return value


def variable_name(reference: str) -> str:
    """`{{ name }}` or `name` without braces and outer spaces."""
    return reference.strip().removeprefix(OPEN).removesuffix(CLOSE).strip()


_RESULT_REFERENCE: Final = re.compile(
    r"(?:steps|tasks)(?:\.([a-zA-Z0-9][-a-zA-Z0-9]*)|\[['\"]([^'\"\]]+)['\"]\])\.outputs\.result"
)


def referenced_results(text: str) -> frozenset[str]:
    """The step and task names whose `.outputs.result` a template's JSON text mentions (§4.5)."""
    return frozenset(match[1] or match[2] for match in _RESULT_REFERENCE.finditer(text))
