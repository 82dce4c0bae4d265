"""Whole documents: Workflow, WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow (§3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from argotui.engine.cron.spec import MOST_SCHEDULES, schedule_fault, timezone_fault
from argotui.engine.merge import fill_metadata
from argotui.engine.validate.arguments import Anything, Given, Provider, check_arguments, placeholder
from argotui.engine.validate.checker import Checker
from argotui.engine.validate.finding import Checks, Finding, distinct, nearest, problem, rows, under
from argotui.engine.validate.loops import check_hooks
from argotui.engine.validate.names import check_names
from argotui.engine.validate.outputs import is_parameterised
from argotui.engine.validate.resolution import Base, NoTemplates, Resolver, TemplateSource
from argotui.engine.validate.scope import ANY_OUTPUT_ARTIFACT
from argotui.model import documents
from argotui.model.anystring import any_string
from argotui.model.dialect import as_written, today
from argotui.model.documents import Document
from argotui.model.labels import LabelSelector, SelectorError
from argotui.model.manifest.spots import format_path, parse_path
from argotui.model.names import MAX_CRON_NAME, MAX_WORKFLOW_NAME

_ALWAYS: Final = (
    "workflow.name", "workflow.namespace", "workflow.mainEntrypoint", "workflow.serviceAccountName", "workflow.uid",
    "workflow.annotations", "workflow.annotations.json", "workflow.labels", "workflow.labels.json", "workflow.status",
)  # fmt: skip
_POD_GC: Final = ("", "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_CONCURRENCY: Final = ("", "Allow", "Forbid", "Replace")


@dataclass(frozen=True)
class Options:
    """lint: values may still be missing.  submit: a template's arguments need values.  in_template: the document
    is a template, so what it lacks may come from the workflow that uses it."""

    lint: bool = False
    submit: bool = False
    ignore_entrypoint: bool = False
    in_template: bool = False


def validate(
    document: Document,
    templates: TemplateSource | None = None,
    *,
    lint: bool = False,
    submit: bool = False,
    ignore_entrypoint: bool = False,
    defaults: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Every problem of a document, the first with upstream's text; empty when it may be submitted.

    templates: what exists beside it.  defaults: the controller's `workflowDefaults`.  Fields are taken to have the
    right types; the manifest models see to that.
    """
    options = Options(lint=lint, submit=submit, ignore_entrypoint=ignore_entrypoint)
    resolver = Resolver(templates or NoTemplates(), documents.namespace(document))
    check = _KINDS.get(documents.kind(document), _check_workflow)
    read = today(document)
    found = list(distinct(check(read, resolver, defaults or {}, options)))
    return found if read is document else [_as_written(document, finding) for finding in found]


def _as_written(document: Document, finding: Finding) -> Finding:
    """The finding at the field that the author wrote."""
    return replace(finding, path=format_path(as_written(document, parse_path(finding.path))))


def _check_workflow(
    document: Document, resolver: Resolver, defaults: Mapping[str, Any], options: Options
) -> Checks[None]:
    yield from _check_length(document, "workflow name", MAX_WORKFLOW_NAME)
    spec = document.get("spec") or {}
    yield from _WorkflowCheck(spec, document.get("metadata") or {}, "spec", resolver, defaults, options).run()


def _check_template(
    document: Document, resolver: Resolver, defaults: Mapping[str, Any], options: Options
) -> Checks[None]:
    cluster = documents.kind(document) == "ClusterWorkflowTemplate"
    what = "cluster workflow template name" if cluster else "workflow template name"
    yield from _check_length(document, what, MAX_WORKFLOW_NAME)
    spec = document.get("spec") or {}
    options = replace(options, in_template=True, ignore_entrypoint=not spec.get("entrypoint"))
    yield from _WorkflowCheck(spec, document.get("metadata") or {}, "spec", resolver, defaults, options).run()


def _check_cron(document: Document, resolver: Resolver, defaults: Mapping[str, Any], options: Options) -> Checks[None]:
    yield from _check_length(document, "cron workflow name", MAX_CRON_NAME)
    cron = document.get("spec") or {}
    yield from _check_schedules(cron)
    policy = cron.get("concurrencyPolicy") or ""
    if policy not in _CONCURRENCY:
        hint = "one of: Allow, Forbid, Replace"
        yield problem("spec.concurrencyPolicy", f"'{policy}' is not a valid concurrencyPolicy", suggestion=hint)
    if (cron.get("startingDeadlineSeconds") or 0) < 0:
        yield problem("spec.startingDeadlineSeconds", "startingDeadlineSeconds must be positive")
    metadata = fill_metadata({}, cron.get("workflowMetadata") or {})
    spec = cron.get("workflowSpec") or {}
    check = _WorkflowCheck(spec, metadata, "spec.workflowSpec", resolver, defaults, replace(options, lint=False))
    yield from under("cannot validate Workflow: ", check.run())


