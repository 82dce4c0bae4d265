"""Loops: which items, how each is rendered, and what their outputs add up to (§2.7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from argotui.engine import gojson
from argotui.engine.errors import EngineError
from argotui.engine.expressions import NOTHING_DRAWN, Drawn
from argotui.engine.gofmt import sprintf
from argotui.engine.gotext import AtoiError, atoi
from argotui.engine.scopes import Layers
from argotui.engine.template import (
    LENIENT,
    OPEN,
    STRICT,
    Compiled,
    TemplateError,
    compile_text,
    dumps,
    loads_substituted,
)
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document
from argotui.model.items import item_json, item_kind, item_string, item_text, parse_items

LOOP_FIELDS: Final = ("withItems", "withParam", "withSequence")
INLINE: Final = "inline"
"""A template within a step has variables of its own: what the step cannot resolve, the template may."""

AFTERWARDS: Final = ("hooks", "onExit")
"""Fields that refer to the step itself, so they are resolved when it is over."""

MAX_ITEMS: Final = 100_000
"""No workflow object has room for the nodes of more. Expanding so many takes some seconds: no turn may take longer."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""How large the steps that a loop stands for may be in all."""

_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
"""Characters that stand for themselves within a JSON string."""


_TOO_MANY: Final = f"{{loop}} stands for more than {MAX_ITEMS} items"


def is_loop(step: Mapping[str, Any]) -> bool:
    """True for a step or task with items, a parameter list or a sequence."""
    return bool(step.get("withItems") or step.get("withParam") or step.get("withSequence") is not None)


def expand(step: Document, scope: Mapping[str, Any]) -> list[Document]:
    """The steps or tasks that a loop stands for, each with its own name and its item substituted.

    scope: globals and outputs; `item` and `item.<key>` are added. A step without a loop comes back alone.
    Raises EngineError with upstream's text.
    """
    if not is_loop(step):
        return [step]
    renderer = _Renderer(step, scope)
    return [renderer.render(index, item) for index, item in enumerate(items_of(step))]


def items_of(step: Document) -> Sequence[Any]:
    """The items of a step or task that is a loop. Raises EngineError with upstream's text, or when there are more
    than MAX_ITEMS."""
    items = _listed(step)
    if len(items) > MAX_ITEMS:
        raise EngineError(_TOO_MANY.format(loop=next(field for field in LOOP_FIELDS if step.get(field) is not None)))
    return items


def _listed(step: Document) -> Sequence[Any]:
    if step.get("withItems"):
        return list(step["withItems"])
    if step.get("withParam"):
        return _of_parameter(step)
    try:
        return sequence(step["withSequence"])
    except EngineError:
        if _surely_skipped(step):
            return []
        raise


def _of_parameter(step: Document) -> Sequence[Any]:
    text = str(step["withParam"])
    try:
        gojson.check(text)
        items = parse_items(text)
    except ValueError as error:
        problem = str(error)
    else:
        if items is None:
            return []
        if isinstance(items, list):
            return items
        problem = f"json: cannot unmarshal {_go_kind(items)} into Go value of type []v1alpha1.Item"
    if _surely_skipped(step):
        return []
    raise EngineError(f"withParam value could not be parsed as a JSON list: {text.strip()}: {problem}")


def _go_kind(value: Any) -> str:
    kind = item_kind(value)
    return {"Number": "number", "Bool": "bool", "Map": "object"}.get(kind, "string")


def _surely_skipped(step: Document) -> bool:
    try:
        return not evaluate_when(step.get("when") or "")
    except WhenError:
        return False


