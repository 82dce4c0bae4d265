"""`argotui submit`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from argotui.cli import options
from argotui.cli.acting import passed
from argotui.cli.following import check_follow_up, follow_up
from argotui.cli.get import print_workflow
from argotui.cli.running import CliError, CliSession, need, run_connected
from argotui.cli.terminal import complain
from argotui.engine.operations import SubmitOptions, parameters_of_file
from argotui.model import documents
from argotui.model.times import parse_time
from argotui.services.actions.launch import Created, create, pairs, plan_submission
from argotui.services.manifests import also, read, read_sources
from argotui.services.submit import Submission, from_files, from_source, source_named

_STRICT = "unknown fields are always refused by this version of argotui"
_DRY_RUN = "dry runs on the server are not supported by this version of argotui; --dry-run does it here"


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser(
        "submit", help="submit workflows; with --wait, --watch or --log the exit code is 0 only when all Succeeded"
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="manifests; - is standard input")
    parser.add_argument("--from", dest="source", default="", metavar="KIND/NAME", help="submit a template")
    options.parameters(parser, "a parameter of the workflow")
    parser.add_argument("-f", "--parameter-file", default="", metavar="FILE", help="YAML or JSON: name: value")
    add_overrides(parser)
    parser.add_argument("--dry-run", action="store_true", help="check, and print what would be sent")
    parser.add_argument("--server-dry-run", action=options.Refuse, nargs=0, why=_DRY_RUN)
    parser.add_argument("--strict", nargs="?", const="true", default="true", help=argparse.SUPPRESS)
    parser.add_argument("--status", default="", help=argparse.SUPPRESS)
    parser.add_argument("--node-field-selector", default="", help=argparse.SUPPRESS)
    options.output(parser, "name", "json", "yaml", "wide")
    options.wait_watch_log(parser)
    options.reason(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """What can be said in place of the manifest; shared with `cron create`."""
    group = parser.add_argument_group("instead of what the manifest says")
    group.add_argument("--name", default="", help="metadata.name")
    group.add_argument("--generate-name", default="", metavar="PREFIX", help="metadata.generateName")
    group.add_argument("--entrypoint", default="", metavar="TEMPLATE", help="the template to start with")
    group.add_argument("-l", "--labels", default="", metavar="K=V,…", help="labels to add")
    group.add_argument("-a", "--annotations", default="", metavar="K=V,…", help="annotations to add")
    group.add_argument("--serviceaccount", default="", metavar="NAME", help="service account of the pods")
    group.add_argument(
        "--priority",
        type=options.number(-options.INT32 - 1, options.INT32),
        metavar="N",
        help="priority of the workflow",
    )
    group.add_argument("--scheduled-time", default="", metavar="DATE", help="what workflow.scheduledTime will be")


def run(args: argparse.Namespace) -> int:
    """Submits; returns the exit code."""
    need(bool(args.files) or bool(args.source), "name a file, or a template with --from kind/name")
    need(not (args.files and args.source), "--from cannot be combined with files")
    need(args.strict == "true", f"--strict={args.strict} cannot be used: {_STRICT}")
    return run_connected(args, lambda session: _submit(session, args))


async def _submit(session: CliSession, args: argparse.Namespace) -> int:
    _check_options(args)
    submission = await _submission(session, args)
    for note in submission.notes:
        complain(note, prefix="note: ")
    check_follow_up(args, len(submission.drafts))
    if args.dry_run:
        for draft in submission.drafts:
            print_workflow(draft.document, args.output or "yaml")
        return 0
    created = await create(session, plan_submission(submission, action="workflow.submit"), args.reason)
    for workflow in created.workflows:
        print_workflow(workflow, args.output)
    for note in created.notes:
        complain(note, prefix="note: ")
    if created.failed:
        return _tell_failure(created, len(submission.drafts))
    return await follow_up(session, args, created.workflows)


def _check_options(args: argparse.Namespace) -> None:
    if args.dry_run and (args.wait or args.watch or args.log):
        raise CliError("--dry-run cannot be combined with --wait, --watch or --log")
    if args.scheduled_time:
        try:
            parse_time(args.scheduled_time)
        except ValueError as error:
            raise CliError(f"--scheduled-time: {error}") from error


async def _submission(session: CliSession, args: argparse.Namespace) -> Submission:
    chosen = options_of(args)
    if args.source:
        source = await source_named(session.client, session.namespace, args.source)
        return await from_source(session.client, session.namespace, source, chosen, is_local=session.is_local)
    loaded = read(read_sources(args.files))
    if not loaded.drafts and not loaded.problems:
        raise CliError(f"there is no workflow in {', '.join(args.files)}")
    if chosen.name and len(loaded.drafts) > 1:
        raise CliError(f"--name works with one workflow only; there are {len(loaded.drafts)}")
    with also(loaded.problems):
        return await from_files(session.client, session.namespace, loaded.drafts, chosen, is_local=session.is_local)


def options_of(args: argparse.Namespace) -> SubmitOptions:
    """The options in the form that the engine applies. Raises CliError, ActionRefused."""
    passed(args.parameter)
    texts = list(args.parameter)
    given = {text.partition("=")[0] for text in texts}
    if args.parameter_file:
        in_file = _parameter_file(args.parameter_file)
        texts += parameters_of_file({key: value for key, value in in_file.items() if key not in given})
    return SubmitOptions(
        name=args.name,
        generate_name=args.generate_name,
        entrypoint=args.entrypoint,
        service_account=args.serviceaccount,
        priority=args.priority,
        labels=pairs(args.labels),
        annotations=pairs(args.annotations),
        parameters=texts,
        scheduled_time=args.scheduled_time,
    )


def _parameter_file(name: str) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.load(Path(name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CliError(f"{name}: {error}") from error
    if not isinstance(found, dict):
        raise CliError(f"{name}: a parameter file maps names to values")
    return {str(key): value for key, value in found.items()}


def _tell_failure(created: Created, wanted: int) -> int:
    """What was refused, and what exists already because of this command."""
    if created.failed:
        refused = created.failed.target.document
        name = documents.name(refused) or f"{documents.generate_name(refused)}…"
        complain(f"failed to submit {name}: {created.failed.text}")
    if wanted > 1:
        names: Sequence[str] = [documents.name(workflow) for workflow in created.workflows]
        complain(f"created before that: {', '.join(names) if names else 'nothing'}")
    return 1
