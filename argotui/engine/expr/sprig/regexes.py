"""sprig's functions of regular expressions, versions and flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gostrings import quoted
from argotui.engine.expr.gotypes import STRINGS
from argotui.engine.expr.regex.pattern import GoPattern, compile_pattern, quote_meta
from argotui.engine.expr.semver import parse_version, satisfies
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import Slice, strings

Compile = Callable[[str], GoPattern]


def _compiled_or_panic(text: str) -> GoPattern:
    """Go's MustCompile, whose text names the pattern once more."""
    try:
        return compile_pattern(text)
    except Fault as fault:
        shown = f"`{text}`" if _can_backquote(text) else quoted(text)
        raise Fault(f"regexp: Compile({shown}): {fault}") from None


def _can_backquote(text: str) -> bool:
    return all(c == "\t" or (c >= " " and c not in "`\x7f\ufeff") for c in text)


def _match(context: Context, pattern: str, text: str) -> bool:
    return compile_pattern(pattern).matches(text, context.meter)


def _match_or_false(context: Context, pattern: str, text: str) -> bool:
    try:
        found = compile_pattern(pattern)
    except Fault:
        return False
    return found.matches(text, context.meter)


def _find(compile_it: Compile) -> Callable[..., str]:
    def run(context: Context, pattern: str, text: str) -> str:
        slots = compile_it(pattern).find(text, context.meter)
        return "" if slots is None else text[slots[0] : slots[1]]

    return run


def _find_all(compile_it: Compile) -> Callable[..., Slice]:
    def run(context: Context, pattern: str, text: str, limit: int) -> Slice:
        found = compile_it(pattern).find_all(text, context.meter, limit)
        parts = [text[slots[0] : slots[1]] for slots in found]
        return strings(parts) if parts else Slice(STRINGS, is_nil=True)

    return run


def _replace(compile_it: Compile, *, literal: bool) -> Callable[..., str]:
    def run(context: Context, pattern: str, text: str, replacement: str) -> str:
        found = compile_it(pattern)
        if literal:
            return found.replace(text, lambda _slots: replacement, context.meter)
        return found.replace(text, lambda slots: found.expand(replacement, text, slots), context.meter)

    return run


def _split(compile_it: Compile) -> Callable[..., Slice]:
    def run(context: Context, pattern: str, text: str, limit: int) -> Slice:
        parts = compile_it(pattern).split(text, context.meter, limit)
        return Slice(STRINGS, is_nil=True) if parts is None else strings(parts)

    return run


def _fail(_context: Context, message: str) -> Any:
    raise Fault(message)


_PAIR: Final = "string, string) string"
_MUST_PAIR: Final = "string, string) (string, error)"
_TRIPLE: Final = "string, string, string) string"
_MUST_TRIPLE: Final = "string, string, string) (string, error)"
_LIST: Final = "string, string, int) []string"
_MUST_LIST: Final = "string, string, int) ([]string, error)"

REGEXES: Final[Table] = {
    "regexMatch": ("string, string) bool", _match_or_false),
    "mustRegexMatch": ("string, string) (bool, error)", _match),
    "regexFind": (_PAIR, _find(_compiled_or_panic)),
    "mustRegexFind": (_MUST_PAIR, _find(compile_pattern)),
    "regexFindAll": (_LIST, _find_all(_compiled_or_panic)),
    "mustRegexFindAll": (_MUST_LIST, _find_all(compile_pattern)),
    "regexReplaceAll": (_TRIPLE, _replace(_compiled_or_panic, literal=False)),
    "mustRegexReplaceAll": (_MUST_TRIPLE, _replace(compile_pattern, literal=False)),
    "regexReplaceAllLiteral": (_TRIPLE, _replace(_compiled_or_panic, literal=True)),
    "mustRegexReplaceAllLiteral": (_MUST_TRIPLE, _replace(compile_pattern, literal=True)),
    "regexSplit": (_LIST, _split(_compiled_or_panic)),
    "mustRegexSplit": (_MUST_LIST, _split(compile_pattern)),
    "regexQuoteMeta": ("string) string", lambda _context, text: quote_meta(text)),
    "semver": ("string) (*semver.Version, error)", lambda _context, text: parse_version(text)),
    "semverCompare": (
        "string, string) (bool, error)",
        lambda context, constraint, version: satisfies(constraint, version, context.meter),
    ),
    "fail": (_MUST_PAIR.replace("string, string", "string"), _fail),
}
