"""`argotui lint`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.running import CliSession, need, run_connected, run_guarded
from argotui.cli.terminal import complain
from argotui.model.problem import ManifestError
from argotui.services.manifests import Draft, check, load, read_sources

_KINDS = {
    "workflows": "Workflow",
    "workflowtemplates": "WorkflowTemplate",
    "cronworkflows": "CronWorkflow",
    "clusterworkflowtemplates": "ClusterWorkflowTemplate",
}


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("lint", help="check manifests as submit does, without sending them")
    parser.add_argument("files", nargs="*", metavar="FILE", help="files, directories, or - for standard input")
    parser.add_argument("--offline", action="store_true", help="take templates from the files only")
    parser.add_argument("--kinds", default="all", metavar="KINDS", help=f"all, or some of: {','.join(_KINDS)}")
    parser.add_argument("--strict", nargs="?", const="true", default="true", help=argparse.SUPPRESS)
    parser.add_argument("--no-color", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", default="pretty", choices=("pretty", "simple"), help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Checks; returns the exit code."""
    need(bool(args.files), "name a file or a directory")
    kinds = list(_KINDS) if args.kinds == "all" else args.kinds.split(",")
    need(set(kinds) <= set(_KINDS), f"--kinds: use all, or some of {','.join(_KINDS)}")
    wanted = {_KINDS[kind] for kind in kinds}
    if args.offline:
        return run_guarded(lambda: _lint(None, args, wanted))
    return run_connected(args, lambda session: _lint(session, args, wanted))


async def _lint(session: CliSession | None, args: argparse.Namespace, wanted: set[str]) -> int:
    drafts = load(read_sources(args.files, directories=True))
    chosen = [draft for draft in drafts if draft.kind in wanted]
    client, namespace = (session.client, session.namespace) if session else (None, args.namespace or "default")
    # the other documents are templates that the chosen ones may refer to
    checked = await check(client, namespace, drafts, is_local=session is None or session.is_local)
    problems = [problem for problem in checked.problems if problem.source in {draft.source for draft in chosen}]
    if problems:
        raise ManifestError(problems)
    for note in checked.notes:
        complain(note, prefix="note: ")
    print(_said(chosen))
    return 0


def _said(drafts: list[Draft]) -> str:
    return f"no problems in {len(drafts)} manifest{'' if len(drafts) == 1 else 's'}"
