"""The ways to change a document: merge patch, JSON patch, strategic merge patch.  None changes its input."""

from __future__ import annotations

from argotui.model.jsonpatch import json_patch as json_patch
from argotui.model.mergepatch import PatchError as PatchError
from argotui.model.mergepatch import create_merge_patch as create_merge_patch
from argotui.model.mergepatch import create_three_way_patch as create_three_way_patch
from argotui.model.mergepatch import merge_patch as merge_patch
from argotui.model.strategic import strategic_merge as strategic_merge
