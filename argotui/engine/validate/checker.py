"""One template and everything it calls (§3.4).

A template is looked at from each place that uses it, since its inputs come from there, but what is below it only
once.  Checks run in upstream's order; where upstream stops at the first problem, these go on, treating what is
unknown because of that problem as right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from argotui.engine.goform import go_outputs, go_template
from argotui.engine.merge import TEMPLATE_TYPES, template_type
from argotui.engine.template import dumps
from argotui.engine.validate import extras
from argotui.engine.validate.arguments import Anything, Provider, placeholder, take_up
from argotui.engine.validate.artifacts import check_location, path_fault
from argotui.engine.validate.dag import check_dag
from argotui.engine.validate.finding import Checks, elsewhere, problem, rows
from argotui.engine.validate.leaf import check_leaf
from argotui.engine.validate.names import check_names
from argotui.engine.validate.outputs import LEAVES, check_output_names, check_outputs, is_parameterised
from argotui.engine.validate.resolution import Base, Called, Resolved, Resolver, Unresolved
from argotui.engine.validate.scope import ANY_OUTPUT_ARTIFACT, ANY_OUTPUT_PARAMETER, Scope, Tags
from argotui.engine.validate.steps import check_steps
from argotui.model.documents import Document

_RETRY_VARIABLES: Final = (
    "retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message",
)  # fmt: skip
_CHOICES: Final = "container, containerSet, steps, script, resource, dag, suspend, template, template ref"
_DEEPEST: Final = 64
"""Different templates within each other that are looked into: a workflow runs 100 at most, a stack holds no more."""
_WITH_RESULT: Final = frozenset({"container", "script", "data", "http", "plugin"})


@dataclass
class Checker:
    """State of one validation: variables for every place, and the templates already looked at."""

    resolver: Resolver
    everywhere: dict[str, str]
    in_template: bool = False
    _done: set[str] = field(default_factory=set)
    _forms: dict[int, tuple[Document, Document]] = field(default_factory=dict)
    _sound: dict[int, Document] = field(default_factory=dict)
    """Templates without a fault, whoever calls them: thousands of tasks may call the same one."""
    _depth: int = 0

    @property
    def tags(self) -> Tags:
        """The check of tags against the variables known so far."""
        return Tags(self.everywhere, in_template=self.in_template)

    def check_holder(
        self, holder: Mapping[str, Any], base: Base, given: Provider, path: str, arguments: str
    ) -> Checks[Called]:
        """What a step, task or entrypoint calls.

        path: of the holder; arguments: of the field that arguments are given in.  Returns what was called.
        """
        found = yield from self.resolver.resolve(holder, base, path)
        if isinstance(found, Unresolved):
            return found
        checks = self._check_called(found, given, arguments)
        if found.base.source and found.base is not base:
            checks = elsewhere(f"{path}.templateRef" if "templateRef" in holder else path, found.base.source, checks)
        yield from checks
        return found

    def _check_called(self, found: Resolved, given: Provider, arguments: str) -> Checks[None]:
        is_general = isinstance(given, Anything)
        if is_general and id(found.template) in self._sound:
            return
        is_sound = True
        for fault in self._faults(found, given, arguments):
            is_sound = False
            yield fault
        if is_general and is_sound:
            self._sound[id(found.template)] = found.template

    def _faults(self, found: Resolved, given: Provider, arguments: str) -> Checks[None]:
        yield from extras.check_retry_policy(found.template, found.path)
        if self._depth == _DEEPEST:
            return
        self._depth += 1
        try:
            yield from self._check_template(found, given, arguments)
        finally:
            self._depth -= 1

    def _check_template(self, found: Resolved, given: Provider, arguments: str) -> Checks[None]:
        template, path, at = found.template, found.path, f"templates.{found.name}"
        types = [key for key in TEMPLATE_TYPES if template.get(key) is not None]
        if len(types) > 1:
            reason = f"multiple template types specified. choose one of: {_CHOICES}"
            yield problem(path, reason, at=f"{at} ", suggestion=f"keep one of: {', '.join(types)}")
            return
        kind, scope = types[0], Scope()
        yield from _check_inputs(template, kind, path, at)
        yield from extras.check_beside_main(template, path, at)
        yield from extras.check_pod_resources(template, kind, path, at)
        local = _local_variables(template, kind)
        scope.add(*_declared(template, kind), *local)
        variables = {**self.everywhere, **{name: placeholder(name) for name in local}}
        filled = yield from take_up(self._form_of(template), given, variables, at=f"{at} ", path=arguments)
        yield from extras.check_timeouts(filled, kind, path)
        key = f"{found.base.scope} {found.name}"
        if key not in self._done:
            self._done.add(key)
            yield from self._check_body(Resolved(filled, found.base, path), template, kind, scope)

    def _form_of(self, template: Document) -> Document:
        """The template in Go's form, made once: thousands of tasks may call the same one."""
        known = self._forms.get(id(template))
        if known is None:
            known = self._forms[id(template)] = (template, go_template(template))
        return known[1]

    def _check_body(self, found: Resolved, written: Document, kind: str, scope: Scope) -> Checks[None]:
        """found: inputs filled in; written: the template as it stands in its document."""
        template, path, at = found.template, found.path, f"templates.{found.name}"
        if kind == "steps":
            yield from check_steps(self, found, scope)
        elif kind == "dag":
            yield from check_dag(self, found, scope)
        else:
            yield from self.tags.check(dumps(template), scope, at=f"{at}: ", source=written, path=path)
            yield from check_leaf(template, found.base.spec.get("templateDefaults") or {}, path, at)
        outputs = template.get("outputs") or {}
        yield from check_output_names(outputs, f"{path}.outputs", f"{at}.outputs")
        text = dumps(go_outputs(outputs))
        yield from self.tags.check(
            text, scope, at=f"{at}.outputs ", source=written.get("outputs"), path=f"{path}.outputs"
        )
        yield from check_outputs(template, kind, path, at)
        if template.get("archiveLocation") is not None:
            where = "archiveLocation"
            yield from check_location(template[where], f"{path}.{where}", f"{at}.{where}")
        yield from extras.check_metrics(template, path, at)

    def add_outputs(self, scope: Scope, found: Called, reference: str, *, aggregated: bool = False) -> None:
        """Makes the variables of a step or task known.  reference: `steps.NAME`."""
        scope.add(*(f"{reference}.{key}" for key in ("id", "startedAt", "finishedAt", "hostNodeName")))
        if isinstance(found, Unresolved):
            if found.reported:
                scope.open(f"{reference}.")
            return
        template, kind = found.template, template_type(found.template)
        if template.get("daemon"):
            scope.add(f"{reference}.ip")
        members = rows((template.get("containerSet") or {}).get("containers"))
        has_main = any(member.get("name") == "main" for member in members)
        if kind in _WITH_RESULT or has_main or (aggregated and kind == "containerSet"):
            scope.add(f"{reference}.outputs.result", f"{reference}.exitCode")
        if aggregated:
            scope.add(f"{reference}.outputs.parameters")
        self._add_declared_outputs(scope, template, reference)

    def _add_declared_outputs(self, scope: Scope, template: Document, reference: str) -> None:
        unknown = {"parameters": ANY_OUTPUT_PARAMETER, "artifacts": ANY_OUTPUT_ARTIFACT}
        for key, anything in unknown.items():
            for output in rows((template.get("outputs") or {}).get(key)):
                scope.add(f"{reference}.outputs.{key}.{output.get('name') or ''}")
                name = output.get("globalName") or ""
                if is_parameterised(name):
                    scope.add(anything)
                elif name:
                    variable = f"workflow.outputs.{key}.{name}"
                    scope.add(variable)
                    self.everywhere[variable] = placeholder(variable)


