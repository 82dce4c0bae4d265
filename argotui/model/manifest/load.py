"""Manifests from files: read, checked against their models, every problem with its place."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any

from argotui.model.documents import Document
from argotui.model.keys import API_VERSION
from argotui.model.manifest import findings, reader, spots
from argotui.model.manifest.mending import mend
from argotui.model.manifest.meta import ObjectMeta
from argotui.model.manifest.normal import normalise
from argotui.model.manifest.parts import Part
from argotui.model.manifest.spots import Spot, Step
from argotui.model.manifest.values import plain_numbers
from argotui.model.manifest.workflow import (
    ClusterWorkflowTemplate,
    CronWorkflow,
    Workflow,
    WorkflowEventBinding,
    WorkflowTemplate,
)
from argotui.model.problem import ManifestError, Problem

MODELS: dict[str, type[Part]] = {
    "Workflow": Workflow,
    "WorkflowTemplate": WorkflowTemplate,
    "ClusterWorkflowTemplate": ClusterWorkflowTemplate,
    "CronWorkflow": CronWorkflow,
    "WorkflowEventBinding": WorkflowEventBinding,
}
"""Kinds of argoproj.io/v1alpha1 that are checked field by field."""


class _AnyObject(Part):
    """What every object has; the rest is the API server's to check."""

    model_config = {"extra": "allow"}

    api_version: str
    kind: str
    metadata: ObjectMeta


@dataclass(frozen=True)
class Manifest:
    """One object of a file, ready to be sent."""

    source: str
    document: Document
    kind: str
    root: Spot | None = field(default=None, repr=False, compare=False)
    faults: tuple[Problem, ...] = ()
    """What does not fit the kind's model; the document is then the nearest one that does, not to be sent."""
    checkable: bool = True
    """Whether the document fits its model, mended or not, so that its meaning can be looked at."""
    doubtful: tuple[tuple[Step, ...], ...] = ()
    """Templates and other objects about which little can be said before their faults are mended."""

    def locate(self, path: str) -> tuple[int | None, int | None]:
        """Line and column (from 1) of a path such as `spec.templates[0].name`.

        A part that is missing gives the place of the deepest part above it; (None, None) where
        positions are not known.
        """
        return spots.find(self.root, spots.parse_path(path)) if self.root else (None, None)

    def doubts(self, path: str) -> bool:
        """Whether a problem there may be due to the faults: in a faulty template, or right in a faulty object."""
        steps = spots.parse_path(path)
        return any(
            steps[: len(place)] == place and (isinstance(place[-1], int) or len(steps) <= len(place) + 1)
            for place in self.doubtful
        )

    def problem(self, path: str, message: str, suggestion: str | None = None) -> Problem:
        """A problem at a path of this manifest."""
        line, column = self.locate(path)
        return Problem(self.source, line, column, path, message, suggestion)


def load_manifests(text: str, source: str) -> list[Manifest]:
    """Read a file of one or more objects, YAML or JSON.  A `List` gives its items.

    `source` is the name that problems carry.  Raises ManifestError with all problems at once.
    """
    found = read_manifests(text, source)
    if problems := [problem for manifest in found for problem in manifest.faults]:
        raise ManifestError(problems)
    return found


def read_manifests(text: str, source: str) -> list[Manifest]:
    """The same, but objects that do not fit their model are there too, with their faults.

    Raises ManifestError for a file that cannot be read at all.
    """
    objects = [inner for read in reader.read_documents(text, source) for inner in _objects(read, source)]
    if not objects:
        raise ManifestError([Problem(source, None, None, "", "there is no object in this file")])
    return [_manifest(read, source) for read in objects]


def check(document: Any, source: str, root: Spot | None = None) -> list[Problem]:
    """What is wrong with one object; `root` gives positions where they are known."""
    line, column = (root.line, root.column) if root else (None, None)
    if not isinstance(document, dict):
        hint = "a blank is missing after the colon" if isinstance(document, str) and ":" in document else None
        return [Problem(source, line, column, "", "a manifest is an object with apiVersion, kind, …", hint)]
    if problem := _unknown_kind(document, source, root):
        return [problem]
    is_argo = document.get("apiVersion") == API_VERSION
    model = MODELS.get(str(document.get("kind"))) if is_argo else None
    found = findings.problems(model or _AnyObject, document, root, source)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and not metadata.get("name") and not metadata.get("generateName"):
        line, column = spots.find(root, ("metadata",), key=True) if root else (None, None)
        found.append(Problem(source, line, column, "metadata.name", "is missing", "or give generateName"))
    return found


def _unknown_kind(document: Document, source: str, root: Spot | None) -> Problem | None:
    kind, version = document.get("kind"), document.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        return None
    if kind in MODELS and version != API_VERSION:
        return _at(source, root, "apiVersion", f'"{version}" is not the version of a {kind}', f"write {API_VERSION}")
    if version != API_VERSION or kind in MODELS:
        return None
    close = difflib.get_close_matches(kind.lower(), [name.lower() for name in MODELS], n=1, cutoff=0.8)
    if not close:
        return None
    right = next(name for name in MODELS if name.lower() == close[0])
    return _at(source, root, "kind", f'there is no kind "{kind}"', f'did you mean "{right}"?')


def _at(source: str, root: Spot | None, step: str, message: str, suggestion: str) -> Problem:
    line, column = spots.find(root, (step,)) if root else (None, None)
    return Problem(source, line, column, step, message, suggestion)


def _objects(read: reader.Read, source: str) -> list[reader.Read]:
    """The objects of a document: itself, or the items of a list of objects."""
    value = read.value
    if not isinstance(value, dict) or value.get("kind") != "List" or not isinstance(value.get("items"), list):
        return [read]
    items = read.spot.below("items") if read.spot else None
    return [reader.Read(item, items.below(index) if items else None) for index, item in enumerate(value["items"])]


def _manifest(read: reader.Read, source: str) -> Manifest:
    faults = tuple(check(read.value, source, read.spot))
    if faults:
        return _faulty(read, source, faults)
    document: Document = read.value
    return Manifest(source, _plain(document), str(document["kind"]), read.spot)


def _faulty(read: reader.Read, source: str, faults: tuple[Problem, ...]) -> Manifest:
    value = read.value if isinstance(read.value, dict) else {}
    kind = value.get("kind") if isinstance(value.get("kind"), str) else ""
    model = MODELS.get(str(kind)) if value.get("apiVersion") == API_VERSION else None
    mended = mend(model, value) if model else None
    if mended is None:
        return Manifest(source, value, str(kind), read.spot, faults, checkable=False)
    return Manifest(source, _plain(mended.document), str(kind), read.spot, faults, doubtful=mended.doubtful)


def _plain(document: Document) -> Document:
    """A document that fits its model as it is sent."""
    kind = str(document["kind"])
    plain_numbers(document)
    if document["apiVersion"] == API_VERSION and kind in MODELS:
        normalise(MODELS[kind], document)
    return document
