"""Arguments of workflows, steps and tasks, and how a template takes them up (§2.2, §3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from argotui.engine.template import NAMES_ONLY, TemplateError, substitute_document
from argotui.engine.validate.artifacts import has_location_or_key
from argotui.engine.validate.finding import Checks, Finding, problem, rows
from argotui.engine.validate.names import check_names
from argotui.model.anystring import any_string
from argotui.model.documents import Document, clone, compact_json

PLACEHOLDER = "placeholder-"
_NOT_FROM = ("path", "jsonPath", "parameter", "expression")
_FROM = "valueFrom only allows: default, configMapKeyRef and supplied"


def placeholder(name: str) -> str:
    """Stands for a value that is known only when the workflow runs."""
    return f"{PLACEHOLDER}{name}"


def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder and nothing else."""
    return text.startswith(PLACEHOLDER)


def check_arguments(arguments: Mapping[str, Any], path: str, at: str, *, may_be_empty: bool) -> Iterator[Finding]:
    """Names, values and locations.  `at` ends with a dot (`spec.arguments.`)."""
    for key in ("parameters", "artifacts"):
        yield from check_names(rows(arguments.get(key)), f"{path}.{key}", at + key, parameters=True)
    for index, parameter in enumerate(rows(arguments.get("parameters"))):
        yield from _check_parameter(parameter, f"{path}.parameters[{index}]", at, may_be_empty=may_be_empty)
    for index, artifact in enumerate(rows(arguments.get("artifacts"))):
        where, name = f"{path}.artifacts[{index}]", artifact.get("name") or ""
        if not artifact.get("from") and not has_location_or_key(artifact):
            yield problem(where, f"{name}.from, artifact location, or key is required", at=at)
        elif artifact.get("from") and artifact.get("fromExpression"):
            yield problem(where, f"{name} shouldn't have both `from` and `fromExpression` in Artifact", at=at)


def _check_parameter(parameter: Document, path: str, at: str, *, may_be_empty: bool) -> Iterator[Finding]:
    name = at + str(parameter.get("name") or "")
    value, source = any_string(parameter.get("value")), parameter.get("valueFrom")
    if value is None and source is None and not may_be_empty:
        short = f"parameter '{parameter.get('name') or ''}' has no value"
        yield Finding(f"{path}.value", f"{name}.value or {name}.valueFrom is required", "give it a value", short)
    if source is not None:
        supplied = (
            source.get("configMapKeyRef") is not None or source.get("event") or source.get("supplied") is not None
        )
        if not supplied or any(source.get(key) for key in _NOT_FROM):
            yield problem(f"{path}.valueFrom", _FROM, at=f"{name}.")
    if parameter.get("enum") is not None:
        yield from _check_enum(parameter, value, path, name, may_be_empty=may_be_empty)


def _check_enum(
    parameter: Document, value: str | None, path: str, name: str, *, may_be_empty: bool
) -> Iterator[Finding]:
    choices = [any_string(entry) for entry in parameter["enum"]]
    if not choices:
        yield problem(f"{path}.enum", "enum should contain at least one value", at=f"{name}.")
    elif value is None:
        if not may_be_empty:
            yield problem(f"{path}.value", "value is required", at=f"{name}.", suggestion=_one_of(choices))
    elif value not in choices:
        reason = f"value should be present in {name}.enum list"
        yield problem(f"{path}.value", reason, at=f"{name}.", suggestion=_one_of(choices))


def _one_of(choices: list[str | None]) -> str:
    return "one of: " + ", ".join(str(choice) for choice in choices)


class Provider(Protocol):
    """Where a template's inputs come from."""

    def parameter(self, name: str) -> Document | None:
        """The argument for an input parameter."""

    def artifact(self, name: str) -> Document | None:
        """The argument for an input artifact."""


