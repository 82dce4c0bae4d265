"""`failFast` of a template (not to be confused with that of a DAG): see §2.6."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

from argotui.engine.program import TemplatePlan

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

MESSAGE: Final = "template has failed or errored children and failFast enabled"


class Frame(Protocol):
    """A Steps or DAG node that is not over."""

    def fail_fast(self, message: str) -> None:
        """End the node, whatever still runs below its children."""


class FailFast:
    """The open nodes whose templates ask for it. One ends when a child has failed and none of its pods runs."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._frames: dict[str, Frame] = {}

    def watch(self, node_id: str, plan: TemplatePlan, frame: Frame) -> bool:
        """Begin to watch a node; False when it has to end at once, and has ended by that."""
        if not plan.document.get("failFast"):
            return True
        self._frames[node_id] = frame
        return not self.check(node_id)

    def check(self, node_id: str) -> bool:
        """End the node if it has to; True when it has."""
        frame = self._frames.get(node_id)
        if frame is None:
            return False
        if not self._ex.nodes.is_alive(node_id):
            del self._frames[node_id]
            return False
        tally = self._ex.nodes.tally(node_id)
        if not tally.failed or tally.pods > self._pods_that_stay(node_id):
            return False
        del self._frames[node_id]
        frame.fail_fast(MESSAGE)
        return True

    def _pods_that_stay(self, node_id: str) -> int:
        """Daemons count as running pods, so a node waits for them as long as they like, as upstream's does. A shutdown
        leaves them to what is around them: then nobody else would ever end them."""
        return self._ex.daemons.pods_below(node_id) if self._ex.shutdown else 0

    def check_all(self, node_ids: Iterable[str]) -> bool:
        """The same for several nodes; True when any has ended."""
        ended = [node_id for node_id in node_ids if self.check(node_id)]
        return bool(ended)


def is_failing(ex: Execution, plan: TemplatePlan, node_id: str) -> bool:
    """No more children are started, because one has failed and the template asks for it."""
    return bool(plan.document.get("failFast")) and ex.nodes.tally(node_id).failed > 0
