"""Waiting for what a workflow will become, driven by watch events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from argotui.engine.nodemap import node_map
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import LABEL_COMPLETED
from argotui.model.phase import Phase, fulfilled
from argotui.model.resources import WORKFLOWS, Resource
from argotui.services.following import Trouble, follow_object
from argotui.services.streams import closing

if TYPE_CHECKING:
    from argotui.kube.client import Client


class WorkflowGone(Exception):
    """The workflow does not exist, or was deleted while it was waited for (`existed`)."""

    def __init__(self, namespace: str, name: str, *, existed: bool) -> None:
        super().__init__(
            f"workflow {namespace}/{name} was deleted" if existed else f"workflow {namespace}/{name} not found"
        )
        self.existed = existed


def _ignore(_: object) -> None:
    """Nothing is to be told."""


def phase_of(workflow: Document) -> str:
    """The workflow's phase, empty before the controller has seen it."""
    return str(documents.dig(workflow, "status", "phase") or "")


def is_completed(workflow: Document) -> bool:
    """The controller is done with the workflow: a final phase, and the label that says nothing will follow.

    Upstream writes both at once. A workflow that is to be retried has a final label and no phase.
    """
    labelled = documents.labels(workflow).get(LABEL_COMPLETED) == "true"
    return labelled and fulfilled(phase_of(workflow))


def succeeded(workflow: Document) -> bool:
    """The workflow is over and went well."""
    return is_completed(workflow) and phase_of(workflow) == Phase.SUCCEEDED


async def wait_for_completion(
    client: Client,
    namespace: str,
    name: str,
    *,
    on_change: Callable[[Document], None] = _ignore,
    on_trouble: Trouble = _ignore,
) -> Document:
    """The completed workflow. `on_change` sees every state on the way, the last one included.

    Raises WorkflowGone when it does not exist or is deleted, ApiError when the server refuses.
    """
    existed = False
    async with closing(follow_object(client, WORKFLOWS, namespace, name, on_trouble=on_trouble)) as states:
        async for workflow in states:
            if workflow is None:
                raise WorkflowGone(namespace, name, existed=existed)
            existed = True
            on_change(workflow)
            if is_completed(workflow):
                return workflow
    raise AssertionError("a followed object ends only by return or raise")


async def wait_until(
    client: Client,
    res: Resource,
    namespace: str,
    name: str,
    check: Callable[[Document | None], bool],
    seconds: float,
) -> Document | None:
    """The object as soon as `check` is true of it (None: once it is gone). Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds), closing(follow_object(client, res, namespace, name)) as states:
        async for state in states:
            if check(state):
                return state
    raise AssertionError("a followed object ends only by return or raise")


async def wait_for_node(client: Client, namespace: str, name: str, node: str, phase: str) -> Document | None:
    """The workflow as soon as a node with this name or display name has this phase; None when it completes without.

    Raises WorkflowGone, and NodesUnreadable when the node map cannot be read.
    """
    existed = False
    async with closing(follow_object(client, WORKFLOWS, namespace, name)) as states:
        async for workflow in states:
            if workflow is None:
                raise WorkflowGone(namespace, name, existed=existed)
            existed = True
            if _has_node(workflow, node, phase):
                return workflow
            if is_completed(workflow):
                return None
    raise AssertionError("a followed object ends only by return or raise")


def _has_node(workflow: Document, name: str, phase: str) -> bool:
    nodes = node_map(workflow).values()
    return any(name in (node.get("name"), node.get("displayName")) and node.get("phase") == phase for node in nodes)
