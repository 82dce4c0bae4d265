"""`argotui demo`: the guide's CI/CD pipeline on the local cluster, in the console or as plain lines."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from argotui.cli.demo.play import play
from argotui.cli.demo.prepare import NAMESPACE, running_pipelines, start_pipeline, start_report
from argotui.cli.demo.repositories import GitMissing, make_repositories
from argotui.cli.local import add_runtime, local_cluster_runs, runtime_lines
from argotui.cli.options import Subparsers
from argotui.cli.running import CliError, CliSession, run_connected
from argotui.cli.terminal import terminal
from argotui.config.paths import local_dir


def add_parser(subparsers: Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser(
        "demo",
        help="play the guide's CI/CD pipeline on the local cluster, in the console; without a terminal as plain "
        "lines, approving the gate by itself (exit code 0 when the workflow has Succeeded, else 1)",
    )
    add_runtime(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--plain", action="store_true", help="plain lines also on a terminal")
    how.add_argument("--prepare", action="store_true", help="submit the demo's workflows, print their names and leave")


def run(args: argparse.Namespace) -> int:
    """Starts the local cluster where needed and plays; returns the exit code."""
    if not local_cluster_runs(args.runtime):
        return 1
    args.local, args.context, args.kubeconfig, args.namespace = True, None, None, NAMESPACE
    in_console = sys.stdin.isatty() and sys.stdout.isatty() and not (args.plain or args.prepare)
    if not in_console:
        return run_connected(args, _prepare if args.prepare else _plain)
    return run_connected(args, _fill) or _console()


def _console() -> int:
    from argotui.ui.app import run_console
    from argotui.ui.options import ConsoleOptions

    code: int = run_console(ConsoleOptions(local=True, namespace=NAMESPACE))
    return code


async def _prepare(session: CliSession) -> int:
    for name in await _submitted(session):
        print(name)
    return 0


async def _fill(session: CliSession) -> int:
    """The console shows what runs; a run that still waits for its approval is enough."""
    if not await running_pipelines(session):
        await _submitted(session)
    return 0


async def _submitted(session: CliSession) -> list[str]:
    folder = _repositories()
    return [await start_pipeline(session, folder), await start_report(session, folder)]


async def _plain(session: CliSession) -> int:
    shown = terminal()
    for line in runtime_lines(local_dir()):
        print(line)
    name = await start_pipeline(session, _repositories())
    print(f"submitted {name}: checkout → test → build → scan → (approval gate) → update-gitops")
    return await play(session, NAMESPACE, name, shown)


def _repositories() -> Path:
    try:
        return make_repositories(local_dir() / "demo")
    except GitMissing as error:
        raise CliError(str(error)) from error
