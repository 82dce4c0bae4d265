"""Reading YAML and JSON into documents with positions, safely.

The parser's events are put together here, without recursion: depth, size and the growth by aliases
are limited, duplicate keys are refused, and only plain data comes out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml import events

from argotui.model.documents import clone
from argotui.model.manifest import mistakes
from argotui.model.manifest.scalars import plain_number, resolve
from argotui.model.manifest.spots import Key, Spot, Step, format_path
from argotui.model.problem import ManifestError, Problem

MAX_CHARACTERS = 8 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 500_000
"""Values of one file, with what aliases add."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LONGEST_PATH = 120
_TAG_PREFIX = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_CHARACTER = "half of a character: \\ud800 to \\udfff mean something only in pairs"


class Read(NamedTuple):
    """One document of a file; `spot` is None where positions are not known."""

    value: Any
    spot: Spot | None


def read_documents(text: str, source: str) -> list[Read]:
    """All documents of a file, empty ones left out.  Raises ManifestError with every problem found."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise _error(source, f"the file is larger than {MAX_CHARACTERS // 1024 // 1024} MiB")
    try:
        return _Builder(source, text).read()
    except _NotYaml as error:
        found = _read_json(text, source, error)
        if found is None:
            raise ManifestError(error.problems) from None
        return found


def _error(source: str, message: str, line: int | None = None, column: int | None = None) -> ManifestError:
    return ManifestError([Problem(source, line, column, "", message)])


class _NotYaml(ManifestError):
    """The parser gave up: perhaps it is JSON that is no YAML."""


# ---------------------------------------------------------------- YAML


class _Frame:
    """An object or a list that is being put together."""

    __slots__ = ("anchor", "key", "merges", "spot", "step", "value")

    def __init__(self, value: Any, spot: Spot, anchor: str | None) -> None:
        self.value = value
        self.spot = spot
        self.anchor = anchor
        self.key: tuple[str, int, int] | None = None
        self.merges: list[tuple[Any, Spot]] = []
        self.step: Step | None = None


class _Anchored(NamedTuple):
    value: Any
    spot: Spot
    size: int


class _Stop(Exception):
    """Nothing sensible can be read after this problem."""


class _Builder:
    """Puts documents together from events."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._text = text
        self._problems: list[Problem] = []
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._open_anchors: set[str] = set()
        self._root: Read | None = None
        self._count = 0

    def read(self) -> list[Read]:
        """All documents that are not empty."""
        found: list[Read] = []
        try:
            for event in self._events():
                if isinstance(event, events.DocumentEndEvent):
                    if self._root is not None and self._root.value is not None:
                        found.append(self._root)
                    self._root = None
                    self._anchors.clear()
                else:
                    self._take(event)
        except _Stop:
            raise ManifestError(self._problems) from None
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            self._mistake(mistakes.unreadable_character(self._text) or mistakes.explain(error, self._text))
            raise _NotYaml(self._problems) from error
        if self._problems:
            raise ManifestError(self._problems)
        return found

    def _events(self) -> Iterator[events.Event]:
        return iter(yaml.parse(self._text, Loader=_LOADER))

    def _mistake(self, mistake: mistakes.Mistake) -> None:
        self._problem(mistake.line, mistake.column, mistake.message, mistake.suggestion)

    def _problem(self, line: int, column: int, message: str, suggestion: str | None = None) -> None:
        self._problems.append(Problem(self._source, line, column, self._path(), message, suggestion))

    def _path(self) -> str:
        steps: list[Step] = []
        for frame in self._frames:
            if isinstance(frame.value, list):
                steps.append(len(frame.value))
            elif frame.key:
                steps.append(frame.key[0])
        path = format_path(steps)
        return path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "…"

    def _stop(self, event: Any, message: str, suggestion: str | None = None) -> _Stop:
        self._problem(event.start_mark.line + 1, event.start_mark.column + 1, message, suggestion)
        return _Stop()

    def _take(self, event: Any) -> None:
        if isinstance(event, events.ScalarEvent):
            mark = event.start_mark
            if not event.value.isascii() and _SURROGATE.search(event.value):
                raise self._stop(event, _NO_CHARACTER, "write the character itself")
            spot = Spot(mark.line + 1, mark.column + 1, event.value) if mark else Spot(1, 1, event.value)
            self._finish(event, self._scalar(event), spot, event.anchor)
        elif isinstance(event, events.AliasEvent):
            self._alias(event)
        elif isinstance(event, events.MappingStartEvent | events.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, events.MappingEndEvent | events.SequenceEndEvent):
            self._close(event)

    def _open(self, event: Any) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        mapping = isinstance(event, events.MappingStartEvent)
        if event.tag not in (None, "!", _TAG_PREFIX + ("map" if mapping else "seq")):
            raise self._stop(event, f"the tag {event.tag} is not allowed in a manifest", "leave the tag out")
        if self._frames and isinstance(self._frames[-1].value, dict) and not self._frames[-1].key:
            raise self._no_key(event)
        spot = Spot(event.start_mark.line + 1, event.start_mark.column + 1)
        if mapping:
            spot.keys = {}
        else:
            spot.items = []
        if event.anchor:
            self._open_anchors.add(event.anchor)
        self._frames.append(_Frame({} if mapping else [], spot, event.anchor))

    def _close(self, event: Any) -> None:
        frame = self._frames.pop()
        for value, spot in frame.merges:
            _merge(frame, value, spot)
        self._finish(event, frame.value, frame.spot, frame.anchor)

    def _finish(self, event: Any, value: Any, spot: Spot, anchor: str | None, size: int = 1) -> None:
        """Hand a complete value to what it belongs to."""
        self._count += size
        if self._count > MAX_VALUES:
            raise self._stop(event, f"more than {MAX_VALUES} values", "check what the aliases (*name) repeat")
        if anchor:
            self._open_anchors.discard(anchor)
            self._anchors[anchor] = _Anchored(value, spot, _size(value))
        if not self._frames:
            self._root = Read(value, spot)
            return
        frame = self._frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
            if frame.spot.items is not None:
                frame.spot.items.append(spot)
        elif frame.key is None:
            self._key(event, frame, value, spot)
        else:
            self._member(frame, value, spot)

    def _no_key(self, event: Any) -> _Stop:
        """An object or list stands where a key belongs; nearly always `{{` without quotes."""
        outer = self._frames.pop().spot
        if self._text.split("\n", outer.line)[outer.line - 1][outer.column - 1 :].startswith("{{"):
            self._problem(outer.line, outer.column, mistakes.TAG_BEGINS, mistakes.QUOTE_TAG)
            return _Stop()
        return self._stop(event, "an object or a list cannot be a key")

    def _key(self, event: Any, frame: _Frame, value: Any, spot: Spot) -> None:
        text = spot.text
        if text is None or isinstance(value, dict | list):
            raise self._no_key(event)
        if value is None:
            raise self._stop(event, "a key is missing", "write a name before the colon")
        frame.key = (text, spot.line, spot.column)
        plain = isinstance(event, events.ScalarEvent) and event.implicit[0]
        if text == "<<" and plain:
            return
        if earlier := (frame.spot.keys or {}).get(text):
            message = f'duplicate key "{text}"'
            self._problem(spot.line, spot.column, message, f"it is already given in line {earlier.line}")

    def _member(self, frame: _Frame, value: Any, spot: Spot) -> None:
        key, line, column = frame.key or ("", spot.line, spot.column)
        frame.key = None
        if key == "<<":
            self._merge_later(frame, value, spot)
        elif frame.spot.keys is not None and key not in frame.spot.keys:
            frame.value[key] = value
            frame.spot.keys[key] = Key(line, column, spot)

    def _merge_later(self, frame: _Frame, value: Any, spot: Spot) -> None:
        values = value if isinstance(value, list) else [value]
        spots = (spot.items or []) if isinstance(value, list) else [spot]
        if not all(isinstance(item, dict) for item in values):
            self._problem(spot.line, spot.column, "<< takes an object or a list of objects", "refer to one with *name")
            return
        frame.merges += zip(values, spots, strict=True)

    def _alias(self, event: Any) -> None:
        name = event.anchor
        if name in self._open_anchors:
            raise self._stop(event, f"*{name} refers to something that contains it")
        found = self._anchors.get(name)
        if found is None:
            message = f"there is no &{name} above"
            raise self._stop(event, message, "put quotes around a value that begins with *")
        if self._count + found.size > MAX_VALUES:
            raise self._stop(event, f"aliases make more than {MAX_VALUES} values of this file")
        self._finish(event, clone(found.value), found.spot, None, found.size)

    def _scalar(self, event: Any) -> Any:
        if event.tag is None or event.tag == "!":
            return resolve(event.value) if event.implicit[0] and event.tag is None else event.value
        kind = event.tag.removeprefix(_TAG_PREFIX)
        if kind == "str":
            return event.value
        value = resolve(event.value)
        fits = {"int": int, "bool": bool, "float": int | float, "null": type(None)}.get(kind)
        if fits is None or not isinstance(value, fits):
            raise self._stop(event, f"the tag {event.tag} is not allowed in a manifest", "leave the tag out")
        return value


