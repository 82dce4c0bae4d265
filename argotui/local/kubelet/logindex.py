"""Keeps `log.times` of running containers as their logs grow (see argotui.local.logfiles)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from argotui.local.inotify import MODIFIED, Inotify, Unavailable, Watch
from argotui.local.logfiles import INDEX_SECONDS, note_growth, noted
from argotui.local.runtime.records import LOG

log = logging.getLogger(__name__)


@dataclass
class Followed:
    """One log that is being followed."""

    directory: Path
    known: int
    watch: Watch | None = None

    def look(self) -> None:
        """Notes how far the log has grown."""
        self.known = note_growth(self.directory, self.known)


class LogIndex:
    """Follows the logs of all running containers."""

    def __init__(self) -> None:
        self._inotify: Inotify | None = None
        try:
            self._inotify = Inotify(pause=INDEX_SECONDS)
        except Unavailable as error:
            log.warning("times of log lines are those of the container's end: %s", error)

    def follow(self, directory: Path) -> Followed:
        """Begins, or takes up where a former kubelet has stopped."""
        followed = Followed(directory, noted(directory))
        if self._inotify is not None:
            try:
                followed.watch = self._inotify.watch(directory / LOG, MODIFIED, followed.look)
            except Unavailable as error:
                log.warning("%s: times of log lines are those of the container's end: %s", directory, error)
        followed.look()
        return followed

    def finish(self, followed: Followed) -> None:
        """The container has ended."""
        if followed.watch is not None and self._inotify is not None:
            self._inotify.forget(followed.watch)
        followed.look()

    def close(self) -> None:
        """Ends all watches."""
        if self._inotify is not None:
            self._inotify.close()
