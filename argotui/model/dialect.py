"""The older dialect: fields that manifests of earlier versions of Argo Workflows still have.

An object keeps what its author wrote.  Whoever reads it to act on it reads `today(document)`, in which every older
form is replaced by what is written in its place now: validation, the engine, the controller's caches.  `older_forms`
says which ones a document has, `as_written` leads from a field of the translated document back to the author's.

Both forms of a lock together are all taken, older ones first; an older time to live counts where the newer one is
silent; a schedule in both forms is left as it is, and refused by validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from argotui.model.documents import Document

Step = str | int
Path = tuple[Step, ...]
_DEEPEST: Final = 32
"""Inline templates within each other that are looked into."""


class OlderForm(NamedTuple):
    """One use of an older field: where, and how it is written today."""

    path: Path
    today: str
    effect: str
    """What the field does: nothing is lost where this is empty."""


class _Form(NamedTuple):
    field: str
    today: str
    translate: Callable[[Document, Any], None]
    effect: str = ""


def today(document: Document) -> Document:
    """The document in today's form; the very same object when it is that already.

    The document is not changed; parts without older forms are shared with the result.  Parts of the wrong type are
    passed over.
    """
    result, fresh = document, set[int]()
    for path, form in _found(document):
        result, part = _own(result, path, fresh)
        value = part.pop(form.field)
        form.translate(part, value)
    return result


def today_spec(spec: Document) -> Document:
    """The same for the spec of a workflow alone."""
    translated: Document = today({"spec": spec})["spec"]
    return translated


def older_forms(document: Document) -> list[OlderForm]:
    """Every older form in the document's spec, in its order."""
    return [
        OlderForm((*path, form.field), form.today, form.effect) for path, form in _found(document) if path[0] == "spec"
    ]


def as_written(document: Document, path: Path) -> Path:
    """The path in the author's document of a path in `today(document)`."""
    value: Any = document
    for position, step in enumerate(path):
        if isinstance(value, dict) and isinstance(step, str):
            older = _FORMER.get(step)
            if older is not None and value.get(older) is not None:
                return (*path[:position], *_former(value, older, path[position:]))
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            break
    return path


_FORMER: Final = {
    "schedules": "schedule", "mutexes": "mutex", "semaphores": "semaphore", "ttlStrategy": "ttlSecondsAfterFinished",
}  # fmt: skip


def _former(part: Document, older: str, rest: Path) -> Path:
    """The end of a path, from the field that has an older name on."""
    name = str(rest[0])
    if older == "ttlSecondsAfterFinished":
        return (older,) if part.get(name) is None else rest
    if older == "schedule":
        return rest if part.get(name) else (older,)
    if len(rest) == 1 or not isinstance(rest[1], int):
        return rest if part.get(name) else (older,)
    if rest[1] == 0:
        return (older, *rest[2:])
    return (name, rest[1] - 1, *rest[2:])


# ---------------------------------------------------------------- the forms


def _dropped(part: Document, value: Any) -> None:
    """Says nothing today."""


def _schedule(cron: Document, value: Any) -> None:
    if cron.get("schedules"):
        cron["schedule"] = value
    else:
        cron["schedules"] = [value]


def _first_of(name: str) -> Callable[[Document, Any], None]:
    def translate(part: Document, value: Any) -> None:
        given = part.get(name)
        part[name] = [value, *(given if isinstance(given, list) else ())]

    return translate


def _time_to_live(spec: Document, value: Any) -> None:
    given = spec.get("ttlStrategy")
    spec["ttlStrategy"] = {"secondsAfterCompletion": value, **(given if isinstance(given, dict) else {})}


_PRIORITY: Final = "Kubernetes takes a pod's priority from its class and refuses a number, so it is left out"
_AT_RUN_TIME: Final = "templates are always looked up when they run"

