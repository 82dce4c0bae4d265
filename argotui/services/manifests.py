"""Files into documents that may be sent: read, located problems, validated against what the cluster has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.dialect import older_forms, today
from argotui.model.documents import Document
from argotui.model.problem import ManifestError, Problem
from argotui.model.resources import CLUSTER_WORKFLOW_TEMPLATES, WORKFLOW_TEMPLATES

STDIN = "-"
if TYPE_CHECKING:
    from argotui.kube.client import Client
    from argotui.model.manifest import Manifest

# The manifest models and the validator take a while to import, and the actions of this room are needed long before a
# file is read: they are imported where a file is.

_ARGO_KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
_SUFFIXES = (".yaml", ".yml", ".json")

Locate = Callable[[str], tuple[int | None, int | None]]


def _nowhere(path: str) -> tuple[None, None]:
    """The position in an object that comes from no file."""
    return None, None


def _nothing(path: str) -> bool:
    """Nothing is wrong with the document itself."""
    return False


@dataclass(frozen=True)
class Draft:
    """One document as it would be sent. `locate` finds a field in the file it comes from."""

    source: str
    document: Document
    locate: Locate = field(default=_nowhere, compare=False)
    faults: tuple[Problem, ...] = ()
    """What does not fit the kind; the document is then a mended one, which must not be sent."""
    checkable: bool = True
    doubts: Callable[[str], bool] = field(default=_nothing, compare=False)
    """Whether a problem at a path may be due to the faults."""

    @property
    def kind(self) -> str:
        return documents.kind(self.document)

    @property
    def called(self) -> str:
        """`Workflow hello`, for a message."""
        name = documents.name(self.document) or documents.generate_name(self.document)
        return f"{self.kind} {name}".strip()

    def problem(self, path: str, message: str, suggestion: str | None = None) -> Problem:
        """A problem of this document, with the place of the field where it can be found."""
        line, column = self.locate(path)
        return Problem(self.source, line, column, path, message, suggestion)


def read_sources(paths: Sequence[str], *, directories: bool = False) -> list[tuple[str, str]]:
    """(name, text) of each file; `-` is standard input. With `directories`, all manifests below a directory.

    Raises ManifestError with every file that cannot be read.
    """
    found: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in paths:
        for name in _files(path) if directories else [path]:
            try:
                found.append(("stdin", sys.stdin.read()) if name == STDIN else (name, _text(name)))
            except (OSError, UnicodeDecodeError) as error:
                problems.append(Problem(name, None, None, "", _why_unreadable(error)))
    if problems:
        raise ManifestError(problems)
    return found


def _files(path: str) -> list[str]:
    directory = Path(path)
    if path == STDIN or not directory.is_dir():
        return [path]
    return sorted(str(file) for file in directory.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def _text(name: str) -> str:
    if name.startswith(("http://", "https://")):
        raise OSError("reading from a URL is not supported by this version of argotui; download the file first")
    return Path(name).read_text(encoding="utf-8")


def _why_unreadable(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}"
    return str(getattr(error, "strerror", None) or error)


@dataclass(frozen=True)
class Loaded:
    """The documents of some files, faulty ones too, and what is wrong with files that cannot be read at all."""

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]


def read(sources: Iterable[tuple[str, str]]) -> Loaded:
    """The documents of all texts."""
    from argotui.model.manifest import read_manifests

    drafts: list[Draft] = []
    problems: list[Problem] = []
    for name, text in sources:
        try:
            drafts += [_draft(manifest) for manifest in read_manifests(text, name)]
        except ManifestError as error:
            problems += error.problems
    return Loaded(tuple(drafts), tuple(problems))


def load(sources: Iterable[tuple[str, str]]) -> list[Draft]:
    """The documents of all texts. Raises ManifestError with the problems of all of them."""
    loaded = read(sources)
    if problems := [*loaded.problems, *(fault for draft in loaded.drafts for fault in draft.faults)]:
        raise ManifestError(problems)
    return list(loaded.drafts)


@contextmanager
def also(problems: Sequence[Problem]) -> Iterator[None]:
    """Raises ManifestError with these problems at the end of the block, and with those that it raises itself."""
    try:
        yield
    except ManifestError as error:
        raise ManifestError([*problems, *error.problems]) from error
    if problems:
        raise ManifestError(problems)


def _draft(manifest: Manifest) -> Draft:
    return Draft(
        manifest.source, manifest.document, manifest.locate, manifest.faults, manifest.checkable, manifest.doubts
    )


def as_understood(drafts: Sequence[Draft], *, is_local: bool) -> tuple[list[Draft], list[str]]:
    """The drafts as they are sent, with notes about what was changed.

    The local cluster keeps what the author wrote. Another one is run by a controller that may know today's fields
    only and would pass over the older ones without a word.
    """
    from argotui.model.manifest.spots import format_path

    if is_local:
        return list(drafts), []
    sent, notes = [], []
    for draft in drafts:
        sent.append(replace(draft, document=today(draft.document)))
        for form in older_forms(draft.document):
            path = format_path(form.path)
            notes.append(str(draft.problem(path, "an older form, sent as it is written today", form.today)))
    return sent, notes


@dataclass(frozen=True)
class Checked:
    """What checking found. `notes` do not stop anything, but the person should know them."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


