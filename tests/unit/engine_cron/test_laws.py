"""Whatever happens and in whatever order: no run twice, none lost that should be, and books that add up."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argotui.engine.cron.schedule import parse_schedule
from tests.unit.engine_cron.world import START, Killed, World

SHORT = 25
"""Seconds of the longest downtime: firings at :00 and at :30 never fall into the same one."""
STEPS = ("patch", "create", "terminate", "delete")
ACTIONS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 5000)),
    st.tuples(st.just("down"), st.integers(0, SHORT)),
    st.tuples(st.just("over"), st.integers(0, SHORT)),
    st.tuples(st.just("kill"), st.sampled_from(STEPS)),
    st.tuples(st.just("end"), st.sampled_from(["Succeeded", "Failed", "Error"])),
    st.tuples(st.just("look"), st.just(0)),
    st.tuples(st.just("spoil"), st.just(0)),
)
PLANS = st.lists(ACTIONS, max_size=25)
SCHEDULES = st.lists(
    st.sampled_from(["*/10 * * * *", "0 * * * *", "7,37 * * * *", "@every 17m", "30 2 * * *"]), min_size=1, max_size=2
)
ZONES = st.sampled_from(["", "Europe/Berlin", "America/New_York"])
CHANGES = [START, datetime.fromisoformat("2024-03-31T00:30:00Z"), datetime.fromisoformat("2024-11-03T04:30:00Z")]


def play(world: World, plan: list[tuple[str, int | str]]) -> None:
    """Downtimes are shorter than the grace, so nothing that fired may be lost."""
    for action, value in plan:
        try:
            if action == "pass" and isinstance(value, int):
                world.pass_time(seconds=value)
            elif action == "down" and isinstance(value, int):
                world.look()
                world.restart()
                world.now += timedelta(seconds=value)
                world.look()
            elif action == "over" and isinstance(value, int):
                world.look()
                world.restart()  # and down while the next one fires
                world.now = (world.wake or world.now) + timedelta(seconds=value)
                world.look()
            elif action == "kill":
                world.kill_before = str(value)
            elif action == "end":
                world.end_all(str(value))
                world.look()
            elif action == "spoil" and world.status:
                world.cron["status"].pop("active", None)  # somebody's replace, for instance
                world.look()
            else:
                world.look()
        except Killed:
            world.restart()
            world.look()
    world.kill_before = None
    world.look()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS, SCHEDULES, ZONES, st.sampled_from(CHANGES), st.sampled_from(["Allow", "Replace"]))
def test_every_firing_runs_once(
    plan: list[tuple[str, int | str]], schedules: list[str], zone: str, start: datetime, policy: str
) -> None:
    world = World(start=start, schedules=schedules, timezone=zone, concurrencyPolicy=policy)
    world.cron["metadata"]["creationTimestamp"] = start.isoformat().replace("+00:00", "Z")
    play(world, plan)
    assert len(world.created) == len(set(world.created))
    fired = {int(name.rpartition("-")[2]) for name in world.created}
    assert fired == wanted(world, schedules, zone, start)


def wanted(world: World, schedules: list[str], zone: str, start: datetime) -> set[int]:
    """All firings since the start, but of those that fell into one downtime only the latest: none has two here."""
    found: set[int] = set()
    for schedule in map(parse_schedule, schedules, [zone] * len(schedules)):
        moment = schedule.next(start)
        while moment is not None and moment <= world.now:
            found.add(int(moment.timestamp()))
            moment = schedule.next(moment)
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS, st.sampled_from(["Allow", "Forbid", "Replace"]), st.integers(0, 3), st.integers(0, 2))
def test_the_books_add_up(plan: list[tuple[str, int | str]], policy: str, good: int, bad: int) -> None:
    world = World(
        schedules=["*/10 * * * *"],
        concurrencyPolicy=policy,
        successfulJobsHistoryLimit=good,
        failedJobsHistoryLimit=bad,
    )
    play(world, plan)
    running = [name for name, child in world.children.items() if not child.get("status")]
    assert sorted(world.active()) == sorted(running)
    ended = len(world.created) - len(running)
    assert world.status.get("succeeded", 0) + world.status.get("failed", 0) == ended
    assert len(world.children) - len(running) <= good + bad
    if policy == "Forbid":
        assert len(running) <= 1
    if policy == "Replace":
        assert sum("shutdown" not in world.children[name]["spec"] for name in running) <= 1
