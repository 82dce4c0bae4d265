"""Fields that have a newer form."""

from __future__ import annotations

from collections.abc import Iterator

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import View, uses


def on_exit_of_steps(view: View) -> Iterator[Remark]:
    """`onExit` of steps and tasks; a hook does the same and takes arguments."""
    for place in view.templates:
        for use in uses(place):
            template = use.step.get("onExit")
            if template:
                newer = f"write hooks: {{exit: {{template: {template}}}}}"
                yield Remark(
                    f"{use.path}.onExit", "an older form of the exit hook, without arguments of its own", newer
                )
