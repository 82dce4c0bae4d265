"""Live objects: plain JSON documents and small typed views of them.

A live object is what the API returned, kept as it is, so that a field this program does not know
survives a round trip.  The accessors answer for any document, also for one with `metadata` missing
or set to null; they never change the document and never invent a value other than the empty one.
"""

import json
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
"""A JSON object: str keys; values str, int, float, bool, None, list or dict."""


def _metadata(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    found = doc.get("metadata")
    return found if isinstance(found, dict) else {}


def _text(doc: Mapping[str, Any], key: str) -> str:
    found = _metadata(doc).get(key)
    return found if isinstance(found, str) else ""


def kind(doc: Mapping[str, Any]) -> str:
    """The object's `kind`, empty when it has none (list items often do not)."""
    found = doc.get("kind")
    return found if isinstance(found, str) else ""


def api_version(doc: Mapping[str, Any]) -> str:
    """The object's `apiVersion` (`v1`, `argoproj.io/v1alpha1`), empty when it has none."""
    found = doc.get("apiVersion")
    return found if isinstance(found, str) else ""


def name(doc: Mapping[str, Any]) -> str:
    """`metadata.name`, or empty."""
    return _text(doc, "name")


def namespace(doc: Mapping[str, Any]) -> str:
    """`metadata.namespace`, or empty (cluster-scoped, or not sent yet)."""
    return _text(doc, "namespace")


def uid(doc: Mapping[str, Any]) -> str:
    """`metadata.uid`, or empty."""
    return _text(doc, "uid")


def generate_name(doc: Mapping[str, Any]) -> str:
    """`metadata.generateName`, or empty."""
    return _text(doc, "generateName")


def resource_version(doc: Mapping[str, Any]) -> str:
    """`metadata.resourceVersion`, or empty.  Opaque: compare for equality only."""
    return _text(doc, "resourceVersion")


def created(doc: Mapping[str, Any]) -> str:
    """`metadata.creationTimestamp` as RFC 3339 text, or empty."""
    return _text(doc, "creationTimestamp")


def deleted(doc: Mapping[str, Any]) -> str:
    """`metadata.deletionTimestamp` as RFC 3339 text, empty while nobody asked for deletion."""
    return _text(doc, "deletionTimestamp")


def labels(doc: Mapping[str, Any]) -> dict[str, str]:
    """`metadata.labels`; an empty dict of its own when there are none."""
    found = _metadata(doc).get("labels")
    return found if isinstance(found, dict) else {}


def annotations(doc: Mapping[str, Any]) -> dict[str, str]:
    """`metadata.annotations`; an empty dict of its own when there are none."""
    found = _metadata(doc).get("annotations")
    return found if isinstance(found, dict) else {}


def owner(doc: Mapping[str, Any]) -> Document | None:
    """The controlling owner reference (`controller: true`), if there is one."""
    for reference in _metadata(doc).get("ownerReferences") or ():
        if isinstance(reference, dict) and reference.get("controller") is True:
            return reference
    return None


def key(doc: Mapping[str, Any]) -> tuple[str, str]:
    """(namespace, name), the key under which caches hold the object."""
    return namespace(doc), name(doc)


def dig(doc: Mapping[str, Any], *path: str) -> Any:
    """The value below nested objects (`dig(wf, "status", "phase")`), None when any part is missing."""
    value: Any = doc
    for part in path:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def clone(value: Any) -> Any:
    """A deep copy of JSON data.  Immutable leaves are shared; much faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {k: clone(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clone(v) for v in value]
    return value


def compact_json(value: Any) -> str:
    """JSON without blanks, keys in their order, text as UTF-8 (not escaped)."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_GO_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def go_json(value: Any) -> str:
    """JSON exactly as Go's encoder prints a map: sorted keys, `<`, `>`, `&` escaped, no blanks.

    Go text for floats differs from Python's only in the exponent form; whole floats lose `.0`.
    """
    return json.dumps(_go_numbers(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True).translate(
        _GO_ESCAPES
    )


def _go_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _go_numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_go_numbers(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value
