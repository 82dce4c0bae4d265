"""Templates made ready to run: parsed and cut at their tags once per workflow, filled in once per node."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from argotui.engine.errors import EngineError
from argotui.engine.graph import Graph, graph_of
from argotui.engine.merge import template_type, with_template_defaults
from argotui.engine.scopes import ConfigMaps, Layers, NotInConfigMap, config_map_value, parameters_json
from argotui.engine.sources import Asked, Base, Shelf, base_of, referenced_base, with_pod_metadata
from argotui.engine.template import (
    OPEN,
    STRICT,
    Compiled,
    TemplateError,
    compile_text,
    dumps,
    loads_substituted,
    referenced_results,
    substitute_document,
)
from argotui.model.anystring import any_string
from argotui.model.documents import Document, dig

ABSENT: Final = "__argo__internal__absent_optional_argument"
"""Stands for an argument that refers to an output which a skipped node did not produce."""

_TEXT_FIELDS: Final = ("value", "default", "description")


class TemplatePlan:
    """One template: its document (read-only), and what is computed from it once. base: where the names that it
    mentions are looked up."""

    def __init__(self, document: Document, base: Base) -> None:
        self.document = _with_texts(document)
        self.base = base
        self.name: str = document.get("name") or ""
        self.kind = template_type(document)
        self.inputs: list[Document] = dig(self.document, "inputs", "parameters") or []
        self.outputs: tuple[Document, ...] = tuple(dig(self.document, "outputs", "parameters") or ())

    @cached_property
    def results(self) -> frozenset[str]:
        """Names of steps or tasks whose result the template mentions; only these are captured (§4.5)."""
        return referenced_results(dumps(self.document))

    @cached_property
    def graph(self) -> Graph:
        """The tasks of a DAG template and who waits for whom."""
        return graph_of(dig(self.document, "dag", "tasks") or [])

    @cached_property
    def _body(self) -> Compiled:
        try:
            return compile_text(dumps({k: v for k, v in self.document.items() if k != "inputs"}))
        except TemplateError as error:
            raise EngineError(str(error)) from None

    def filled(self, inputs: list[Document], outer: Mapping[str, Any]) -> Document:
        """The template for one node. inputs: parameters with values; outer: globals and locals.

        Two passes as upstream makes them: globals and locals first, then the inputs on top of them. What
        cannot be resolved stays. Raises EngineError.
        """
        try:
            return self._filled(inputs, outer)
        except TemplateError as error:
            raise EngineError(str(error)) from None

    def _filled(self, inputs: list[Document], outer: Mapping[str, Any]) -> Document:
        parameters: list[Document] = substitute_document(inputs, outer)
        inner = self._input_variables(parameters)
        scope = Layers(outer, inner)
        text = self._body.render(scope)
        if OPEN in text:
            text = compile_text(self._body.render(outer)).render(scope)
            parameters = substitute_document(parameters, scope)
        result = self._read(text)
        if "inputs" in self.document:
            result["inputs"] = {**(self.document["inputs"] or {}), "parameters": parameters}
            if not parameters:
                del result["inputs"]["parameters"]
        return result

    def _read(self, text: str) -> Document:
        """What was rendered. Thousands of tasks in which nothing was replaced are not kept twice."""
        if self.kind in ("steps", "dag") and text == self._body.written:
            return {key: value for key, value in self.document.items() if key != "inputs"}
        filled: Document = loads_substituted(text)
        return filled

    def _input_variables(self, parameters: list[Document]) -> dict[str, str]:
        variables = {f"inputs.parameters.{p['name']}": p["value"] for p in parameters if p.get("value") is not None}
        variables["inputs.parameters"] = parameters_json(parameters) if parameters else "null"
        for parameter in self.outputs:
            path = dig(parameter, "valueFrom", "path")
            if path:
                variables[f"outputs.parameters.{parameter.get('name')}.path"] = path
        return variables


def input_scope(template: Document) -> dict[str, str]:
    """`inputs.parameters.X` of a filled-in template."""
    parameters = dig(template, "inputs", "parameters") or ()
    return {f"inputs.parameters.{p['name']}": p["value"] for p in parameters if p.get("value") is not None}


def refilled(template: Document, outer: Mapping[str, Any]) -> Document:
    """A filled-in template with further locals substituted (`retries`, `lastRetry.…`). Raises EngineError."""
    text = dumps(template)
    if OPEN not in text:
        return template
    try:
        first = compile_text(text).render(outer)
        inputs = input_scope(loads_substituted(first))
        result: Document = loads_substituted(compile_text(first).render(Layers(outer, inputs)))
    except TemplateError as error:
        raise EngineError(str(error)) from None
    return result


def _with_texts(template: Document) -> Document:
    """The template with the values of its parameters as texts, whatever they were written as (§0)."""
    result = dict(template)
    for key in ("inputs", "outputs"):
        section = result.get(key)
        if isinstance(section, dict) and section.get("parameters"):
            result[key] = {**section, "parameters": [parameter_texts(p) for p in section["parameters"]]}
    return result


def parameter_texts(parameter: Document) -> Document:
    """A parameter with all its AnyString fields as texts."""
    result = dict(parameter)
    for key in _TEXT_FIELDS:
        if result.get(key) is not None:
            result[key] = any_string(result[key])
    if result.get("enum"):
        result["enum"] = [any_string(value) for value in result["enum"]]
    source = result.get("valueFrom")
    if isinstance(source, dict) and source.get("default") is not None:
        result["valueFrom"] = {**source, "default": any_string(source["default"])}
    return result


class Program:
    """All templates of a workflow.

    spec: the merged spec with the globals substituted everywhere but in the templates. base: that of the workflow's
    own templates. shelf: the templates of other objects.
    """

    def __init__(self, spec: Document, templates: list[Document], base: Base, shelf: Shelf) -> None:
        self.spec = spec
        self.base = base
        self._shelf = shelf
        self._documents = {str(t.get("name") or ""): t for t in reversed(templates)}
        self._plans: dict[tuple[Base, str], TemplatePlan] = {}

    def plan(self, asked: Asked, base: Base | None) -> TemplatePlan:
        """The template that somebody in a base asks for. Raises EngineError when there is none."""
        base = base or self.base
        if asked.inline is not None:
            return self._inline(asked, base)
        name = asked.template
        if asked.reference is not None:
            base, name = referenced_base(asked.reference), str(asked.reference.get("template") or "")
        plan = self._plans.get((base, name))
        if plan is None:
            document = self._own(name) if base.is_local else self._shelf.take(base, name)
            plan = self._plans[base, name] = self._planned(document, base)
        return plan

    def plan_of_node(self, node: Mapping[str, Any], inline: Document | None = None) -> TemplatePlan:
        """The template that a node stands for; inline: that of its step or task. Raises EngineError."""
        asked = Asked(str(node.get("templateName") or ""), node.get("templateRef"), inline)
        return self.plan(asked, base_of(str(node.get("templateScope") or "")))

    def _own(self, name: str) -> Document:
        document = self._documents.get(name)
        if document is None:
            raise EngineError(f"template name '{name}' undefined")
        return with_pod_metadata(document, self.spec.get("podMetadata"))

    def _inline(self, asked: Asked, base: Base) -> TemplatePlan:
        """Each node has its own: what the caller's inputs have filled in already may differ."""
        document = asked.inline or {}
        if not base.is_local:
            self._shelf.put(f"{base.scope}/inline/{asked.caller}", document)
        return self._planned(document, base)

    def _planned(self, document: Document, base: Base) -> TemplatePlan:
        return TemplatePlan(with_template_defaults(document, self.spec.get("templateDefaults")), base)

    def retry_strategy(self, template: Document) -> Document | None:
        """The template's own strategy, else the workflow's."""
        return template.get("retryStrategy") or self.spec.get("retryStrategy") or None


