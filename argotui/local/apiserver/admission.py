"""What an object has to be before it is stored: the right kind, complete, valid."""

from __future__ import annotations

from argotui.local.apiserver import bodies, names, objectmeta, options, status
from argotui.local.apiserver.access import escalation, podaccounts
from argotui.local.apiserver.context import Call, Context
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.strategies import strategy_for
from argotui.model.documents import Document


def check_kind(collection: Collection, document: Document) -> None:
    """Sets apiVersion and kind where a built-in kind's are missing. Raises StatusError 400 for other ones."""
    resource = collection.resource
    missing = [word for key, word in (("kind", "Kind"), ("apiVersion", "apiVersion")) if not document.get(key)]
    if missing and not collection.builtin:
        what = f"(must be of type {resource.kind}): Object '{missing[0]}' is missing"
        raise status.bad_request(f"the object provided is unrecognized {what}")
    version = document.get("apiVersion") or resource.api_version
    kind = document.get("kind") or resource.kind
    if version != resource.api_version:
        raise status.bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    if kind != resource.kind:
        raise status.bad_request(f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})")
    rest = {key: value for key, value in document.items() if key not in ("apiVersion", "kind")}
    document.clear()
    document.update({"apiVersion": version, "kind": kind, **rest})


def check_place(context: Context, collection: Collection, namespace: str, name: str) -> None:
    """A new object needs a namespace, and a definition, that exists and stays. Raises StatusError 403 or 404."""
    if not collection.builtin:
        definition = context.store.latest(Key("customresourcedefinitions.apiextensions.k8s.io", "", collection.id))
        if definition is None or definition.deleting:
            resource, why = collection.resource, "create not allowed while custom resource definition is terminating"
            raise status.forbidden(resource.plural, resource.group, name, why)
    if not collection.resource.namespaced:
        return
    entry = context.store.latest(Key("namespaces", "", namespace))
    if entry is None:
        raise status.not_found("namespaces", "", namespace)
    if entry.deleting:
        resource = collection.resource
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise status.forbidden(resource.plural, resource.group, "", why)


def admit(call: Call, document: Document, old: Document | None, data: bytes, unknown: list[str]) -> None:
    """Completes and checks an object. `data` is the request's body, `unknown` fields that metadata does not have.

    Raises StatusError 400 (strict decoding) or 422.
    """
    collection = call.collection
    strategy = strategy_for(collection)
    if old is not None:
        _keep_halves(collection, document, old, call.target.subresource)
    elif collection.resource.status_subresource:
        document.pop("status", None)
    found, causes = strategy.shape(document, old)
    _report_unknown(call, data, [*unknown, *found])
    if not causes:
        if old is None and collection.id == "pods":
            podaccounts.admit(call.context.store, document)
        strategy.complete(document, old)
        causes = strategy.causes(document, old)
    causes = objectmeta.causes(collection, document) + causes
    if old is not None:
        causes = objectmeta.finalizer_causes(document, old) + causes
    if causes:
        resource = collection.resource
        refusal = status.invalid(resource.kind, resource.group, document["metadata"].get("name", ""), causes)
        refusal.warnings += call.warnings
        raise refusal
    escalation.check(call.context.access.authoriser, call.user, collection, document, old)
    call.warnings += strategy.warnings(document, old)


def _report_unknown(call: Call, data: bytes, unknown: list[str]) -> None:
    """Fields that were dropped, as the parameter fieldValidation wants them reported."""
    mode = options.field_validation(call)
    if mode == "Ignore":
        return
    faults = [f'unknown field "{path}"' for path in unknown]
    if mode == "Strict" or not options.from_own_component(call):
        faults += [f'duplicate field "{path}"' for path in bodies.duplicate_fields(data)]
    if faults and mode == "Strict":
        raise _undecodable(call, data, f"strict decoding error: {', '.join(faults)}")
    call.warnings += faults


def _undecodable(call: Call, data: bytes, why: str) -> status.StatusError:
    if call.request.method == "PATCH":
        text = f"Invalid value: {names.quoted(data.decode(errors='replace')[:1024])}: {why}"
        return status.invalid("", "", "", [Cause("FieldValueInvalid", text, "patch")])
    kind, version = call.collection.resource.kind, call.collection.resource.version
    return status.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {why}')


def _keep_halves(collection: Collection, document: Document, old: Document, subresource: str) -> None:
    """A write to /status changes nothing but status, one to the object does not change it."""
    if subresource == "status":
        wanted = document.get("status")
        metadata = document["metadata"]
        document.clear()
        document.update(old)
        document["metadata"] = metadata
        document.pop("status", None)
        if wanted is not None:
            document["status"] = wanted
    elif collection.resource.status_subresource:
        document.pop("status", None)
        if "status" in old:
            document["status"] = old["status"]
