"""POST serviceaccounts/NAME/token: a token for some time, bound to a pod or a Secret if that is asked for."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from argotui.local.apiserver import bodies, objectmeta, status, views
from argotui.local.apiserver.access.tokens import ISSUER
from argotui.local.apiserver.access.users import account_name
from argotui.local.apiserver.answers import answer
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import missing
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.storage.entry import Key
from argotui.model.documents import Document
from argotui.model.times import format_time

_GROUP, _KIND = "authentication.k8s.io", "TokenRequest"
_SHORTEST, _LONGEST, _USUAL = 600, 1 << 32, 3600
MOUNTED_SECONDS = 3607
"""What mounted tokens ask for. As in Kubernetes they are good for a year, since many programs read them only once."""
_YEAR = 365 * 24 * 3600
_BOUND = {"Pod": "pods", "Secret": "secrets"}


async def create(call: Call) -> web.StreamResponse:
    """Answers a TokenRequest with its token. Raises StatusError 404, 409 or 422."""
    document = bodies.decode_object(await bodies.read(call.request), call.request.content_type)
    account = call.context.store.get(call.key)
    if account is None:
        raise missing(call)
    if call.query.get("dryRun"):
        raise status.bad_request("dryRun is not supported for tokens; nothing was made")
    spec = document.get("spec") or {}
    if not isinstance(spec, dict):
        raise status.bad_request("spec has to be an object")
    seconds, audiences = _seconds(spec), _audiences(spec)
    own: Document = {"namespace": call.target.namespace}
    own["serviceaccount"] = {"name": call.target.name, "uid": account.uid}
    bound = _bound(call, spec.get("boundObjectRef"), own)
    now = int(time.time())
    expires = now + seconds
    if seconds == MOUNTED_SECONDS and "pod" in own:
        expires, own["warnafter"] = now + _YEAR, now + seconds
    claims = {
        "aud": audiences, "exp": expires, "iat": now, "iss": ISSUER, "jti": str(uuid.uuid4()), "kubernetes.io": own,
        "nbf": now, "sub": account_name(call.target.namespace, call.target.name),
    }  # fmt: skip
    shown = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound}
    result = {
        "kind": _KIND,
        "apiVersion": f"{_GROUP}/v1",
        "metadata": {
            "name": call.target.name,
            "namespace": call.target.namespace,
            "creationTimestamp": objectmeta.now(),
        },
        "spec": shown,
        "status": {
            "token": call.context.access.signer.sign(claims),
            "expirationTimestamp": format_time(datetime.fromtimestamp(now + seconds, UTC)),
        },
    }
    return await answer(call, views.encode(result), 201)


def _seconds(spec: Document) -> int:
    seconds = spec.get("expirationSeconds")
    if seconds is None:
        return _USUAL
    why = ""
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise status.bad_request("spec.expirationSeconds has to be a whole number")
    if seconds < _SHORTEST:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > _LONGEST:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        raise _invalid("FieldValueInvalid", f"Invalid value: {seconds}: {why}", "spec.expirationSeconds")
    return seconds


def _audiences(spec: Document) -> list[str]:
    audiences = spec.get("audiences") or [ISSUER]
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        raise status.bad_request("spec.audiences has to be a list of texts")
    return audiences


def _bound(call: Call, wanted: Any, own: Document) -> Document | None:
    """What the token lives and dies with; noted in `own`. Raises StatusError 404, 409 or 422."""
    if not wanted:
        return None
    if not isinstance(wanted, dict):
        raise status.bad_request("spec.boundObjectRef has to be an object")
    kind, name, uid = (str(wanted.get(part) or "") for part in ("kind", "name", "uid"))
    collection = _BOUND.get(kind)
    if collection is None:
        raise status.bad_request(f'cannot bind token for serviceaccount "{call.target.name}" to object type {kind!r}')
    entry = call.context.store.get(Key(collection, call.target.namespace, name))
    if entry is None:
        raise status.not_found(collection, "", name)
    used = entry.fields.get("spec.serviceAccountName") or "default"
    if kind == "Pod" and used != call.target.name:
        text = f'cannot bind token for serviceaccount "{call.target.name}" to pod running with different serviceaccount'
        raise status.bad_request(text)
    if uid and uid != entry.uid:
        why = f"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have"
        raise status.conflict(collection, "", name, f"{why} been deleted and then recreated")
    own[kind.lower()] = {"name": name, "uid": entry.uid}
    return {"kind": kind, "apiVersion": "v1", "name": name, "uid": entry.uid}


def _invalid(reason: str, message: str, path: str) -> status.StatusError:
    return status.invalid(_KIND, _GROUP, "", [Cause(reason, message, path)])