def _check_schedules(cron: Mapping[str, Any]) -> Iterator[Finding]:
    if cron.get("schedule"):
        reason = "cron workflow cant be configured with both Spec.Schedule and Spec.Schedules"
        yield problem("spec.schedule", reason, suggestion="add it to schedules")
    schedules = [str(schedule) for schedule in cron.get("schedules") or ()]
    if not schedules:
        yield problem("spec.schedules", "cron workflow must have at least one schedule")
    for index, schedule in enumerate(schedules[:MOST_SCHEDULES]):
        if fault := schedule_fault(schedule):
            yield problem(f"spec.schedules[{index}]", f"cron schedule {schedule} is malformed: {fault}")
    if len(set(schedules)) > MOST_SCHEDULES:
        yield problem("spec.schedules", f"a cron workflow has at most {MOST_SCHEDULES} different schedules")
    if fault := timezone_fault(str(cron.get("timezone") or "")):
        yield problem("spec.timezone", fault, suggestion="write it as in the zone data, for example Europe/Berlin")


def _check_length(document: Document, what: str, limit: int) -> Iterator[Finding]:
    name = documents.name(document)
    size = len(name.encode())
    if size > limit:
        reason = f'{what} "{name}" must not be more than {limit} characters long (currently {size})'
        yield problem("metadata.name", reason)


_KINDS: Final = {
    "Workflow": _check_workflow,
    "WorkflowTemplate": _check_template,
    "ClusterWorkflowTemplate": _check_template,
    "CronWorkflow": _check_cron,
}


