"""list, get, watch, wait and logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from argotui.cli.terminal import Terminal
from argotui.cli.workflow_text import TreeText, whole
from argotui.engine.glyphs import ASCII, UNICODE
from argotui.kube.errors import ApiError, Unreachable
from argotui.model.documents import Document
from argotui.model.resources import PODS, WORKFLOWS
from argotui.model.times import format_time
from tests.unit.cli.conftest import Run
from tests.unit.services.fake import FakeClient
from tests.unit.services.workflows import failed, gate, node, pod, workflow

NOW = datetime.now(UTC)


def put(client: FakeClient, *workflows: Document) -> None:
    for item in workflows:
        client._put("ADDED", WORKFLOWS, item)


def ended(name: str, ago: timedelta, phase: str = "Succeeded") -> Document:
    made = workflow(name, phase, created=format_time(NOW - ago))
    made["status"] |= {
        "startedAt": format_time(NOW - ago),
        "finishedAt": format_time(NOW - ago + timedelta(seconds=30)),
    }
    return made


# list


def test_list_shows_running_ones_first_then_the_newest(argotui: Run, client: FakeClient) -> None:
    put(client, ended("old", timedelta(hours=5)), ended("new", timedelta(minutes=5)), workflow("live"))
    lines = argotui("list").out.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"]
    assert [line.split()[0] for line in lines[1:]] == ["live", "new", "old"]
    name, phase, age, *rest = lines[2].split()
    assert (name, phase, rest) == ("new", "Succeeded", ["30s", "0"])
    assert int(age.removesuffix("m")) >= 5  # that of the moment, which a slow machine moves on


def test_list_filters(argotui: Run, client: FakeClient) -> None:
    put(client, ended("a-old", timedelta(hours=5)), ended("b-new", timedelta(minutes=5), "Failed"), workflow("a-live"))

    def names(*options: str) -> set[str]:
        return set(argotui("list", "-o", "name", *options).out.split())

    assert names("--running") == {"a-live"}
    assert names("--completed") == {"a-old", "b-new"}
    assert names("--status", "Failed,Error") == {"b-new"}
    assert names("--prefix", "a-") == {"a-old", "a-live"}
    assert names("--since", "1h") == {"b-new"}
    assert names("--older", "1h") == {"a-old"}
    assert names("-l", "workflows.argoproj.io/phase=Running") == {"a-live"}
    assert names("--field-selector", "metadata.name=b-new") == {"b-new"}
    assert names("--chunk-size", "1") == {"a-old", "b-new", "a-live"}


def test_list_refuses_what_cannot_be_meant(argotui: Run, client: FakeClient) -> None:
    assert argotui("list", "--running", "--completed").code == 1
    ran = argotui("list", "--since", "yesterday")
    assert (ran.code, ran.err) == (1, "argotui: 'yesterday' is not a duration such as 30s, 10m, 3h or 1d\n")


def test_list_without_workflows(argotui: Run, client: FakeClient) -> None:
    assert argotui("list").out == "No workflows found\n"
    assert argotui("list", "-o", "json").out == "[]\n"
    assert argotui("list", "-o", "name").out == ""


def test_list_wide_and_all_namespaces(argotui: Run, client: FakeClient) -> None:
    flow = failed("wf")
    put(client, flow)
    headings, line = argotui("list", "-A", "-o", "wide").out.splitlines()
    assert headings.split() == [
        "NAMESPACE",
        "NAME",
        "STATUS",
        "AGE",
        "DURATION",
        "PRIORITY",
        "MESSAGE",
        "P/R/C",
        "PARAMETERS",
    ]
    assert line.split()[0] == "argo"
    assert line.endswith("0/0/2   p=1")
    assert argotui("list", "--no-headers").out.count("\n") == 1


def test_documents_keep_every_byte(argotui: Run, client: FakeClient) -> None:
    flow = workflow()
    flow["status"]["message"] = "evil \x1b[2J \u202e text"
    put(client, flow)
    assert json.loads(argotui("list", "-o", "json").out)[0]["status"]["message"] == flow["status"]["message"]
    shown = argotui("get", "wf", "-o", "yaml").out
    assert yaml.safe_load(shown)["status"]["message"] == flow["status"]["message"]
    assert "\x1b" not in argotui("list").out
    assert "\x1b" not in argotui("get", "wf").out


# get


def test_get_prints_the_head_and_the_tree(argotui: Run, client: FakeClient) -> None:
    flow = failed()
    flow["status"]["message"] = "child failed"
    put(client, flow)
    out = argotui("get", "wf").out
    assert "Status:              ✗ Failed\n" in out
    assert "Message:             child failed\n" in out
    assert "  p:                 1\n" in out
    rows = out[out.index("STEP") :].splitlines()
    assert rows[0].split() == ["STEP", "STATUS", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"]
    assert rows[1].startswith("✗ wf ")
    assert rows[-1].startswith("└─✗ b ")
    assert rows[-1].split()[2:4] == ["Failed", "main"]
    assert rows[-1].endswith("exit code 1")


def test_get_in_ascii_and_filtered(argotui: Run, client: FakeClient) -> None:
    put(client, failed())
    assert argotui("get", "wf", "--no-utf8").out.isascii()
    out = argotui("get", "wf", "--status", "Failed", "-o", "short").out
    assert " b " in out
    assert " a " not in out
    out = argotui("get", "wf", "--node-field-selector", "displayName=a", "-o", "short").out
    assert " a " in out
    assert " b " not in out
    assert argotui("get", "wf", "--status", "Failed", "--node-field-selector", "displayName=a").code == 1


def test_get_formats_and_latest(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("a", created="2025-01-01T00:00:00Z"), workflow("b", created="2025-01-02T00:00:00Z"))
    assert argotui("get", "@latest", "-o", "name").out == "b\n"
    assert json.loads(argotui("get", "a", "-o", "json").out)["metadata"]["name"] == "a"
    assert argotui("get", "a", "b", "-o", "name").out == "a\nb\n"
    assert "NODENAME" in argotui("get", "a", "-o", "wide").out or "STEP" not in argotui("get", "a", "-o", "wide").out


def test_get_of_what_does_not_exist(argotui: Run, client: FakeClient) -> None:
    ran = argotui("get", "nope")
    assert (ran.code, ran.out, ran.err) == (1, "", "argotui: workflow argo/nope not found\n")
    assert argotui("get").code == 2
    assert argotui("get", "@latest").err == "argotui: no workflows in namespace argo\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ApiError(403, "Forbidden", 'User "ann" cannot list'), 'argotui: not allowed: User "ann" cannot list\n'),
        (Unreachable("https://10.0.0.1: connection refused"), "argotui: https://10.0.0.1: connection refused\n"),
        (ApiError(500, "InternalError", "first\nsecond"), "argotui: first second\n"),
    ],
)
def test_what_the_server_says_is_one_line(argotui: Run, client: FakeClient, error: Exception, said: str) -> None:
    def fail(method: str, path: str, body: object) -> None:
        raise error

    client.before = fail
    ran = argotui("list")
    assert (ran.code, ran.err) == (1, said)


def test_colours_and_signs_only_where_they_can_be_shown() -> None:
    flow = failed()
    plain = Terminal(is_tty=False, color=False, glyphs=ASCII, width=0)
    colored = Terminal(is_tty=True, color=True, glyphs=UNICODE, width=80)
    assert "\x1b" not in "\n".join(whole(flow, plain, TreeText(plain)))
    painted = next(line for line in whole(flow, colored, TreeText(colored)) if " b " in line)
    assert painted.startswith("└─\x1b[31m✗\x1b[0m b ")
    assert "\x1b[31mFailed\x1b[0m" in painted


# wait and watch


def test_wait_tells_how_each_ended(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("good", "Succeeded"), workflow("bad", "Failed", status={"message": "boom"}))
    assert argotui("wait", "good").code == 0
    ran = argotui("wait", "good", "bad")
    assert ran.code == 1
    assert "good Succeeded at 2025-01-01T00:01:00Z\n" in ran.out
    assert "bad Failed at 2025-01-01T00:01:00Z: boom\n" in ran.out


def test_wait_for_what_does_not_exist(argotui: Run, client: FakeClient) -> None:
    assert argotui("wait", "nope").code == 1
    assert argotui("wait", "nope", "--ignore-not-found").code == 0
    assert argotui("wait").code == 2


def test_wait_until_a_node_has_a_phase(argotui: Run, client: FakeClient) -> None:
    put(client, gate(), workflow("done", "Succeeded"))
    assert argotui("wait", "wf", "--until-node", "approve=Running").code == 0
    ran = argotui("wait", "done", "--until-node", "approve=Running")
    assert ran.code == 1
    assert "no node 'approve' has become Running" in ran.err
    assert argotui("wait", "wf", "--until-node", "approve").code == 1


def test_watch_without_a_terminal_tells_changes_as_lines(argotui: Run, client: FakeClient) -> None:
    put(client, failed())
    ran = argotui("watch", "wf")
    assert ran.code == 1
    said = [line.split(" ", 1)[1] for line in ran.out.splitlines()]
    assert said == ["✔ a Succeeded", "✗ b Failed: exit code 1", "✗ wf Failed"]
    assert argotui("watch", "nope").err == "argotui: workflow argo/nope not found\n"


# logs


def test_logs_are_raw_bytes_with_the_pod_in_front(argotui: Run, client: FakeClient) -> None:
    flow, one = workflow("wf", "Succeeded"), pod("wf", 1)
    put(client, flow)
    client._put("ADDED", PODS, one)
    name = one["metadata"]["name"]
    client.pod_logs = {(name, "main"): [b"2025-01-01T00:00:01Z \x1b[31mred\x1b[0m\n2025-01-01T00:00:02Z plain\n"]}
    assert argotui("logs", "wf").out == f"{name}: \x1b[31mred\x1b[0m\n{name}: plain\n"
    assert argotui("logs", "wf", "--grep", "^pl").out == f"{name}: plain\n"
    assert argotui("logs", "-f", "wf", name, "--timestamps").out.endswith(f"{name}: 2025-01-01T00:00:02Z plain\n")
    assert argotui("logs", "@latest", "-c", "other").err.startswith("note: pod")


def test_logs_options_are_checked(argotui: Run, client: FakeClient) -> None:
    put(client, workflow())
    for options in (["--since", "x"], ["--since-time", "x"], ["--grep", "("], ["--since", "1s", "--since-time", "x"]):
        assert argotui("logs", "wf", *options).code == 1
    assert argotui("logs", "nope").err == "argotui: workflow argo/nope not found\n"


def test_logs_of_pods_that_are_gone_are_explained(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("wf", "Succeeded", nodes=[node("wf", ".a", phase="Succeeded")]))
    ran = argotui("logs", "wf")
    assert ran.code == 0
    assert "pods of 1 steps do not exist any more" in ran.err


def test_log_lines_on_a_terminal_keep_their_colours_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    from argotui.cli.log_text import LogPrinter
    from argotui.services.log_stream import LogLine, LogSource

    source = LogSource("pod-1", "uid", "main", "node")

    def line(text: bytes) -> LogLine:
        return LogLine(source, "2025-01-01T00:00:01Z", "", text)

    colored = LogPrinter(Terminal(is_tty=True, color=True, glyphs=UNICODE, width=80))
    assert colored.print(line(b"\x1b[31mred\x1b[2J\x1b[0m \x07"))
    shown = capsys.readouterr().out
    assert "\x1b[38;5;1mred" in shown
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown
    plain = LogPrinter(Terminal(is_tty=True, color=False, glyphs=ASCII, width=80), timestamps=True)
    plain.print(line(b"\x1b[31mred\xff\r"))
    assert capsys.readouterr().out == "pod-1: 2025-01-01T00:00:01Z red\ufffd\n"
