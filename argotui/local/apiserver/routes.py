"""Which function answers which request."""

from __future__ import annotations

from argotui.local.apiserver import (
    applying,
    deleting,
    execs,
    logs,
    patches,
    podparts,
    reading,
    requests,
    status,
    watch,
    writing,
)
from argotui.local.apiserver.access import tokenrequests
from argotui.local.apiserver.context import Call, Handler

_OBJECT: dict[str, Handler] = {
    "GET": reading.get,
    "PUT": writing.replace,
    "PATCH": writing.patch,
    "DELETE": deleting.delete,
}
_COLLECTION: dict[str, Handler] = {
    "GET": reading.list_objects,
    "POST": writing.create,
    "DELETE": deleting.delete_collection,
}
_REFUSED: dict[str, Handler] = {"GET": podparts.refuse, "POST": podparts.refuse}
_PARTS: dict[str, dict[str, Handler]] = {
    "binding": {"POST": podparts.bind},
    "log": {"GET": logs.serve},
    "exec": {"GET": execs.serve, "POST": execs.serve},
    "token": {"POST": tokenrequests.create},
    "eviction": _REFUSED,
    "attach": _REFUSED,
    "portforward": _REFUSED,
}
_STREAMS = ("log", "exec")
_STATUS: dict[str, Handler] = {"GET": reading.get, "PUT": writing.replace, "PATCH": writing.patch}


def handler_for(call: Call) -> Handler:
    """The handler of a request. Raises StatusError 404 or 405."""
    target, method = call.target, call.request.method
    if method == "HEAD":
        method = "GET"
    if target.subresource:
        table = _subresource(call)
    elif target.name:
        table = _OBJECT
    else:
        table = _COLLECTION
    if method not in table:
        raise status.method_not_allowed()
    if target.subresource not in _STREAMS:
        call.view  # noqa: B018 - a form that cannot be answered is refused before anything is written
    if method == "PATCH" and call.request.content_type == patches.APPLY:
        return applying.apply
    if method == "GET" and not target.name and requests.flag(call.query, "watch"):
        return watch.serve
    return table[method]


def _subresource(call: Call) -> dict[str, Handler]:
    name = call.target.subresource
    if name not in call.collection.subresources and not call.collection.builtin:
        raise reading.missing(call)
    if name not in call.collection.subresources:
        raise status.no_such_resource()
    if name == "status":
        return _STATUS
    if name in _PARTS:
        return _PARTS[name]
    raise status.method_not_allowed(
        f"{call.collection.resource.plural}/{name} is not supported by this version of argotui"
    )
