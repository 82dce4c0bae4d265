"""The recorded CronWorkflow: its time comes, its child runs to its end, and nothing differs from upstream's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from argotui.model.documents import clone
from tests.unit.engine.replay import CASES, Case, Replay, _documents
from tests.unit.engine_cron.world import START, World, at, child

CASE = CASES / "cron-workflow"


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
def test_case(fresh: bool) -> None:
    (cron,) = _documents(CASE / "workflow.yaml")
    world = World()
    world.cron = clone(cron)
    world.cron["metadata"] |= {"uid": "cron-uid", "creationTimestamp": "2024-03-01T11:59:30Z"}
    world.advance(START + timedelta(seconds=40))
    (made,) = world.children.values()
    assert made["metadata"]["name"] == child("2024-03-01T12:00:00Z").replace("c-", "golden-cron-")
    recorded = Case.read("cron-workflow", workflow=made)
    nodes = recorded.expected["workflow"]["nodes"]
    nodes |= {made["metadata"]["name"]: nodes["CRONCHILD"]}
    replay = Replay(recorded, fresh=fresh).run()
    del nodes[made["metadata"]["name"]]
    assert replay.differences() == []
    world.children[made["metadata"]["name"]] = replay.simulation.workflow
    world.look()
    assert world.status["succeeded"] == 1
    assert world.now < at("2024-03-01T12:01:00Z")
