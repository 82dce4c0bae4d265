"""`podSpecPatch`: changes of a pod's spec, written as text (§2.3)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from argotui.model.documents import Document
from argotui.model.manifest import load_yaml
from argotui.model.patching import PatchError, strategic_merge
from argotui.model.problem import ManifestError


class SpecPatchError(ValueError):
    """A `podSpecPatch` that cannot be read or applied; the text quotes it."""


def patch_pod_spec(spec: Document, patches: Iterable[str]) -> Document:
    """A pod spec after `podSpecPatch` texts, YAML or JSON, one after the other; empty ones change nothing.

    Fields that pods do not have are left for the API server to judge.  Raises SpecPatchError.
    """
    result = spec
    for text in patches:
        if not text.strip():
            continue
        try:
            result = strategic_merge(result, _patch_of(text), "PodSpec")
        except (PatchError, ManifestError, ValueError) as error:
            raise SpecPatchError(f"invalid podSpecPatch {json.dumps(text, ensure_ascii=False)}: {error}") from error
    return result


def _patch_of(text: str) -> Document:
    if text.lstrip().startswith("{"):
        found: Any = json.loads(text)
    else:
        found = load_yaml(text, "podSpecPatch")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError("it must be an object with fields of a pod's spec")
    return found
