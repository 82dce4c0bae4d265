"""All that one console follows: the connection, the lists, the workflow that is open, the logs on screen.

A desk knows nothing of screens. It tells `changed` that something may look different; whoever draws asks the tables.
The connection is made in the background, and nobody waits for it: tables are empty and `link` says why.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic

from argotui.engine.tree import Changed
from argotui.model.documents import Document
from argotui.model.resources import CRON_WORKFLOWS, WORKFLOW_TEMPLATES, Resource
from argotui.services.access import AccessBook, needs_of, needs_of_writes
from argotui.services.place import Isolation, SessionOptions
from argotui.store.crons import CronRow, row_of_cron
from argotui.store.freshness import Freshness, Link
from argotui.store.logs import LogBuffer
from argotui.store.named import Key, NamedTable, R
from argotui.store.nodes import NodeTable
from argotui.store.templates import TemplateRow, row_of_template
from argotui.store.text import one_line
from argotui.store.workflows import WorkflowTable

if TYPE_CHECKING:  # the modules behind these take 0.3 s to import; they are loaded after the first picture
    from argotui.services.actions.types import Action, Plan, Selection
    from argotui.services.feed import ReflectorFeed, WorkflowFeed
    from argotui.services.log_feed import LogFeed
    from argotui.services.session import Session

    Connect = Callable[[SessionOptions], AbstractAsyncContextManager[Session]]


Label = Callable[[str, str], str | None]
"""From a node id and a pod name to what the gutter of a log shows; None leaves the line out."""


@dataclass
class Followed:
    """Something that is followed as long as somebody looks at it."""

    freshness: Freshness = field(default_factory=Freshness)
    task: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Nobody looks any more."""
        if self.task is not None:
            self.task.cancel()


@dataclass
class OpenWorkflow(Followed):
    """One workflow, whole."""

    table: NodeTable = field(default_factory=lambda: NodeTable(("", "")))


@dataclass
class OpenLog(Followed):
    """A log. `feed` says how far it is; None before there is a connection."""

    buffer: LogBuffer = field(default_factory=LogBuffer)
    feed: LogFeed | None = None


@dataclass
class OpenNamed(Followed, Generic[R]):
    """All objects of one kind in the namespace: its templates, or its CronWorkflows."""

    table: NamedTable[R] = field(kw_only=True)


