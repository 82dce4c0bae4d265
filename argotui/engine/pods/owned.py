"""`setOwnerReference`: what a resource template creates belongs to the workflow (§4.8)."""

from __future__ import annotations

import re
from typing import Final

import yaml

from argotui.engine.pods.request import PodBuildError
from argotui.model.documents import Document
from argotui.model.manifest import read_yaml
from argotui.model.problem import ManifestError

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_WORDS: Final = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_WIDTH: Final = 1_000_000


def owned(template: Document, owner: Document) -> Document:
    """The template with the owner in every object of its resource's manifest, if it asks for that.

    Raises PodBuildError when the manifest cannot be read.
    """
    resource = template.get("resource") or {}
    if not resource.get("setOwnerReference") or not resource.get("manifest"):
        return template
    return {**template, "resource": {**resource, "manifest": _with_owner(str(resource["manifest"]), owner)}}


def _with_owner(text: str, owner: Document) -> str:
    try:
        objects = read_yaml(text, "manifest")
    except ManifestError as error:
        raise PodBuildError(str(error)) from None
    for found in objects:
        if not isinstance(found, dict):
            raise PodBuildError("setOwnerReference: the manifest is not an object")
        given = found.get("metadata")
        metadata: Document = given if isinstance(given, dict) else {}
        references = metadata.get("ownerReferences") or []
        found["metadata"] = {**metadata, "ownerReferences": [*references, owner]}
    return "---\n".join(_text(found) for found in objects)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some reader of YAML might take for something else."""


def _represent(dumper: _Dumper, text: str) -> yaml.Node:
    plain = _PLAIN.match(text) is not None and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent)


def _text(found: Document) -> str:
    text: str = yaml.dump(found, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=_WIDTH)
    return text
