"""The phases by which a finished DAG is judged (§2.5).

A target that ran counts with its own phase. One that was skipped or omitted counts with the phase of whatever
ended last on the way to it, a failure before a success.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from argotui.engine.nodes import Nodes
from argotui.model.phase import NodeType, Phase, completed, failed_or_error, is_hooked


def target_phases(nodes: Nodes, boundary: str, targets: Iterable[str]) -> list[tuple[str, str]]:
    """(node id, phase) of every target that has a node, in order."""
    present = [target for target in targets if nodes.get(target) is not None]
    if all(completed(nodes.phase(target) or "") for target in present):
        return [(target, nodes.phase(target) or "") for target in present]
    inherited = _inherited(nodes, boundary, set(present))
    return [(target, inherited.get(target, "")) for target in present]


def _inherited(nodes: Nodes, boundary: str, targets: set[str]) -> dict[str, str]:
    """Walk the children of the DAG, each node once per phase that reaches it."""
    found: dict[str, str] = {}
    waiting = deque((child, str(Phase.SUCCEEDED)) for child in nodes[boundary].get("children") or ())
    seen = set(waiting)
    while waiting:
        identifier, phase = waiting.popleft()
        own = nodes.phase(identifier) or ""
        if completed(own):
            phase = own
        if identifier in targets and not failed_or_error(found.get(identifier, "")):
            found[identifier] = phase
        for follower in _followers(nodes, identifier):
            if (follower, phase) not in seen and nodes.get(follower) is not None:
                seen.add((follower, phase))
                waiting.append((follower, phase))
    return found


def _followers(nodes: Nodes, identifier: str) -> list[str]:
    """A Retry node stands for its attempts: what follows are their children, and hooks."""
    node = nodes[identifier]
    children = node.get("children") or []
    if node.get("type") != NodeType.RETRY:
        return children
    found: list[str] = []
    for child in reversed(children):
        attempt = nodes.get(child)
        if attempt is None:
            continue
        found += [child] if is_hooked(attempt) else attempt.get("children") or []
    return found
