"""`argotui cron backfill`: runs for firings of the past."""

from __future__ import annotations

import argparse
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from argotui.cli import options
from argotui.cli.acting import notes
from argotui.cli.printing import print_documents
from argotui.cli.running import CliError, CliSession, run_connected
from argotui.cli.terminal import complain, confirmed, terminal
from argotui.cli.workflow_text import now
from argotui.engine.cron.backfill import Backfill, firings, monitors
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotime.parse import parse_moment
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.problem import ManifestError
from argotui.services.actions.crons import plan_backfill
from argotui.services.actions.perform import perform
from argotui.services.actions.types import Outcome, Result
from argotui.services.crons import cron_named
from argotui.services.manifests import Draft, check

ASKED_ABOVE: Final = Backfill.chunk
"""Runs that are started without asking: as many as one monitoring workflow takes."""

_RFC1123: Final = "Mon, 02 Jan 2006 15:04:05 MST"
_OTHERS: Final = ("2006-01-02T15:04:05Z07:00", "2006-01-02")
"""Also understood where no --format is given: nobody likes to write the weekday."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def add_parsers(verbs: options.Subparsers) -> None:
    """Declares the verb."""
    text = "run a cron workflow for the times in the past at which it would have fired"
    parser = verbs.add_parser("backfill", help=text, description=text, parents=[options.nested_common()])
    parser.add_argument("cron", metavar="CRON_WORKFLOW")
    parser.add_argument("--start", required=True, metavar="TIME", help="firings later than this")
    parser.add_argument("--end", default="", metavar="TIME", help="and not later than this; default: now")
    parser.add_argument("--name", default="", help="of the backfill; default: five letters")
    parser.add_argument("--parallel", action="store_true", help="all at once, not one after the other")
    parser.add_argument(
        "--argname", default=Backfill.argument, metavar="NAME", help="parameter that says for which time a run is"
    )
    layout = "how times are written, as a Go layout; default: RFC 1123, RFC 3339 or a date"
    parser.add_argument("--format", default="", metavar="LAYOUT", help=layout)
    parser.add_argument(
        "--maxworkflowcount",
        type=options.number(1, options.INT64),
        default=Backfill.chunk,
        metavar="N",
        help="runs of one monitoring workflow",
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent")
    parser.add_argument("-y", "--yes", action="store_true", help=f"do not ask, also for more than {ASKED_ABOVE} runs")
    options.reason(parser)


def run_backfill(args: argparse.Namespace) -> int:
    """Submits; returns the exit code."""
    return run_connected(args, lambda session: _backfill(session, args))


async def _backfill(session: CliSession, args: argparse.Namespace) -> int:
    cron = await cron_named(session.client, session.namespace, args.cron)
    start, end = _time(args.start, args.format), _time(args.end, args.format) if args.end else now()
    moments = firings(cron, start, end)
    if not moments:
        print("There is no suitable scheduling time.")
        return 0
    name = args.name or "".join(secrets.choice(_LETTERS) for _ in range(5))
    wanted = Backfill(name, args.argname, args.parallel, args.maxworkflowcount)
    made = monitors(cron, moments, wanted, now=now())
    await _check(session, made)
    if args.dry_run:
        print_documents(made, "yaml")
        return 0
    if len(moments) > ASKED_ABOVE and not args.yes:
        what = f"this runs cron workflow {documents.name(cron)} {len(moments)} times"
        if not confirmed(what, "run"):
            print("nothing was submitted")
            return 1
    outcomes = await perform(session, plan_backfill(cron, made), args.reason, verify=False)
    return _tell(outcomes, cron, wanted, (start, end), len(moments))


async def _check(session: CliSession, made: list[Document]) -> None:
    """Raises ManifestError for what this cluster cannot run."""
    drafts = [Draft("backfill", document) for document in made[:1]]
    checked = await check(session.client, session.namespace, drafts, is_local=session.is_local)
    if checked.problems:
        raise ManifestError(checked.problems)
    for note in checked.notes:
        complain(note, prefix="note: ")


def _time(text: str, layout: str) -> datetime:
    fault = ""
    for each in (layout,) if layout else (_RFC1123, *_OTHERS):
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=parse_moment(each, text).seconds)
        except Fault as error:
            fault = fault or str(error)
        except OverflowError:
            fault = fault or f"{text!r} is out of range"
    raise CliError(fault)


def _tell(
    outcomes: list[Outcome], cron: Document, wanted: Backfill, period: tuple[datetime, datetime], number: int
) -> int:
    failed = [outcome for outcome in outcomes if outcome.result is Result.FAILED or outcome.document is None]
    made = [outcome.document for outcome in outcomes if outcome.document is not None]
    if made:
        screen = terminal()
        start, end = (moment.isoformat(timespec="seconds") for moment in period)
        print(f"Created backfill {screen.safe(wanted.name)} of cron workflow {documents.name(cron)}")
        print(f"Later than:  {start}\nUntil:       {end}\nRuns:        {number}\nWorkflows:")
        print("\n".join(f"  {documents.namespace(each)}/{documents.name(each)}" for each in made))
    for outcome in failed:
        complain(f"{outcome.target.label}: {outcome.text}")
    notes(outcomes)
    return int(bool(failed))
