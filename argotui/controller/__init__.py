"""The workflow controller: watches workflows, lets the engine decide, carries out what it decided.

Nothing is imported here, so that asking for the version of the program stays cheap.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argotui.controller.options import Options


def main(argv: Sequence[str]) -> int:
    """`argotui controller …`; returns the exit code."""
    from argotui.controller.command import main as run

    return run(argv)


async def run_controller(options: "Options") -> int:
    """Runs until cancelled or told to stop; returns the exit code."""
    from argotui.controller.running import run_controller as run

    return await run(options)