def _check_inputs(template: Document, kind: str, path: str, at: str) -> Checks[None]:
    inputs = template.get("inputs") or {}
    for key in ("parameters", "artifacts"):
        yield from check_names(rows(inputs.get(key)), f"{path}.inputs.{key}", f"{at}.inputs.{key}", parameters=True)
    for index, artifact in enumerate(rows(inputs.get("artifacts"))):
        where = f"{path}.inputs.artifacts[{index}]"
        reference = f"{at}.inputs.artifacts.{artifact.get('name') or ''}"
        if kind in LEAVES:
            if fault := path_fault(artifact):
                yield problem(f"{where}.path", fault, at=f"error in {reference}: ")
        elif artifact.get("path"):
            yield problem(f"{where}.path", "path only valid in container/script templates", at=f"{reference}.")
        if artifact.get("from"):
            yield problem(f"{where}.from", "from not valid in inputs", at=f"{reference}.")
        yield from check_location(artifact, where, reference)


def _local_variables(template: Document, kind: str) -> list[str]:
    found = ["pod.name"] if kind in ("container", "containerSet", "script", "resource", "data") else []
    if template.get("retryStrategy") is not None:
        found += _RETRY_VARIABLES
    return found


def _declared(template: Document, kind: str) -> list[str]:
    """Variables that come from the template's own inputs and outputs."""
    inputs, outputs = template.get("inputs") or {}, template.get("outputs") or {}
    names = [f"inputs.parameters.{p.get('name') or ''}" for p in rows(inputs.get("parameters"))]
    if names:
        names.append("inputs.parameters")
    for artifact in rows(inputs.get("artifacts")):
        name = f"inputs.artifacts.{artifact.get('name') or ''}"
        names += [name, f"{name}.path"] if kind in LEAVES else [name]
    if kind in LEAVES:
        names += [
            f"outputs.artifacts.{a.get('name') or ''}.path" for a in rows(outputs.get("artifacts")) if a.get("path")
        ]
        names += [
            f"outputs.parameters.{p.get('name') or ''}.path"
            for p in rows(outputs.get("parameters"))
            if (p.get("valueFrom") or {}).get("path")
        ]
    return names
