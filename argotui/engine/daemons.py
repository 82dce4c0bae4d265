"""Daemons: pods that go on running while what follows them uses them (§2.12).

A daemon that is ready counts as over for whatever waits for it, though its node is Running. It ends with the Steps or
DAG node around it. One that ends by itself has failed; with a retryStrategy another attempt takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from argotui.engine import containersets, podstatus
from argotui.engine.pods.offload import template_text
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_NODE_ID
from argotui.model.phase import NodeType, Phase, is_retried

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


class _Template(msgspec.Struct):
    daemon: bool | None = None


_Carried: Final = msgspec.json.Decoder(_Template)


class Daemons:
    """The daemons of one run. running: nodes whose pods count as running."""

    def __init__(self, ex: Execution, running: set[str]) -> None:
        self._ex = ex
        self._running = running
        self._arrivals: dict[str, Callable[[], None]] = {}
        self._losses: dict[str, Callable[[], None]] = {}
        self._below: dict[str, dict[str, None]] = {}
        for identifier, node in ex.nodes.documents.items():
            if node.get("daemoned"):
                self._add(identifier, node)

    def _add(self, identifier: str, node: Document) -> None:
        self._below.setdefault(node.get("boundaryID") or "", {})[identifier] = None

    # --- up and down --------------------------------------------------------------------------

    def expect(self, identifier: str, arrived: Callable[[], None]) -> None:
        """The pod of this node is that of a daemon; `arrived` is called when it is ready."""
        self._arrivals[identifier] = arrived

    def is_daemon(self, identifier: str) -> bool:
        """The node is that of a daemon, ready or not."""
        return identifier in self._arrivals or self.serves(identifier)

    def says_daemon(self, pod: Document) -> bool:
        """The pod itself says so, in what it carries for its executor; that counts where no frame is left to ask."""
        try:
            return bool(_Carried.decode(template_text(pod) or "{}").daemon)
        except msgspec.MsgspecError:
            return False  # it was too large and travels beside the pod

    def serves(self, identifier: str) -> bool:
        """The daemon is ready."""
        return bool((self._ex.nodes.get(identifier) or {}).get("daemoned"))

    def pods_below(self, boundary: str) -> int:
        """How many pods right below a Steps or DAG node are daemons that are ready."""
        return sum(1 for each in self._below.get(boundary, ()) if self._ex.nodes[each].get("type") == NodeType.POD)

    def up(self, identifier: str, address: str | None = None) -> None:
        """The daemon is ready (or an attempt at it below a Retry node is)."""
        nodes = self._ex.nodes
        if address is not None:
            nodes.update(identifier, {"podIP": address})
        if self.serves(identifier):
            return
        nodes.update(identifier, {"daemoned": True})
        self._add(identifier, nodes[identifier])
        arrived = self._arrivals.get(identifier)
        if arrived is not None:
            arrived()

    def when_lost(self, identifier: str, lost: Callable[[], None]) -> None:
        """`lost` is called when a daemon that was ready has ended by itself."""
        self._losses[identifier] = lost

    def down(self, identifier: str) -> None:
        """The daemon has ended by itself."""
        nodes = self._ex.nodes
        self._below.get(nodes[identifier].get("boundaryID") or "", {}).pop(identifier, None)
        nodes.update(identifier, {"daemoned": None})

    def lost(self, identifier: str) -> None:
        """Tell whoever wants to know that a daemon has ended by itself."""
        self._arrivals.pop(identifier, None)
        lost = self._losses.pop(identifier, None)
        if lost is not None:
            self._ex.later(lost)

    # --- the end ------------------------------------------------------------------------------

    def end_below(self, boundary: str) -> None:
        """What is around these daemons is over: they end, and have done well. Empty: those of the workflow itself."""
        for identifier in self._below.pop(boundary, {}):
            self._end(identifier)
            for child in self._ex.nodes[identifier].get("children") or ():
                self._end_attempt(child)

    def end_all(self) -> None:
        """The workflow is over: also those below nodes that were left as they were, and those not ready yet."""
        for boundary in list(self._below):
            self.end_below(boundary)
        for pod in list(self._ex.pods.values()):
            self.end_abandoned(pod)

    def end_abandoned(self, pod: Document) -> None:
        """End a pod if it is that of a daemon that nobody needs any more: by itself it never would."""
        identifier = documents.annotations(pod).get(ANNOTATION_NODE_ID) or ""
        if not podstatus.is_over(pod) and not self._ex.nodes.is_fulfilled(identifier) and self.says_daemon(pod):
            self._ex.pods.setdefault(identifier, pod)
            self._ex.terminate(identifier)

    def _end_attempt(self, identifier: str) -> None:
        """An attempt below a Retry node that is about to take the place of a daemon."""
        node = self._ex.nodes.get(identifier)
        if node is not None and is_retried(node) and not self._ex.nodes.is_fulfilled(identifier):
            self._end(identifier)

    def _end(self, identifier: str) -> None:
        ex = self._ex
        ex.leaves.pop(identifier, None)
        for callbacks in (ex.when_seen, self._arrivals, self._losses):
            callbacks.pop(identifier, None)
        self._running.discard(identifier)
        ex.nodes.update(identifier, {"daemoned": None})
        ex.terminate(identifier)
        ex.nodes.set_phase(identifier, Phase.SUCCEEDED, ex.now, "")
        containersets.close(ex, identifier)


def is_ready(pod: Document) -> bool:
    """All containers of a running pod are ready."""
    statuses = dig(pod, "status", "containerStatuses") or ()
    return bool(statuses) and all(status.get("ready") for status in statuses)