async def check(
    client: Client | None, namespace: str, drafts: Sequence[Draft], *, is_local: bool, submit: bool = False
) -> Checked:
    """Everything that is wrong with the drafts, in their order.

    Faults of their own are among it; they are told once, together with what their meaning shows.
    Templates they refer to are taken from the drafts themselves, then from the cluster (without a client: from the
    drafts only). What this version's own controller cannot run is a problem for the local cluster; elsewhere it is
    a note, since another controller may be able to. Raises ApiError when the cluster refuses to be asked.
    """
    within = [_within(draft, namespace) for draft in drafts]
    templates = _Templates(client)
    for draft in within:
        if draft.checkable:
            templates.add(draft.document)
    await templates.fetch(draft.document for draft in within if draft.checkable)
    problems = [*_twice(within)]
    notes: list[str] = []
    for draft in within:
        if draft.kind not in _ARGO_KINDS:
            problems += draft.faults
            continue
        refused = list(_unsupported(draft, templates)) if draft.checkable else []
        invalid = [*draft.faults, *(_invalid(draft, templates, submit=submit) if draft.checkable else ())]
        if not is_local:
            notes += [f"{problem} (argotui's own controller cannot run it)" for problem in refused]
        problems += sorted([*invalid, *refused] if is_local else invalid, key=_place)
    return Checked(tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(notes)))


def _within(draft: Draft, namespace: str) -> Draft:
    """The draft in its namespace, which names in it are looked up in."""
    if documents.namespace(draft.document) or draft.kind == "ClusterWorkflowTemplate":
        return draft
    metadata = {**(draft.document.get("metadata") or {}), "namespace": namespace}
    return replace(draft, document={**draft.document, "metadata": metadata})


def unsupported(document: Document) -> list[tuple[str, str]]:
    """Fields that upstream knows and this version's controller does not run: (path, reason)."""
    from argotui.model.manifest import unsupported as found

    return found(document)


def _place(problem: Problem) -> tuple[int, int]:
    """Order of problems: as they stand in the file, those without a place first."""
    return problem.line or 0, problem.column or 0


def _twice(drafts: Sequence[Draft]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], Draft] = {}
    for draft in drafts:
        name = documents.name(draft.document)
        first = seen.setdefault((draft.kind, documents.namespace(draft.document), name), draft)
        if name and first is not draft:
            yield draft.problem("metadata.name", f"{draft.called} is defined twice, here and in {first.source}")


def _unsupported(draft: Draft, templates: _Templates) -> Iterator[Problem]:
    for path, reason in unsupported(draft.document):
        yield draft.problem(path, reason)
    for path, reference in references(draft.document):
        for place, reason in templates.unsupported(draft.document, reference):
            yield draft.problem(path, f"in {reference.called}: {place}: {reason}")


