"""Outputs of steps and DAG templates, and outputs of the whole workflow (§2.4, §2.14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from argotui.engine.errors import EngineError
from argotui.engine.expressions import as_text, evaluate
from argotui.engine.hooks import last_attempt
from argotui.engine.loops import aggregate_parameters, aggregate_results, aggregate_values
from argotui.engine.scopes import NodeVariables
from argotui.engine.template import TemplateError, resolve_variable
from argotui.model.anystring import any_string
from argotui.model.documents import Document, dig
from argotui.model.phase import Phase, is_hooked, is_retried

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def node_variables(ex: Execution, identifier: str, inline: Document | None = None) -> NodeVariables:
    """What a sibling offers; a skipped one offers the defaults of the outputs its template declares.

    inline: the template that stands in the step or task itself.
    """
    node = ex.nodes[identifier]
    return NodeVariables(last_attempt(ex, node), _declared(ex, node, inline))


def _declared(ex: Execution, node: Document, inline: Document | None) -> tuple[Document, ...]:
    if node.get("phase") not in (Phase.SKIPPED, Phase.OMITTED):
        return ()
    try:
        return ex.program.plan_of_node(node, inline).outputs
    except EngineError:
        return ()


def loop_variables(ex: Execution, group: str, items: Iterable[str]) -> NodeVariables:
    """What a loop offers: the fields of its group node, and the outputs of its items as lists.

    items: node ids in the order of the loop. Raises EngineError when a result is not JSON.
    """
    results: list[str] = []
    parameters: list[dict[str, str]] = []
    for identifier in items:
        node = ex.nodes.get(identifier)
        if node is None or node.get("phase") != Phase.SUCCEEDED or is_hooked(node) or is_retried(node):
            continue
        outputs = node.get("outputs") or {}
        if outputs.get("result") is not None:
            results.append(outputs["result"])
        if outputs.get("parameters"):
            parameters.append({p["name"]: any_string(p.get("value")) or "" for p in outputs["parameters"]})
    return NodeVariables(ex.nodes[group], (), _aggregates(results, parameters))


def _aggregates(results: list[str], parameters: list[dict[str, str]]) -> dict[str, str]:
    names = dict.fromkeys(name for entry in parameters for name in entry)
    values = {name: [entry[name] for entry in parameters if name in entry] for name in names}
    return {
        "outputs.result": aggregate_results(results),
        "outputs.parameters": aggregate_parameters(parameters),
        **{f"outputs.parameters.{name}": aggregate_values(found) for name, found in values.items()},
    }


def template_outputs(template: Document, scope: Mapping[str, Any]) -> Document | None:
    """The declared outputs of a steps or DAG template with their values; None when it declares none.

    Raises EngineError when one can neither be resolved nor has a default.
    """
    declared = dig(template, "outputs", "parameters")
    if not declared:
        return None
    return {"parameters": [_template_output(p, scope) for p in declared]}


def _template_output(parameter: Document, scope: Mapping[str, Any]) -> Document:
    source = parameter.get("valueFrom")
    if source is None:
        raise EngineError("output parameters must have a valueFrom specified")
    value = _value(source, scope)
    return {**{k: v for k, v in parameter.items() if k != "valueFrom"}, "value": value}


def _value(source: Document, scope: Mapping[str, Any]) -> str:
    default = any_string(source.get("default"))
    try:
        value = _source_value(source, scope)
    except (TemplateError, EngineError) as error:
        if default is None:
            raise EngineError(str(error)) from None
        return default
    return default or "" if value is None else value


def _source_value(source: Document, scope: Mapping[str, Any]) -> str | None:
    """None when nothing is referred to, or there is nothing behind the reference."""
    if source.get("expression"):
        value = evaluate(str(source["expression"]), scope)
        return None if value is None else as_text(value)
    if not source.get("parameter"):
        return None
    value = resolve_variable(str(source["parameter"]), scope)
    return value if value is None or isinstance(value, str) else as_text(value)


def publish(ex: Execution, outputs: Document | None) -> None:
    """Outputs with a globalName become outputs of the workflow."""
    for parameter in (outputs or {}).get("parameters") or ():
        name, value = parameter.get("globalName"), any_string(parameter.get("value"))
        if name and value is not None:
            _publish_parameter(ex.status, str(name), value)


def _publish_parameter(status: Document, name: str, value: str) -> None:
    outputs = dict(status.get("outputs") or {})
    parameters = list(outputs.get("parameters") or ())
    entry = {"name": name, "value": value}
    index = next((i for i, p in enumerate(parameters) if p.get("name") == name), None)
    if index is None:
        parameters.append(entry)
    elif parameters[index].get("value") == value:
        return
    else:
        parameters[index] = entry
    outputs["parameters"] = parameters
    status["outputs"] = outputs
