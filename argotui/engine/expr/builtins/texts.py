"""Functions of texts, JSON and base64."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.builtins.arguments import named
from argotui.engine.expr.context import Context
from argotui.engine.expr.encodings import decode_base64
from argotui.engine.expr.errors import Fault, LimitFault
from argotui.engine.expr.gostring import shown
from argotui.engine.expr.gostrings import (
    SPACE,
    byte_index,
    byte_length,
    lower,
    replace,
    split,
    split_after,
    trim,
    upper,
)
from argotui.engine.expr.gotypes import ANYS, STRINGS
from argotui.engine.expr.jsontext import decode, encode
from argotui.engine.expr.operators import as_text, to_integer
from argotui.engine.expr.values import Slice, bytes_text, rejoined, strings, text_bytes, type_of

MAX_REPEAT: Final = 1_000_000


def _trim(_context: Context, text: Any, cutset: Any = None) -> str:
    return as_text(text).strip(SPACE) if cutset is None else trim(as_text(text), as_text(cutset))


def _trim_prefix(_context: Context, text: Any, prefix: Any = " ") -> str:
    return as_text(text).removeprefix(as_text(prefix))


def _trim_suffix(_context: Context, text: Any, suffix: Any = " ") -> str:
    suffix = as_text(suffix)
    return as_text(text).removesuffix(suffix) if suffix else as_text(text)


def _parts(cut: Callable[[str, str, int], list[str] | None]) -> Callable[..., Slice]:
    def run(context: Context, text: Any, separator: Any, limit: Any = -1) -> Slice:
        found = cut(as_text(text), as_text(separator), to_integer(limit))
        if found is None:
            return Slice(STRINGS, is_nil=True)
        context.meter.spend(len(found))
        return strings(found)

    return run


def _replace(context: Context, text: Any, old: Any, new: Any, count: Any = -1) -> str:
    text, old, new = as_text(text), as_text(old), as_text(new)
    times = text.count(old) if old else len(text) + 1
    context.meter.allow_text(len(text) + times * len(new))
    return replace(text, old, new, to_integer(count))


def _repeat(context: Context, text: Any, count: Any) -> str:
    text, count = as_text(text), to_integer(count)
    if count < 0:
        raise Fault(f"invalid argument for repeat (expected positive integer, got {count})")
    if count > MAX_REPEAT:
        raise LimitFault("memory budget exceeded")
    context.meter.grow(byte_length(text) * count)
    context.meter.allow_text(len(text) * count)
    return rejoined(text * count)


def _join(context: Context, values: Any, glue: Any = "") -> str:
    glue = as_text(glue)
    if type_of(values) not in (ANYS, STRINGS):
        raise Fault(f"invalid argument for join (type {named(type_of(values))})")
    texts = [as_text(value) for value in values]
    context.meter.allow_text(sum(map(len, texts)) + len(glue) * len(texts))
    return rejoined(glue.join(texts))


def _index_of(_context: Context, text: Any, part: Any) -> int:
    return byte_index(as_text(text), as_text(text).find(as_text(part)))


def _last_index_of(_context: Context, text: Any, part: Any) -> int:
    return byte_index(as_text(text), as_text(text).rfind(as_text(part)))


def _from_base64(context: Context, text: Any) -> str:
    context.meter.allow_text(len(as_text(text)))
    return bytes_text(decode_base64(as_text(text)))


def _to_base64(context: Context, text: Any) -> str:
    return context.meter.text(base64.b64encode(text_bytes(as_text(text))).decode())


def _case(change: Callable[[str], str]) -> Callable[[Context, Any], str]:
    def run(context: Context, text: Any) -> str:
        return context.meter.text(change(as_text(text)))

    return run


_ONE: Final = "string) string"
_TWO: Final = "string, string) string"
_INDEX: Final = ("string, string) int",)
_TEST: Final = ("string, string) bool",)

TEXTS: Final[dict[str, tuple[Any, Callable[..., Any]]]] = {
    "string": (("interface {}) string",), lambda context, value: shown(value, context.meter)),
    "trim": ((_ONE, _TWO), _trim),
    "trimPrefix": ((_TWO, _ONE), _trim_prefix),
    "trimSuffix": ((_TWO, _ONE), _trim_suffix),
    "upper": ((_ONE,), _case(upper)),
    "lower": ((_ONE,), _case(lower)),
    "split": (("string, string) []string", "string, string, int) []string"), _parts(split)),
    "splitAfter": (("string, string) []string", "string, string, int) []string"), _parts(split_after)),
    "replace": (("string, string, string, int) string", "string, string, string) string"), _replace),
    "repeat": (("string, int) string",), _repeat),
    "join": (
        (
            "[]string, string) string",
            "[]interface {}, string) string",
            "[]interface {}) string",
            "[]string, string) string",
            "[]string) string",
        ),
        _join,
    ),
    "indexOf": (_INDEX, _index_of),
    "lastIndexOf": (_INDEX, _last_index_of),
    "hasPrefix": (_TEST, lambda _context, text, part: as_text(text).startswith(as_text(part))),
    "hasSuffix": (_TEST, lambda _context, text, part: as_text(text).endswith(as_text(part))),
    "toJSON": (("interface {}) string",), lambda context, value: encode(value, context.meter, indent=True)),
    "fromJSON": (("string) interface {}",), lambda context, text: decode(as_text(text), context.meter)),
    "toBase64": ((_ONE,), _to_base64),
    "fromBase64": ((_ONE,), _from_base64),
}
