"""`argotui cron create`, `update` and `lint`."""

from __future__ import annotations

import argparse

from argotui.cli import lint, options
from argotui.cli.acting import notes
from argotui.cli.cron.reading import print_cron
from argotui.cli.running import CliError, CliSession, need, run_connected
from argotui.cli.submit import add_overrides, options_of
from argotui.cli.terminal import complain
from argotui.model import documents
from argotui.services.actions.crons import plan_creation
from argotui.services.actions.perform import perform
from argotui.services.actions.types import Result
from argotui.services.apply import NotApplied, apply_documents
from argotui.services.crons import cron_named, from_files
from argotui.services.manifests import Draft, also, as_understood, read, read_sources


def add_parsers(verbs: options.Subparsers) -> None:
    """Declares the verbs."""
    texts = {"create": "create cron workflows from files", "update": "replace cron workflows by those of files"}
    for verb, text in texts.items():
        parser = verbs.add_parser(verb, help=text, description=text, parents=[options.nested_common()])
        parser.add_argument("files", nargs="*", metavar="FILE", help="manifests; - is standard input")
        parser.add_argument("--schedule", default="", metavar="CRON", help="instead of the schedules of the manifest")
        options.parameters(parser, "a parameter of its workflows")
        parser.add_argument("-f", "--parameter-file", default="", metavar="FILE", help="YAML or JSON: name: value")
        add_overrides(parser)
        parser.add_argument("--dry-run", action="store_true", help="check, and print what would be sent")
        parser.add_argument("--strict", nargs="?", const="true", default="true", help=argparse.SUPPRESS)
        options.output(parser, "name", "json", "yaml", "wide")
        options.reason(parser)
    text = "check the cron workflows of manifests"
    checking = verbs.add_parser("lint", help=text, description=text, parents=[options.nested_common()])
    lint.add_arguments(checking)
    checking.set_defaults(kinds="cronworkflows")


def run_lint(args: argparse.Namespace) -> int:
    """Checks; returns the exit code."""
    return lint.run(args)


def run_create(args: argparse.Namespace) -> int:
    """Creates; returns the exit code."""
    need(bool(args.files), "name a file")
    return run_connected(args, lambda session: _create(session, args))


def run_update(args: argparse.Namespace) -> int:
    """Replaces; returns the exit code."""
    need(bool(args.files), "name a file")
    return run_connected(args, lambda session: _update(session, args))


async def _drafts(session: CliSession, args: argparse.Namespace) -> list[Draft]:
    """The CronWorkflows to send; what the person should know first is said."""
    loaded = read(read_sources(args.files))
    if not loaded.drafts and not loaded.problems:
        raise CliError(f"there is no cron workflow in {', '.join(args.files)}")
    chosen = options_of(args)
    if chosen.name and len(loaded.drafts) > 1:
        raise CliError(f"--name works with one cron workflow only; there are {len(loaded.drafts)}")
    with also(loaded.problems):
        drafts, found = await from_files(
            session.client, session.namespace, loaded.drafts, chosen, args.schedule, is_local=session.is_local
        )
    drafts, changes = as_understood(drafts, is_local=session.is_local)
    for note in (*found, *changes):
        complain(note, prefix="note: ")
    return drafts


async def _create(session: CliSession, args: argparse.Namespace) -> int:
    drafts = await _drafts(session, args)
    if args.dry_run:
        return _shown(drafts, args)
    outcomes = await perform(session, plan_creation([draft.document for draft in drafts]), args.reason, verify=False)
    for outcome in outcomes:
        if outcome.result is Result.FAILED or outcome.document is None:
            complain(f"{outcome.target.label}: {outcome.text}")
        else:
            print_cron(outcome.document, args.output)
    notes(outcomes)
    return int(any(outcome.result is Result.FAILED for outcome in outcomes))


async def _update(session: CliSession, args: argparse.Namespace) -> int:
    drafts = await _drafts(session, args)
    if args.dry_run:
        return _shown(drafts, args)
    for draft in drafts:  # all of them exist, or none is touched
        await cron_named(session.client, documents.namespace(draft.document), documents.name(draft.document))
    for draft in drafts:
        try:
            await apply_documents(session.client, [draft.document], session.namespace)
        except NotApplied as error:
            raise CliError(str(error)) from error
        where = documents.namespace(draft.document)
        print_cron(await cron_named(session.client, where, documents.name(draft.document)), args.output)
    return 0


def _shown(drafts: list[Draft], args: argparse.Namespace) -> int:
    for draft in drafts:
        print_cron(draft.document, args.output or "yaml")
    return 0
