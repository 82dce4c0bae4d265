"""Which variables a place may use, and which of its tags are none of them (§3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from argotui.engine.template import TemplateError, simple_tags
from argotui.engine.validate.finding import Finding, nearest, problem
from argotui.model.documents import compact_json

CHECKED: Final = ("item.", "steps.", "inputs.", "outputs.", "pod.", "workflow.", "tasks.")
"""Only tags that begin like this are looked at; any other is somebody else's and stays as it is."""

_KNOWN_LATER: Final = (
    "outputs.",
    "workflow.creationTimestamp",
    "workflow.scheduledTime",
    "workflow.duration",
    "tasks.name",
    "steps.name",
)

ANY_ITEM: Final = "item.*"
ANY_OUTPUT_PARAMETER: Final = "workflow.outputs.parameters.*"
ANY_OUTPUT_ARTIFACT: Final = "workflow.outputs.artifacts.*"


class Scope:
    """Names of variables; a child sees its parent's as well."""

    def __init__(self, parent: Scope | None = None) -> None:
        self._parent = parent
        self._names: set[str] = set()
        self._open: set[str] = set()

    def child(self) -> Scope:
        """A scope that adds to this one without changing it."""
        return Scope(self)

    def add(self, *names: str) -> None:
        """Makes variables known."""
        self._names.update(names)

    def open(self, prefix: str) -> None:
        """Accepts every variable below a prefix: nothing is known about it, so nothing can be wrong."""
        self._open.add(prefix)

    def __contains__(self, name: str) -> bool:
        if name in self._names or (self._open and any(name.startswith(prefix) for prefix in self._open)):
            return True
        return self._parent is not None and name in self._parent

    def names(self) -> Iterator[str]:
        """Every variable that is known here."""
        yield from self._names
        if self._parent is not None:
            yield from self._parent.names()


class Tags:
    """Checks tags against a scope and the variables that every place may use."""

    def __init__(self, everywhere: Iterable[str], *, in_template: bool) -> None:
        self.everywhere = everywhere
        self.in_template = in_template

    def check(self, text: str, scope: Scope, *, at: str, source: Any, path: str) -> Iterator[Finding]:
        """A finding for each tag of the JSON `text` that nothing will ever replace.

        source and path: the element as it was written, to tell which of its fields holds the tag.
        """
        try:
            tags = list(dict.fromkeys(simple_tags(text)))
        except TemplateError as error:
            yield problem(path, str(error), at=at, suggestion="a tag begins with '{{' and ends with '}}'")
            return
        for tag in tags:
            if self._unresolved(tag.strip(), scope):
                where = path + _holder(source, "{{" + tag + "}}")
                yield problem(where, f"failed to resolve {{{{{tag}}}}}", at=at, suggestion=self._alike(tag, scope))

    def _unresolved(self, tag: str, scope: Scope) -> bool:
        if not tag.startswith(CHECKED) or tag in scope or tag in self.everywhere:
            return False
        for anything in (ANY_ITEM, ANY_OUTPUT_PARAMETER, ANY_OUTPUT_ARTIFACT):
            if tag.startswith(anything[:-1]) and (anything in scope or anything in self.everywhere):
                return False
        if self.in_template and tag.startswith("workflow.parameters"):
            return False  # the workflow that will use the template brings them
        return not tag.startswith(_KNOWN_LATER)

    def _alike(self, tag: str, scope: Scope) -> str | None:
        known = {name for name in (*scope.names(), *self.everywhere) if "*" not in name}
        found = nearest(tag.strip(), known)
        return found if found and found.startswith("did you mean") else None


def _holder(source: Any, text: str) -> str:
    """Path, from `source`, of the first text that holds `text`; empty when it is not there as written."""
    return _find(source, text) or ""


def _find(source: Any, text: str) -> str | None:
    if isinstance(source, str):
        return "" if text in compact_json(source) else None
    if isinstance(source, dict):
        steps = [(f".{key}", value) for key, value in source.items()]
    elif isinstance(source, list):
        steps = [(f"[{index}]", value) for index, value in enumerate(source)]
    else:
        return None
    for step, value in steps:
        below = _find(value, text)
        if below is not None:
            return step + below
    return None
