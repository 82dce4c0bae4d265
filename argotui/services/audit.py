"""Who did what, when and why: an annotation on the object and an Event beside it.

Annotations travel in the same request as the change itself, so they can neither be forgotten nor be lost; each
entry has a key of its own, so that two people who act at once do not overwrite each other. At most 10 entries and
8 KiB are kept, the oldest go first. The Event is written afterwards; where the right to write Events is missing
the action stands and the result says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from argotui.kube.errors import ApiError, KubeError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import AUDIT_PREFIX
from argotui.model.resources import EVENTS, Resource
from argotui.model.times import format_time
from argotui.services.identity import Identity

if TYPE_CHECKING:
    from argotui.kube.client import Client

MAX_ENTRIES = 10
MAX_BYTES = 8192
MAX_REASON = 1000
"""Characters of a reason that are kept."""

_KEY_TIME = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class Entry:
    """One thing that one person did. `action` is the action's id, `what` the sentence shown for it."""

    who: str
    action: str
    what: str
    when: datetime
    why: str = ""
    node: str = ""

    @classmethod
    def by(cls, identity: Identity, action: str, what: str, when: datetime, *, why: str = "", node: str = "") -> Entry:
        """An entry of this person; a reason of more than `MAX_REASON` characters is cut."""
        kept = why if len(why) <= MAX_REASON else why[: MAX_REASON - 1] + "…"
        return cls(identity.full, action, what, when, kept, node)

    @property
    def key(self) -> str:
        """Annotation key; sorts by time."""
        return AUDIT_PREFIX + self.when.astimezone(UTC).strftime(_KEY_TIME)

    @property
    def value(self) -> str:
        """Annotation value: a JSON object."""
        known = {"who": self.who, "action": self.action, "what": self.what, "why": self.why, "node": self.node}
        return json.dumps({k: v for k, v in known.items() if v}, ensure_ascii=False)

    def __str__(self) -> str:
        text = f"{self.who}: {self.what}"
        return f"{text}: {self.why}" if self.why else text


def entries(document: Mapping[str, object]) -> list[Entry]:
    """What the object's annotations tell, oldest first. Annotations that are no entry are left out."""
    found = (_parse(key, value) for key, value in _stored(document))
    return [entry for entry in found if entry]


def _stored(document: Mapping[str, object]) -> list[tuple[str, str]]:
    return sorted((k, v) for k, v in documents.annotations(document).items() if k.startswith(AUDIT_PREFIX))


def _parse(key: str, value: str) -> Entry | None:
    try:
        when = datetime.strptime(key.removeprefix(AUDIT_PREFIX), _KEY_TIME).replace(tzinfo=UTC)
        known = json.loads(value)
    except ValueError:
        return None
    if not isinstance(known, dict):
        return None
    text = {k: str(known.get(k) or "") for k in ("who", "action", "what", "why", "node")}
    return Entry(when=when, **text)


def annotation_changes(document: Mapping[str, object], entry: Entry) -> dict[str, str | None]:
    """Annotations to set (and, with None, to remove) so that the entry is added within the limits."""
    stored = _stored(document)
    size = len(entry.key) + len(entry.value.encode())
    kept = 1
    changes: dict[str, str | None] = {entry.key: entry.value}
    for key, value in reversed(stored):
        size += len(key) + len(value.encode())
        kept += 1
        if kept > MAX_ENTRIES or size > MAX_BYTES:
            changes[key] = None
    return changes


def annotated(document: Document, entry: Entry) -> Document:
    """A copy of the whole object with the entry added; what was too old is gone."""
    metadata = dict(document.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    for key, value in annotation_changes(document, entry).items():
        if value is None:
            annotations.pop(key, None)
        else:
            annotations[key] = value
    metadata["annotations"] = annotations
    return {**document, "metadata": metadata}


def annotated_patch(patch: Document, document: Mapping[str, object], entry: Entry) -> Document:
    """A copy of a merge patch that also adds the entry to the object it is for."""
    metadata = dict(patch.get("metadata") or {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotation_changes(document, entry)}
    return {**patch, "metadata": metadata}


def without_audit(document: Document) -> Document:
    """A copy without the trail: what is made from an object has a history of its own."""
    metadata = dict(document.get("metadata") or {})
    annotations = {k: v for k, v in documents.annotations(document).items() if not k.startswith(AUDIT_PREFIX)}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {**document, "metadata": metadata}


def event_for(subject: Document, res: Resource, entry: Entry) -> Document:
    """The Event that tells the entry: `kubectl describe` and every console show it beside the object."""
    name, namespace = documents.name(subject), documents.namespace(subject) or "default"
    stamp = format_time(entry.when)
    reference = {
        "apiVersion": res.api_version,
        "kind": res.kind,
        "name": name,
        "namespace": documents.namespace(subject),
        "uid": documents.uid(subject),
        "resourceVersion": documents.resource_version(subject),
    }
    return {
        "apiVersion": EVENTS.api_version,
        "kind": "Event",
        "metadata": {"name": f"{name[:200]}.{entry.when.timestamp() * 1e6:.0f}", "namespace": namespace},
        "involvedObject": {key: value for key, value in reference.items() if value},
        "type": "Normal",
        "reason": _reason(entry.action),
        "action": entry.action,
        "message": str(entry)[:1024],
        "source": {"component": "argotui"},
        "reportingComponent": "argotui",
        "reportingInstance": entry.who[:128],
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


def _reason(action: str) -> str:
    """`workflow.retry` → `WorkflowRetry`, the form of Event reasons."""
    return "".join(part.capitalize() for part in action.replace(".", " ").split())


async def record(client: Client, subject: Document, res: Resource, entry: Entry) -> str:
    """Writes the Event. Returns an empty text, or what to tell the person when it could not be written."""
    event = event_for(subject, res, entry)
    try:
        await client.create(EVENTS, event)
    except ApiError as error:
        if error.is_forbidden:
            return "no audit event was written: the right to create events is missing"
        return f"no audit event was written: {error.message}"
    except KubeError as error:
        return f"no audit event was written: {error}"
    return ""
