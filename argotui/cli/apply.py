"""`argotui apply`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from argotui.cli import options
from argotui.cli.running import CliError, CliSession, need, run_connected
from argotui.cli.terminal import complain
from argotui.services.apply import Applied, NotApplied, apply_documents, check_applicable
from argotui.services.manifests import also, as_understood, read, read_sources


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("apply", help="create or replace objects of any kind; all are checked first")
    parser.add_argument("files", nargs="*", metavar="FILE", help="files, directories, or - for standard input")
    parser.add_argument("-f", "--filename", action="append", default=[], metavar="FILE", help="the same, as in kubectl")
    parser.add_argument("--dry-run", action="store_true", help="only check")


def run(args: argparse.Namespace) -> int:
    """Applies; returns the exit code."""
    args.files += args.filename
    need(bool(args.files), "name a file or a directory")
    return run_connected(args, lambda session: _apply(session, args))


async def _apply(session: CliSession, args: argparse.Namespace) -> int:
    loaded = read(read_sources(args.files, directories=True))
    if not loaded.drafts and not loaded.problems:
        raise CliError(f"there is nothing in {', '.join(args.files)}")
    with also(loaded.problems):
        notes = await check_applicable(session.client, session.namespace, loaded.drafts, is_local=session.is_local)
    drafts, changes = as_understood(loaded.drafts, is_local=session.is_local)
    for note in (*notes, *changes):
        complain(note, prefix="note: ")
    if args.dry_run:
        print(f"{len(drafts)} objects can be applied (dry-run)")
        return 0
    try:
        tell(await apply_documents(session.client, (draft.document for draft in drafts), session.namespace))
    except NotApplied as error:
        tell(error.applied)
        raise CliError(str(error)) from error
    return 0


def tell(applied: Iterable[Applied]) -> None:
    """One line per object: `workflowtemplate/ci-pipeline configured`."""
    for verb, kind, name in applied:
        print(f"{kind.lower()}/{name} {verb}")
