"""`argotui lint`."""

from __future__ import annotations

import argparse
import json

from argotui.cli import options
from argotui.cli.running import CliSession, need, run_connected, run_guarded, says_where
from argotui.cli.terminal import Terminal, complain, terminal
from argotui.services.lint import ERROR, HINT, LEVELS, WARNING, Remark, Report, files_of, lint
from argotui.services.manifests import read, read_sources

_KINDS = {
    "workflows": "Workflow",
    "workflowtemplates": "WorkflowTemplate",
    "cronworkflows": "CronWorkflow",
    "clusterworkflowtemplates": "ClusterWorkflowTemplate",
}
_COLORS = {ERROR: "31", WARNING: "33", HINT: "36"}


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    add_arguments(subparsers.add_parser("lint", help="check manifests as submit does, and advise what could be better"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes; shared with `cron lint`."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="files, directories, or - for standard input")
    parser.add_argument("--offline", action="store_true", help="take templates from the files only")
    parser.add_argument("--kinds", default="all", metavar="KINDS", help=f"all, or some of: {','.join(_KINDS)}")
    parser.add_argument(
        "--strict", nargs="?", const="true", default="false", choices=("true", "false"), help="warnings fail, too"
    )
    parser.add_argument("--no-hints", action="store_true", help="leave out what could merely be better")
    parser.add_argument("--no-color", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", default="pretty", choices=("pretty", "simple", "json"), help="how it is told")


def run(args: argparse.Namespace) -> int:
    """Checks; returns the exit code: 1 for errors, with --strict also for warnings."""
    need(bool(args.files), "name a file or a directory")
    kinds = list(_KINDS) if args.kinds == "all" else args.kinds.split(",")
    need(set(kinds) <= set(_KINDS), f"--kinds: use all, or some of {','.join(_KINDS)}")
    wanted = {_KINDS[kind] for kind in kinds}
    if args.offline or not says_where(args):
        return run_guarded(lambda: _lint(None, args, wanted))
    return run_connected(args, lambda session: _lint(session, args, wanted))


async def _lint(session: CliSession | None, args: argparse.Namespace, wanted: set[str]) -> int:
    client, namespace = (session.client, session.namespace) if session else (None, args.namespace or "default")
    loaded = read(read_sources(args.files, directories=True))
    report = await lint(
        client, namespace, loaded, kinds=wanted, is_local=session is None or session.is_local, hints=not args.no_hints
    )
    for note in report.notes:
        complain(note, prefix="note: ")
    _tell(report, args.output, terminal(no_color=args.no_color))
    failed = report.count(ERROR) or (args.strict == "true" and report.count(WARNING))
    return 1 if failed else 0


def _tell(report: Report, output: str, to: Terminal) -> None:
    if output == "json":
        print(json.dumps(report.document(), indent=2))
        return
    if output == "simple":
        for remark in report.remarks:
            print(to.safe(str(remark)))
    else:
        _tell_by_file(report, to)
    print(_said(report))


def _tell_by_file(report: Report, to: Terminal) -> None:
    for file, remarks in files_of(report.remarks):
        print(to.safe(file))
        width = max(len(_place(remark)) for remark in remarks)
        for remark in remarks:
            level = to.sgr(f"{remark.level:<8}", _COLORS[remark.level])
            print(f"  {_place(remark):>{width}}  {level} {to.safe(_what(remark))}")
            if remark.suggestion:
                print(f"  {'':>{width}}           {to.safe(remark.suggestion)}")
        print()


def _place(remark: Remark) -> str:
    return "" if remark.line is None else f"{remark.line}:{remark.column}"


def _what(remark: Remark) -> str:
    said = f"{remark.path}: {remark.message}" if remark.path else remark.message
    return f"{said} [{remark.rule}]" if remark.rule else said


def _said(report: Report) -> str:
    counts = [(report.count(level), level) for level in LEVELS]
    found = ", ".join(f"{number} {level}{'' if number == 1 else 's'}" for number, level in counts if number)
    return f"{found or 'no problems'} in {report.manifests} manifest{'' if report.manifests == 1 else 's'}"