def _invalid(draft: Draft, templates: _Templates, *, submit: bool) -> Iterator[Problem]:
    from argotui.engine.validate import validate

    for finding in validate(draft.document, templates, submit=submit):
        if not draft.doubts(finding.path):
            yield draft.problem(finding.path, finding.reason or finding.message, finding.suggestion)


@dataclass(frozen=True)
class Reference:
    """A template object that a document names; `template` is the one of its templates that is used, empty for all."""

    name: str
    cluster: bool
    template: str = ""

    @property
    def called(self) -> str:
        kind = "ClusterWorkflowTemplate" if self.cluster else "WorkflowTemplate"
        return f"{kind} {self.name}"


def references(document: Document) -> Iterator[tuple[str, Reference]]:
    """Every `templateRef` and `workflowTemplateRef` of the document with the path of its field."""
    stack: list[tuple[str, Any]] = [("spec", document.get("spec"))]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("templateRef", "workflowTemplateRef") and isinstance(inner, dict) and _is_fixed(inner):
                    yield f"{path}.{key}", _reference(inner)
                stack.append((f"{path}.{key}", inner))
        elif isinstance(value, list):
            stack += [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]


def _is_fixed(reference: Mapping[str, Any]) -> bool:
    """Whether the name is known now, and not only when the workflow runs."""
    return bool(reference.get("name")) and "{{" not in str(reference["name"])


def _reference(found: Mapping[str, Any]) -> Reference:
    return Reference(str(found["name"]), bool(found.get("clusterScope")), str(found.get("template") or ""))


class _Templates:
    """The templates that exist beside a document: those of the same files, and those of the cluster."""

    def __init__(self, client: Client | None) -> None:
        self._client = client
        self._found: dict[tuple[str, str], Document | None] = {}

    def add(self, document: Document) -> None:
        """Takes in a document that is one of these kinds."""
        if documents.kind(document) in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
            self._found[documents.key(document)] = document

    async def fetch(self, these: Iterable[Document]) -> None:
        """Reads everything that the documents refer to, and what that refers to."""
        waiting = list(these)
        while waiting:
            document = waiting.pop()
            namespace = documents.namespace(document)
            for _, reference in references(document):
                key = ("" if reference.cluster else namespace, reference.name)
                if key not in self._found:
                    template = await self._get(reference, namespace)
                    self._found[key] = template
                    if template is not None:
                        # templates of the cluster are looked up from the namespace of the workflow that uses them
                        metadata = {**(template.get("metadata") or {}), "namespace": namespace}
                        waiting.append({**template, "metadata": metadata})

    async def _get(self, reference: Reference, namespace: str) -> Document | None:
        if self._client is None:
            return None
        try:
            if reference.cluster:
                return await self._client.get(CLUSTER_WORKFLOW_TEMPLATES, reference.name)
            return await self._client.get(WORKFLOW_TEMPLATES, reference.name, namespace)
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    def workflow_template(self, namespace: str, name: str) -> Document | None:
        """As `engine.validate.TemplateSource` asks for it."""
        return self._found.get((namespace, name))

    def cluster_workflow_template(self, name: str) -> Document | None:
        """As `engine.validate.TemplateSource` asks for it."""
        return self._found.get(("", name))

    def unsupported(self, document: Document, reference: Reference) -> Iterator[tuple[str, str]]:
        """What this version cannot run in the part of a template object that is referred to."""
        found = self._found.get(("" if reference.cluster else documents.namespace(document), reference.name))
        if found is None:
            return
        templates = [t.get("name") for t in documents.dig(found, "spec", "templates") or () if isinstance(t, dict)]
        used = templates.index(reference.template) if reference.template in templates else None
        for path, reason in unsupported(found):
            if not reference.template or (used is not None and path.startswith(f"spec.templates[{used}]")):
                yield path, reason
