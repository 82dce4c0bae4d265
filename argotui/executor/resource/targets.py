"""Which objects an action is about: those of the manifest, or those that the flags name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.gotext import quote
from argotui.executor.resource.api import ResourceError, refused, usage
from argotui.executor.resource.flags import Options
from argotui.executor.resource.kinds import Kinds
from argotui.executor.resource.requests import Requests
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.manifest import read_yaml
from argotui.model.problem import ManifestError
from argotui.model.resources import Resource

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""Of generated names, as Kubernetes has them."""


@dataclass(frozen=True)
class Target:
    """One object. namespace is None for kinds that have none; document is what the manifest says of it."""

    resource: Resource
    namespace: str | None
    name: str
    document: Document

    def __post_init__(self) -> None:
        """Raises ResourceError for names that would lead somewhere else in a URL."""
        for text in (self.name, self.namespace or ""):
            if text in (".", "..") or "/" in text or "%" in text:
                raise usage(f"invalid resource name {quote(text)}: it may not be '.' or '..' or contain '/' or '%'")

    @property
    def path(self) -> str:
        """Of the object itself. Raises ResourceError when it has no name."""
        if not self.name:
            raise usage("resource name may not be empty")
        return self.resource.path(self.namespace, self.name)

    @property
    def collection(self) -> str:
        """Of the objects of its kind."""
        return self.resource.path(self.namespace)

    def __str__(self) -> str:
        return f"{self.resource.group_resource}/{self.name}"


def read_objects(text: str) -> list[Any]:
    """The documents of a manifest, lists of objects taken apart. Raises ResourceError."""
    try:
        found = read_yaml(text, "manifest")
    except ManifestError as error:
        raise ResourceError(f"failed to read the manifest: {error}") from None
    return [item for document in found for item in _items(document)]


def _items(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        yield from document["items"]
    else:
        yield document


class Targets:
    """Finds them. home: the namespace of the pod; seed: from which the names are made that a manifest leaves open."""

    def __init__(self, requests: Requests, kinds: Kinds, home: str, seed: str) -> None:
        self._requests = requests
        self._kinds = kinds
        self._home = home
        self._seed = seed

    async def of_manifest(self, objects: Sequence[Any], options: Options) -> list[Target]:
        """Raises ResourceError."""
        return [await self._of_object(found, options, index) for index, found in enumerate(objects)]

    async def _of_object(self, found: Any, options: Options, index: int) -> Target:
        if not isinstance(found, dict):
            raise ResourceError("the manifest is not an object with apiVersion, kind and metadata")
        resource = await self._kinds.of_object(found)
        given = found.get("metadata")
        if given is not None and not isinstance(given, dict):
            raise ResourceError("metadata of the manifest is not an object")
        metadata: Document = dict(given or {})
        namespace = self._namespace(resource, str(metadata.get("namespace") or ""), options)
        if namespace:
            metadata["namespace"] = namespace
        name = str(metadata.get("name") or "")
        if not name and metadata.get("generateName"):
            # made here, from who we are: a create that has to be sent again cannot make a second object
            name = str(metadata["generateName"]) + _suffix(f"{self._seed}/{index}")
        return Target(resource, namespace, name, {**found, "metadata": metadata})

    def _namespace(self, resource: Resource, given: str, options: Options) -> str | None:
        if not resource.namespaced:
            return None
        wanted = options.namespace
        if given and wanted and given != wanted:
            raise usage(
                f'the namespace from the provided object "{given}" does not match the namespace "{wanted}". '
                f"You must pass '--namespace={given}' to perform this operation."
            )
        return given or wanted or self._home

    async def of_arguments(self, options: Options) -> list[Target]:
        """Those that words name: `pod x y`, `pod/x`, or a type and `--selector`. Raises ResourceError."""
        words = options.arguments
        if all("/" in word for word in words):
            pairs = [word.partition("/")[::2] for word in words]
        else:
            pairs = [(words[0], name) for name in words[1:]]
        if pairs:
            return [await self._named(kind, name, options) for kind, name in pairs]
        return await self._selected(words[0], options)

    async def _named(self, kind: str, name: str, options: Options) -> Target:
        resource = await self._kinds.of_word(kind)
        return Target(resource, self._namespace(resource, "", options), name, {})

    async def _selected(self, kind: str, options: Options) -> list[Target]:
        query = {"labelSelector": options.text("--selector"), "fieldSelector": options.text("--field-selector")}
        query = {key: value for key, value in query.items() if value}
        if not query and not options.is_on("--all"):
            raise usage("resource(s) were provided, but no name was specified")
        resource = await self._kinds.of_word(kind)
        namespace = self._namespace(resource, "", options)
        try:
            listed = await self._requests.get(resource.path(namespace), query)
        except ApiError as error:
            raise refused(error) from None
        items = listed.get("items") or ()
        return [Target(resource, namespace, documents.name(item), {}) for item in items]


def _suffix(seed: str) -> str:
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:5])
