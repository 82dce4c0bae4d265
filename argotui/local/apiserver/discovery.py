"""Which groups, versions and resources there are: /api, /apis and below, plain and aggregated."""

from __future__ import annotations

from collections.abc import Iterator

from argotui.local.apiserver.served import EVERY_VERB, Collection, Served
from argotui.model.documents import Document

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"

_PART_VERBS = {
    "status": ("get", "patch", "update"),
    "log": ("get",),
    "exec": ("create", "get"),
    "attach": ("create", "get"),
    "portforward": ("create", "get"),
    "binding": ("create",),
    "eviction": ("create",),
    "token": ("create",),
}
_PART_KINDS = {
    "exec": ("", "v1", "PodExecOptions"),
    "attach": ("", "v1", "PodAttachOptions"),
    "portforward": ("", "v1", "PodPortForwardOptions"),
    "binding": ("", "v1", "Binding"),
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}
_UNSERVED = ("attach", "portforward", "eviction")
"""Subresources that are refused; they are not announced either."""

REVIEWS: dict[tuple[str, str], dict[str, tuple[str, bool]]] = {
    ("authentication.k8s.io", "v1"): {
        "selfsubjectreviews": ("SelfSubjectReview", False),
        "tokenreviews": ("TokenReview", False),
    },
    ("authorization.k8s.io", "v1"): {
        "localsubjectaccessreviews": ("LocalSubjectAccessReview", True),
        "selfsubjectaccessreviews": ("SelfSubjectAccessReview", False),
        "selfsubjectrulesreviews": ("SelfSubjectRulesReview", False),
        "subjectaccessreviews": ("SubjectAccessReview", False),
    },
}
"""Resources that only answer: group and version -> plural -> (kind, namespaced)."""


def _by_group(served: Served) -> dict[str, dict[str, list[Collection]]]:
    groups: dict[str, dict[str, list[Collection]]] = {}
    for collection in sorted(served, key=lambda c: (c.resource.group, c.resource.version, c.resource.plural)):
        groups.setdefault(collection.resource.group, {}).setdefault(collection.resource.version, []).append(collection)
    for group, version in REVIEWS:
        groups.setdefault(group, {}).setdefault(version, [])
    return groups


def core_versions() -> Document:
    """GET /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group(name: str, versions: list[str]) -> Document:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def groups(served: Served) -> Document:
    """GET /apis."""
    found = [_group(name, list(versions)) for name, versions in sorted(_by_group(served).items()) if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(served: Served, name: str) -> Document | None:
    """GET /apis/NAME, None when there is no such group."""
    versions = _by_group(served).get(name) if name else None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, list(versions))} if versions else None


def resources(served: Served, name: str, version: str) -> Document | None:
    """GET /api/v1 or /apis/NAME/VERSION, None when there is no such version."""
    collections = _by_group(served).get(name, {}).get(version)
    if collections is None:
        return None
    listed = [entry for collection in collections for entry in _plain(collection)]
    for plural, (kind, namespaced) in REVIEWS.get((name, version), {}).items():
        listed.append(
            {"name": plural, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": ["create"]}
        )
    group_version = f"{name}/{version}" if name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _plain(collection: Collection) -> Iterator[Document]:
    resource = collection.resource
    entry: Document = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(EVERY_VERB),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if collection.categories:
        entry["categories"] = list(collection.categories)
    yield entry
    for part in _parts(collection):
        of_group, of_version, kind = _part_kind(collection, part)
        below: Document = {
            "name": f"{resource.plural}/{part}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": kind,
            "verbs": list(_PART_VERBS[part]),
        }
        if of_group != resource.group:
            below |= {"group": of_group, "version": of_version}
        yield below


def _parts(collection: Collection) -> list[str]:
    return sorted(part for part in collection.subresources if part not in _UNSERVED)


def _part_kind(collection: Collection, part: str) -> tuple[str, str, str]:
    resource = collection.resource
    return _PART_KINDS.get(part, (resource.group, resource.version, resource.kind))


def aggregated(served: Served, core: bool, version: str) -> Document:
    """All of /api (`core`) or /apis in one document of apidiscovery.k8s.io/`version`."""
    items = []
    for name, versions in sorted(_by_group(served).items()):
        if (name == "") is not core:
            continue
        listed = [
            {"version": each, "freshness": "Current", "resources": _rich(name, each, collections)}
            for each, collections in versions.items()
        ]
        items.append({"metadata": {"name": name, "creationTimestamp": None}, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _rich(name: str, version: str, collections: list[Collection]) -> list[Document]:
    found = [_rich_one(collection) for collection in collections]
    for plural, (kind, namespaced) in REVIEWS.get((name, version), {}).items():
        found.append(
            {
                "resource": plural,
                "responseKind": {"group": name, "version": version, "kind": kind},
                "scope": "Namespaced" if namespaced else "Cluster",
                "singularResource": kind.lower(),
                "verbs": ["create"],
            }
        )
    return found


def _rich_one(collection: Collection) -> Document:
    resource = collection.resource
    entry: Document = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(EVERY_VERB),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if collection.categories:
        entry["categories"] = list(collection.categories)
    parts = []
    for part in _parts(collection):
        of_group, of_version, kind = _part_kind(collection, part)
        shown = {"group": of_group, "version": of_version, "kind": kind}
        parts.append({"subresource": part, "responseKind": shown, "verbs": list(_PART_VERBS[part])})
    if parts:
        entry["subresources"] = parts
    return entry


def aggregated_version(accept: str) -> str | None:
    """v2 or v2beta1 when an Accept header asks for aggregated discovery first, else None."""
    for media in accept.replace(" ", "").split(","):
        if "as=APIGroupDiscoveryList" in media and media.startswith("application/json"):
            for version in ("v2", "v2beta1"):
                if f"v={version}" in media.split(";"):
                    return version
    return None
