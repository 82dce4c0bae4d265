"""Verbs that act: the same actions as in the console, planned, sent, and told line by line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence

from argotui.cli.running import CliError, CliSession, need
from argotui.cli.terminal import complain
from argotui.model.documents import Document
from argotui.services.actions import ACTIONS
from argotui.services.actions.perform import perform
from argotui.services.actions.rerun import OVERRIDES
from argotui.services.actions.types import Outcome, Result, Selection, Target
from argotui.services.lookup import LookupFailed, workflows_meant


def need_workflows(args: argparse.Namespace) -> None:
    """Ends with a usage error when neither a name nor a selector was given."""
    need(bool(args.names or args.selector or args.field_selector), "name a workflow, or choose some with -l")


async def meant(session: CliSession, args: argparse.Namespace) -> list[Document]:
    """The workflows that names and selectors mean. Raises LookupFailed when there are none."""
    found = await workflows_meant(
        session.client, session.namespace, args.names, labels=args.selector, fields=args.field_selector
    )
    if not found:
        raise LookupFailed(f"no workflows in namespace {session.namespace} match")
    return found


async def do(
    session: CliSession,
    action: str,
    workflows: Sequence[Document],
    answers: Mapping[str, str],
    reason: str = "",
) -> list[Outcome]:
    """Plans and performs one action. Raises ActionRefused when it does not apply to one of the workflows."""
    selection = Selection(tuple(Target(workflow) for workflow in workflows))
    plan = await ACTIONS[action].plan(session, selection, answers)
    return await perform(session, plan, reason, verify=False)


def tell(outcomes: Sequence[Outcome]) -> int:
    """Prints what was done and complains about what was not; returns the exit code."""
    for outcome in outcomes:
        if outcome.result is Result.FAILED:
            complain(f"{outcome.target.label}: {outcome.text}")
        else:
            print(outcome.text)
    notes(outcomes)
    return exit_code(outcomes)


def notes(outcomes: Sequence[Outcome]) -> None:
    """What else there is to know, once each, on stderr."""
    for note in dict.fromkeys(note for outcome in outcomes for note in outcome.notes):
        complain(note, prefix="note: ")


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 when anything failed."""
    return int(any(outcome.result is Result.FAILED for outcome in outcomes))


def passed(parameters: Sequence[str]) -> dict[str, str]:
    """The answer for -p options. Raises CliError for one that is not NAME=VALUE."""
    for text in parameters:
        if "=" not in text:
            raise CliError(f"expected a parameter of the form NAME=VALUE, not {text!r}")
    return {OVERRIDES: json.dumps(list(parameters))} if parameters else {}
