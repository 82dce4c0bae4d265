"""Backfill: which firings, and the workflows that create their runs; and the next run of a CronWorkflow."""

from __future__ import annotations

import json

import pytest
import yaml

from argotui.engine.cron.backfill import Backfill, firings, monitors, prefix
from argotui.engine.cron.outlook import next_run
from argotui.engine.operations import OperationRefused
from argotui.engine.template import compile_text
from argotui.engine.validate import validate
from tests.tables import every_row
from tests.unit.engine.rows import Row, row_id, rows
from tests.unit.engine_cron.world import World, at

NOW = at("2024-03-01T00:00:00Z")


@every_row([row for row in rows("names") if row["op"] == "backfill_prefix"], row_id)
def test_prefix(row: Row) -> None:
    """The table does not name the backfill."""
    name = "retry" if row["value"].endswith("-retry") else "backfill"
    assert prefix(row["cron"], name) == row["value"]


def test_firings_of_a_span() -> None:
    cron = World(schedules=["0 12 * * *", "0 */12 * * *"], timezone="Europe/Berlin").cron
    found = firings(cron, at("2024-01-01T11:00:00Z"), at("2024-01-02T11:00:00Z"))
    assert found == [at("2024-01-01T23:00:00Z"), at("2024-01-02T11:00:00Z")]


def test_too_many_firings() -> None:
    with pytest.raises(OperationRefused, match="more than 100000"):
        firings(World(schedules=["* * * * *"]).cron, at("2000-01-01T00:00:00Z"), NOW)
    with pytest.raises(OperationRefused, match="cron workflow c: expected exactly 5 fields"):
        firings(World(schedules=["often"]).cron, at("2000-01-01T00:00:00Z"), NOW)


def test_monitors() -> None:
    cron = World(timezone="Asia/Kolkata").cron
    cron["spec"]["workflowSpec"]["arguments"] = {"parameters": [{"name": "a", "value": "1"}]}
    tags = "{{workflow.parameters.a}} {{=workflow.name}} {{{{"
    cron["spec"]["workflowSpec"]["templates"][0]["container"]["args"] = [tags]
    moments = firings(cron, at("2024-01-01T00:00:00Z"), at("2024-01-01T03:00:00Z"))
    made = monitors(cron, moments, Backfill("b", argument="when", chunk=2), now=NOW)
    assert [validate(each) for each in made] == [[], []]
    first = made[0]
    assert first["metadata"] == {
        "generateName": "backfill-wf-", "namespace": "ns", "labels": {"cronworkflows.argoproj.io/backfill": "c"},
    }  # fmt: skip
    steps, create = first["spec"]["templates"]
    (((step,),)) = steps["steps"]
    assert json.loads(step["withParam"]) == ["2024-01-01 06:00:00 +0530 IST", "2024-01-01 07:00:00 +0530 IST"]
    child = yaml.safe_load(create["resource"]["manifest"])
    assert child["metadata"]["generateName"] == "c-backfill-b-"
    assert child["spec"]["templates"][0]["container"]["args"] == [tags]
    assert compile_text(create["resource"]["manifest"]).tags == ("inputs.parameters.backfillscheduletime",)
    assert child["spec"]["priority"] == 2**31 - 1
    assert child["spec"]["synchronization"] == {"mutexes": [{"name": "b"}]}
    assert child["spec"]["arguments"]["parameters"] == [
        {"name": "a", "value": "1"}, {"name": "when", "value": "{{inputs.parameters.backfillscheduletime}}"}
    ]  # fmt: skip
    assert cron["spec"]["workflowSpec"]["arguments"] == {"parameters": [{"name": "a", "value": "1"}]}


def test_monitors_in_parallel_and_without_an_empty_one() -> None:
    cron = World().cron
    moments = firings(cron, at("2024-01-01T00:00:00Z"), at("2024-01-01T04:00:00Z"))
    made = monitors(cron, moments, Backfill("b", parallel=True, chunk=2), now=NOW)
    assert len(made) == 2
    child = yaml.safe_load(made[0]["spec"]["templates"][1]["resource"]["manifest"])
    assert "synchronization" not in child["spec"]
    with pytest.raises(OperationRefused):
        monitors(cron, moments, Backfill("b", chunk=0), now=NOW)


def test_the_next_run() -> None:
    assert next_run(World(schedules=["0 2 * * *"], timezone="Europe/Berlin").cron, NOW) == at("2024-03-01T01:00:00Z")
    assert next_run(World(schedules=None, schedule="@hourly").cron, NOW) == at("2024-03-01T01:00:00Z")
    assert next_run(World(schedules=["0 0 30 2 *"]).cron, NOW) is None
    assert next_run(World(schedules=["often"]).cron, NOW) is None
    assert next_run({"spec": None}, NOW) is None
    assert next_run(World(schedules=["0 2 * * *"], suspend=True).cron, NOW) is None
    assert next_run({**World(schedules=["0 2 * * *"]).cron, "status": {"phase": "Stopped"}}, NOW) is None
    every = World(schedules=["@every 90m"]).cron
    every["metadata"]["creationTimestamp"] = "2024-02-29T20:10:00Z"
    assert next_run(every, NOW) == at("2024-03-01T00:40:00Z")
