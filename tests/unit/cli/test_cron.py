"""`argotui cron …` and `submit --from cronwf/…`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from argotui.cli.cron import reading
from argotui.model.documents import Document
from argotui.model.resources import CRON_WORKFLOWS, WORKFLOWS
from argotui.services.audit import entries
from tests.unit.cli.conftest import Run
from tests.unit.services.fake import FakeClient

NOW = datetime(2026, 3, 1, 11, 59, 0, tzinfo=UTC)
MANIFEST = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: made}
spec:
  schedules: ["0 2 * * *"]
  timezone: Europe/Berlin
  workflowSpec:
    entrypoint: m
    arguments: {parameters: [{name: who, value: me}]}
    templates:
    - name: m
      container: {image: busybox, command: [echo]}
"""


def cron(name: str, namespace: str = "argo", status: Document | None = None, **spec: Any) -> Document:
    document: Document = yaml.safe_load(MANIFEST)
    document["metadata"] = {
        "name": name, "namespace": namespace, "uid": f"{name}-uid", "creationTimestamp": "2026-02-27T11:59:00Z",
    }  # fmt: skip
    document["spec"] |= spec
    return document | ({"status": status} if status else {})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "now", lambda: NOW)
    monkeypatch.setattr("argotui.cli.cron.backfill.now", lambda: NOW)


@pytest.fixture
def two(client: FakeClient) -> FakeClient:
    status = {
        "lastScheduledTime": "2026-03-01T01:00:00Z", "phase": "Active", "succeeded": 4,
        "active": [{"name": "night-1", "uid": "u"}],
        "conditions": [{"type": "SubmissionError", "status": "True", "message": "no\x1b[31m"}],
    }  # fmt: skip
    client._put("ADDED", CRON_WORKFLOWS, cron("night", status=status))
    client._put(
        "ADDED", CRON_WORKFLOWS, cron("day", "team", schedules=None, schedule="@hourly", timezone=None, suspend=True)
    )
    return client


def test_list(argotui: Run, two: FakeClient) -> None:
    assert argotui("cron", "list").out.splitlines() == [
        "NAME    AGE   LAST RUN   NEXT RUN   SCHEDULES   TIMEZONE        SUSPENDED",
        "night   2d    10h        13h        0 2 * * *   Europe/Berlin   false",
    ]
    lines = argotui("cron", "list", "-A").out.splitlines()
    assert lines[2].split() == ["team", "day", "2d", "N/A", "N/A", "@hourly", "true"]
    assert argotui("-n", "team", "cron", "list", "-o", "name").out == "day\n"
    assert argotui("cron", "list", "-n", "team", "-o", "name").out == "day\n"
    assert json.loads(argotui("cron", "list", "-o", "json").out)[0]["metadata"]["name"] == "night"
    assert argotui("cron", "list", "-n", "none").out == "No cron workflows found\n"


def test_list_of_one_that_is_broken(argotui: Run, client: FakeClient) -> None:
    client._put("ADDED", CRON_WORKFLOWS, cron("broken", schedules=["x"], timezone="../../etc/passwd"))
    assert argotui("cron", "list").out.splitlines()[1].split() == [
        "broken", "2d", "N/A", "N/A", "x", "../../etc/passwd", "false"
    ]  # fmt: skip


def test_get(argotui: Run, two: FakeClient) -> None:
    shown = argotui("cron", "get", "night").out
    assert "\x1b" not in shown
    facts = dict(line.split(":", 1) for line in shown.splitlines())
    found = {key: value.strip() for key, value in facts.items()}
    assert found["Schedules"] == "0 2 * * *"
    assert found["Active Workflows"] == "night-1"
    assert found["LastScheduledTime"].endswith("(10h ago)")
    assert found["NextScheduledTime"].endswith("(13h from now)")
    assert found["✖ SubmissionError"].startswith("no")
    assert found["  who"] == "me"
    assert (
        "NextScheduledTime:             none while it is suspended\n" in argotui("cron", "get", "day", "-n", "team").out
    )
    two._put("ADDED", CRON_WORKFLOWS, cron("hourly", schedules=["@hourly"], timezone=None))
    assert "taken as UTC" in argotui("cron", "get", "hourly").out
    ran = argotui("cron", "get", "absent")
    assert (ran.code, ran.err) == (1, "argotui: cron workflow argo/absent not found\n")


