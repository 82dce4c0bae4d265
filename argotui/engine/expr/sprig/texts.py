"""sprig's functions of texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gostring import shown
from argotui.engine.expr.gostrings import SPACE, byte_length, byte_slice, lower, quoted, replace, split, trim, upper
from argotui.engine.expr.gotypes import TEXT_MAP
from argotui.engine.expr.sprig.cases import (
    initials,
    lowered,
    pascal,
    swapped,
    titled,
    untitled,
    without_space,
)
from argotui.engine.expr.sprig.convert import clamped, text_of, texts_of
from argotui.engine.expr.values import Slice, TypedMap, rejoined, strings

Table = dict[str, tuple[str, Callable[..., Any]]]
"""Name -> Go's type without `func(`, and the function; its first argument is the context."""


def _plain(change: Callable[[str], str]) -> Callable[[Context, str], str]:
    return lambda context, text: context.meter.text(change(text))


def _repeat(context: Context, count: int, text: str) -> str:
    if count < 0:
        raise Fault("strings: negative Repeat count")
    context.meter.allow_text(count * max(len(text), 1))
    return rejoined(text * count)


def _abbreviated(text: str, offset: int, width: int) -> str:
    """The text cut to a width with `...` at the ends that were cut; counted in bytes."""
    length = byte_length(text)
    if not text or width < 4 or length <= width:
        return text if width >= 4 else ""
    offset = min(offset, length)
    offset = min(offset, length - (width - 3)) if length - offset < width - 3 else offset
    if offset <= 4:
        return byte_slice(text, 0, width - 3) + "..."
    if width < 7:
        return ""
    if offset + width - 3 < length:
        return "..." + _abbreviated(byte_slice(text, offset, length), 0, width - 3)
    return "..." + byte_slice(text, length - (width - 3), length)


def _abbrev(_context: Context, width: int, text: str) -> str:
    return text if width < 4 else _abbreviated(text, 0, width)


def _abbrev_both(_context: Context, left: int, right: int, text: str) -> str:
    return text if right < 4 or (left > 0 and right < 7) else _abbreviated(text, left, right)


def _trunc(_context: Context, count: int, text: str) -> str:
    length = byte_length(text)
    if count < 0 and length + count > 0:
        return byte_slice(text, length + count, length)
    return byte_slice(text, 0, count) if 0 <= count < length else text


def _substr(_context: Context, start: int, end: int, text: str) -> str:
    length = byte_length(text)
    if start < 0:
        start = 0
        if end < 0 or end > length:
            size = "" if end < 0 else f" with length {length}"
            raise Fault(f"runtime error: slice bounds out of range [:{end}]{size}")
    elif end < 0 or end > length:
        end = length
    if start > end:
        raise Fault(f"runtime error: slice bounds out of range [{start}:{end}]")
    return byte_slice(text, start, end)


def _wrapped(context: Context, width: int, line_end: str, text: str, *, cut_words: bool) -> str:
    """Lines of at most `width` bytes where words allow it."""
    width = max(width, 1)
    data, parts, offset = text, list[str](), 0
    length = byte_length(data)
    while length - offset > width:
        context.meter.spend()
        if byte_slice(data, offset, offset + 1) == " ":
            offset += 1
            continue
        space = byte_slice(data, offset, offset + width + 1).rfind(" ")
        end, step = offset + space, 1
        if space < 0 and cut_words:
            end, step = offset + width, 0
        elif space < 0:
            following = byte_slice(data, offset + width, length).find(" ")
            if following < 0:
                break
            end = offset + width + following
        parts.extend((byte_slice(data, offset, end), line_end))
        offset = end + step
    return "".join((*parts, byte_slice(data, offset, length)))


def _wrap_with(context: Context, width: int, line_end: str, text: str) -> str:
    context.meter.allow_text(len(text) * (1 + len(line_end)))
    return _wrapped(context, width, line_end or "\n", text, cut_words=True)


def _quote(context: Context, *values: Any) -> str:
    return " ".join(quoted(text_of(context, value)) for value in values if value is not None)


def _single_quote(context: Context, *values: Any) -> str:
    return " ".join(f"'{shown(value, context.meter)}'" for value in values if value is not None)


def _cat(context: Context, *values: Any) -> str:
    return " ".join(shown(value, context.meter) for value in values if value is not None)


