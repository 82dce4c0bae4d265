"""Opening the console. Light until it is called: `argotui version` must not pay for Textual."""

from __future__ import annotations

import os
import sys

from argotui.ui.options import ConsoleOptions
from argotui.ui.terminal import log_to_file, prepare_environment, reset_modes


def run_console(options: ConsoleOptions) -> int:
    """Runs the console in this terminal until it is left; the exit code of the process."""
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        print("argotui: the console draws on stderr, which is redirected: run it without 2>…")
        return 2
    prepare_environment(os.environ)
    from argotui.ui.console import ConsoleApp  # Textual reads the environment when it is imported

    log_to_file()
    reset_modes()
    app = ConsoleApp(options)
    code = app.run(mouse=options.mouse)
    return app.return_code or code or 0
