"""How an action of the registry is done from the console: applies → ask → plan → confirm → perform → tell."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from argotui.services.desk import Desk
from argotui.store.text import neutralise, one_line
from argotui.ui.messages import Subject
from argotui.ui.screens.dialog import ActionDialog, Confirmed, PlanRefused, Question
from argotui.ui.screens.menu import Entry
from argotui.ui.widgets.bars import Tone

if TYPE_CHECKING:
    from argotui.services.actions import Action, Outcome, Plan, Selection
    from argotui.services.session import Session
    from argotui.ui.console import ConsoleApp

log = logging.getLogger(__name__)

_LAUNCHES = ("template.submit", "workflow.submit", "workflow.resubmit")
"""Actions that make a new workflow."""
_OPPOSITES = {"workflow.suspend": "workflow.resume", "cron.suspend": "cron.resume"}
"""One key for both."""


def _concerns(action_id: str, subject: Subject | None) -> bool:
    """Whether a menu about `subject` should name the action at all."""
    is_cron = subject is not None and subject.kind == "CronWorkflow"
    return action_id.endswith(".submit") or action_id.startswith("cron.") is is_cron


class Actor:
    """Does actions for the app. The registry is loaded with the services, after the first picture."""

    def __init__(self, app: ConsoleApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    @property
    def registry(self) -> Any:
        """The module `argotui.services.actions`."""
        return importlib.import_module("argotui.services.actions")

    def selection(self, subject: Subject | None) -> Selection:
        """What the registry calls the thing under the cursor."""
        found: Selection = self.registry.Selection((subject.target(),) if subject else ())
        return found

    def chosen(self, action_id: str, selection: Selection) -> Action:
        """The action; suspend becomes resume where there is something to resume and nothing to suspend."""
        actions = self.registry.ACTIONS
        action: Action = actions[action_id]
        if action_id in _OPPOSITES and not action.applies(selection):
            other: Action = actions[_OPPOSITES[action_id]]
            return other if other.applies(selection) else action
        return action

    def lacks(self, action_id: str) -> bool:
        """Whether a right that the action always takes is missing where one is."""
        action = self.registry.ACTIONS.get(action_id) if self._desk.session else None
        if action is None:
            return False
        types = importlib.import_module("argotui.services.actions.types")
        anything = types.Target({"metadata": {"namespace": self._desk.namespace or ""}})
        return bool(self._desk.lacking(action, self.registry.Selection((anything,))))

    def entries(self, subject: Subject | None, keys: dict[str, str]) -> list[Entry]:
        """All actions for a menu, each with its key, and with the reason where it is refused."""
        selection = self.selection(subject)
        made = []
        for action in self.registry.ACTIONS.values():
            if action.id == "template.submit" and (subject is None or subject.kind == "Workflow"):
                continue  # here `t` shows the templates first
            if not _concerns(action.id, subject):
                continue
            verdict = action.applies(selection)
            refusal = self._desk.lacking(action, selection) if verdict else one_line(verdict.reason)
            made.append(Entry(action.id, action.title, keys.get(action.id, action.key), action.id, refusal))
        return sorted(made, key=lambda entry: bool(entry.refusal))

    async def act(self, action_id: str, subject: Subject | None, shown: Callable[[], None]) -> None:
        """Does one action from beginning to end. Whatever goes wrong is told, never raised. `shown` is called when the
        dialog has the focus, or when there will be none."""
        session = self._desk.session
        if session is None:
            self._app.tell("not connected: nothing can be done now", Tone.WARNING)
            return
        try:
            await self._act(session, action_id, subject, shown)
        except PlanRefused as error:
            self._app.tell(str(error).replace("\n", "; "), Tone.WARNING)
        except Exception as error:
            log.exception("%s failed", action_id)
            self._app.tell(one_line(f"{action_id} failed inside argotui: {error!r}"), Tone.BAD)

    async def _act(self, session: Session, action_id: str, subject: Subject | None, shown: Callable[[], None]) -> None:
        selection = self.selection(subject)
        action = self.chosen(action_id, selection)
        if session.read_only:
            raise PlanRefused(f"{action.title}: this console is read-only")
        self._check(action, selection)
        selection = await self._known(session, action, selection)
        confirmed = await self._agreed(session, action, selection, shown)
        shown()
        if confirmed is None:
            return
        self._app.tell(f"{one_line(confirmed.plan.title)} {self._app.scene.ellipsis}")
        reason = confirmed.answers.get(self.registry.REASON, "")
        # a new workflow is shown at once, and its own screen says when no controller takes it up
        outcomes = await self.registry.perform(session, confirmed.plan, reason, verify=action.id not in _LAUNCHES)
        self._told(action, outcomes)

    def _check(self, action: Action, selection: Selection) -> None:
        verdict = action.applies(selection)
        if not verdict:
            raise PlanRefused(f"{action.title}: {one_line(verdict.reason)}")  # type: ignore[union-attr]
        lacking = self._desk.lacking(action, selection)
        if lacking:
            raise PlanRefused(f"{action.title}: {lacking}")

    async def _known(self, session: Session, action: Action, selection: Selection) -> Selection:
        """The selection with whole objects, for which the action must apply as well."""
        if not selection.targets:
            return selection
        try:
            whole: Selection = await self.registry.prepare(session, selection)
        except self._expected() as error:
            raise PlanRefused(_reasons(error)) from error
        self._check(action, whole)
        return whole

    async def _agreed(
        self, session: Session, action: Action, selection: Selection, shown: Callable[[], None]
    ) -> Confirmed | None:
        """The plan to which the person agreed; without a question where none is needed."""
        fields = tuple(action.fields(selection))

        async def plan(answers: dict[str, str]) -> Plan:
            return await self._plan(session, action, selection, answers)

        if action.danger.value == "none" and not any(field.required for field in fields):
            return Confirmed(await plan({}), {})
        label = ", ".join(target.label for target in selection.targets)
        question = Question(
            title=f"{action.title} {label}".strip(),
            verb=action.title.split()[0],
            fields=fields,
            plan=plan,
            facts=self._facts(action, selection),
            is_destructive=action.danger.value == "destructive",
            begins_in_form=action.id.endswith(".submit"),
        )
        return await self._app.push_screen_wait(ActionDialog(question, self._app.clock_seconds, shown))

    def _facts(self, action: Action, selection: Selection) -> tuple[tuple[str, str], ...]:
        """What a gate was given: that is what is approved or rejected."""
        if action.id not in ("workflow.approve", "workflow.reject"):
            return ()
        found = []
        for target in selection.targets:
            for node in self.registry.waiting_gates(target).values():
                parameters = (node.get("inputs") or {}).get("parameters") or ()
                found += [(one_line(p.get("name")), one_line(p.get("value"), 400)) for p in parameters]
        return tuple(found)

    async def _plan(self, session: Session, action: Action, selection: Selection, answers: dict[str, str]) -> Plan:
        try:
            plan = await action.plan(session, selection, answers)
        except self._expected() as error:
            raise PlanRefused(_reasons(error)) from error
        except Exception as error:
            log.exception("planning %s failed", action.id)
            raise PlanRefused(one_line(f"planning failed inside argotui: {error!r}")) from error
        lacking = self._desk.lacking_for_plan(plan)
        if lacking:
            raise PlanRefused(f"{action.title}: {lacking}")
        return plan

    def _expected(self) -> tuple[type[Exception], ...]:
        errors = importlib.import_module("argotui.services.refusals")
        found: tuple[type[Exception], ...] = errors.PLAN_ERRORS
        return found

    def _told(self, action: Action, outcomes: Sequence[Outcome]) -> None:
        bad = [outcome for outcome in outcomes if outcome.result.value != "done"]
        shown = bad or list(outcomes)
        text = "; ".join(one_line("; ".join((outcome.text, *outcome.notes))) for outcome in shown[:3])
        failed = any(outcome.result.value == "failed" for outcome in outcomes)
        for outcome in bad:
            self._desk.access.refused(outcome.target.namespace)
        self._app.tell(text or "nothing changed", Tone.BAD if failed else Tone.WARNING if bad else Tone.GOOD)
        if not failed and action.id in _LAUNCHES:
            made = next((outcome.document for outcome in outcomes if outcome.document), None)
            if made is not None:
                self._app.show_made(made)


def _reasons(error: Exception) -> str:
    """The reasons of an error, one line each."""
    problems = getattr(error, "problems", None) or (error,)
    return "\n".join(neutralise(str(problem), newline="\n", tab=" ") for problem in problems)
