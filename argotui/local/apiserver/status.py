"""Refusals as Kubernetes words them: a `Status` object and its HTTP code.

Clients decide by `reason` and `code` and show `message`; `details.causes` lets them mark fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from argotui.model.documents import Document


@dataclass(frozen=True)
class Cause:
    """One field that was refused: `reason` such as FieldValueInvalid, `path` such as spec.templates[0].name."""

    reason: str
    message: str
    path: str

    def as_document(self) -> Document:
        """The entry of `details.causes`."""
        return {"reason": self.reason, "message": self.message, "field": self.path}


@dataclass
class StatusError(Exception):
    """Ends a request with a Status body. `retry_after` is in seconds, 0 for none."""

    code: int
    reason: str
    message: str
    details: Document = field(default_factory=dict)
    retry_after: int = 0
    generic: bool = False
    """Whether no object is meant: `details` is there then although it tells nothing."""

    continue_: str = ""
    """The token that a list may go on with although what it asked for is gone."""

    warnings: list[str] = field(default_factory=list)
    """What the client is to be warned of besides."""

    def __str__(self) -> str:
        return self.message

    def body(self) -> Document:
        """The Status object."""
        status: Document = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_} if self.continue_ else {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if not self.reason:
            del status["reason"]
        details = dict(self.details)
        if self.retry_after:
            details["retryAfterSeconds"] = self.retry_after
        if details or self.generic:
            status["details"] = details
        return status


def success(details: Document | None = None) -> Document:
    """The Status that answers a deletion that is complete."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details or {}}


def _named(name: str, group: str, kind: str, **more: Any) -> Document:
    details = {"name": name, "group": group, "kind": kind, **more}
    return {key: value for key, value in details.items() if value}


def _qualified(plural: str, group: str) -> str:
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> StatusError:
    """404 for one object."""
    return StatusError(404, "NotFound", f'{_qualified(plural, group)} "{name}" not found', _named(name, group, plural))


def no_such_resource() -> StatusError:
    """404 for a path or a resource that is not served at all."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", generic=True)


def already_exists(plural: str, group: str, name: str) -> StatusError:
    """409 for a name that is taken."""
    text = f'{_qualified(plural, group)} "{name}" already exists'
    return StatusError(409, "AlreadyExists", text, _named(name, group, plural))


def conflict(plural: str, group: str, name: str, why: str = "") -> StatusError:
    """409 for a write that was computed from an object that has changed since."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    text = f'Operation cannot be fulfilled on {_qualified(plural, group)} "{name}": {why}'
    return StatusError(409, "Conflict", text, _named(name, group, plural))


def invalid(kind: str, group: str, name: str, causes: list[Cause]) -> StatusError:
    """422 with every refused field; messages in the form `field: text`, several in brackets."""
    lines = list(dict.fromkeys(f"{cause.path}: {cause.message}" for cause in causes))
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    details = _named(name, group, kind, causes=[cause.as_document() for cause in causes])
    return StatusError(422, "Invalid", f'{_qualified(kind, group)} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> StatusError:
    """400: the request itself makes no sense."""
    return StatusError(400, "BadRequest", message)


def forbidden(plural: str, group: str, name: str, why: str) -> StatusError:
    """403 with the reason."""
    subject = f'{_qualified(plural, group)} "{name}"' if name else _qualified(plural, group)
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {why}", _named(name, group, plural))


def method_not_allowed(why: str = "") -> StatusError:
    """405, for a verb the resource does not have or this version does not do."""
    text = why or "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", text, generic=True)


def expired(message: str) -> StatusError:
    """410: the history that was asked for has been compacted; the client has to list again."""
    return StatusError(410, "Expired", message)


def too_old(asked: int, compacted: int) -> StatusError:
    """410 for a resourceVersion before the compaction horizon."""
    return expired(f"too old resource version: {asked} ({compacted})")


def too_large(asked: int, current: int) -> StatusError:
    """504: a resourceVersion that has not been reached; the client may ask again."""
    error = StatusError(
        504, "Timeout", f"Timeout: Too large resource version: {asked}, current: {current}", retry_after=1
    )
    error.details = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}
    return error


def storage_failed(error: str) -> StatusError:
    """500: the write was not stored (disk full, file system read-only)."""
    return StatusError(500, "InternalError", f"Internal error occurred: the change could not be stored: {error}")
