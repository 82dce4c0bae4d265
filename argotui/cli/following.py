"""What a person does after starting something: wait for it, watch it, read its log."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from argotui.cli.log_text import LogPrinter
from argotui.cli.running import CliError, CliSession
from argotui.cli.terminal import complain, terminal
from argotui.cli.watching import watch
from argotui.cli.workflow_text import now
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.services.log_stream import LogRequest
from argotui.services.logs import workflow_logs
from argotui.services.lookup import workflow_named
from argotui.services.waiting import WorkflowGone, succeeded, wait_for_completion


def check_follow_up(args: argparse.Namespace, how_many: int) -> None:
    """Raises CliError for --wait, --watch and --log that do not go together."""
    if args.wait and args.watch:
        raise CliError("--wait cannot be combined with --watch")
    if how_many > 1 and (args.watch or args.log):
        raise CliError("--watch and --log work with one workflow only")


async def follow_up(session: CliSession, args: argparse.Namespace, workflows: Sequence[Document]) -> int:
    """Does what --wait, --watch or --log ask for. Returns 0 only when all of the workflows Succeeded, or when
    nothing was asked for."""
    quiet = args.output not in ("", "wide")
    keys = [documents.key(workflow) for workflow in workflows]
    if args.log:
        await print_log(session, workflows[0], LogRequest(follow=True))
    if args.watch:
        return await watch(session, *keys[0])
    if args.wait or args.log:
        return await wait(session, keys, quiet=quiet or not args.wait)
    return 0


async def wait(
    session: CliSession, keys: Sequence[tuple[str, str]], *, ignore_missing: bool = False, quiet: bool = False
) -> int:
    """Waits for all of them (namespace and name), and prints how each ended as it ends. Returns 0 only when all
    Succeeded."""

    async def one(namespace: str, name: str) -> bool:
        try:
            workflow = await wait_for_completion(session.client, namespace, name, on_trouble=_trouble)
        except WorkflowGone as gone:
            if ignore_missing:
                return True
            complain(str(gone))
            return False
        if not quiet:
            print(_ended(workflow), flush=True)
        return succeeded(workflow)

    results = await asyncio.gather(*(one(*key) for key in keys))
    return 0 if all(results) else 1


def _ended(workflow: Document) -> str:
    when = dig(workflow, "status", "finishedAt") or ""
    shown = terminal().safe(f"{documents.name(workflow)} {dig(workflow, 'status', 'phase')} at {when}")
    message = dig(workflow, "status", "message")
    return f"{shown}: {terminal().safe(str(message))}" if message else shown


def _trouble(reason: str) -> None:
    complain(f"connection lost ({reason}); trying again", prefix="note: ")


async def print_log(
    session: CliSession,
    workflow: Document,
    request: LogRequest,
    *,
    printer: LogPrinter | None = None,
) -> int:
    """Prints the log of a workflow. Returns how many lines there were."""
    printer = printer or LogPrinter(terminal())
    lines = 0

    def note(text: str) -> None:
        complain(text, prefix="note: ")

    async for line in workflow_logs(session.client, workflow, request, on_note=note):
        lines += printer.print(line)
    return lines


async def newest(session: CliSession, workflow: Document) -> Document:
    """The workflow as it is now."""
    return await workflow_named(session.client, documents.namespace(workflow), documents.name(workflow))


__all__ = ["check_follow_up", "follow_up", "newest", "now", "print_log", "wait"]
