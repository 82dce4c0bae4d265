"""Problems of a document, made from what its model complains about."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from argotui.model.manifest import spots
from argotui.model.manifest.parts import Part
from argotui.model.manifest.retired import RETIRED
from argotui.model.manifest.spots import Spot, Step
from argotui.model.problem import Problem
from argotui.model.structural import fields, inner_model

MOST = 500
"""Problems of one document that are told: who has more of them has one mistake."""
_TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_WHOLE = re.compile(r"[-+]?[0-9_]+\Z")


def problems(model: type[Part], document: Any, root: Spot | None, source: str) -> list[Problem]:
    """Everything that is wrong with a document, in file order; empty when it fits the model."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        found = [_problem(model, detail, root, source) for detail in details[:MOST]]
        found.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
        return found if len(details) <= MOST else [*found, _and_more(len(details) - MOST, root, source)]
    return []


def _and_more(count: int, root: Spot | None, source: str) -> Problem:
    line, column = (root.line, root.column) if root else (None, None)
    return Problem(source, line, column, "", f"{count} more problems like these")


def _problem(model: type[Part], detail: Any, root: Spot | None, source: str) -> Problem:
    steps: tuple[Step, ...] = tuple(detail["loc"])
    message, suggestion = _words(model, detail, steps, root)
    line: int | None = None
    column: int | None = None
    if root:
        line, column = spots.find(root, steps, key=detail["type"] == "extra_forbidden")
    return Problem(source, line, column, spots.format_path(steps), message, suggestion)


def _words(model: type[Part], detail: Any, steps: tuple[Step, ...], root: Spot | None) -> tuple[str, str | None]:
    kind, value = detail["type"], detail["input"]
    text = spots.text_at(root, steps) if root else None
    shown = text if text is not None else value
    match kind:
        case "extra_forbidden":
            return _unknown(model, steps)
        case "missing":
            return "is missing", None
        case "string_type":
            return f"must be a text, not {_named(value, text)}", _quoted(value, text)
        case "int_type" | "int_from_float" | "float_type":
            return f"must be a number, not {_named(value, text)}", _unquoted(value)
        case "bool_type":
            return f"must be true or false, not {_named(value, text)}", _truth(value)
        case "list_type":
            return f"must be a list, not {_named(value, text)}", _as_list(steps, value)
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"must be an object, not {_named(value, text)}", _as_object(value)
        case "octal_text":
            return f"{shown} would be read as an octal number", f'put quotes around it: "{shown}"'
        case "any_string":
            return f"{detail['msg']}, not {_named(value, text)}", "write it as a JSON text in quotes"
        case "int_or_string" | "quantity":
            return f"{detail['msg']}, not {_named(value, text)}", None
    return str(detail["msg"]).replace("Input should be", "must be"), None


def _named(value: Any, text: str | None) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    shown = text if text is not None else str(value).lower()
    shown = shown if len(shown) <= 40 else shown[:40] + "…"
    if isinstance(value, bool):
        return f"the boolean {shown}"
    return f"the number {shown}" if isinstance(value, int | float) else f'the text "{shown}"'


def _quoted(value: Any, text: str | None) -> str | None:
    if isinstance(value, int | float):
        return f'put quotes around it: "{text if text is not None else str(value).lower()}"'
    if isinstance(value, list):
        return "a list belongs to the lines of a field that takes several values"
    return 'write "" for an empty text' if value is None else None


def _unquoted(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if "{{" in value:
        return "this field takes no {{…}}: it is read before anything is filled in"
    if _WHOLE.match(value):
        return f"write {int(value)} without quotes"
    return None


def _truth(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    word = _TRUTH.get(value.lower(), value.lower())
    return f"write {word} without quotes" if word in ("true", "false") else None


def _as_list(steps: tuple[Step, ...], value: Any) -> str | None:
    if len(steps) >= 2 and steps[-2] == "steps" and isinstance(value, dict):
        return "steps is a list of groups: begin with two dashes, as in `- - name: …`"
    if isinstance(value, dict):
        return "begin each element with a dash, as in `- name: …`"
    if isinstance(value, str):
        return "put it in brackets, as in [a, b], or begin each line with a dash"
    return None


def _as_object(value: Any) -> str | None:
    if isinstance(value, str) and re.match(r"[A-Za-z]\w*:\S", value):
        return "a blank is missing after the colon"
    if isinstance(value, list):
        return "take the dash away"
    if value is None:
        return "indent what belongs to it, or write {}"
    return None


# ---------------------------------------------------------------- unknown fields


def _unknown(model: type[Part], steps: tuple[Step, ...]) -> tuple[str, str | None]:
    name = str(steps[-1])
    chain = list(_models(model, steps[:-1]))
    if not chain:
        return "unknown field", None
    owner, where = chain[-1]
    if today := RETIRED.get(owner.__name__, {}).get(name):
        return "no longer a field of Argo Workflows", today
    return "unknown field", _nearest(owner, name) or _elsewhere(chain, name, where)


def _models(model: type[Part], steps: tuple[Step, ...]) -> Iterator[tuple[type[Part], tuple[Step, ...]]]:
    """The models that a path goes through, each with its own path, outermost first."""
    yield model, ()
    current: Any = model
    for position, step in enumerate(steps, 1):
        current = _below(current, step)
        if current is None:
            return
        if isinstance(current, type) and issubclass(current, Part):
            yield current, steps[:position]


def _below(annotation: Any, step: Step) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        found = next((field.annotation for field in fields(annotation) if field.name == step), None)
        return _plain(found)
    arguments = get_args(annotation)
    return _plain(arguments[-1]) if arguments else None


def _plain(annotation: Any) -> Any:
    """An annotation without `| None`."""
    if get_origin(annotation) in (list, dict) or isinstance(annotation, type) or annotation is None:
        return annotation
    members = [member for member in get_args(annotation) if member is not type(None)]
    return _plain(members[0]) if members else None


def _names(model: type[Part]) -> list[str]:
    return [field.name for field in fields(model)]


def _nearest(model: type[Part], name: str) -> str | None:
    near = nearest_field(model, name)
    return f'did you mean "{near}"?' if near else None


def nearest_field(model: type[Part], name: str) -> str | None:
    """The field that was probably meant by an unknown one."""
    names = _names(model)
    folded = {candidate.lower(): candidate for candidate in names}
    if name.lower() in folded:
        return folded[name.lower()]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return close[0] if close else None


def owner_of(model: type[Part], steps: tuple[Step, ...]) -> type[Part] | None:
    """The model that the last step of a path is a field of."""
    chain = list(_models(model, steps[:-1]))
    return chain[-1][0] if chain and chain[-1][1] == steps[:-1] else None


def _elsewhere(chain: list[tuple[type[Part], tuple[Step, ...]]], name: str, where: tuple[Step, ...]) -> str | None:
    """A field of that name one level below, or above: then the indentation is probably wrong."""
    owner = chain[-1][0]
    for field in fields(owner):
        inner = inner_model(field.annotation)
        if inner and name in _names(inner) and field.name not in ("inline", "templateDefaults"):
            return f'it is a field of "{field.name}": indent it below that'
    for model, path in reversed(chain[:-1]):
        if name in _names(model):
            return f"it is a field of {spots.format_path(path) or model.__name__}: check the indentation"
    return None
