"""From arguments to verbs: dispatch, options before and after the verb, exit codes, start-up cost."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from argotui.cli import registry
from argotui.cli.registry import VERBS, Verb
from argotui.model.resources import WORKFLOWS
from tests.unit.cli.conftest import Run
from tests.unit.services.fake import FakeClient
from tests.unit.services.workflows import workflow

HEAVY = {
    "aiohttp",
    "yaml",
    "pydantic",
    "msgspec",
    "textual",
    "rich",
    "kubernetes",
    "asyncio",
    "argparse",
    "cryptography",
}


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom argotui.cli.main import run\n"
        f"run({list(arguments)!r})\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_version_imports_nothing_heavy() -> None:
    assert not modules_after("version") & HEAVY


@pytest.mark.parametrize("verb", ["get", "list", "logs", "submit", "wait"])
def test_no_verb_imports_a_drawing_library(verb: str) -> None:
    assert not modules_after(verb, "--help") & {"textual", "rich", "kubernetes"}


def test_version_and_help(argotui: Run) -> None:
    assert argotui("version").out.startswith("argotui ")
    assert argotui("--version").out == argotui("version").out
    shown = argotui("--help")
    assert shown.code == 0
    assert all(verb.name in shown.out for verb in VERBS.values() if not verb.hidden)
    assert "apiserver" not in shown.out


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS.values() if verb.module not in ("hidden", "version")])
def test_every_verb_has_help(argotui: Run, verb: str) -> None:
    shown = argotui(verb, "--help")
    assert shown.code == 0
    assert f"usage: argotui {verb}" in shown.out


def test_a_verb_that_does_not_exist(argotui: Run) -> None:
    ran = argotui("sumbit", "x.yaml")
    assert ran.code == 2
    assert "did you mean 'submit'?" in ran.err


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("list --chunk-size " + 5000 * "9", f"--chunk-size: '{30 * '9'}…' is not between 0 and 9223372036854775807"),
        ("list --chunk-size many", "--chunk-size: 'many' is not a whole number"),
        ("submit x --priority 2147483648", "--priority: '2147483648' is not between -2147483648 and 2147483647"),
        ("logs x --tail -2", "--tail: '-2' is not between -1 and 9223372036854775807"),
        ("list --since 99999999999999d", "'99999999999999d' goes back to before the year 1"),
    ],
)
def test_numbers_have_bounds(argotui: Run, client: FakeClient, call: str, told: str) -> None:
    ran = argotui(*call.split())
    assert ran.code
    assert told in ran.err


def test_options_may_stand_before_and_after_the_verb(argotui: Run, client: FakeClient) -> None:
    client._put("ADDED", WORKFLOWS, workflow("a"))
    other = workflow("b")
    other["metadata"]["namespace"] = "team"
    client._put("ADDED", WORKFLOWS, other)
    for arguments in (["-n", "team", "list", "-o", "name"], ["list", "--namespace=team", "-o", "name"]):
        assert argotui(*arguments).out == "b\n"
    assert argotui("list", "-A", "-o", "name").out.split() == ["b", "a"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["-s", "host:2746", "list"], "never to an Argo server"),
        (["list", "--argo-server", "host:2746"], "never to an Argo server"),
        (["get", "x", "--as", "root"], "impersonation"),
        (["list", "--token", "x"], "credentials"),
    ],
)
def test_options_of_argo_that_cannot_work_say_why(argotui: Run, arguments: list[str], why: str) -> None:
    ran = argotui(*arguments)
    assert ran.code == 2
    assert why in ran.err


def test_modules_plug_in_by_name(argotui: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("argotui.cli.plugged")

    def add_parser(subparsers) -> None:  # type: ignore[no-untyped-def]
        verbs = subparsers.add_parser("plugged", help="text").add_subparsers(dest="inner", required=True)
        verbs.add_parser("go")

    module.add_parser, module.run = add_parser, lambda args: 7 if args.inner == "go" else 1  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "argotui.cli.plugged", module)
    monkeypatch.setitem(registry.VERBS, "plugged", Verb("plugged", "plugged", ""))
    assert argotui("plugged", "go").code == 7


def test_ctrl_c_and_a_closed_pipe(argotui: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("argotui.cli.list.run", interrupted)
    assert argotui("list").code == 130


def test_a_closed_pipe_is_quiet() -> None:
    code = "from argotui.cli.main import run\nimport sys\nsys.exit(run(['--help']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_text_that_is_not_utf8_is_refused(argotui: Run) -> None:
    assert argotui("get", "\udcff").code == 2


def test_without_a_terminal_there_is_no_console(argotui: Run) -> None:
    ran = argotui()
    assert ran.code == 2
    assert "needs a terminal" in ran.err


def test_without_any_cluster_the_local_one_is_used_or_named(
    argotui: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ARGOTUI_LOCAL_DIR", str(tmp_path / "local"))
    ran = argotui("list")
    assert ran.code == 1
    assert "no kubeconfig" in ran.err
    assert argotui("--local", "list").err == (
        "argotui: there is no local cluster yet; start it with: argotui local start\n"
    )
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "endpoint").write_text("https://127.0.0.1:9\n")
    (tmp_path / "local" / "kubeconfig").write_text(
        "current-context: argotui-local\n"
        "contexts: [{name: argotui-local, context: {cluster: c, user: u, namespace: argo}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]\n"
        "users: [{name: u, user: {token: t}}]\n"
    )
    ran = argotui("list")
    assert ran.code == 1
    assert "using the local cluster" in ran.err
    assert "start it with: argotui local start" in ran.err


def test_a_terminal_that_cannot_show_a_character_does_not_end_the_program() -> None:
    code = "from argotui.cli.main import run\nimport sys\nsys.exit(run(['sub…mit']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONIOENCODING": "ascii:strict", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "'sub\\u2026mit'" in done.stderr
