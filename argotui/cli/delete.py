"""`argotui delete`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, tell
from argotui.cli.list import add_filters, filter_of
from argotui.cli.running import CliSession, need, run_connected
from argotui.cli.stop import say_dry_run
from argotui.cli.terminal import complain
from argotui.cli.workflow_text import now
from argotui.model import documents
from argotui.model.documents import Document
from argotui.services.lookup import LookupFailed, matching, workflow_named

_CHOICES = ("all", "running", "completed", "resubmitted", "status", "prefix", "older", "selector", "field_selector")


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("delete", help="delete workflows, with their pods and logs")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    parser.add_argument("--all", action="store_true", help="all workflows of the namespace")
    options.all_namespaces(parser)
    add_filters(parser)
    parser.add_argument("--force", action="store_true", help="remove finalizers first")
    parser.add_argument("--dry-run", action="store_true", help="only say which workflows would be deleted")
    options.reason(parser)
    parser.set_defaults(since="")


def run(args: argparse.Namespace) -> int:
    """Deletes; returns the exit code."""
    chosen = any(getattr(args, name) for name in _CHOICES)
    need(bool(args.names) or chosen, "name a workflow, or say --all, --completed, --older, --prefix or -l")
    return run_connected(args, lambda session: _delete(session, args, chosen=chosen))


async def _delete(session: CliSession, args: argparse.Namespace, *, chosen: bool) -> int:
    workflows, missing = await _meant(session, args, chosen=chosen)
    if args.dry_run:
        return say_dry_run(workflows, "deleted") or missing
    if not workflows:
        if not missing:
            print("No workflows found")
        return missing
    answers = {"force": "true" if args.force else "false"}
    return tell(await do(session, "workflow.delete", workflows, answers, args.reason)) or missing


async def _meant(session: CliSession, args: argparse.Namespace, *, chosen: bool) -> tuple[list[Document], int]:
    """The workflows, and 1 when a named one does not exist."""
    found: dict[tuple[str, str], Document] = {}
    missing = 0
    for name in args.names:
        try:
            workflow = await workflow_named(session.client, session.namespace, name)
        except LookupFailed as error:
            complain(str(error))
            missing = 1
        else:
            found[documents.key(workflow)] = workflow
    if chosen:
        namespace = None if args.all_namespaces else session.namespace
        async for workflow in matching(session.client, namespace, filter_of(args, now())):
            found[documents.key(workflow)] = _head(workflow)
    return list(found.values()), missing


def _head(workflow: Document) -> Document:
    """What deleting needs to know of a workflow; the node maps of thousands need not be held together."""
    status = workflow.get("status") or {}
    kept = {key: status[key] for key in ("phase", "finishedAt") if key in status}
    return {**{key: workflow[key] for key in ("apiVersion", "kind", "metadata")}, "status": kept}
