"""The words of the two lines at the top."""

from __future__ import annotations

from collections.abc import Sequence

from argotui.services.desk import Desk
from argotui.store.freshness import Freshness, Link
from argotui.store.text import one_line
from argotui.ui.scene import Scene
from argotui.ui.spans import coarse
from argotui.ui.widgets.bars import BarLine, Piece


def status_line(desk: Desk, scene: Scene, freshnesses: Sequence[Freshness], now: float) -> BarLine:
    """Cluster, namespace, freshness; what may be done, and what runs the steps of a local cluster."""
    left: list[Piece] = [(" ", ""), ("argotui  ", "bar--strong")]
    session = desk.session
    if session is None:
        return _unconnected(desk, scene, left)
    where = "all namespaces" if session.namespace is None else session.namespace
    left += [(f"{one_line(session.context)} ", "bar--strong"), ("/ ", "bar--dim"), (f"{one_line(where)}  ", "")]
    left.append(freshness_piece(scene, freshnesses, now))
    return BarLine(tuple(left), tuple(_rights(desk)))


def _unconnected(desk: Desk, scene: Scene, left: list[Piece]) -> BarLine:
    if not desk.problem:
        return BarLine((*left, (f"{_sign(scene, 'o')} connecting{scene.ellipsis}", "bar--stale")))
    left.append((f"{_sign(scene, 'x')} {desk.problem}", "bar--danger"))
    return BarLine(tuple(left), (("ctrl+r tries again ", "bar--dim"),))


def _rights(desk: Desk) -> list[Piece]:
    session, isolation = desk.session, desk.isolation
    right: list[Piece] = []
    if isolation is not None:
        right.append((f"steps: {isolation.runtime} ", "bar--dim"))
    if session is not None and session.read_only:
        right.append(("read-only ", "bar--stale"))
    return right


def freshness_piece(scene: Scene, freshnesses: Sequence[Freshness], now: float) -> Piece:
    """The worst of what is on screen. A live link has no age: what does not change costs no bytes."""
    worst = max(freshnesses, key=lambda freshness: freshness.state(now), default=Freshness())
    link = worst.state(now)
    if link is Link.LIVE:
        return f"{_sign(scene, '*')} live", "bar--live"
    if link is Link.CONNECTING:
        said = f": {worst.error}" if worst.error else ""
        return f"{_sign(scene, 'o')} connecting{said}", "bar--stale"
    if link is Link.DENIED:
        return f"{_sign(scene, 'x')} not allowed: {worst.error}", "bar--danger"
    age = worst.age(now)
    old = "" if age is None else f" {coarse(age)}"
    return f"{_sign(scene, '!')} stale{old}{': ' if worst.error else ''}{worst.error}", "bar--stale"


def _sign(scene: Scene, sign: str) -> str:
    return sign if scene.ascii else {"*": "●", "o": "○", "x": "✗", "!": "⚠"}[sign]


def title_line(desk: Desk, title: tuple[Piece, ...], filter_text: str) -> BarLine:
    """What is shown, how it is filtered, and what the local cluster does not keep apart."""
    left: list[Piece] = [(" ", ""), *title]
    if filter_text:
        left.append((f"/{filter_text}", "bar--key"))
    isolation = desk.isolation
    if isolation is None or not isolation.not_isolated:
        return BarLine(tuple(left))
    return BarLine(tuple(left), ((f"not isolated: {', '.join(isolation.not_isolated)} ", "bar--dim"),))
