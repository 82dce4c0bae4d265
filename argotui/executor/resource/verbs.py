"""kubectl's verbs, for one object each. All of them raise ResourceError with kubectl's words."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from argotui.executor.resource.api import ResourceError, refused, usage
from argotui.executor.resource.flags import Options
from argotui.executor.resource.requests import Requests, required
from argotui.executor.resource.targets import Target
from argotui.kube.client import PatchKind
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document, compact_json
from argotui.model.patching import create_three_way_patch

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
PATCH_KINDS: Final = {"strategic": PatchKind.STRATEGIC, "merge": PatchKind.MERGE, "json": PatchKind.JSON}
_GONE_PAUSE: Final = 0.2


async def get(requests: Requests, target: Target, options: Options) -> Document | None:
    """The object; None when it is not there and `--ignore-not-found` is given."""
    try:
        return await requests.get(target.path)
    except ApiError as error:
        if error.is_not_found and options.is_on("--ignore-not-found"):
            return None
        raise refused(error) from None


async def create(requests: Requests, target: Target, options: Options, *, begun: bool) -> Document:
    """begun: an earlier attempt may have created it already, so that it is ours when it is there."""
    body = {**target.document, "metadata": {**target.document["metadata"]}}
    if target.name:
        body["metadata"]["name"] = target.name
    query = {"fieldManager": "kubectl-create", "fieldValidation": options.validation}
    try:
        return await requests.send("POST", target.collection, body, query=query)
    except ApiError as error:
        if error.is_already_exists and (begun or requests.repeated):
            return await required(requests, target.path)
        raise refused(error, "creating") from None


async def apply(requests: Requests, target: Target, options: Options, *, begun: bool) -> Document:
    """Client-side: what was applied before, what is there, and what shall be there are merged."""
    if not target.document["metadata"].get("name"):
        raise usage("cannot use generate name with apply")
    wanted = _annotated(target.document)
    try:
        current = await requests.get(target.path)
    except ApiError as error:
        if not error.is_not_found:
            raise refused(error, "retrieving current configuration of") from None
        made = Target(target.resource, target.namespace, target.name, wanted)
        return await create(requests, made, options, begun=begun)
    patch = create_three_way_patch(_last_applied(current), wanted, current)
    if not patch:
        return current
    query = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": options.validation}
    try:
        return await requests.send("PATCH", target.path, patch, query=query, content_type=PatchKind.MERGE.value)
    except ApiError as error:
        raise refused(error, "applying patch") from None


def _annotated(document: Document) -> Document:
    metadata = document["metadata"]
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    plain = {**document, "metadata": {**metadata, "annotations": annotations}}
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    return {**plain, "metadata": {**plain["metadata"], "annotations": {**annotations, LAST_APPLIED: text}}}


def _last_applied(current: Document) -> Document:
    try:
        found = json.loads(documents.annotations(current).get(LAST_APPLIED) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def replace(requests: Requests, target: Target, options: Options) -> Document:
    """Whatever version is there, unless the manifest names one."""
    if options.is_on("--force"):
        raise ResourceError("resource.flags: --force of replace is not supported by this version of argotui")
    metadata: Document = dict(target.document["metadata"])
    if not metadata.get("resourceVersion"):
        current = await required(requests, target.path, "replacing")
        metadata["resourceVersion"] = documents.resource_version(current)
    query = {"fieldManager": "kubectl-replace", "fieldValidation": options.validation}
    try:
        return await requests.send("PUT", target.path, {**target.document, "metadata": metadata}, query=query)
    except ApiError as error:
        raise refused(error, "replacing") from None


async def patch(requests: Requests, target: Target, body: Any, strategy: str) -> Document:
    """strategy: `strategic`, `merge` or `json`."""
    kind = PATCH_KINDS.get(strategy)
    if kind is None:
        raise usage(f'--type must be one of [json merge strategic], not "{strategy}"')
    query = {"fieldManager": "kubectl-patch"}
    content = compact_json(body).encode("utf-8", "surrogatepass")
    try:
        return await requests.send(
            "PATCH", target.path, content, query=query, content_type=kind.value, twice=kind is not PatchKind.JSON
        )
    except ApiError as error:
        raise refused(error) from None


async def delete(requests: Requests, target: Target, options: Options) -> None:
    """Returns when the object is gone; one that is not there is fine."""
    body: Document = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": options.propagation}
    if options.grace_seconds is not None:
        body["gracePeriodSeconds"] = options.grace_seconds
    try:
        before = await requests.get(target.path)
        await requests.send("DELETE", target.path, body)
    except ApiError as error:
        if error.is_not_found:
            return
        raise refused(error) from None
    if options.is_on("--wait"):
        await _gone(requests, target, documents.uid(before))


async def _gone(requests: Requests, target: Target, uid: str) -> None:
    while True:
        try:
            found = await requests.get(target.path)
        except ApiError as error:
            if error.is_not_found:
                return
            raise refused(error) from None
        if documents.uid(found) != uid:
            return
        await asyncio.sleep(_GONE_PAUSE)
