"""Follows a template through a document.

Integers of the document are int64 and other numbers float64, as Kubernetes' own decoder makes them. Where kubectl's
order is that of a Go map, which is by chance, ours is the document's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from argotui.engine.kubectlpath.compare import compare
from argotui.engine.kubectlpath.errors import PathError
from argotui.engine.kubectlpath.output import go_text, printed, type_name
from argotui.engine.kubectlpath.parse import parse
from argotui.engine.kubectlpath.syntax import (
    Block,
    Descent,
    Field,
    Filter,
    Literal,
    Slice,
    Step,
    Steps,
    Union,
    Wildcard,
    Word,
)

_DEEPEST: Final = 200
"""Ranges within each other."""


def render(template: str, document: Any, *, strict: bool = False) -> str:
    """What `kubectl get -o jsonpath=TEMPLATE` prints of a document.

    strict: a missing key is an error, else it is nothing. Raises PathError.
    """
    walk = _Walk(parse(template), strict)
    return "".join(" ".join(map(printed, values)) for values in walk.run(0, document, 0))


class _Walk:
    """One template on its way through one document."""

    def __init__(self, blocks: Sequence[Block], strict: bool) -> None:
        self._blocks = blocks
        self._strict = strict
        self._opened = 0  # ranges that were named and have not begun
        self._inside = 0
        self._closed = 0  # ends that were named and have not taken effect
        self._last_end = -1

    def run(self, start: int, value: Any, depth: int) -> list[list[Any]]:
        """The values of each block from `start` on, up to the end of the range that the caller is in."""
        if depth > _DEEPEST:
            raise PathError("ranges are nested too deeply")
        found: list[list[Any]] = []
        at = start
        while at < len(self._blocks):
            values = self._block(self._blocks[at], value)
            if 0 < self._closed <= self._inside:
                self._closed -= 1
                self._last_end = at
                break
            if self._opened > 0:
                found += self._range(at, values, depth)
                # a range that nobody ends: what follows it is walked once more behind it
                at = max(at, self._last_end)
            else:
                found.append(values)
            at += 1
        return found

    def _range(self, at: int, values: list[Any], depth: int) -> list[list[Any]]:
        self._opened -= 1
        self._inside += 1
        found: list[list[Any]] = []
        for value in values:
            found += self.run(at + 1, value, depth + 1)
        if not values:  # to find the end
            self.run(at + 1, _NOTHING, depth + 1)
        self._inside -= 1
        return found

    def _block(self, block: Block, value: Any) -> list[Any]:
        return [block] if isinstance(block, str) else self._follow(block, [value])

    def _follow(self, steps: Steps, values: list[Any]) -> list[Any]:
        for step in steps:
            values = self._step(step, values)
        return values

    def _step(self, step: Step, values: list[Any]) -> list[Any]:
        match step:
            case Literal(str() as text):
                return [text]
            case Literal(value):
                return [value for _ in values]
            case Word(name):
                return self._word(name, values)
            case Field(name):
                return self._field(name, values)
            case Wildcard():
                return list(chain.from_iterable(map(_elements, values)))
            case Descent():
                return list(_descended(values))
            case Slice():
                return _sliced(step, values)
            case Union(members):
                return list(chain.from_iterable(self._member(steps, values) for steps in members))
            case Filter():
                return self._filtered(step, values)

    def _word(self, name: str, values: list[Any]) -> list[Any]:
        if name == "range":
            self._opened += 1
            return values
        if name != "end":
            raise PathError(f"unrecognized identifier {name}", values)
        if self._inside <= 0:
            raise PathError("not in range, nothing to end")
        self._closed += 1
        return []

    def _field(self, name: str, values: list[Any]) -> list[Any]:
        found = [value[name] for value in values if isinstance(value, dict) and name in value]
        if values and not found and self._strict:
            raise PathError(f"{name} is not found")
        return found

    def _member(self, steps: Steps, values: list[Any]) -> list[Any]:
        try:
            return self._follow(steps, values)
        except PathError as error:
            raise PathError(str(error), values) from None

    def _filtered(self, step: Filter, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if not isinstance(value, list):
                raise PathError(f"{go_text(value)} is not array or slice and cannot be filtered", values)
            found += [item for item in value if self._passes(step, item)]
        return found

    def _passes(self, step: Filter, item: Any) -> bool:
        if step.operator == "exists":
            try:
                return bool(self._follow(step.left, [item]))
            except PathError as error:
                return bool(error.found)
        left = self._follow(step.left, [item])
        _single(left)
        if not left:
            return False
        right = self._follow(step.right, [item])
        _single(right)
        return bool(right) and compare(step.operator, left[0], right[0])


_NOTHING: Final = object()
"""Stands for the object of a range over nothing: no path leads anywhere from it."""


def _single(values: list[Any]) -> None:
    if len(values) > 1:
        raise PathError("can only compare one element at a time")


def _elements(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, str):
        yield from value.encode("utf-8", "surrogatepass")


def _descended(values: list[Any]) -> Iterator[Any]:
    """Everything that has something below it, each before what is below."""
    waiting: list[Any] = list(reversed(values))
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value:
                yield value
            continue
        below = list(_elements(value))
        if below:
            yield value
            waiting.extend(reversed(below))


def _sliced(step: Slice, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value is None or value is _NOTHING:
            continue
        if not isinstance(value, list):
            raise PathError(f"{type_name(value)} is not array or slice", values)
        part = _part(step, value, values)
        if part is None:
            return found
        found += part
    return found


def _part(step: Slice, value: list[Any], values: list[Any]) -> list[Any] | None:
    """The elements; None where start and stop are the same, which ends the whole step."""
    length = len(value)
    start, stop = step.start or 0, length if step.stop is None else step.stop
    if start < 0:
        start += length
    if stop < 0 or (stop == 0 and step.single):
        stop += length
    if start == stop:
        return None
    if not 0 <= start < length:
        raise PathError(f"array index out of bounds: index {start}, length {length}", values)
    if not 0 <= stop <= length:
        raise PathError(f"array index out of bounds: index {stop - 1}, length {length}", values)
    if start > stop:
        raise PathError(f"starting index {start} is greater than ending index {stop}", values)
    if step.step is not None and step.step <= 0:
        raise PathError("step must be > 0", values)
    return value[start : stop : step.step or 1]