def _merge(frame: _Frame, value: Any, spot: Spot) -> None:
    for key, place in (spot.keys or {}).items():
        if frame.spot.keys is not None and key not in frame.spot.keys:
            frame.value[key] = clone(value[key])
            frame.spot.keys[key] = place


def _size(value: Any) -> int:
    total, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        total += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return total


# ---------------------------------------------------------------- JSON that is not YAML


class _Duplicate(ValueError):
    pass


def _read_json(text: str, source: str, error: _NotYaml) -> list[Read] | None:
    """Objects written one after the other, or with escapes that only JSON knows; None if it is no JSON."""
    start = text.lstrip()
    if not start.startswith(("{", "[")):
        return None
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_float, parse_constant=_refuse)
    found: list[Read] = []
    position = len(text) - len(start)
    try:
        while position < len(text):
            value, position = decoder.raw_decode(text, position)
            if _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
                raise _error(source, _NO_CHARACTER)
            found.append(Read(value, None))
            position += len(text[position:]) - len(text[position:].lstrip())
    except (RecursionError, _Duplicate):
        return None
    except json.JSONDecodeError as reason:
        if start[1:].lstrip()[:1] in ('"', "{", "["):
            raise _error(source, f"not valid JSON: {reason.msg}", reason.lineno, reason.colno) from error
        return None
    return found if all(_depth_fits(read.value) for read in found) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Duplicate
    return found


def _float(text: str) -> Any:
    return plain_number(float(text), text)


def _refuse(text: str) -> Any:
    raise json.JSONDecodeError(f"{text} is not JSON", text, 0)


def _depth_fits(value: Any) -> bool:
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return False
        if isinstance(item, dict | list):
            waiting.extend((part, depth + 1) for part in (item.values() if isinstance(item, dict) else item))
    return True
