"""ConfigMaps, Secrets and claims that pods refer to: read when the pod starts, waited for when they are not there."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from contextlib import aclosing
from dataclasses import dataclass

from argotui.executor.insist import insist
from argotui.kube.errors import ApiError, KubeError
from argotui.local.kubelet.api import Api
from argotui.local.secrets import CERTIFICATE_MAP
from argotui.model.documents import Document, deleted, dig, resource_version, uid
from argotui.model.documents import name as name_of
from argotui.model.resources import CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS, SERVICE_ACCOUNTS, Resource

log = logging.getLogger(__name__)
_PAUSE = 1.0


@dataclass(eq=False)
class Missing(Exception):
    """Something that a pod refers to is not there yet. `reason` and `message` are for the container's waiting state."""

    resource: Resource
    namespace: str
    name: str
    version: str
    """resourceVersion of the object that lacks a key; "" when there is no object."""
    message: str
    reason: str = "CreateContainerConfigError"
    is_coming: bool = False
    """Whether it is usually there a moment later, so that nobody needs to be told at once."""

    def __str__(self) -> str:
        return self.message


class References:
    """Reads the objects that one pod refers to, each of them once."""

    def __init__(self, api: Api, namespace: str, authority: bytes = b"") -> None:
        self._api = api
        self._namespace = namespace
        self._read: dict[tuple[str, str], tuple[dict[str, bytes], str] | None] = {}
        if authority:
            self._read[CONFIG_MAPS.plural, CERTIFICATE_MAP] = {"ca.crt": authority}, ""

    async def values(self, resource: Resource, name: str, optional: bool = False) -> dict[str, bytes]:
        """Keys and contents. Raises Missing when there is no such object, unless it is optional."""
        found = await self._find(resource, name)
        if found is None:
            if optional:
                return {}
            raise Missing(resource, self._namespace, name, "", f'{resource.singular} "{name}" not found')
        return found[0]

    async def value(self, resource: Resource, name: str, key: str, optional: bool = False) -> bytes | None:
        """One key's content. Raises Missing; None when it is optional and not there."""
        found = await self.values(resource, name, optional)
        if key in found:
            return found[key]
        if optional:
            return None
        known = self._read[resource.plural, name]
        kind = resource.kind
        message = f"couldn't find key {key} in {kind} {self._namespace}/{name}"
        raise Missing(resource, self._namespace, name, known[1] if known else "", message)

    async def token(self, account: str, pod: Document, source: Document) -> bytes:
        """A token of a ServiceAccount that lives as long as the pod. Raises Missing."""
        bound = {"kind": "Pod", "apiVersion": "v1", "name": name_of(pod), "uid": uid(pod)}
        spec: Document = {"boundObjectRef": bound, "expirationSeconds": source.get("expirationSeconds") or 3600}
        if source.get("audience"):
            spec["audiences"] = [source["audience"]]
        path = SERVICE_ACCOUNTS.path(self._namespace, account, "token")
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        try:
            made = await insist(lambda: self._api.raw("POST", path, body=body), f"get a token of {account}")
        except ApiError as error:
            if not error.is_not_found:
                raise
            raise Missing(SERVICE_ACCOUNTS, self._namespace, account, "", error.message) from None
        return str(made["status"]["token"]).encode()

    async def claim(self, name: str) -> Document:
        """A claim that is bound and stays. Raises Missing until it is."""
        resource = PERSISTENT_VOLUME_CLAIMS
        try:
            found = await insist(
                lambda: self._api.get(resource, name, self._namespace), f"read {resource.singular} {name}"
            )
        except ApiError as error:
            if not error.is_not_found:
                raise
            raise Missing(resource, self._namespace, name, "", f'{resource.singular} "{name}" not found') from None
        if deleted(found):
            problem = f'{resource.singular} "{name}" is being deleted'
        elif dig(found, "status", "phase") != "Bound":
            problem = f'{resource.singular} "{name}" is not bound'
        else:
            return found
        raise Missing(resource, self._namespace, name, resource_version(found), problem, is_coming=not deleted(found))

    async def _find(self, resource: Resource, name: str) -> tuple[dict[str, bytes], str] | None:
        key = (resource.plural, name)
        if key not in self._read:
            try:
                what = f"read {resource.singular} {name}"
                document = await insist(lambda: self._api.get(resource, name, self._namespace), what)
                self._read[key] = contents(document), resource_version(document)
            except ApiError as error:
                if not error.is_not_found:
                    raise
                self._read[key] = None
        return self._read[key]


def contents(document: Document) -> dict[str, bytes]:
    """The data of a ConfigMap or Secret as bytes; broken base64 counts as empty."""
    found: dict[str, bytes] = {}
    encoded = document.get("data") or {}
    for key, value in encoded.items():
        if document.get("kind") == SECRETS.kind:
            try:
                found[key] = base64.b64decode(value or "")
            except binascii.Error:
                found[key] = b""
        else:
            found[key] = str(value).encode()
    for key, value in (document.get("binaryData") or {}).items():
        found[key] = base64.b64decode(value)
    return found


async def changed(api: Api, missing: Missing) -> None:
    """Returns when the object has appeared or changed since it was read."""
    selector = f"metadata.name={missing.name}"
    while True:
        try:
            page = await api.list(missing.resource, missing.namespace, field_selector=selector)
            if any(resource_version(item) != missing.version for item in page.items):
                return
            stream = api.watch(
                missing.resource, missing.namespace, resource_version=page.resource_version, field_selector=selector
            )
            async with aclosing(stream):
                async for event in stream:
                    if event.type in ("ADDED", "MODIFIED"):
                        return
        except KubeError as error:
            log.debug("waiting for %s %s: %s", missing.resource.singular, missing.name, error)
        await asyncio.sleep(_PAUSE)


KINDS = {"configMap": CONFIG_MAPS, "secret": SECRETS}