_CRON: Final = (_Form("schedule", 'write schedules: ["…"], a list', _schedule),)
_SPEC: Final = (
    _Form("ttlSecondsAfterFinished", "write ttlStrategy: {secondsAfterCompletion: …}", _time_to_live),
    _Form("podPriority", "write podPriorityClassName, the name of a PriorityClass", _dropped, _PRIORITY),
)
_LOCKS: Final = (
    _Form("mutex", "write mutexes: a list, with the same fields in each element", _first_of("mutexes")),
    _Form("semaphore", "write semaphores: a list, with the same fields in each element", _first_of("semaphores")),
)
_TEMPLATE: Final = (
    _Form("priority", "write priorityClassName, the name of a PriorityClass", _dropped, _PRIORITY),
    _Form("resubmitPendingPods", "leave it out", _dropped, "a pod that cannot be created yet is tried again anyway"),
)
_REFERENCE: Final = (_Form("runtimeResolution", "leave it out", _dropped, _AT_RUN_TIME),)

Found = Iterator[tuple[Path, _Form]]


def _found(document: Document) -> Found:
    """Every older form that the document uses: the path of the object that has it, and the form."""
    spec, status = document.get("spec"), document.get("status")
    if isinstance(spec, dict):
        inner = spec.get("workflowSpec")
        if isinstance(inner, dict) or document.get("kind") == "CronWorkflow":
            yield from _in(spec, ("spec",), _CRON)
            yield from _in_spec(inner, ("spec", "workflowSpec"))
        else:
            yield from _in_spec(spec, ("spec",))
    if isinstance(status, dict):
        stored = status.get("storedTemplates")
        yield from _in_spec(status.get("storedWorkflowTemplateSpec"), ("status", "storedWorkflowTemplateSpec"))
        for name, template in stored.items() if isinstance(stored, dict) else ():
            yield from _in_template(template, ("status", "storedTemplates", name))


def _in(part: Any, path: Path, forms: tuple[_Form, ...]) -> Found:
    if isinstance(part, dict):
        for form in forms:
            if part.get(form.field) is not None:
                yield path, form


def _in_spec(spec: Any, path: Path) -> Found:
    if not isinstance(spec, dict):
        return
    yield from _in(spec, path, _SPEC)
    yield from _in(spec.get("synchronization"), (*path, "synchronization"), _LOCKS)
    yield from _in(spec.get("workflowTemplateRef"), (*path, "workflowTemplateRef"), _REFERENCE)
    yield from _in_hooks(spec, path)
    yield from _in_template(spec.get("templateDefaults"), (*path, "templateDefaults"))
    for index, template in enumerate(_list(spec.get("templates"))):
        yield from _in_template(template, (*path, "templates", index))


def _in_template(template: Any, path: Path, depth: int = 0) -> Found:
    if not isinstance(template, dict) or depth > _DEEPEST:
        return
    yield from _in(template, path, _TEMPLATE)
    yield from _in(template.get("synchronization"), (*path, "synchronization"), _LOCKS)
    for below, step in _steps(template):
        yield from _in(step.get("templateRef"), (*path, *below, "templateRef"), _REFERENCE)
        yield from _in_hooks(step, (*path, *below))
        if "inline" in step:
            yield from _in_template(step["inline"], (*path, *below, "inline"), depth + 1)


def _in_hooks(part: Mapping[str, Any], path: Path) -> Found:
    hooks = part.get("hooks")
    for name, hook in hooks.items() if isinstance(hooks, dict) else ():
        if isinstance(hook, dict):
            yield from _in(hook.get("templateRef"), (*path, "hooks", name, "templateRef"), _REFERENCE)


def _steps(template: Mapping[str, Any]) -> Iterator[tuple[Path, Document]]:
    """The steps or tasks of a template that are objects."""
    for row, group in enumerate(_list(template.get("steps"))):
        for column, step in enumerate(_list(group)):
            if isinstance(step, dict):
                yield ("steps", row, column), step
    dag = template.get("dag")
    for index, task in enumerate(_list(dag.get("tasks") if isinstance(dag, dict) else None)):
        if isinstance(task, dict):
            yield ("dag", "tasks", index), task


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _own(document: Document, path: Path, fresh: set[int]) -> tuple[Document, Document]:
    """The document and the object at `path`, both copies that may be changed.  fresh: ids of the copies made."""
    root = _copy(document, fresh)
    part: Any = root
    for step in path:
        part[step] = _copy(part[step], fresh)
        part = part[step]
    return root, part


def _copy(value: Any, fresh: set[int]) -> Any:
    if id(value) in fresh:
        return value
    made = value.copy()
    fresh.add(id(made))
    return made