def _indent(context: Context, spaces: int, text: str) -> str:
    if spaces < 0:
        raise Fault("strings: negative Repeat count")
    context.meter.allow_text(len(text) + (1 + text.count("\n")) * spaces)
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


def _replace(context: Context, old: str, new: str, text: str) -> str:
    context.meter.allow_text(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return replace(text, old, new)


def _split_map(context: Context, separator: str, text: str) -> TypedMap:
    return _numbered(context, split(text, separator) or [])


def _split_n(context: Context, separator: str, count: int, text: str) -> TypedMap:
    return _numbered(context, split(text, separator, count) or [])


def _numbered(context: Context, parts: list[str]) -> TypedMap:
    context.meter.spend(len(parts))
    return TypedMap(TEXT_MAP, {f"_{index}": part for index, part in enumerate(parts)})


def _split_list(context: Context, separator: str, text: str) -> Slice:
    parts = split(text, separator) or []
    context.meter.spend(len(parts))
    return strings(parts)


def _join(context: Context, separator: str, value: Any) -> str:
    parts = texts_of(context, value)
    context.meter.allow_text(sum(map(len, parts)) + len(separator) * len(parts))
    return rejoined(separator.join(parts))


def _sort_alpha(context: Context, value: Any) -> Slice:
    if value is None:
        return strings(("<nil>",))
    return strings(sorted(texts_of(context, value), key=lambda text: text.encode("utf-8", "surrogateescape")))


_TEXT: Final = "string) string"
_TEST: Final = "string, string) bool"
_PAIR: Final = "string, string) string"

TEXTS: Final[Table] = {
    "hello": (") string", lambda _context: "Hello!"),
    "abbrev": ("int, string) string", _abbrev),
    "abbrevboth": ("int, int, string) string", _abbrev_both),
    "trunc": ("int, string) string", _trunc),
    "trim": (_TEXT, lambda _context, text: text.strip(SPACE)),
    "upper": (_TEXT, _plain(upper)),
    "lower": (_TEXT, _plain(lower)),
    "title": (_TEXT, _plain(titled)),
    "untitle": (_TEXT, _plain(untitled)),
    "substr": ("int, int, string) string", _substr),
    "repeat": ("int, string) string", _repeat),
    "trimall": (_PAIR, lambda _context, cutset, text: trim(text, cutset)),
    "trimAll": (_PAIR, lambda _context, cutset, text: trim(text, cutset)),
    "trimSuffix": (_PAIR, lambda _context, part, text: text.removesuffix(part) if part else text),
    "trimPrefix": (_PAIR, lambda _context, part, text: text.removeprefix(part)),
    "nospace": (_TEXT, _plain(without_space)),
    "initials": (_TEXT, _plain(initials)),
    "swapcase": (_TEXT, _plain(swapped)),
    "snakecase": (_TEXT, _plain(lambda text: lowered(text, "_"))),
    "kebabcase": (_TEXT, _plain(lambda text: lowered(text, "-"))),
    "camelcase": (_TEXT, _plain(pascal)),
    "wrap": ("int, string) string", lambda context, n, text: _wrapped(context, n, "\n", text, cut_words=False)),
    "wrapWith": ("int, string, string) string", _wrap_with),
    "contains": (_TEST, lambda _context, part, text: part in text),
    "hasPrefix": (_TEST, lambda _context, part, text: text.startswith(part)),
    "hasSuffix": (_TEST, lambda _context, part, text: text.endswith(part)),
    "quote": ("...interface {}) string", _quote),
    "squote": ("...interface {}) string", _single_quote),
    "cat": ("...interface {}) string", _cat),
    "indent": ("int, string) string", _indent),
    "nindent": ("int, string) string", lambda context, n, text: "\n" + _indent(context, n, text)),
    "replace": ("string, string, string) string", _replace),
    "plural": ("string, string, int) string", lambda _context, one, many, n: one if n == 1 else many),
    "toString": ("interface {}) string", text_of),
    "toStrings": ("interface {}) []string", lambda context, value: strings(texts_of(context, value))),
    "atoi": ("string) int", lambda _context, text: clamped(text)),
    "split": ("string, string) map[string]string", _split_map),
    "splitn": ("string, int, string) map[string]string", _split_n),
    "splitList": ("string, string) []string", _split_list),
    "join": ("string, interface {}) string", _join),
    "sortAlpha": ("interface {}) []string", _sort_alpha),
}
