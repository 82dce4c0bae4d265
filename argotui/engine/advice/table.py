"""All rules, and the one function that asks them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from argotui.engine.advice import expressions, lasting, literals, older, pods, resources, sharing, waiting
from argotui.engine.advice.rule import Advice, Level, Rule
from argotui.engine.advice.view import View
from argotui.model.dialect import as_written, older_forms, today
from argotui.model.documents import Document
from argotui.model.manifest.spots import format_path, parse_path

_KINDS: Final = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
_WARNING, _HINT = Level.WARNING, Level.HINT

OLDER_FORM: Final = "older-form"
"""The one rule that looks at the document as it was written."""

RULES: Final[tuple[Rule, ...]] = (
    Rule("step-on-exit", _HINT, "`onExit` of a step or task, which `hooks.exit` does better", older.on_exit_of_steps),
    Rule("unreadable-expression", _WARNING, "an expression with a mistake in its grammar", expressions.unreadable),
    Rule(
        "unknown-name",
        _WARNING,
        "an expression that names a function or a variable that there never is",
        expressions.unknown_names,
    ),
    Rule(
        "doomed-value",
        _WARNING,
        "a duration, quantity, loop, `when`, memoize key, mount or hook that fails as soon as it is needed",
        literals.doomed_values,
    ),
    Rule(
        "shared-empty-dir",
        _WARNING,
        "one emptyDir mounted by several templates: it is empty for each of them",
        sharing.shared_empty_dirs,
    ),
    Rule(
        "race", _WARNING, "steps that change the same volume or object at the same time, without a lock", sharing.races
    ),
    Rule(
        "wide-loop",
        _HINT,
        "a loop over more than ten items, or over an unknown number, without `parallelism`",
        sharing.wide_loops,
    ),
    Rule("suspend-for-ever", _WARNING, "a suspend template without `duration`", waiting.suspended_for_ever),
    Rule("no-time-zone", _WARNING, "a CronWorkflow without `timezone`", waiting.no_time_zone),
    Rule("missed-runs", _HINT, "a CronWorkflow without `startingDeadlineSeconds`, or with 0", waiting.missed_runs),
    Rule(
        "endless-retries",
        _WARNING,
        "retries without limit, `maxDuration`, expression or deadline",
        waiting.endless_retries,
    ),
    Rule(
        "retry-deadline",
        _WARNING,
        "retries that take longer than the workflow's `activeDeadlineSeconds`",
        waiting.retries_without_time,
    ),
    Rule("latest-image", _WARNING, "an image without a tag, or with the tag `latest`", pods.latest_images),
    Rule("large-image", _HINT, "a large official image that comes in a smaller kind", pods.large_images),
    Rule("no-limits", _WARNING, "containers without resource limits", pods.without_limits),
    Rule("no-command", _HINT, "a container without a command", pods.without_command),
    Rule(
        "unwatched-child",
        _WARNING,
        "a step that creates a Workflow and does not wait for it",
        resources.unwatched_children,
    ),
    Rule("workflow-of-workflows", _HINT, "a step that creates a Workflow", resources.workflow_of_workflows),
    Rule(
        "resource-account",
        _WARNING,
        "a resource template that acts as the service account `default`",
        resources.acts_as_default,
    ),
    Rule("default-account", _HINT, "a workflow without `serviceAccountName`", lasting.default_service_account),
    Rule("no-ttl", _HINT, "a workflow without `ttlStrategy`", lasting.no_time_to_live),
    Rule("no-pod-gc", _HINT, "a workflow without `podGC`", lasting.no_pod_gc),
    Rule("fixed-name", _HINT, "a Workflow with a `name` instead of a `generateName`", lasting.fixed_name),
    Rule("written-status", _WARNING, "a manifest with a `status`", lasting.written_status),
)


def advise(document: Document) -> list[Advice]:
    """Everything that could be better about a document of the right types; empty for other kinds."""
    if document.get("kind") not in _KINDS:
        return []
    return [*_older(document), *_advice(document)]


def _older(document: Document) -> Iterator[Advice]:
    for form in older_forms(document):
        message = f"an older form, still understood{f': {form.effect}' if form.effect else ''}"
        yield Advice(OLDER_FORM, _WARNING, format_path(form.path), message, form.today)


def _advice(document: Document) -> Iterator[Advice]:
    read = today(document)
    view = View.of(read)
    for rule in RULES:
        for path, message, suggestion in rule.check(view):
            written = path if read is document else format_path(as_written(document, parse_path(path)))
            yield Advice(rule.name, rule.level, written, message, suggestion)
