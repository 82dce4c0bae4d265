"""`argotui cron list` and `argotui cron get`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from argotui.cli import options
from argotui.cli.printing import print_documents, table
from argotui.cli.running import CliSession, need, run_connected
from argotui.cli.terminal import Terminal, terminal
from argotui.cli.workflow_text import duration, now
from argotui.engine.cron.outlook import next_run
from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document, dig
from argotui.model.times import format_time, parse_time
from argotui.services.crons import cron_named, crons

_NOT_YET = "N/A"
_LABEL_WIDTH = 30
_UTC_NOTE = "schedules without a time zone are taken as UTC"


def add_parsers(verbs: options.Subparsers) -> None:
    """Declares the verbs."""
    text = "list cron workflows, with their next run"
    listing = verbs.add_parser("list", help=text, description=text, parents=[options.nested_common()])
    listing.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    listing.add_argument("-l", "--selector", default="", metavar="LABELS", help="those that match the labels")
    options.output(listing, "name", "json", "yaml", "wide")
    text = "show cron workflows: schedule, last and next run, what is active, what went wrong"
    getting = verbs.add_parser("get", help=text, description=text, parents=[options.nested_common()])
    getting.add_argument("names", nargs="*", metavar="CRON_WORKFLOW")
    options.output(getting, "name", "json", "yaml", "wide")


def run_list(args: argparse.Namespace) -> int:
    """Lists; returns the exit code."""
    return run_connected(args, lambda session: _list(session, args))


def run_get(args: argparse.Namespace) -> int:
    """Shows; returns the exit code."""
    need(bool(args.names), "name a cron workflow")
    return run_connected(args, lambda session: _get(session, args))


async def _list(session: CliSession, args: argparse.Namespace) -> int:
    found = await crons(session.client, None if args.all_namespaces else session.namespace, args.selector)
    if args.output == "name":
        print("".join(f"{documents.name(cron)}\n" for cron in found), end="")
    elif args.output in ("json", "yaml"):
        print_documents(found, args.output)
    elif not found:
        print("No cron workflows found")
    else:
        print("\n".join(table(_rows(found, args, now(), terminal()))))
    return 0


def _rows(found: list[Document], args: argparse.Namespace, moment: datetime, screen: Terminal) -> Iterator[list[str]]:
    headings = ["NAME", "AGE", "LAST RUN", "NEXT RUN", "SCHEDULES", "TIMEZONE", "SUSPENDED"]
    wide = args.output == "wide"
    yield [*(["NAMESPACE"] if args.all_namespaces else []), *headings, *(["ACTIVE", "PHASE"] if wide else [])]
    for cron in found:
        columns = [documents.name(cron), duration(documents.created(cron), None, moment), *_runs(cron, moment)]
        columns += [", ".join(_schedules(cron)), _text(cron, "spec", "timezone"), str(_is_suspended(cron)).lower()]
        if args.all_namespaces:
            columns = [documents.namespace(cron), *columns]
        if wide:
            columns += [str(len(_active(cron))), _text(cron, "status", "phase")]
        yield [screen.safe(column) for column in columns]


def _runs(cron: Document, moment: datetime) -> list[str]:
    """How long ago the last run was, and how long it takes until the next one."""
    last, following = _text(cron, "status", "lastScheduledTime"), next_run(cron, moment)
    until = duration(format_time(moment), format_time(following), moment) if following else _NOT_YET
    return [duration(last, None, moment) if last else _NOT_YET, until]


async def _get(session: CliSession, args: argparse.Namespace) -> int:
    for number, name in enumerate(args.names):
        cron = await cron_named(session.client, session.namespace, name)
        if number and args.output not in ("name", "json", "yaml"):
            print()
        print_cron(cron, args.output)
    return 0


def print_cron(cron: Document, output: str) -> None:
    """One CronWorkflow in the chosen format. Also what create and update print."""
    if output == "name":
        print(documents.name(cron))
    elif output in ("json", "yaml"):
        print_documents(cron, output)
    else:
        screen, moment = terminal(), now()
        lines = [f"{label + ':':<{_LABEL_WIDTH}} {screen.safe(text)}" for label, text in _facts(cron, moment)]
        print("\n".join(line.rstrip() for line in lines))


def _facts(cron: Document, moment: datetime) -> Iterator[tuple[str, str]]:
    yield "Name", documents.name(cron)
    yield "Namespace", documents.namespace(cron)
    yield "Created", _with_age(documents.created(cron), moment)
    yield "Schedules", ", ".join(_schedules(cron))
    yield "Suspended", str(_is_suspended(cron)).lower()
    for label, key in _SETTINGS.items():
        if (found := dig(cron, "spec", key)) is not None:
            yield label, str(found)
    if stop := _text(cron, "spec", "stopStrategy", "expression"):
        yield "StopStrategy", stop
    if last := _text(cron, "status", "lastScheduledTime"):
        yield "LastScheduledTime", _with_age(last, moment)
    if following := next_run(cron, moment):
        yield "NextScheduledTime", _next(cron, following, moment)
    elif _is_suspended(cron):
        yield "NextScheduledTime", "none while it is suspended"
    yield from _state(cron)


_SETTINGS = {
    "Timezone": "timezone",
    "StartingDeadlineSeconds": "startingDeadlineSeconds",
    "ConcurrencyPolicy": "concurrencyPolicy",
    "When": "when",
}


def _state(cron: Document) -> Iterator[tuple[str, str]]:
    if phase := _text(cron, "status", "phase"):
        yield "Phase", phase
    for label, key in (("Succeeded", "succeeded"), ("Failed", "failed")):
        if found := dig(cron, "status", key):
            yield label, str(found)
    if active := _active(cron):
        yield "Active Workflows", ", ".join(active)
    for condition in dig(cron, "status", "conditions") or ():
        if isinstance(condition, dict):
            yield f"✖ {condition.get('type')}", str(condition.get("message") or "")
    parameters = dig(cron, "spec", "workflowSpec", "arguments", "parameters") or ()
    given = [each for each in parameters if isinstance(each, dict) and each.get("value") is not None]
    if given:
        yield "Workflow Parameters", ""
    for parameter in given:
        yield f"  {parameter.get('name')}", str(parameter["value"])


def _next(cron: Document, following: datetime, moment: datetime) -> str:
    local = following.astimezone().strftime("%a %b %d %H:%M:%S %z")
    until = duration(format_time(moment), format_time(following), moment)
    note = "" if _text(cron, "spec", "timezone") else f" ({_UTC_NOTE})"
    return f"{local} ({until} from now){note}"


def _with_age(text: str, moment: datetime) -> str:
    found = parse_time(text)
    if found is None:
        return ""
    return f"{found.astimezone().strftime('%a %b %d %H:%M:%S %z')} ({duration(text, None, moment)} ago)"


def _schedules(cron: Document) -> list[str]:
    found = dig(today(cron), "spec", "schedules")
    return [str(each) for each in found] if isinstance(found, list) else []


def _is_suspended(cron: Document) -> bool:
    return dig(cron, "spec", "suspend") is True


def _active(cron: Document) -> list[str]:
    found: Any = dig(cron, "status", "active")
    return [str(each.get("name")) for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(cron: Document, *path: str) -> str:
    found = dig(cron, *path)
    return found if isinstance(found, str) else ""
