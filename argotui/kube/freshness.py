"""How far what was read can be trusted: one record per watch, which screens and commands show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from argotui.kube.errors import ApiError, KubeError
from argotui.model.resources import Resource

_ABSENT_SECONDS = 5.0
_DENIED_SECONDS = 15.0
"""Pauses after refusals that only a person can change: looking for it seldom is enough."""


class Link(IntEnum):
    """State of one watch, the better the smaller."""

    LIVE = 0
    CONNECTING = 1
    STALE = 2
    ABSENT = 3
    """The server does not serve this kind; its CustomResourceDefinition may come later."""
    DENIED = 4


@dataclass(slots=True)
class Freshness:
    """State of one reflector. Times are seconds of the event loop's clock."""

    link: Link = Link.CONNECTING
    last_contact: float | None = None
    """When the server was last heard: an event, a bookmark, a list."""
    last_error: str = ""
    """Why it is not connected; "" while it is."""
    retry_at: float | None = None
    """When it will be tried again; None while it is connected or being tried."""
    lists: int = 0
    resource_version: str = ""

    @property
    def connected(self) -> bool:
        """Whether the watch is open."""
        return self.link is Link.LIVE

    def age(self, now: float) -> float | None:
        """Seconds since the server was last heard, None when it never was."""
        return None if self.last_contact is None else max(0.0, now - self.last_contact)

    def opened(self, now: float) -> None:
        """The watch was accepted."""
        self.link, self.last_contact, self.last_error, self.retry_at = Link.LIVE, now, "", None

    def failed(self, link: Link, reason: str) -> None:
        """The watch or the list ended with an error."""
        self.link = link_before(link, known=self.last_contact is not None)
        self.last_error = reason


def link_before(link: Link, *, known: bool) -> Link:
    """What was never read is not stale: it is still being connected to."""
    return Link.CONNECTING if link is Link.STALE and not known else link


def link_after(error: KubeError) -> Link:
    """What an error of a list or a watch of a whole kind says about the link."""
    if isinstance(error, ApiError) and error.is_forbidden:
        return Link.DENIED
    if isinstance(error, ApiError) and error.is_not_found:
        return Link.ABSENT
    return Link.STALE


def reason_of(error: KubeError, verb: str, res: Resource, namespace: str | None) -> str:
    """The error in words; a missing right names the verb and the resource, a missing kind its name."""
    link = link_after(error)
    if link is Link.ABSENT:
        return f"{res.group_resource} is not installed in this cluster"
    if link is Link.DENIED:
        where = "all namespaces" if namespace is None else f"namespace {namespace}"
        scope = f" in {where}" if res.namespaced else ""
        return f"the right to {verb} {res.group_resource}{scope} is missing ({error})"
    return str(error)


def pause_after(error: KubeError) -> float:
    """Seconds that the next try must wait at least."""
    asked = error.retry_after if isinstance(error, ApiError) else None
    least = {Link.DENIED: _DENIED_SECONDS, Link.ABSENT: _ABSENT_SECONDS}.get(link_after(error), 0.0)
    return max(least, asked or 0.0)
