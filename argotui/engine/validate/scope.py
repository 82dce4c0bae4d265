"""Which variables a place may use, and which of its tags are none of them (§3.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from argotui.engine.template import TemplateError, simple_tags
from argotui.engine.validate.finding import Finding, problem
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

_SIBLINGS: Final[Mapping[str, str]] = {"steps": "step", "tasks": "task"}
_DECLARED: Final[Mapping[str, str]] = {
    "workflow.failures": "only the exit handler (spec.onExit) knows it",
    "workflow.parameters.": "declare it in spec.arguments.parameters",
    "inputs.parameters.": "declare it in the template's inputs.parameters",
    "inputs.artifacts.": "declare it in the template's inputs.artifacts",
    "item.": "the loop's items have no such part",
}
"""Where a variable would have to come from."""
_UNCLOSED: Final = "a tag begins with '{{' and ends with '}}'"


class Scope:
    """Names of variables; a child sees its parent's as well."""

    def __init__(self, parent: Scope | None = None) -> None:
        self._parent = parent
        self._names: set[str] = set()
        self._open: set[str] = set()
        self._families: list[tuple[str, Collection[str], str]] = []

    def child(self) -> Scope:
        """A scope that adds to this one without changing it."""
        return Scope(self)

    def add(self, *names: str) -> None:
        """Makes variables known."""
        self._names.update(names)

    def add_each(self, prefix: str, members: Collection[str], suffix: str) -> None:
        """Makes `prefix` + member + `suffix` known for every member, without writing them out."""
        self._families.append((prefix, members, suffix))

    def open(self, prefix: str) -> None:
        """Accepts every variable below a prefix: nothing is known about it, so nothing can be wrong."""
        self._open.add(prefix)

    def __contains__(self, name: str) -> bool:
        if name in self._names or (self._open and any(name.startswith(prefix) for prefix in self._open)):
            return True
        if any(self._is_of(name, *family) for family in self._families):
            return True
        return self._parent is not None and name in self._parent

    @staticmethod
    def _is_of(name: str, prefix: str, members: Collection[str], suffix: str) -> bool:
        inside = len(name) >= len(prefix) + len(suffix) and name.startswith(prefix) and name.endswith(suffix)
        return inside and name[len(prefix) : len(name) - len(suffix)] in members

    def names(self) -> Iterator[str]:
        """Every variable that is known here."""
        yield from self._names
        for prefix, members, suffix in self._families:
            yield from (f"{prefix}{member}{suffix}" for member in members)
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
            yield problem(path, str(error), at=at, suggestion=_UNCLOSED)
            return
        for tag in tags:
            if self._unresolved(tag.strip(), scope):
                # A tag that is not closed runs on, through the end of its text, to the next braces of the JSON.
                written, unclosed, _ = tag.partition('"')
                where = path + _holder(source, "{{" + (written if unclosed else f"{tag}}}}}"))
                hint = _UNCLOSED if unclosed else self._hint(tag.strip(), scope)
                yield problem(where, f"failed to resolve {{{{{tag}}}}}", at=at, suggestion=hint)

    def _unresolved(self, tag: str, scope: Scope) -> bool:
        if not tag.startswith(CHECKED) or tag in scope or tag in self.everywhere:
            return False
        for anything in (ANY_ITEM, ANY_OUTPUT_PARAMETER, ANY_OUTPUT_ARTIFACT):
            if tag.startswith(anything[:-1]) and (anything in scope or anything in self.everywhere):
                return False
        if self.in_template and tag.startswith("workflow.parameters"):
            return False  # the workflow that will use the template brings them
        return not tag.startswith(_KNOWN_LATER)

    def _hint(self, tag: str, scope: Scope) -> str | None:
        known = {name for name in (*scope.names(), *self.everywhere) if "*" not in name}
        root, _, rest = tag.partition(".")
        if root in _SIBLINGS:
            name = rest.partition(".")[0]
            known = {other for other in known if other.startswith(f"{root}.{name}.")}
            if not known:
                return f"no {_SIBLINGS[root]} named '{name}' has ended when this one starts"
        close = _closest(tag, known)
        if close:
            return f"did you mean {{{{{close}}}}}?"
        declared = next((where for prefix, where in _DECLARED.items() if tag.startswith(prefix)), None)
        return declared or (f"it has: {', '.join(sorted(known))}" if root in _SIBLINGS else None)


def _closest(tag: str, known: Iterable[str]) -> str | None:
    """A variable of the same place with a name like it, or of the same name in a place like it."""
    place, _, name = tag.rpartition(".")
    cut = [(other, *other.rpartition(".")[::2]) for other in sorted(known)]
    beside = {own: other for other, where, own in cut if where == place}
    if close := get_close_matches(name, beside, n=1, cutoff=0.6):
        return beside[close[0]]
    same = [other for other, _, own in cut if own == name]
    return next(iter(get_close_matches(tag, same, n=1, cutoff=0.7)), None)


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
