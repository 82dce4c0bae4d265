"""Reference-only mode: what a workflow may say itself when the controller insists on templates (§2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MODES: Final = ("Strict", "Secure")

_ALLOWED: Final = frozenset(
    {
        "entrypoint",
        "arguments",
        "shutdown",
        "suspend",
        "activeDeadlineSeconds",
        "priority",
        "ttlStrategy",
        "podGC",
        "volumeClaimGC",
        "archiveLogs",
        "workflowMetadata",
        "workflowTemplateRef",
        "metrics",
        "artifactGC",
    }
)
_NOT_IN_ARTIFACT_GC: Final = ("serviceAccountName", "podSpecPatch", "podMetadata")

MUST_REFER: Final = "workflows must use workflowTemplateRef to be executed when the controller is in reference mode"
MUST_NOT_CHANGE: Final = (
    "workflowSpec may not change during execution when the controller is set `templateReferencing: Secure`"
)


def refusal(mode: str, spec: Mapping[str, Any]) -> str:
    """Why a workflow with this spec must not run; empty when it may. mode: of the controller, empty for none."""
    if not mode:
        return ""
    if spec.get("workflowTemplateRef") is None:
        return MUST_REFER
    own = [key for key in spec if key not in _ALLOWED and spec[key] not in (None, "", [], {})]
    collecting = spec.get("artifactGC") or {}
    own += [f"artifactGC.{key}" for key in _NOT_IN_ARTIFACT_GC if collecting.get(key)]
    if not own:
        return ""
    return f"spec.{sorted(own)[0]} must not be set when the controller is set `templateReferencing: {mode}`"