class Desk:
    """Keep `run()` in a task. `options` may be replaced by `move`, which connects anew where that is needed."""

    def __init__(self, options: SessionOptions, changed: Callable[[], None], connect: Connect | None = None) -> None:
        self.workflows = WorkflowTable()
        self.session: Session | None = None
        self.isolation: Isolation | None = None
        self.problem = ""
        """Why there is no session; empty while one is being made."""
        self.list_freshness = Freshness()
        self.access = AccessBook(changed)
        self._notice = ""
        self._options = options
        self._changed = changed
        self._connect = connect
        self._connected = asyncio.Event()
        self._again = asyncio.Event()
        self._feed: WorkflowFeed | None = None
        self._feed_task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    # connection

    async def run(self) -> None:
        """Connects, and connects again after `move` or `reconnect`; until cancelled."""
        while True:
            self._again.clear()
            try:
                await self._connection()
            finally:
                self._lose()
            await self._again.wait()

    async def _connection(self) -> None:
        services = await asyncio.to_thread(importlib.import_module, "argotui.services.session")
        connect = self._connect or services.open_session
        self.problem = ""
        try:
            async with connect(self._options) as session:
                self.session = session
                self.isolation = session.isolation()
                # a review is a POST, and a read-only console sends none; it refuses all actions anyway
                self.access.use(None if session.read_only else session.client)
                self._follow_list()
                self._connected.set()
                self._changed()
                await self._again.wait()
        except services.CONNECT_ERRORS as error:
            self.problem = one_line(str(error))
            self._changed()

    def _lose(self) -> None:
        self._connected.clear()
        self.session = None
        self.access.use(None)
        self._feed = None
        for task in self._tasks:
            task.cancel()
        self.workflows.clear()
        self.list_freshness = Freshness()

    def reconnect(self) -> None:
        """Connects anew: after an error, or because a person asked."""
        self._again.set()

    def move(self, **changes: Any) -> None:
        """Looks at another context or namespace (fields of SessionOptions)."""
        self._options = replace(self._options, **changes)
        only_namespace = set(changes) <= {"namespace", "all_namespaces"}
        if self.session is None or not only_namespace:
            self.reconnect()
            return
        everything = self._options.all_namespaces
        wanted = None if everything else self._options.namespace or self.session.client.config.namespace
        self.session = self.session.within(wanted)
        self.workflows.clear()
        self._follow_list()
        self._changed()

    def contexts(self) -> tuple[str, ...]:
        """Names of the contexts that the kubeconfig has; none when it cannot be read."""
        from argotui.kube import config  # loaded by now, with the session
        from argotui.kube.errors import ConfigError

        try:
            names, _ = config.contexts(kubeconfig=self._options.kubeconfig)
        except ConfigError:
            return ()  # what is wrong with it is said where it is used
        return tuple(one_line(name) for name in names)

    async def connected(self) -> Session:
        """The session, as soon as there is one."""
        await self._connected.wait()
        assert self.session is not None
        return self.session

    @property
    def namespace(self) -> str | None:
        """The namespace that is shown; None for all of them, or before there is a connection."""
        return self.session.namespace if self.session else None

    def lacking(self, action: Action, selection: Selection) -> str:
        """Which right an action lacks for what is selected, in words; empty when none, or when that is not known."""
        if self.session is None:
            return ""
        return self.access.lacking(needs_of(action, selection, self.session.home_namespace))

    def lacking_for_plan(self, plan: Plan) -> str:
        """Which right a plan lacks, likewise."""
        return self.access.lacking(needs_of_writes(plan.writes))

    def refresh_rights(self) -> None:
        """Asks anew for what may be done here, when that was long ago."""
        if self.session is not None:
            self.access.permissions(self.session.home_namespace)

    def notice(self) -> str:
        """Something that a person has to be told once; empty when there is nothing."""
        told, self._notice = self._notice, ""
        return told

    # what is followed

    def _follow_list(self) -> None:
        from argotui.services.feed import WorkflowFeed  # loaded by now, with the session

        assert self.session is not None
        if self._feed_task is not None:
            self._feed_task.cancel()
        self.list_freshness = Freshness()
        self._feed = WorkflowFeed(
            self.session.client, self.session.namespace, self.workflows, self._on_change, self.list_freshness
        )
        self._feed_task = self._start(self._feed.run())
        self.access.permissions(self.session.home_namespace)

    def look_at(self, keys: list[Key]) -> None:
        """These rows of the list are on screen: their details come first."""
        if self._feed is not None:
            self._feed.details.look_at(keys)

    def open_workflow(self, key: Key) -> OpenWorkflow:
        """Follows one workflow whole; close it when it is left."""
        opened = OpenWorkflow(table=NodeTable(key))

        def feed(session: Session) -> ReflectorFeed:
            from argotui.services.feed import open_workflow

            return open_workflow(session.client, opened.table, self._on_change)

        self._follow(opened, feed)
        return opened

    def open_templates(self) -> OpenNamed[TemplateRow]:
        """Follows the templates of the namespace."""
        return self._open_named(WORKFLOW_TEMPLATES, row_of_template)

    def open_crons(self) -> OpenNamed[CronRow]:
        """Follows the CronWorkflows of the namespace."""
        return self._open_named(CRON_WORKFLOWS, row_of_cron)

    def _open_named(self, res: Resource, row_of: Callable[[Document], R]) -> OpenNamed[R]:
        opened = OpenNamed(table=NamedTable(row_of))

        def feed(session: Session) -> ReflectorFeed:
            from argotui.services.feed import open_named

            return open_named(session.client, res, session.namespace, opened.table, self._on_change)

        self._follow(opened, feed)
        return opened

    def _follow(self, opened: Followed, feed: Callable[[Session], ReflectorFeed]) -> None:
        async def follow(session: Session) -> None:
            from argotui.services.feed import supervised

            followed = feed(session)
            followed.freshness = opened.freshness
            await supervised(opened.freshness, followed.run, self._on_change)

        opened.task = self._start(self._when_connected(follow))

    def open_log(self, workflow: Callable[[], Document], pod: str, label: Label, tail: int | None = None) -> OpenLog:
        """Follows the log of a workflow, or of one of its pods; of each pod at most the last `tail` lines."""
        opened = OpenLog()

        async def follow(session: Session) -> None:
            from argotui.services.log_feed import LogFeed
            from argotui.services.logs import LogRequest

            request = LogRequest(follow=True, pod=pod, tail_lines=tail)
            opened.feed = LogFeed(
                session.client, workflow, request, label, self._on_change, opened.buffer, opened.freshness
            )
            await opened.feed.run()

        opened.task = self._start(self._when_connected(follow))
        return opened

    async def _when_connected(self, follow: Callable[[Session], Coroutine[Any, Any, None]]) -> None:
        await follow(await self.connected())

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_change(self, _: Changed) -> None:
        if self.list_freshness.link is Link.DENIED:
            self._denied()
        self._changed()

    def _denied(self) -> None:
        """The list was refused: of all namespaces it becomes that of one; else the rights may have changed."""
        session = self.session
        if session is None:
            return
        if session.namespace is not None:
            self.access.refused(session.namespace)
            return
        home = session.client.config.namespace
        self._notice = f"you may not list workflows in all namespaces; namespace {home} is shown"
        self.move(all_namespaces=False, namespace=home)