def test_create(argotui: Run, client: FakeClient, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MANIFEST)
    ran = argotui(
        "cron", "create", str(path), "--schedule", "@daily", "-p", "who=ann", "-l", "team=x", "--entrypoint", "m",
        "--name", "other", "--reason", "wanted",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert "@daily" in ran.out
    ((method, where, body),) = client.writes()
    assert (method, where) == ("POST", CRON_WORKFLOWS.path("argo"))
    assert body["metadata"]["name"] == "other"
    assert body["metadata"]["labels"] == {"team": "x"}
    assert body["spec"]["schedules"] == ["@daily"]
    assert body["spec"]["workflowSpec"]["arguments"]["parameters"] == [{"name": "who", "value": "ann"}]
    assert [entry.why for entry in entries(body)] == ["wanted"]
    assert argotui("cron", "create", str(path), "--dry-run").out.startswith("apiVersion")
    assert len(client.writes()) == 1


def test_what_is_wrong_with_a_file(argotui: Run, client: FakeClient, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MANIFEST.replace("0 2 * * *", "0 25 * * *").replace("Europe/Berlin", "Europe/Atlantis"))
    ran = argotui("cron", "create", str(path))
    assert ran.code == 1
    assert f"{path}:5:15: spec.schedules[0]: cron schedule 0 25 * * * is malformed" in ran.err
    assert f"{path}:6:13: spec.timezone: provided bad location Europe/Atlantis" in ran.err
    path.write_text(MANIFEST.replace("CronWorkflow", "Workflow").split("spec:")[0] + "spec: {entrypoint: m}\n")
    assert "a CronWorkflow is expected here, not a Workflow" in argotui("cron", "create", str(path)).err
    assert client.writes() == []


def test_update_keeps_the_status(argotui: Run, two: FakeClient, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MANIFEST.replace("made", "night"))
    assert argotui("cron", "update", str(path), "--schedule", "@weekly").code == 0
    ((method, _, body),) = two.writes()
    assert method == "PUT"
    assert body["spec"]["schedules"] == ["@weekly"]
    assert body["status"]["succeeded"] == 4
    path.write_text(MANIFEST)
    ran = argotui("cron", "update", str(path))
    assert (ran.code, ran.err) == (1, "argotui: cron workflow argo/made not found\n")


def test_suspend_and_resume(argotui: Run, two: FakeClient) -> None:
    ran = argotui("cron", "suspend", "night", "--reason", "holidays")
    assert (ran.code, ran.out) == (0, "cron workflow night suspended\n")
    ((_, _, body),) = [write for write in two.writes() if write[0] == "PATCH"]
    assert body["spec"] == {"suspend": True}
    assert argotui("cron", "resume", "-n", "team", "-l", "", "day").out == "cron workflow day resumed\n"


def test_delete(argotui: Run, two: FakeClient) -> None:
    assert argotui("cron", "delete").code == 2
    assert argotui("cron", "delete", "--all").out == "cron workflow night deleted\n"
    assert argotui("cron", "delete", "--all").out == "No cron workflows found\n"
    assert argotui("cron", "list", "-A", "-o", "name").out == "day\n"


def test_lint(argotui: Run, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MANIFEST.replace("0 2 * * *", "often"))
    ran = argotui("cron", "lint", "--offline", str(path))
    assert ran.code == 1
    assert "expected exactly 5 fields, found 1: [often]" in ran.out + ran.err


def test_submit_from(argotui: Run, two: FakeClient) -> None:
    for number, source in enumerate(("cronwf/night", "cronworkflow/night", "cwf/night")):
        assert argotui("submit", "--from", source, "--name", f"now-{number}", "-o", "name").out == f"now-{number}\n"
    body = next(body for method, path, body in two.writes() if path == WORKFLOWS.path("argo"))
    assert body["metadata"]["labels"]["workflows.argoproj.io/cron-workflow"] == "night"
    assert body["metadata"]["ownerReferences"][0]["uid"] == "night-uid"


def test_backfill_asks_for_times(argotui: Run, two: FakeClient) -> None:
    assert argotui("cron", "backfill", "night").code == 2
    ran = argotui("cron", "backfill", "night", "--start", "yesterday")
    assert ran.code == 1
    assert "yesterday" in ran.err
    ran = argotui("cron", "backfill", "night", "--start", "2026-02-28T12:00:00Z", "--end", "2026-02-28T13:00:00Z")
    assert ran.out == "There is no suitable scheduling time.\n"


def test_backfill(argotui: Run, two: FakeClient) -> None:
    times = ["--start", "Sat, 28 Feb 2026 00:00:00 UTC", "--end", "2026-03-01"]
    ran = argotui("cron", "backfill", "night", *times, "--name", "fill", "--reason", "lost")
    assert (ran.code, ran.err) == (0, "")
    assert "Runs:        1\n" in ran.out
    body = next(body for method, path, body in two.writes() if path == WORKFLOWS.path("argo"))
    assert body["metadata"]["labels"] == {"cronworkflows.argoproj.io/backfill": "night"}
    assert [entry.why for entry in entries(body)] == ["lost"]
    assert '"name": "fill"' in body["spec"]["templates"][1]["resource"]["manifest"]
    written = len(two.writes())
    shown = argotui("cron", "backfill", "night", *times[:2], "--format", "Mon, 02 Jan 2006 15:04:05 MST", "--dry-run")
    assert shown.code == 0
    assert "2026-02-28 02:00:00 +0100 CET" in shown.out
    assert len(two.writes()) == written
    assert argotui("cron", "backfill", "night", *times, "--maxworkflowcount", "0").code == 2


def test_a_large_backfill_is_asked_for(argotui: Run, two: FakeClient) -> None:
    two._put("ADDED", CRON_WORKFLOWS, cron("often", schedules=["@every 5s"]))
    call = ("cron", "backfill", "often", "--start", "2026-02-27", "--end", "2026-02-28")
    ran = argotui(*call)
    assert (ran.code, ran.out, two.writes()) == (1, "nothing was submitted\n", [])
    assert ran.err == "argotui: this runs cron workflow often 17280 times; say --yes to confirm\n"
    assert argotui(*call, "--yes").code == 0
    assert len(two.writes()) == 18


def test_verbs_of_cron(argotui: Run) -> None:
    shown = argotui("cron", "--help").out
    assert all(verb in shown for verb in ("list", "get", "create", "delete", "suspend", "resume", "lint", "backfill"))
    assert "usage: argotui cron backfill" in argotui("cron", "backfill", "--help").out
    assert argotui("cron").code == 2
