"""The dialog before every action: what is asked for, what will happen, and two buttons. Cancel is the default.

The lines that say what will happen come from the very plan that is carried out; they are made again when an answer
changes. For the first 300 ms nothing confirms: over a slow link, keys that were typed for the screen before must not.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from argotui.store.text import neutralise, one_line
from argotui.ui.paint import width_of
from argotui.ui.widgets.fields import ChoiceField, LineField, LinesField, Push

if TYPE_CHECKING:
    from argotui.services.actions import Field, Plan

FormField = LineField | LinesField | ChoiceField

DEAF = 0.3
"""Seconds for which a new dialog confirms nothing."""
_FRAME = 9
"""Rows that frame, title, margins, buttons and a line of confirmation take."""
_TEXT_WIDTH = 70
_FACTS = 8
"""Rows of facts that are shown."""
SETTLE = 0.3
"""Seconds after the last key before the plan is made again."""


class PlanRefused(Exception):
    """The plan cannot be made; each line of the text is a reason, clean."""


@dataclass(frozen=True)
class Question:
    """What a dialog asks. `plan` makes the plan from answers, or raises PlanRefused."""

    title: str
    verb: str
    """Label of the button that confirms."""
    fields: tuple[Field, ...]
    plan: Callable[[dict[str, str]], Awaitable[Plan]]
    facts: tuple[tuple[str, str], ...] = ()
    """What the person should know to decide: a name and a clean text each."""
    is_destructive: bool = False
    begins_in_form: bool = False


@dataclass(frozen=True)
class Confirmed:
    """What the person agreed to."""

    plan: Plan
    answers: dict[str, str]


class ActionDialog(ModalScreen["Confirmed | None"]):
    """Asks, shows the plan, and returns it when it is confirmed."""

    AUTO_FOCUS = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel"),
        Binding("ctrl+t", "requests", "Show the requests", id="dialog.requests", priority=True),
        Binding("down", "app.focus_next", "Next", show=False),
        Binding("up", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, question: Question, clock: Callable[[], float], shown: Callable[[], None]) -> None:
        super().__init__()
        self._shown = shown
        self.question = question
        self._clock = clock
        self._opened_at = clock()
        self._plan: Plan | None = None
        self._shows_requests = False
        self._settling: Timer | None = None
        self._inputs: dict[str, FormField] = {}

    # building

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="-destructive" if self.question.is_destructive else ""):
            yield Static(one_line(self.question.title), markup=False, id="dialog-title")
            if self.question.facts:
                width = max(len(name) for name, _ in self.question.facts)
                shown = "\n".join(f"{name:<{width}}  {text}" for name, text in self.question.facts)
                yield Static(shown, markup=False, id="facts")
            with VerticalScroll(id="form", can_focus=False):
                for number, field in enumerate(self.question.fields):
                    yield from self._field(number, field)
            yield Static("", markup=False, id="plan")
            yield LineField("", id="typed")
            yield Static("", markup=False, id="problem")
            with Horizontal(id="buttons"):
                yield Push("Cancel", id="cancel")
                yield Push(self.question.verb, id="confirm")
                yield Static("esc cancels   ctrl+t shows the requests", markup=False, id="dialog-keys")

    def _field(self, number: int, field: Field) -> ComposeResult:
        mark = " *" if field.required else ""
        with Vertical(classes="field"):
            yield Static(f"{one_line(field.label)}{mark}", markup=False, classes="field-label")
            widget = self._input(number, field)
            self._inputs[field.name] = widget
            yield widget
            if field.description:
                described = neutralise(field.description.strip(), newline="\n", tab=" ")
                yield Static(described, markup=False, classes="field-description")

    def _input(self, number: int, field: Field) -> FormField:
        kind = field.kind.value
        name = f"field-{number}"
        if kind == "flag":
            return ChoiceField(("false", "true"), field.default or "false", shown=("no", "yes"), id=name)
        if kind == "choice":
            return ChoiceField(field.choices, field.default, id=name)
        if kind == "lines":
            return LinesField(field.default, id=name)
        return LineField(field.default, id=name)

    def on_mount(self) -> None:
        """The focus is where the first answer is missing, else on Cancel."""
        self._opened_at = self._clock()
        self.query_one("#typed").display = False
        self.query_one("#form").display = bool(self.question.fields)
        first = next((f for f in self.question.fields if f.required and not f.default), None)
        if first is None and self.question.begins_in_form:
            first = next(iter(self.question.fields), None)
        begin = self._inputs[first.name] if first else self.query_one("#cancel")
        self.set_focus(begin, scroll_visible=False)
        self._shown()
        self._plan_again()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The label of the field that has the focus is in view, and its explanation."""
        field = event.widget.parent
        if isinstance(field, Widget) and field.has_class("field"):
            form = self.query_one("#form", VerticalScroll)
            self.call_after_refresh(form.scroll_to_widget, field, animate=False, top=form.children[0] is field)

    # answers

    def answers(self) -> dict[str, str]:
        """What was filled in; fields that are empty and were empty are left out."""
        values = {field.name: self._value(field) for field in self.question.fields}
        return {f.name: values[f.name] for f in self.question.fields if values[f.name] or f.default}

    def _value(self, field: Field) -> str:
        return self._inputs[field.name].answer

    def missing(self) -> Field | None:
        """The first required field without an answer."""
        return next((f for f in self.question.fields if f.required and not self._value(f).strip()), None)

    def on_input_changed(self) -> None:
        """An answer changed."""
        self._soon()

    def on_choice_field_changed(self) -> None:
        """An answer changed."""
        self._soon()

    def on_text_area_changed(self) -> None:
        """An answer changed."""
        self._soon()

    def _soon(self) -> None:
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(SETTLE, self._plan_again)

    # the plan

    def _plan_again(self) -> None:
        self._preview()

    @work(group="plan", exclusive=True)
    async def _preview(self) -> None:
        answers = self.answers()
        for field in self.question.fields:
            if field.required and field.name == "reason" and not answers.get("reason", "").strip():
                answers["reason"] = "…"  # the plan is wanted before the reason is typed
        try:
            self._plan = await self.question.plan(answers)
        except PlanRefused as error:
            self._plan = None
            self._say("" if self.missing() else str(error))
        else:
            self._say("")
        self._show_plan()

    def _show_plan(self) -> None:
        plan = self._plan
        lines: Sequence[str] = ()
        if plan is not None:
            lines = _requests(plan) if self._shows_requests else _sentences(plan)
        self.query_one("#plan", Static).update("\n".join(lines))
        typed = self.query_one("#typed", LineField)
        typed.display = plan is not None and plan.typed is not None
        if plan is not None and plan.typed is not None:
            typed.placeholder = f"type {one_line(plan.typed)} to confirm"

        self._fit("\n".join(lines))

    def _fit(self, plan: str) -> None:
        """Shares the height between the form and what is told, so that the buttons are always seen."""
        facts = sum(1 + width_of(text) // _TEXT_WIDTH for _, text in self.question.facts)
        room = self.size.height - _FRAME - (min(facts, _FACTS) + 1 if facts else 0)
        told = plan or str(self.query_one("#problem", Static).content)
        wanted = sum(1 + width_of(line) // _TEXT_WIDTH for line in told.split("\n")) + 1
        below = min(wanted, max(4, room // 2))
        self.query_one("#plan").styles.max_height = below
        self.query_one("#problem").styles.max_height = below
        self.query_one("#form").styles.max_height = max(4, room - below)

    def on_resize(self) -> None:
        """More or less room."""
        self._show_plan()

    def _say(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(text)
        problem.display = bool(text)

    # keys

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field; in the last one it confirms what only needed an answer, and goes to the button
        of what destroys something."""
        event.stop()
        if event.input.id == "typed":
            self._confirm()
            return
        inputs = list(self._inputs.values())
        place = next(number for number, field in enumerate(inputs) if field is event.input)
        if place + 1 < len(inputs):
            inputs[place + 1].focus()
        elif self.question.is_destructive or not any(field.required for field in self.question.fields):
            self.query_one("#confirm").focus()
        else:
            self._confirm()

    def on_push_pushed(self, event: Push.Pushed) -> None:
        """A button."""
        if event.push.id == "cancel":
            self.action_cancel()
        else:
            self._confirm()

    def action_cancel(self) -> None:
        """Nothing happens."""
        self.dismiss(None)

    def action_requests(self) -> None:
        """Shows the very requests, or the sentences again."""
        self._shows_requests = not self._shows_requests
        self._show_plan()

    def _confirm(self) -> None:
        if self._clock() - self._opened_at < DEAF:
            return
        missing = self.missing()
        if missing is not None:
            said = "Say why." if missing.name == "reason" else f"{one_line(missing.label)} is missing."
            self._say(said)
            self._inputs[missing.name].focus()
            return
        if self._plan is not None and self._plan.typed is not None:
            typed = self.query_one("#typed", LineField)
            if typed.value != self._plan.typed:
                self._say(f"Type {one_line(self._plan.typed)} to confirm.")
                typed.focus()
                return
        self._finish()

    @work(group="plan", exclusive=True)
    async def _finish(self) -> None:
        """Plans once more, from the newest object, and hands the plan over."""
        answers = self.answers()
        try:
            plan = await self.question.plan(answers)
        except PlanRefused as error:
            self._say(str(error))
            return
        self.dismiss(Confirmed(plan, answers))


def _sentences(plan: Plan) -> list[str]:
    lines = [f"• {neutralise(line)}" for line in plan.lines]
    return [*lines, "", f"= {neutralise(plan.command)}"] if plan.command else lines


def _requests(plan: Plan) -> list[str]:
    lines = []
    for write in plan.writes:
        lines.append(f"{write.method} {neutralise(write.path)}")
        body = write.shown()
        if body is not None:
            text = json.dumps(body, indent=2, ensure_ascii=False)
            lines += [f"  {neutralise(line)}" for line in text.split("\n")]
    return lines or ["no request: nothing changes"]
