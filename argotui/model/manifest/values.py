"""YAML and JSON as plain values, checked against no model: for pod patches, resource manifests and bodies.

Without the models, whose import costs more than all the rest of a process's start.
"""

from __future__ import annotations

from typing import Any

from argotui.model.manifest import reader
from argotui.model.manifest.octal import OctalInt
from argotui.model.problem import ManifestError, Problem


def load_yaml(text: str, source: str = "text") -> Any:
    """One YAML or JSON value with the same rules, not checked against a model; None when it is empty.

    Raises ManifestError.
    """
    found = read_yaml(text, source)
    if len(found) > 1:
        raise ManifestError([Problem(source, None, None, "", "more than one document")])
    return found[0] if found else None


def read_yaml(text: str, source: str = "text") -> list[Any]:
    """The values of all documents of a text, empty ones left out, with the same rules. Raises ManifestError."""
    values: list[Any] = plain_numbers([read.value for read in reader.read_documents(text, source)])
    return values


def plain_numbers(value: Any) -> Any:
    """Replace numbers that remember how they were written by ordinary ones, in place."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        pairs = item.items() if isinstance(item, dict) else enumerate(item)
        for key, part in list(pairs):
            if isinstance(part, OctalInt):
                item[key] = int(part)
            elif isinstance(part, dict | list):
                waiting.append(part)
    return value