class _Room:
    """How much more a loop may stand for."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def take(self, text: str) -> str:
        """The text. Raises EngineError when it is too much with all that came before."""
        self._left -= len(text)
        if self._left < 0:
            raise EngineError(f"the steps of the loop are larger than {MAX_BYTES // 1024 // 1024} MiB in all")
        return text


class _Renderer:
    """Renders one loop step per item. The text is cut at its tags once; the lists of items are left out of
    it, because rendering them for every item would cost the square of their number."""

    def __init__(self, step: Document, scope: Mapping[str, Any]) -> None:
        self._step = step
        self._scope = scope
        body = {key: value for key, value in step.items() if key not in (*LOOP_FIELDS, *AFTERWARDS, INLINE)}
        try:
            self._body = compile_text(dumps(body))
            self._afterwards = compile_text(dumps({key: step[key] for key in AFTERWARDS if key in step}))
            self._inline = compile_text(dumps({INLINE: step[INLINE]})) if step.get(INLINE) is not None else None
            self._fields = self._tags_of_fields()
        except TemplateError as error:
            raise EngineError(f"unable to parse argo variable: {error}") from None
        self._room = _Room()
        self._strictness = LENIENT if _surely_skipped(step) else STRICT

    def _tags_of_fields(self) -> Compiled | None:
        text = dumps({key: self._step[key] for key in LOOP_FIELDS if key in self._step})
        return compile_text(text) if OPEN in text else None

    def _drawn(self, index: int) -> Drawn:
        """Every item has a chance of its own."""
        drawn: Drawn = getattr(self._scope, "drawn", NOTHING_DRAWN)
        return replace(drawn, seed=drawn.seed and b"%b/%d" % (drawn.seed, index))

    def render(self, index: int, item: Any) -> Document:
        scope = Layers(item_variables(item), self._scope, drawn=partial(self._drawn, index))
        try:
            if self._fields is not None:
                self._fields.render(scope, self._strictness)
            rendered: Document = self._loaded(self._body.render(scope, self._strictness))
            rendered |= self._loaded(self._afterwards.render(item_variables(item)))
            if self._inline is not None:
                rendered |= self._loaded(self._inline.render(scope, LENIENT))
        except TemplateError as error:
            raise EngineError(str(error)) from None
        rendered["name"] = f"{self._step['name']}({index}:{item_text(item)})"
        if "template" in self._step:
            rendered["template"] = self._step["template"]
        return rendered

    def _loaded(self, text: str) -> Document:
        loaded: Document = loads_substituted(self._room.take(text))
        return loaded


def item_variables(item: Any) -> dict[str, str]:
    """`item`, and `item.<key>` for a map. Numbers keep the form in which they were written."""
    kind = item_kind(item)
    if kind == "Map":
        variables = {f"item.{key}": _item_value(value) for key, value in item.items()}
        return {**variables, "item": _sorted_json(item)}
    if kind == "List":
        return {"item": item_json(item)}
    return {"item": _item_value(item)}


def _item_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return item_string(value)


def _sorted_json(item: Mapping[str, Any]) -> str:
    pairs = (f"{json.dumps(key, ensure_ascii=False)}:{item_json(item[key])}" for key in sorted(item))
    return "{" + ",".join(pairs) + "}"


def sequence(settings: Mapping[str, Any]) -> list[Any]:
    """The items of `withSequence`: start to end (inclusive, downwards when start is larger), or count."""
    start = _bound(settings, "start")
    end = _bound(settings, "end")
    if end is None:
        count = _bound(settings, "count")
        if count is None:
            raise EngineError("neither end nor count was specified in withSequence")
        if count == 0:
            return []
        end = (start or 0) + count - 1
    return _formatted(start or 0, end, settings.get("format") or "%d")


def _bound(settings: Mapping[str, Any], key: str) -> int | None:
    value = settings.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        kind = "bool" if isinstance(value, bool) else f"number {value}"
        raise EngineError(f"json: cannot unmarshal {kind} into Go struct field Sequence.{key} of type int32")
    try:
        return atoi(str(int(value)) if isinstance(value, float) else str(value))
    except AtoiError as error:
        raise EngineError(str(error)) from None


def _formatted(start: int, end: int, pattern: str) -> list[Any]:
    if abs(end - start) >= MAX_ITEMS:
        raise EngineError(_TOO_MANY.format(loop="withSequence"))
    numbers = range(start, end + 1) if start <= end else range(start, end - 1, -1)
    if pattern == "%d":
        return [str(number) for number in numbers]
    room = _Room()
    return [_text_item(room.take(sprintf(pattern, number))) for number in numbers]


def _text_item(text: str) -> Any:
    """What upstream reads from the text between quotation marks."""
    if _PLAIN.fullmatch(text):
        return text
    text = f'"{text}"'
    try:
        gojson.check(text)
    except ValueError as error:
        raise EngineError(str(error)) from None
    return parse_items(text)


def aggregate_results(results: Iterable[str]) -> str:
    """`X.outputs.result` of a loop: a JSON list of the results, each of which has to be JSON itself."""
    texts: list[str] = []
    for result in results:
        try:
            gojson.check(result)
        except ValueError as error:
            raise EngineError(str(error)) from None
        texts.append(gojson.compact(result))
    return "[" + ",".join(texts) + "]"


def aggregate_values(values: Sequence[str]) -> str:
    """`X.outputs.parameters.P` of a loop: objects and lists when every value is one, else texts."""
    if not values:
        return "null"
    texts: list[str] = []
    for value in values:
        try:
            gojson.check(value)
            item = json.loads(value)
            text = gojson.text(item)
        except (ValueError, RecursionError):
            break
        if not isinstance(item, dict | list):
            break
        texts.append(text)
    return f"[{','.join(texts)}]" if len(texts) == len(values) else gojson.text(list(values))


def aggregate_parameters(outputs: Iterable[Mapping[str, str]]) -> str:
    """`X.outputs.parameters` of a loop: a JSON list of `{name: value}` maps."""
    return gojson.text([dict(parameters) for parameters in outputs])
