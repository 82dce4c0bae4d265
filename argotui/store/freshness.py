"""How old what is shown may be. Each feed keeps one; the header shows the worst of those on screen."""

from __future__ import annotations

from dataclasses import dataclass

from argotui.kube.freshness import Link, link_before

__all__ = ["STALE_AFTER", "Freshness", "Link"]

STALE_AFTER = 90.0
"""Seconds of silence on an open watch after which it is not believed any more; bookmarks come once a minute."""


@dataclass(slots=True)
class Freshness:
    """Times are seconds of a monotonic clock."""

    link: Link = Link.CONNECTING
    heard: float | None = None
    """When the server last said anything; None when it never did."""
    error: str = ""
    """Why the link is not live, as clean text."""
    retry_at: float | None = None
    """When it is tried again; None while it is live or being tried."""

    def said(self, now: float) -> None:
        """The server was heard."""
        self.link, self.heard, self.error, self.retry_at = Link.LIVE, now, "", None

    def lost(self, error: str, link: Link = Link.STALE, retry_at: float | None = None) -> None:
        """The link broke (STALE), was refused (DENIED), or there is no such kind (ABSENT)."""
        self.link = link_before(link, known=self.heard is not None)
        self.error, self.retry_at = error, retry_at

    def age(self, now: float) -> float | None:
        """Seconds since the server was last heard."""
        return None if self.heard is None else max(0.0, now - self.heard)

    def state(self, now: float) -> Link:
        """The link as it is to be shown: a live one that says nothing for too long is stale."""
        silent = self.link is Link.LIVE and (self.age(now) or 0.0) > STALE_AFTER
        return Link.STALE if silent else self.link
