"""A link that says nothing for too long is not believed."""

from argotui.store.freshness import STALE_AFTER, Freshness, Link


def test_a_link_from_its_first_try_to_its_loss() -> None:
    link = Freshness()
    assert link.state(0) is Link.CONNECTING
    link.lost("refused")
    assert link.state(1) is Link.CONNECTING
    link.said(2.0)
    assert link.state(3) is Link.LIVE
    assert link.age(5) == 3
    assert link.state(2 + STALE_AFTER + 1) is Link.STALE
    link.lost("cut")
    assert link.state(3) is Link.STALE
    assert link.error == "cut"
    link.lost("forbidden", Link.DENIED)
    assert link.state(3) is Link.DENIED
    assert max(Link.LIVE, Link.STALE) is Link.STALE