def filled_inputs(
    plan: TemplatePlan, arguments: Mapping[str, Any], global_scope: Mapping[str, Any], config_maps: ConfigMaps
) -> list[Document]:
    """The template's input parameters with their values: argument, else own value, else default (§2.2).

    Raises EngineError when one has none.
    """
    given: dict[str, Document] = {}
    for argument in arguments.get("parameters") or ():
        given.setdefault(str(argument.get("name")), argument)
    return [_filled_input(p, given.get(p["name"]), global_scope, config_maps) for p in plan.inputs]


def _filled_input(
    declared: Document, argument: Document | None, global_scope: Mapping[str, Any], config_maps: ConfigMaps
) -> Document:
    parameter = dict(declared)
    if parameter.get("value") is None and parameter.get("default") is not None:
        parameter["value"] = parameter["default"]
    if argument is not None:
        _take_argument(parameter, argument)
    reference = dig(parameter, "valueFrom", "configMapKeyRef")
    if reference is not None:
        parameter["value"] = _from_config_map(parameter, reference, global_scope, config_maps)
    elif parameter.get("value") is None:
        raise EngineError(f"inputs.parameters.{parameter['name']} was not supplied")
    return parameter


def _take_argument(parameter: Document, argument: Document) -> None:
    value = any_string(argument.get("value"))
    if value == ABSENT:
        if parameter.get("value") is None and parameter.get("valueFrom") is None:
            raise EngineError(
                f"inputs.parameters.{parameter['name']}: argument references an absent optional"
                " (skipped/omitted node output with no default)"
            )
        return
    parameter.pop("value", None)
    parameter.pop("valueFrom", None)
    if value is not None:
        parameter["value"] = value
    elif argument.get("valueFrom") is not None:
        parameter["valueFrom"] = argument["valueFrom"]


def _from_config_map(
    parameter: Document, reference: Document, global_scope: Mapping[str, Any], config_maps: ConfigMaps
) -> str:
    try:
        name = compile_text(str(reference.get("name") or "")).render(global_scope, STRICT)
        key = compile_text(str(reference.get("key") or "")).render(global_scope, STRICT)
    except TemplateError as error:
        raise EngineError(f"failed to substitute configMapKeyRef: {error}") from None
    try:
        return config_map_value(config_maps, name, key)
    except EngineError as error:
        default = any_string(dig(parameter, "valueFrom", "default"))
        if default is not None and isinstance(error, NotInConfigMap):
            return default
        raise EngineError(f"unable to retrieve inputs.parameters.{parameter['name']} from ConfigMap: {error}") from None
