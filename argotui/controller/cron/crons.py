"""All CronWorkflows of one term: two watches, and a keeper for each CronWorkflow."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from argotui.controller.caches import Caches
from argotui.controller.cron.children import Children, slim
from argotui.controller.cron.keeper import Keeper
from argotui.controller.events import Events
from argotui.controller.requests import Requests
from argotui.controller.supervision import Crew, supervised
from argotui.engine.config import EngineConfig
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model.documents import Document, uid
from argotui.model.resources import CRON_WORKFLOWS, WORKFLOWS

if TYPE_CHECKING:
    from argotui.controller.term import Term

log = logging.getLogger(__name__)


class Crons:
    """Keep `run()` in a task of the term; `stop()` at its end."""

    def __init__(self, term: Term) -> None:
        self.client: Client = term.client
        self.requests: Requests = term.requests
        self.events: Events = term.events
        self.book = term.counting.book
        self.caches: Caches = term.caches
        self.children = Children()
        self.turns = asyncio.Semaphore(term.workers.crons)
        self._term = term
        self._keepers: dict[str, Keeper] = {}
        self._crew = Crew()
        self._live = False
        scope = term.scope
        self._crons = Reflector(
            term.client, CRON_WORKFLOWS, scope.namespace, label_selector=scope.cron_workflows, on_change=self._cron
        )
        self._workflows = Reflector(
            term.client, WORKFLOWS, scope.namespace,
            label_selector=scope.cron_children, on_change=self._child, read=slim,
        )  # fmt: skip

    @property
    def config(self) -> EngineConfig:
        """What is in force now."""
        return self._term.config

    async def run(self) -> None:
        """Until cancelled; without CronWorkflows where the cluster does not let them be listed."""
        if not await self._may_list():
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            for each in (self._crons, self._workflows):
                group.create_task(supervised(f"watch of {each.resource.plural} (cron)", each.run))
            await asyncio.gather(self._crons.synced(), self._workflows.synced(), self.caches.synced())
            self._live = True
            for cron in list(self._crons.cache.values()):
                if uid(cron) not in self._keepers:
                    self._admit(cron)

    async def stop(self) -> None:
        """Ends all keepers."""
        self._live = False
        await self._crew.dismiss()
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values()))

    async def _may_list(self) -> bool:
        try:
            await self.client.list(CRON_WORKFLOWS, self._term.scope.namespace, limit=1)
        except ApiError as error:
            if not (error.is_forbidden or error.is_not_found):
                raise
            log.warning("cron workflows are left out: %s", error)
            return False
        return True

    def _cron(self, delta: Delta) -> None:
        if not self._live:
            return
        keeper = self._keepers.get(uid(delta.object))
        if delta.type is DeltaType.DELETED:
            if keeper is not None:
                del self._keepers[keeper.uid]
                self._crew.start(f"end of {keeper.title}", keeper.stop())
        elif keeper is not None:
            keeper.saw(delta.object)
        else:
            self._admit(delta.object)

    def _admit(self, cron: Document) -> None:
        self.book.older_forms(cron)
        keeper = Keeper(self, cron)
        self._keepers[keeper.uid] = keeper
        keeper.wake()

    def _child(self, delta: Delta) -> None:
        keeper = self._keepers.get(self.children.apply(delta))
        if keeper is not None:
            keeper.wake()
