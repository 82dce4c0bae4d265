"""The actions of a person, in one registry: keys, palette, menus, command line, audit trail and tests use it.

prepare → applies → fields → plan → confirm → perform (send, audit, verify)
"""

from argotui.services.actions.asking import prepare
from argotui.services.actions.crons import DELETE_CRON, RESUME_CRON, SUSPEND_CRON
from argotui.services.actions.gates import APPROVE, REJECT, SET, gate_fields, waiting_gates
from argotui.services.actions.launch import FILE_SUBMIT, TEMPLATE_SUBMIT, draft_fields, drafts_of, template_target
from argotui.services.actions.lifecycle import DELETE, RESUME, STOP, SUSPEND, TERMINATE
from argotui.services.actions.perform import perform
from argotui.services.actions.rerun import RESUBMIT, RETRY
from argotui.services.actions.types import (
    REASON,
    Action,
    ActionRefused,
    ActionSession,
    Allowed,
    Answers,
    Danger,
    Field,
    FieldKind,
    Outcome,
    Plan,
    Refused,
    Result,
    Selection,
    Step,
    Target,
    Verdict,
    Write,
)

ACTIONS: dict[str, Action] = {
    action.id: action
    for action in (
        *(APPROVE, REJECT, SET),
        *(SUSPEND, RESUME, STOP, TERMINATE, DELETE),
        *(RETRY, RESUBMIT),
        *(FILE_SUBMIT, TEMPLATE_SUBMIT),
        *(SUSPEND_CRON, RESUME_CRON, DELETE_CRON),
    )
}
"""Every action by its id."""

__all__ = [
    "ACTIONS",
    "REASON",
    "Action",
    "ActionRefused",
    "ActionSession",
    "Allowed",
    "Answers",
    "Danger",
    "Field",
    "FieldKind",
    "Outcome",
    "Plan",
    "Refused",
    "Result",
    "Selection",
    "Step",
    "Target",
    "Verdict",
    "Write",
    "draft_fields",
    "drafts_of",
    "gate_fields",
    "perform",
    "prepare",
    "template_target",
    "waiting_gates",
]
