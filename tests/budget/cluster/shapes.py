"""The workflows that are measured, and how many of their pods may be made at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from argotui.model.documents import Document

_LEAF: Document = {"name": "leaf", "container": {"image": "busybox", "command": ["true"]}}


@dataclass(frozen=True)
class Shape:
    """`workflows` of them, each with `layers` of `width` pods; a layer waits for the whole one before it."""

    title: str
    workflows: int
    layers: int
    width: int
    entry: Callable[[int, int], Document]

    @property
    def prefix(self) -> str:
        """How the names of its workflows begin."""
        return f"w{self.workflows}-l{self.layers}-p{self.width}-"

    @property
    def pods(self) -> int:
        """Of all workflows together."""
        return self.workflows * self.layers * self.width

    def document(self, number: int) -> Document:
        """One of the workflows, by number."""
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": f"{self.prefix}{number}", "namespace": "argo"},
            "spec": {"entrypoint": "main", "templates": [self.entry(self.layers, self.width), _LEAF]},
        }


def _steps(layers: int, width: int) -> Document:
    return {"name": "main", "steps": [[{"name": f"s{layer}", "template": "leaf"}] for layer in range(layers)]}


def _items(layers: int, width: int) -> Document:
    loop = {"name": "all", "template": "leaf", "withSequence": {"count": str(width)}}
    return {"name": "main", "steps": [[loop]]}


def _tasks(layers: int, width: int) -> Document:
    tasks = [
        {
            "name": f"t{layer}-{place}",
            "template": "leaf",
            "dependencies": [f"t{layer - 1}-{before}" for before in range(width)] if layer else [],
        }
        for layer in range(layers)
        for place in range(width)
    ]
    return {"name": "main", "dag": {"tasks": tasks}}


SHAPES = (
    Shape("chain of 50", 1, 50, 1, _steps),
    Shape("fan-out of 500", 1, 1, 500, _items),
    Shape("layers, 10 of 20", 1, 10, 20, _tasks),
    Shape("many: 100 of 5 steps", 100, 5, 1, _steps),
    Shape("fan-out of 2,000", 1, 1, 2000, _items),
)
