"""From what a person types to the workflows that are meant: names, `@latest`, selectors, ages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import LABEL_COMPLETED, LABEL_PHASE, LABEL_RESUBMITTED_FROM
from argotui.model.resources import WORKFLOWS
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.kube.client import Client

LATEST = "@latest"
PAGE = 500


class LookupFailed(Exception):
    """Nothing, or nothing usable, was found; the message says what was looked for."""


@dataclass(frozen=True)
class Filter:
    """Which workflows are meant. Empty fields do not filter. Times are absolute (aware, UTC)."""

    labels: str = ""
    fields: str = ""
    phases: tuple[str, ...] = ()
    completed: bool | None = None
    resubmitted: bool = False
    prefix: str = ""
    created_after: datetime | None = None
    finished_before: datetime | None = None

    @property
    def label_selector(self) -> str:
        """The part that the server can answer from labels."""
        parts = [self.labels] if self.labels else []
        if self.phases:
            parts.append(f"{LABEL_PHASE} in ({','.join(self.phases)})")
        if self.completed is not None:
            parts.append(f"{LABEL_COMPLETED}{'=' if self.completed else '!='}true")
        if self.resubmitted:
            parts.append(LABEL_RESUBMITTED_FROM)
        return ",".join(parts)

    def matches(self, workflow: Document) -> bool:
        """The part that only the object itself can answer."""
        return (
            documents.name(workflow).startswith(self.prefix)
            and self._is_new_enough(workflow)
            and self._is_old_enough(workflow)
        )

    def _is_new_enough(self, workflow: Document) -> bool:
        if self.created_after is None:
            return True
        created = parse_time(documents.created(workflow))
        return created is not None and created >= self.created_after

    def _is_old_enough(self, workflow: Document) -> bool:
        if self.finished_before is None:
            return True
        finished = parse_time(documents.dig(workflow, "status", "finishedAt"))
        return finished is not None and finished <= self.finished_before


async def matching(
    client: Client, namespace: str | None, wanted: Filter, *, chunk: int = PAGE
) -> AsyncIterator[Document]:
    """All workflows that match, page by page, in the server's order. `namespace` None: of all namespaces."""
    token = ""
    while True:
        page = await client.list(
            WORKFLOWS,
            namespace,
            label_selector=wanted.label_selector,
            field_selector=wanted.fields,
            limit=chunk,
            continue_token=token,
        )
        for item in page.items:
            if wanted.matches(item):
                yield item
        token = page.continue_token
        if not token:
            return


async def latest_name(client: Client, namespace: str) -> str:
    """Name of the workflow that was created last (by name where two share the second). Raises LookupFailed."""
    best = ("", "")
    token = ""
    while True:
        # rows without objects: the newest of thousands costs kilobytes, not the whole history
        table = await client.table(WORKFLOWS, namespace, include_object="Metadata", limit=PAGE, continue_token=token)
        for row in table.get("rows") or ():
            found = row.get("object") or {}
            best = max(best, (documents.created(found), documents.name(found)))
        token = str((table.get("metadata") or {}).get("continue") or "")
        if not token:
            break
    if not best[1]:
        raise LookupFailed(f"no workflows in namespace {namespace}")
    return best[1]


async def resolve_name(client: Client, namespace: str, name: str) -> str:
    """The name itself, or the newest workflow's for `@latest`."""
    return await latest_name(client, namespace) if name == LATEST else name


async def workflow_named(client: Client, namespace: str, name: str) -> Document:
    """The workflow with that name (`@latest` works). Raises LookupFailed when there is none."""
    found = await resolve_name(client, namespace, name)
    try:
        return await client.get(WORKFLOWS, found, namespace)
    except ApiError as error:
        if error.is_not_found:
            raise LookupFailed(f"workflow {namespace}/{found} not found") from error
        raise


async def workflows_meant(
    client: Client, namespace: str, names: Sequence[str], *, labels: str = "", fields: str = ""
) -> list[Document]:
    """The named workflows, then those that the selectors match, each once. Raises LookupFailed for a bad name."""
    found: dict[tuple[str, str], Document] = {}
    for name in names:
        workflow = await workflow_named(client, namespace, name)
        found.setdefault(documents.key(workflow), workflow)
    if labels or fields:
        async for workflow in matching(client, namespace, Filter(labels=labels, fields=fields)):
            found.setdefault(documents.key(workflow), workflow)
    return list(found.values())


_AGE = re.compile(r"(\d+)([smhd])\Z")
_LONGEST = 30
"""Digits that are looked at; fewer reach beyond all times."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def ago(text: str, now: datetime) -> datetime:
    """The moment that lies `10m`, `3h` or `2d` before `now`. Raises ValueError with what would be right."""
    found = _AGE.match(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m, 3h or 1d")
    try:
        return now - timedelta(**{_UNITS[found[2]]: int(found[1][:_LONGEST])})
    except OverflowError:
        raise ValueError(f"{text[:_LONGEST]!r} goes back to before the year 1") from None
