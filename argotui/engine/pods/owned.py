"""`setOwnerReference`: what a resource template creates belongs to the workflow (§4.8)."""

from __future__ import annotations

import yaml

from argotui.engine.pods.request import PodBuildError
from argotui.model.documents import Document
from argotui.model.manifest import read_yaml
from argotui.model.problem import ManifestError


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
        metadata = found.get("metadata") if isinstance(found.get("metadata"), dict) else {}
        references = metadata.get("ownerReferences") or []
        found["metadata"] = {**metadata, "ownerReferences": [*references, owner]}
    return "---\n".join(yaml.safe_dump(found, sort_keys=True, allow_unicode=True) for found in objects)
