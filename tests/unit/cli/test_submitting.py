"""submit, lint and apply from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from argotui.kube.errors import ApiError
from argotui.model.resources import WORKFLOW_TEMPLATES, WORKFLOWS
from argotui.services.audit import entries
from tests.unit.cli.conftest import Run
from tests.unit.services.fake import FakeClient
from tests.unit.services.test_submit import HELLO, TEMPLATE, template
from tests.unit.services.workflows import workflow


@pytest.fixture
def hello(tmp_path: Path) -> str:
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO)
    return str(path)


def test_submit_a_file(argotui: Run, client: FakeClient, hello: str) -> None:
    ran = argotui(
        "submit", hello, "-p", "who=ann", "-l", "team=x", "--annotations", "k=v", "--priority", "5", "--reason", "try"
    )
    assert ran.code == 0
    assert "  who:               ann\n" in ran.out
    ((method, path, body),) = client.writes()
    assert (method, path) == ("POST", WORKFLOWS.path("argo"))
    assert body["metadata"]["labels"] == {"team": "x"}
    assert body["metadata"]["annotations"]["k"] == "v"
    assert body["spec"]["priority"] == 5
    assert [e.why for e in entries(body)] == ["try"]


def test_submit_formats(argotui: Run, client: FakeClient, hello: str) -> None:
    assert argotui("submit", hello, "--name", "named", "-o", "name").out == "named\n"
    assert json.loads(argotui("submit", hello, "-o", "json").out)["kind"] == "Workflow"


def test_parameters_from_a_file_stand_behind_those_of_the_line(
    argotui: Run, client: FakeClient, hello: str, tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text("who: file\nn: 3\nlist: [1, a]\n")
    argotui("submit", hello, "-p", "who=line", "-f", str(tmp_path / "p.yaml"))
    assert client.writes()[0][2]["spec"]["arguments"]["parameters"] == [
        {"name": "who", "value": "line"}, {"name": "n", "value": "3"}, {"name": "list", "value": '[1, "a"]'}
    ]  # fmt: skip
    (tmp_path / "bad.yaml").write_text("- 1\n")
    assert argotui("submit", hello, "-f", str(tmp_path / "bad.yaml")).code == 1
    assert argotui("submit", hello, "-p", "who").code == 1


def test_dry_run_prints_and_sends_nothing(argotui: Run, client: FakeClient, hello: str) -> None:
    ran = argotui("submit", hello, "--dry-run", "--name", "x")
    assert yaml.safe_load(ran.out)["metadata"]["name"] == "x"
    assert not client.requests
    assert argotui("submit", hello, "--dry-run", "--wait").code == 1


def test_bad_input_creates_nothing_and_says_where(argotui: Run, client: FakeClient, hello: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(HELLO.replace("image:", "imge:"))
    ran = argotui("submit", hello, str(bad))
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith(f"{bad}:13:17:")
    assert 'spec.templates[0].container.imge: unknown field; did you mean "image"?' in ran.err
    assert not client.requests


def test_options_that_do_not_go_together(argotui: Run, client: FakeClient, hello: str) -> None:
    assert argotui("submit").code == 2
    assert argotui("submit", hello, "--from", "wftmpl/x").code == 2
    assert argotui("submit", hello, "--wait", "--watch").code == 1
    assert argotui("submit", hello, hello, "--watch").code == 1
    assert argotui("submit", hello, hello, "--name", "x").code == 1
    ran = argotui("submit", hello, "--server-dry-run")
    assert (ran.code, "dry runs on the server" in ran.err) == (2, True)
    assert "unknown fields are always refused" in argotui("submit", hello, "--strict=false").err
    assert not client.requests


def test_submit_from_a_template_as_the_conformance_case_does(argotui: Run, client: FakeClient) -> None:
    client._put("ADDED", WORKFLOW_TEMPLATES, template())
    ran = argotui(
        "-n", "argo", "submit", "--from", "workflowtemplate/pipeline", "--name", "cli", "-p", "tag=cli",
        "-l", "who=cli", "--entrypoint", "other", "-o", "name",
    )  # fmt: skip
    assert ran.out == "cli\n", ran.err
    body = client.writes()[0][2]
    assert body["spec"]["entrypoint"] == "other"
    assert body["metadata"]["labels"]["who"] == "cli"
    assert argotui("submit", "--from", "workflowtemplate/none").err == "argotui: workflowtemplate argo/none not found\n"


def test_a_refusal_in_the_middle_says_what_exists(argotui: Run, client: FakeClient, hello: str) -> None:
    posts = 0

    def refuse(method: str, path: str, body: object) -> None:
        nonlocal posts
        posts += method == "POST" and path == WORKFLOWS.path("argo")
        if posts == 2 and method == "POST":
            raise ApiError(403, "Forbidden", "quota")

    client.before = refuse
    ran = argotui("submit", hello, hello, "-o", "name")
    assert ran.code == 1
    assert "not allowed: quota" in ran.err
    assert f"created before that: {ran.out.strip()}" in ran.err


@pytest.mark.parametrize(("phase", "code"), [("Succeeded", 0), ("Failed", 1)])
@pytest.mark.parametrize("how", ["--wait", "--watch", "--log"])
def test_the_exit_code_after_waiting(
    argotui: Run, client: FakeClient, hello: str, how: str, phase: str, code: int
) -> None:
    create = client.create

    async def run_at_once(res, body, namespace=None):  # type: ignore[no-untyped-def]
        made = await create(res, body, namespace)
        if res is WORKFLOWS:
            await client.put(WORKFLOWS, workflow(made["metadata"]["name"], phase))
        return made

    client.create = run_at_once  # type: ignore[method-assign]
    ran = argotui("submit", hello, how, "--name", "x")
    assert ran.code == code, ran.err
    assert (f"x {phase}" in ran.out) == (how != "--log")


def test_lint(argotui: Run, client: FakeClient, hello: str, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    said = argotui("lint", str(tmp_path), "--no-hints")
    assert (said.code, said.out.splitlines()[-1]) == (0, "5 warnings in 2 manifests")
    assert argotui("lint", str(tmp_path), "--no-hints", "--strict").code == 1
    offline = argotui("lint", "--offline", str(tmp_path), "--kinds", "workflows", "--no-hints")
    assert offline.out.splitlines()[-1] == "2 warnings in 1 manifest"
    (tmp_path / "bad.yaml").write_text(HELLO.replace("entrypoint: main", "entrypoint: x"))
    ran = argotui("lint", str(tmp_path), "-o", "simple")
    assert (ran.code, "bad.yaml:6:" in ran.out) == (1, True)
    assert argotui("lint", str(tmp_path), "--kinds", "pods").code == 2
    assert not client.requests


def test_lint_as_json(argotui: Run, hello: str) -> None:
    said = json.loads(argotui("lint", hello, "-o", "json").out)
    assert (said["manifests"], said["errors"], said["warnings"], said["hints"]) == (1, 0, 2, 3)
    [limits] = [problem for problem in said["problems"] if problem["rule"] == "no-limits"]
    assert (limits["file"], limits["line"], limits["level"]) == (hello, 13, "warning")
    assert limits["path"] == "spec.templates[0].container"


def test_lint_says_everything_at_once(argotui: Run, tmp_path: Path) -> None:
    """Faults of the form, of the meaning, and files that are no YAML: one go."""
    (tmp_path / "a.yaml").write_text(
        HELLO.replace("image: alpine", "imge: alpine").replace("entrypoint: main", "entrypoint: x")
    )
    (tmp_path / "b.yaml").write_text("a: b: c")
    (tmp_path / "c.yaml").write_text(f"{HELLO}---\n{HELLO.replace('entrypoint: main', 'suspend: no')}")
    ran = argotui("lint", str(tmp_path), "-o", "simple", "--no-hints")
    lines = [line.replace(f"{tmp_path}/", "") for line in ran.out.splitlines() if ": error: " in line]
    assert [line.partition(" ")[0] for line in lines] == [
        "a.yaml:6:15:",
        "a.yaml:13:17:",
        "b.yaml:1:5:",
        "c.yaml:20:12:",
    ]
    assert ran.code == 1


def test_lint_needs_no_cluster(argotui: Run, hello: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argotui.cli.lint.says_where", lambda args: False)
    assert argotui("lint", hello).code == 0


def test_submit_says_everything_at_once(argotui: Run, client: FakeClient, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(HELLO.replace("image:", "imge:").replace("entrypoint: main", "entrypoint: x"))
    (tmp_path / "b.yaml").write_text("a: b: c")
    ran = argotui("submit", str(path), str(tmp_path / "b.yaml"))
    assert ran.code == 1
    assert "unknown field" in ran.err
    assert "template name 'x' undefined" in ran.err
    assert "b.yaml:1:5: a second `: ` in one line" in ran.err
    assert not client.requests


def test_apply(argotui: Run, client: FakeClient, tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(f"{TEMPLATE}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: b}}\n")
    assert argotui("apply", str(path), "--dry-run").code == 0
    assert not client.requests
    assert argotui("apply", "-f", str(path)).out == "workflowtemplate/pipeline created\nconfigmap/c created\n"
    assert argotui("apply", str(path)).out == "workflowtemplate/pipeline unchanged\nconfigmap/c unchanged\n"

    def refuse(method: str, path: str, body: object) -> None:
        if method == "PUT":
            raise ApiError(403, "Forbidden", "no")

    client.before = refuse
    path.write_text(path.read_text().replace("value: dev", "value: prod"))
    ran = argotui("apply", str(path))
    assert (ran.code, ran.err) == (1, "argotui: WorkflowTemplate pipeline: no\n")
    assert argotui("apply").code == 2
