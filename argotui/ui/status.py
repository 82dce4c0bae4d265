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
    return BarLine(tuple(left), _rights(desk))


def _unconnected(desk: Desk, scene: Scene, left: list[Piece]) -> BarLine:
    if not desk.problem:
        return BarLine((*left, (f"{_sign(scene, 'o')} connecting{scene.ellipsis}", "bar--stale")))
    left.append((f"{_sign(scene, 'x')} {desk.problem}", "bar--danger"))
    return BarLine(tuple(left), ((("ctrl+r tries again ", "bar--dim"),),))


def _rights(desk: Desk) -> tuple[tuple[Piece, ...], ...]:
    """Wordings for the right end, the most telling first."""
    session = desk.session
    mark: tuple[Piece, ...] = (("read-only ", "bar--stale"),) if session is not None and session.read_only else ()
    return tuple((*pieces, *mark) for pieces in _isolation(desk))


def _isolation(desk: Desk) -> tuple[tuple[Piece, ...], ...]:
    isolation = desk.isolation
    if isolation is None:
        return ((),)
    missing = isolation.not_isolated
    heads = [item.partition(":")[0] for item in missing if ":" in item]
    rest = len(missing) - len(heads)
    more = f" and {rest} more (:cluster)" if rest else ""
    runs = f"steps run in: {isolation.runtime}"
    long = f"{runs}, not isolated: {', '.join(heads)}{more}  " if heads else f"{runs}{more}  "
    short = f"{isolation.runtime}, not isolated: {len(missing)} (:cluster) "
    texts = (long, short, f"{isolation.runtime} ")
    return tuple(((text, "bar--dim"),) for text in texts)


def freshness_piece(scene: Scene, freshnesses: Sequence[Freshness], now: float) -> Piece:
    """The worst of what is on screen. A live link has no age: what does not change costs no bytes."""
    worst = max(freshnesses, key=lambda freshness: freshness.state(now), default=Freshness())
    link = worst.state(now)
    if link is Link.LIVE:
        return f"{_sign(scene, '*')} live", "bar--live"
    again, said = _next_try(worst, now), f": {worst.error}" if worst.error else ""
    if link is Link.CONNECTING:
        return f"{_sign(scene, 'o')} connecting{again}{said}", "bar--stale"
    if link is Link.ABSENT:
        return f"{_sign(scene, 'o')} not installed{again}{said}", "bar--stale"
    if link is Link.DENIED:
        return f"{_sign(scene, 'x')} not allowed{said}", "bar--danger"
    age = worst.age(now)
    old = "" if age is None else f" {coarse(age)}"
    return f"{_sign(scene, '!')} stale{old}{again}{said}", "bar--stale"


def _next_try(freshness: Freshness, now: float) -> str:
    return "" if freshness.retry_at is None else f", again in {coarse(max(1.0, freshness.retry_at - now))}"


def _sign(scene: Scene, sign: str) -> str:
    return sign if scene.ascii else {"*": "●", "o": "○", "x": "✗", "!": "⚠"}[sign]


def title_line(title: tuple[Piece, ...], filter_text: str) -> BarLine:
    """What is shown, and how it is filtered."""
    left: list[Piece] = [(" ", ""), *title]
    if filter_text:
        left.append((f"/{filter_text}", "bar--key"))
    return BarLine(tuple(left))
