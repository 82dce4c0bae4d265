"""Manifests as people write them: models of every field, loading with located problems.

Reading is strict where upstream's strict decoding is, and gives each problem its line, its path and
what would be right.  Which of the known fields this version does not run is said by `unsupported`.

The models are imported when they are asked for: processes that only read YAML can do without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argotui.model.manifest.load import MODELS as MODELS
    from argotui.model.manifest.load import Manifest as Manifest
    from argotui.model.manifest.load import check as check
    from argotui.model.manifest.load import load_manifests as load_manifests
    from argotui.model.manifest.load import read_manifests as read_manifests
    from argotui.model.manifest.supported import unsupported as unsupported
    from argotui.model.manifest.values import load_yaml as load_yaml
    from argotui.model.manifest.values import read_yaml as read_yaml

_PLACES = {"load_yaml": "values", "read_yaml": "values", "unsupported": "supported"} | dict.fromkeys(
    ("MODELS", "Manifest", "check", "load_manifests", "read_manifests"), "load"
)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    found = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = found
    return found
