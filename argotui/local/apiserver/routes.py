"""Which function answers which request."""

from __future__ import annotations

from argotui.local.apiserver import deleting, reading, requests, status, watch, writing
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
    if method == "GET" and not target.subresource and requests.flag(call.query, "watch"):
        return watch.serve
    if method not in table:
        raise status.method_not_allowed()
    return table[method]


def _subresource(call: Call) -> dict[str, Handler]:
    name = call.target.subresource
    if name not in call.collection.subresources:
        raise status.no_such_resource()
    if name == "status":
        return _STATUS
    raise status.method_not_allowed(f"{call.collection.resource.plural}/{name} is not supported by this version of argotui")
