"""From an object's apiVersion and kind, or a word such as `pods`, to the path that the API server has for it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from typing import Final

from argotui.executor.resource.api import MANIFEST_PATH, Api, ResourceError, refused, usage
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import Resource, find

_VERSION: Final = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")


class Kinds:
    """Asks the API server once for each group and version."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, list[Resource]] = {}

    async def of_object(self, document: Document) -> Resource:
        """The kind of an object. Raises ResourceError."""
        version, kind = str(document.get("apiVersion") or ""), str(document.get("kind") or "")
        if not kind:
            raise _unreadable("Object 'Kind' is missing in manifest")
        if not version:
            raise _unreadable("Object 'apiVersion' is missing in manifest")
        if not _VERSION.match(version):
            raise _unreadable(f"unexpected GroupVersion string: {version}")
        for resource in await self._served(version):
            if resource.kind == kind:
                return resource
        name, namespace = documents.name(document), documents.namespace(document)
        raise usage(
            f'resource mapping not found for name: "{name}" namespace: "{namespace}" from "{MANIFEST_PATH}": '
            f'no matches for kind "{kind}" in version "{version}"\nensure CRDs are installed first'
        )

    async def of_word(self, word: str) -> Resource:
        """The kind that a person means by `pods`, `po`, `pod` or `pods.v1.group`. Raises ResourceError."""
        known = find(word)
        versions = [known.api_version] if known else [version async for version in self._versions()]
        for version in versions:
            for resource in await self._served(version):
                if word.lower() in _names(resource):
                    return resource
        raise usage(f'the server doesn\'t have a resource type "{word}"')

    async def _versions(self) -> AsyncGenerator[str, None]:
        yield "v1"
        groups = await self._get("/apis")
        for group in groups.get("groups") or ():
            yield str((group.get("preferredVersion") or {}).get("groupVersion") or "")

    async def _served(self, version: str) -> list[Resource]:
        if version not in self._known:
            path = f"/apis/{version}" if "/" in version else f"/api/{version}"
            try:
                listed = await self._api.raw("GET", path)
            except ApiError as error:
                if not error.is_not_found:
                    raise refused(error) from None
                listed = {}
            self._known[version] = list(_resources(version, listed))
        return self._known[version]

    async def _get(self, path: str) -> Document:
        try:
            return await self._api.raw("GET", path)
        except ApiError as error:
            raise refused(error) from None


def _resources(version: str, listed: Document) -> Iterator[Resource]:
    group, _, own_version = version.rpartition("/")
    for entry in listed.get("resources") or ():
        if "/" not in str(entry.get("name") or "/"):
            yield Resource(
                str(entry.get("group") or group),
                str(entry.get("version") or own_version),
                str(entry.get("kind") or ""),
                str(entry["name"]),
                str(entry.get("singularName") or "") or str(entry.get("kind") or "").lower(),
                tuple(entry.get("shortNames") or ()),
                bool(entry.get("namespaced")),
            )


def _names(resource: Resource) -> set[str]:
    names = {resource.plural, resource.singular, resource.kind.lower(), *resource.short_names}
    return names | {f"{name}.{suffix}" for name in names for suffix in (resource.group, _long(resource)) if suffix}


def _long(resource: Resource) -> str:
    return f"{resource.version}.{resource.group}"


def _unreadable(why: str) -> ResourceError:
    return usage(f'unable to decode "{MANIFEST_PATH}": {why}')
