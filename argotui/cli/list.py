"""`argotui list`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argotui.cli import options
from argotui.cli.printing import print_documents, table
from argotui.cli.running import CliError, CliSession, run_connected
from argotui.cli.terminal import Terminal, terminal
from argotui.cli.workflow_text import duration, known_nodes, now, status_word
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.phase import NodeType, Phase, node_completed
from argotui.services.lookup import PAGE, Filter, ago, matching

_LONGEST_VALUE = 50


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("list", help="list workflows, the newest first")
    options.all_namespaces(parser)
    options.output(parser, "name", "json", "yaml", "wide")
    add_filters(parser)
    parser.add_argument("--since", default="", metavar="AGE", help="created within this time: 30s, 10m, 3h, 1d")
    parser.add_argument("--no-headers", action="store_true", help="leave the headings out")
    chunk = "workflows per request; 0: all at once"
    parser.add_argument("--chunk-size", type=options.number(0, options.INT64), default=PAGE, metavar="N", help=chunk)
    parser.set_defaults(names=[])


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The options that say which workflows are meant, shared with `delete`."""
    parser.add_argument("--running", action="store_true", help="not completed")
    parser.add_argument("--completed", action="store_true", help="completed")
    parser.add_argument("--resubmitted", action="store_true", help="made by resubmit")
    parser.add_argument("--status", action="append", default=[], metavar="PHASES", help="phases, comma separated")
    parser.add_argument("--prefix", default="", metavar="TEXT", help="names that begin so")
    parser.add_argument("--older", default="", metavar="AGE", help="completed longer ago than this: 10m, 3h, 1d")
    options.selectors(parser)


def filter_of(args: argparse.Namespace, moment: datetime) -> Filter:
    """The filter that the options describe. Raises CliError for options that contradict each other."""
    if args.running and args.completed:
        raise CliError("--running cannot be combined with --completed")
    try:
        since = ago(args.since, moment) if args.since else None
        older = ago(args.older, moment) if args.older else None
    except ValueError as error:
        raise CliError(str(error)) from error
    phases = [phase.strip() for part in args.status for phase in part.split(",") if phase.strip()]
    return Filter(
        labels=args.selector,
        fields=args.field_selector,
        phases=tuple(phases),
        completed=True if args.completed else False if args.running else None,
        resubmitted=args.resubmitted,
        prefix=args.prefix,
        created_after=since,
        finished_before=older,
    )


def run(args: argparse.Namespace) -> int:
    """Lists; returns the exit code."""
    return run_connected(args, lambda session: _list(session, args))


async def _list(session: CliSession, args: argparse.Namespace) -> int:
    moment = now()
    wanted = filter_of(args, moment)
    namespace = None if args.all_namespaces else session.namespace
    whole = args.output in ("json", "yaml")
    rows: list[Row] = []
    # what is not printed whole is reduced at once: thousands of node maps need not be held together
    async for workflow in matching(session.client, namespace, wanted, chunk=args.chunk_size):
        rows.append(_row(workflow, whole=whole, wide=args.output == "wide"))
    rows.sort(key=_newest, reverse=True)
    _print(rows, args, moment)
    return 0


@dataclass(frozen=True)
class Row:
    """What a line of the list needs; `document` only where whole objects are printed."""

    namespace: str
    name: str
    status: str
    created: str
    started: str
    finished: str
    priority: str
    message: str
    counts: str = ""
    parameters: str = ""
    document: Document | None = None


def _row(workflow: Document, *, whole: bool, wide: bool) -> Row:
    status = workflow.get("status") or {}
    return Row(
        namespace=documents.namespace(workflow),
        name=documents.name(workflow),
        status=status_word(workflow),
        created=documents.created(workflow),
        started=str(status.get("startedAt") or ""),
        finished=str(status.get("finishedAt") or ""),
        priority=str(dig(workflow, "spec", "priority") or 0),
        message=str(status.get("message") or ""),
        counts=_counts(workflow) if wide else "",
        parameters=_parameters(workflow) if wide else "",
        document=workflow if whole else None,
    )


def _newest(row: Row) -> tuple[bool, str, str]:
    """Running ones first, by creation; then the others, by the time they ended."""
    return (not row.finished, row.finished or row.created, row.name)


def _counts(workflow: Document) -> str:
    """`pending/running/completed` pods."""
    pods = [node for node in known_nodes(workflow).values() if node.get("type") == NodeType.POD]
    completed = sum(map(node_completed, pods))
    running = sum(node.get("phase") == Phase.RUNNING for node in pods)
    return f"{len(pods) - completed - running}/{running}/{completed}"


def _parameters(workflow: Document) -> str:
    known = dig(workflow, "spec", "arguments", "parameters") or ()
    return ",".join(f"{p.get('name')}={_short(p['value'])}" for p in known if p.get("value") is not None)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 18]}...{text[-15:]}"


def _print(rows: Sequence[Row], args: argparse.Namespace, moment: datetime) -> None:
    if args.output == "name":
        print("".join(f"{row.name}\n" for row in rows), end="")
    elif args.output in ("json", "yaml"):
        print_documents([row.document for row in rows], args.output)
    elif not rows:
        print("No workflows found")
    else:
        print("\n".join(_lines(rows, args, moment, terminal())))


def _lines(rows: Sequence[Row], args: argparse.Namespace, moment: datetime, screen: Terminal) -> Iterator[str]:
    headings = ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"]
    headings = ["NAMESPACE", *headings] if args.all_namespaces else headings
    headings += ["P/R/C", "PARAMETERS"] if args.output == "wide" else []
    listed = [] if args.no_headers else [headings]
    for row in rows:
        columns = [row.name, row.status, duration(row.created, None, moment)]
        columns += [duration(row.started, row.finished, moment) or "0s", row.priority, row.message]
        columns = [row.namespace, *columns] if args.all_namespaces else columns
        columns += [row.counts, row.parameters] if args.output == "wide" else []
        listed.append([screen.safe(column) for column in columns])
    yield from table(listed)