class Given:
    """The arguments of a caller."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._parameters = {p.get("name"): p for p in reversed(rows(arguments.get("parameters")))}
        self._artifacts = {a.get("name"): a for a in reversed(rows(arguments.get("artifacts")))}

    def parameter(self, name: str) -> Document | None:
        """The first parameter of that name."""
        return self._parameters.get(name)

    def artifact(self, name: str) -> Document | None:
        """The first artifact of that name."""
        return self._artifacts.get(name)


class Anything:
    """A caller that is not known yet, and would give whatever is asked for."""

    def parameter(self, name: str) -> Document | None:
        """Always one, with a placeholder for its value."""
        return {"name": name, "value": placeholder(name)}

    def artifact(self, name: str) -> Document | None:
        """Always one."""
        return {"name": name}


def take_up(
    template: Document,
    given: Provider,
    variables: Mapping[str, str],
    *,
    at: str,
    path: str,
) -> Checks[Document]:
    """The template (in Go's form) with its inputs filled in, as far as they can be known.

    at: upstream's prefix; path: the field of the caller where an argument is missing.
    """
    filled: Document = clone(template)
    inputs = filled.get("inputs") or {}
    for parameter in rows(inputs.get("parameters")):
        name = parameter.get("name") or ""
        _take_parameter(parameter, given.parameter(name))
        from_map = (parameter.get("valueFrom") or {}).get("configMapKeyRef") is not None
        if parameter.get("value") is None and not from_map:
            reason = f"inputs.parameters.{name} was not supplied"
            yield problem(f"{path}.parameters", reason, at=at, suggestion=f"add a parameter named '{name}'")
            parameter["value"] = placeholder(name)
    artifacts = rows(inputs.get("artifacts"))
    for index, artifact in enumerate(artifacts):
        name = artifact.get("name") or ""
        found = given.artifact(name)
        if found is None and not artifact.get("optional") and not has_location_or_key(artifact):
            reason = f"inputs.artifacts.{name} was not supplied"
            yield problem(f"{path}.artifacts", reason, at=at, suggestion=f"add an artifact named '{name}'")
        if found is not None:
            kept = {key: artifact[key] for key in ("path", "mode", "recurseMode") if key in artifact}
            artifacts[index] = {**found, **kept}
    try:
        return _substituted(filled, variables)
    except TemplateError as error:
        yield problem(path, str(error), at=at)
        return filled


def _take_parameter(parameter: Document, argument: Mapping[str, Any] | None) -> None:
    if parameter.get("value") is None and parameter.get("default") is not None:
        parameter["value"] = parameter["default"]
    if argument is None:
        return
    value = any_string(argument.get("value"))
    if value is not None:
        parameter["value"] = value
    elif argument.get("valueFrom") is not None:
        parameter["valueFrom"] = argument["valueFrom"]


def _substituted(template: Document, variables: Mapping[str, str]) -> Document:
    """Globals first, since an input's default may name one; then the inputs themselves. Expressions are left to the
    run: nothing has a value yet."""
    once: Document = substitute_document(template, variables, NAMES_ONLY)
    own: dict[str, str] = {}
    parameters = rows((once.get("inputs") or {}).get("parameters"))
    for parameter in parameters:
        if isinstance(parameter.get("value"), str):
            own[f"inputs.parameters.{parameter.get('name') or ''}"] = parameter["value"]
    if parameters:
        own["inputs.parameters"] = compact_json(parameters)
    for side in ("inputs", "outputs"):
        for artifact in rows((once.get(side) or {}).get("artifacts")):
            if artifact.get("path"):
                own[f"{side}.artifacts.{artifact.get('name') or ''}.path"] = artifact["path"]
    for parameter in rows((once.get("outputs") or {}).get("parameters")):
        if (parameter.get("valueFrom") or {}).get("path"):
            own[f"outputs.parameters.{parameter.get('name') or ''}.path"] = parameter["valueFrom"]["path"]
    twice: Document = substitute_document(once, own, NAMES_ONLY)
    return twice
