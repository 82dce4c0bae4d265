"""Which rights the one who is connected has, namespace by namespace: asked once, kept for a while, never waited for.

What is not known counts as allowed: then the request is sent, and the server's refusal says what is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from argotui.kube.access import Permissions, read_permissions
from argotui.kube.errors import KubeError
from argotui.model.rbac import Right
from argotui.store.text import one_line

if TYPE_CHECKING:
    from argotui.kube.client import Client
    from argotui.services.actions.types import Action, Selection, Step, Write

log = logging.getLogger(__name__)

GOOD_FOR = 180.0
"""Seconds after which the rights are asked for anew."""
SOON = 10.0
"""Seconds between questions about one namespace at least, also after refusals."""
_VERBS = {"PUT": "update", "PATCH": "patch", "POST": "create", "DELETE": "delete"}

Placed = tuple[str, Right]
"""A namespace and a right in it."""


class AccessBook:
    """What is known. `changed` is called when that is something else than before."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.generation = 0
        """Grows whenever something else is known."""
        self._changed = changed
        self._client: Client | None = None
        self._known: dict[str, Permissions] = {}
        self._asked: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def use(self, client: Client | None) -> None:
        """Another connection: all is forgotten. None: nobody is asked, and everything counts as allowed."""
        for task in self._tasks:
            task.cancel()
        self._client = client
        self._known.clear()
        self._asked.clear()
        self.generation += 1

    def lacking(self, needs: Iterable[Placed]) -> str:
        """Why something cannot be done, in words; empty when it can, or when that is not known."""
        for namespace, right in needs:
            known = self.permissions(namespace)
            if known is not None and known.lack(right):
                self.refused(namespace)  # somebody may have been given the right meanwhile
                return missing(namespace, right)
        return ""

    def permissions(self, namespace: str) -> Permissions | None:
        """What is known of a namespace; what is not known or old is asked for, and known a moment later."""
        now = asyncio.get_running_loop().time()
        if now - self._asked.get(namespace, -GOOD_FOR) >= GOOD_FOR:
            self._ask(namespace, now)
        return self._known.get(namespace)

    def refused(self, namespace: str) -> None:
        """The server has refused something there: what is known may be old."""
        now = asyncio.get_running_loop().time()
        if now - self._asked.get(namespace, -SOON) >= SOON:
            self._ask(namespace, now)

    def _ask(self, namespace: str, now: float) -> None:
        if self._client is None or not namespace:
            return
        self._asked[namespace] = now
        task = asyncio.get_running_loop().create_task(self.learn(self._client, namespace))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def learn(self, client: Client, namespace: str) -> None:
        """Asks about one namespace and waits for the answer; without one nothing is known."""
        try:
            found = await read_permissions(client, namespace)
        except KubeError as error:
            log.info("the rights in %s are not known: %s", namespace, error)
            return
        before = self._known.get(namespace)
        self._known[namespace] = found
        if before is None or (before.rules.rules, before.complete) != (found.rules.rules, found.complete):
            self.generation += 1
            self._changed()


async def lacking_now(client: Client, step: Step) -> str:
    """Which right the writes of a step lack, asked from the server before the first of several kinds is sent: half
    of a retry would leave a workflow without its pods. Empty when none, or when nobody can tell."""
    needs = list(dict.fromkeys(needs_of_writes(step.writes)))
    if len({(right.verb, right.kind) for _, right in needs}) < 2:
        return ""
    try:
        known = {where: await read_permissions(client, where) for where in {where for where, _ in needs}}
    except KubeError as error:
        log.info("the rights are not known: %s", error)
        return ""
    return next((missing(where, right) for where, right in needs if known[where].lack(right)), "")


def missing(namespace: str, right: Right) -> str:
    """A right that is not there, in words."""
    where = f"in namespace {one_line(namespace)}" if namespace else "in the whole cluster"
    return f"the right to {right.verb} {right.kind} {where} is missing"


def needs_of(action: Action, selection: Selection, home: str) -> Iterator[Placed]:
    """The rights that an action takes for each target, as far as is known before it is planned.

    `home` is where things are made that have no namespace yet.
    """
    for verb, resource in action.needs:
        for target in selection.targets:
            kind = resource or target.resource
            named = target.name if verb != "create" else ""
            yield target.namespace or home, Right(verb, kind.group, kind.plural, named)
        if not selection.targets and resource is not None:
            yield home, Right(verb, resource.group, resource.plural)


def needs_of_writes(writes: Iterable[Write]) -> Iterator[Placed]:
    """The rights that writes take."""
    for write in writes:
        name = "" if write.method == "POST" else write.name
        kind = write.resource
        yield write.namespace, Right(_VERBS[write.method], kind.group, kind.plural, name)
