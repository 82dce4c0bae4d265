"""Manifests as people write them: models of every field, loading with located problems.

Reading is strict where upstream's strict decoding is, and gives each problem its line, its path and
what would be right.  Which of the known fields this version does not run is said by `unsupported`.
"""

from __future__ import annotations

from argotui.model.manifest.load import MODELS as MODELS
from argotui.model.manifest.load import Manifest as Manifest
from argotui.model.manifest.load import check as check
from argotui.model.manifest.load import load_manifests as load_manifests
from argotui.model.manifest.load import load_yaml as load_yaml
from argotui.model.manifest.load import read_manifests as read_manifests
from argotui.model.manifest.load import read_yaml as read_yaml
from argotui.model.manifest.supported import unsupported as unsupported