class _WorkflowCheck:
    """The spec of a workflow, wherever it stands."""

    def __init__(
        self,
        spec: Mapping[str, Any],
        metadata: Mapping[str, Any],
        path: str,
        resolver: Resolver,
        defaults: Mapping[str, Any],
        options: Options,
    ) -> None:
        self.spec = spec
        self.metadata = metadata
        self.path = path
        self.resolver = resolver
        self.defaults = defaults
        self.options = options
        self.base = Base(spec, "local/", path)
        self.reference: Mapping[str, Any] | None = spec.get("workflowTemplateRef")
        self.referenced: Base | None = None

    def run(self) -> Checks[None]:
        """Every check, in upstream's order."""
        if self.reference is not None:
            yield from self._check_reference()
            if self.referenced is None:
                return
        yield from check_names(
            rows(self.spec.get("templates")), f"{self.path}.templates", "spec.templates", parameters=False
        )
        arguments = self._arguments()
        yield from check_arguments(
            arguments, f"{self.path}.arguments", "spec.arguments.",
            may_be_empty=self.options.lint or (self.options.in_template and not self.options.submit),
        )  # fmt: skip
        checker = Checker(self.resolver, self._variables(arguments), in_template=self.options.in_template)
        yield from self._check_entrypoint(checker, arguments)
        yield from self._check_exit_handler(checker)
        yield from check_hooks(self.spec.get("hooks"), f"{self.path}.hooks", "hooks")
        yield from self._check_pod_gc()
        yield from self._check_all_templates(checker)

    def _check_reference(self) -> Iterator[Finding]:
        reference = self.reference or {}
        if self.spec.get("templates"):
            reason = "Templates is invalid field in spec if workflow referred WorkflowTemplate reference"
            yield problem(f"{self.path}.templates", reason, suggestion="remove templates or workflowTemplateRef")
        name, cluster = str(reference.get("name") or ""), bool(reference.get("clusterScope"))
        self.referenced = self.resolver.spec_of(name, cluster=cluster) if name else None
        if self.referenced is None:
            resource = "clusterworkflowtemplates" if cluster else "workflowtemplates"
            reason = f'{resource}.argoproj.io "{name}" not found'
            yield problem(f"{self.path}.workflowTemplateRef.name", reason)

    def _arguments(self) -> Document:
        """The workflow's arguments, then those of the template it refers to; the first of a name counts."""
        own = self.spec.get("arguments") or {}
        if self.referenced is None:
            return dict(own)
        merged: Document = {}
        below = self.referenced.spec.get("arguments") or {}
        for key in ("parameters", "artifacts"):
            by_name: dict[str, Document] = {}
            for entry in (*rows(own.get(key)), *rows(below.get(key))):
                by_name.setdefault(entry.get("name") or "", entry)
            merged[key] = list(by_name.values())
        return merged

    def _variables(self, arguments: Document) -> dict[str, str]:
        """Variables that every template may use, with their values as far as they are known."""
        known = {name: placeholder(name) for name in _ALWAYS}
        parameters = rows(arguments.get("parameters"))
        if parameters:
            known |= {name: placeholder(name) for name in ("workflow.parameters", "workflow.parameters.json")}
        for parameter in parameters:
            variable = f"workflow.parameters.{parameter.get('name') or ''}"
            value = any_string(parameter.get("value"))
            known[variable] = placeholder(variable) if value is None else value
        for word, keys in self._metadata_keys().items():
            known |= {f"workflow.{word}.{key}": placeholder(f"{word}.{key}") for key in keys}
        if self.spec.get("priority") is not None:
            known["workflow.priority"] = str(self.spec["priority"])
        return known

    def _metadata_keys(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {"labels": set(), "annotations": set()}
        specs = [self.spec, self.defaults.get("spec") or {}, self.referenced.spec if self.referenced else {}]
        sources = [self.metadata, *(spec.get("workflowMetadata") or {} for spec in specs)]
        for source in sources:
            found["annotations"].update(source.get("annotations") or {})
            found["labels"].update(source.get("labels") or {})
            found["labels"].update(source.get("labelsFrom") or {})
        return found

    def _holder(self, template: str) -> Document:
        """What calls a template of this workflow: its own, or the referenced one's."""
        if self.reference is None:
            return {"template": template}
        found: Document = {"name": self.reference.get("name") or "", "template": template}
        if self.reference.get("clusterScope"):
            found["clusterScope"] = True
        return {"templateRef": found}

    def _called_from(self, field: str) -> str:
        return f"{self.path}.{field}" if self.reference is None else f"{self.path}.workflowTemplateRef"

    def _check_entrypoint(self, checker: Checker, arguments: Document) -> Checks[None]:
        if self.options.ignore_entrypoint:
            return
        below = self.referenced.spec.get("entrypoint") if self.referenced else ""
        entrypoint = self.spec.get("entrypoint") or below or ""
        names = (self.referenced or self.base).names()
        if not entrypoint:
            hint = nearest("", names)
            yield problem(f"{self.path}.entrypoint", "entrypoint is required", at="spec.", suggestion=hint)
            return
        given: Provider = Anything() if self.options.in_template else Given(arguments)
        yield from self._call(checker, entrypoint, given, "entrypoint")

    def _call(self, checker: Checker, template: str, given: Provider, field: str) -> Checks[None]:
        holder = self._holder(template)
        if self.reference is None and self.base.find(template) is None:
            reason = f"template name '{template}' undefined"
            yield problem(f"{self.path}.{field}", reason, suggestion=nearest(template, self.base.names()))
            return
        yield from checker.check_holder(holder, self.base, given, self._called_from(field), f"{self.path}.arguments")

    def _check_exit_handler(self, checker: Checker) -> Checks[None]:
        below = self.referenced.spec.get("onExit") if self.referenced else ""
        template = self.spec.get("onExit") or below or ""
        if not template:
            return
        checker.everywhere["workflow.failures"] = placeholder("workflow.failures")
        if self._has_parameterised_artifacts():
            checker.everywhere[ANY_OUTPUT_ARTIFACT] = "true"
        yield from self._call(checker, template, Given(self.spec.get("arguments") or {}), "onExit")

    def _has_parameterised_artifacts(self) -> bool:
        specs = [self.spec, self.referenced.spec if self.referenced else {}]
        templates = [template for spec in specs for template in rows(spec.get("templates"))]
        artifacts = [a for t in templates for a in rows((t.get("outputs") or {}).get("artifacts"))]
        return any(is_parameterised(artifact.get("globalName") or "") for artifact in artifacts)

    def _check_pod_gc(self) -> Iterator[Finding]:
        settings = self.spec.get("podGC") or {}
        strategy = settings.get("strategy") or ""
        if strategy not in _POD_GC:
            hint = nearest(strategy, _POD_GC)
            reason = f"podGC.strategy unknown strategy '{strategy}'"
            yield problem(f"{self.path}.podGC.strategy", reason, suggestion=hint)
        if fault := _selector_fault(settings.get("labelSelector") or {}):
            yield problem(f"{self.path}.podGC.labelSelector", f"podGC.labelSelector invalid: {fault}")

    def _check_all_templates(self, checker: Checker) -> Checks[None]:
        """Also those that nothing calls: a mistake in them would show when it is too late."""
        base = self.referenced or self.base
        for name in base.names():
            checks = checker.check_holder(
                self._holder(name), self.base, Anything(), self._called_from("templates"), f"{self.path}.arguments"
            )
            yield from under(f"templates.{name} ", checks)


def _selector_fault(selector: Mapping[str, Any]) -> str:
    for expression in rows(selector.get("matchExpressions")):
        operator = expression.get("operator") or ""
        if operator not in _OPERATORS:
            return f'"{operator}" is not a valid label selector operator'
    try:
        LabelSelector.from_document(selector)
    except SelectorError as error:
        return str(error)
    return ""
