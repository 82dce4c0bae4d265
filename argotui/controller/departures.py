"""Workflows that leave: while one does, its successor of the same name waits; and what is over stays over (§8.5)."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from typing import Any

from argotui.controller.supervision import Crew
from argotui.controller.versions import is_newer
from argotui.kube.reflector import Key
from argotui.model.documents import Document, name, namespace, resource_version, uid

log = logging.getLogger(__name__)

_REMEMBERED = 10_000


class Departures:
    """For one term of leadership."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._leaving: dict[Key, asyncio.Task[None]] = {}
        self._past: OrderedDict[str, str] = OrderedDict()
        """Uid -> version at which the workflow went out of sight."""

    def of(self, key: Key) -> asyncio.Task[None] | None:
        """What still has to be done for the last workflow of that name, None when nothing has."""
        return self._leaving.get(key)

    def begin(self, key: Key, title: str, work: Coroutine[Any, Any, None]) -> None:
        """While `work` goes on, a new workflow of that name waits."""
        task = self._crew.start(title, work)
        self._leaving[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: Key, task: asyncio.Task[None]) -> None:
        if self._leaving.get(key) is task:
            del self._leaving[key]

    def remember(self, own: str, version: str) -> None:
        """The workflow with this uid was complete, or gone, at this version."""
        self._past[own] = version
        self._past.move_to_end(own)
        if len(self._past) > _REMEMBERED:
            self._past.popitem(last=False)

    def is_past(self, workflow: Document) -> bool:
        """Whether this is an old copy of a workflow that is over: acting upon it would run its steps again. One that
        was retried is newer."""
        version = self._past.get(uid(workflow))
        if version is None or is_newer(resource_version(workflow), version):
            return False
        log.warning("%s/%s: an old copy of it is left alone", namespace(workflow), name(workflow))
        return True
