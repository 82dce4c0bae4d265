"""`argotui cron delete`, `suspend` and `resume`: the same actions as in the console."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import tell
from argotui.cli.running import CliSession, need, run_connected
from argotui.model.documents import Document
from argotui.model.resources import CRON_WORKFLOWS
from argotui.services.actions import ACTIONS
from argotui.services.actions.perform import perform
from argotui.services.actions.types import Selection, Target
from argotui.services.crons import cron_named, crons

_TEXTS = {
    "delete": "delete cron workflows, with the workflows that they started",
    "suspend": "start nothing until resumed; what runs goes on",
    "resume": "let suspended cron workflows run again",
}


def add_parsers(verbs: options.Subparsers) -> None:
    """Declares the verbs."""
    for verb, text in _TEXTS.items():
        parser = verbs.add_parser(verb, help=text, description=text, parents=[options.nested_common()])
        parser.add_argument("names", nargs="*", metavar="CRON_WORKFLOW")
        parser.add_argument("-l", "--selector", default="", metavar="LABELS", help="all that match the labels")
        if verb == "delete":
            parser.add_argument("--all", action="store_true", help="all of the namespace")
        options.reason(parser)


def run_delete(args: argparse.Namespace) -> int:
    """Deletes; returns the exit code."""
    return _run(args, "cron.delete", everything=args.all)


def run_suspend(args: argparse.Namespace) -> int:
    """Suspends; returns the exit code."""
    return _run(args, "cron.suspend")


def run_resume(args: argparse.Namespace) -> int:
    """Resumes; returns the exit code."""
    return _run(args, "cron.resume")


def _run(args: argparse.Namespace, action: str, *, everything: bool = False) -> int:
    need(bool(args.names or args.selector or everything), "name a cron workflow, or choose some with -l")
    return run_connected(args, lambda session: _do(session, args, action, everything))


async def _do(session: CliSession, args: argparse.Namespace, action: str, everything: bool) -> int:
    found = [await cron_named(session.client, session.namespace, name) for name in dict.fromkeys(args.names)]
    if args.selector or everything:
        known = {cron["metadata"]["name"] for cron in found}
        more = await crons(session.client, session.namespace, args.selector)
        found += [cron for cron in more if cron["metadata"]["name"] not in known]
    if not found:
        print("No cron workflows found")
        return 0
    plan = await ACTIONS[action].plan(session, _selection(found), {})
    return tell(await perform(session, plan, args.reason, verify=False))


def _selection(found: list[Document]) -> Selection:
    return Selection(tuple(Target(cron, resource=CRON_WORKFLOWS) for cron in found))
