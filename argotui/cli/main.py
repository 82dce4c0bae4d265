"""From the arguments to the verb. Nothing heavy is imported before the verb is known."""

from __future__ import annotations

import importlib
import io
import os
import sys

from argotui.cli.registry import VERBS, Verb

INTERRUPTED = 130
PIPE_CLOSED = 141
"""128 + SIGPIPE: what a program returns that the signal has ended."""
USAGE = 2

_WITH_VALUE = (
    *("-n", "--namespace", "--context", "--kubeconfig", "--loglevel"),
    *("--open", "--theme"),
    *("-s", "--argo-server", "--token"),
)
"""Options before the verb that take their value as the next argument; it is not the verb."""

_OPENED = ("wf/", "workflow/", "workflows/")
"""How a word begins that names a workflow for the console to open."""


def run(argv: list[str]) -> int:
    """Runs one command line; returns the exit code (0 done, 1 failed, 2 usage, 130 interrupted)."""
    try:
        " ".join(argv).encode()
    except UnicodeEncodeError:
        print("argotui: an argument is not UTF-8", file=sys.stderr)
        return USAGE
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not end the program on a Latin-1 terminal
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # whatever is still in the buffer must not be written when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except SystemExit as end:  # argparse: help (0) and usage (2)
        return end.code if isinstance(end.code, int) else 1
    return code


def _dispatch(argv: list[str]) -> int:
    place = _verb_place(argv)
    if place is None or argv[place].startswith(_OPENED):
        return _without_verb(argv)
    verb = VERBS.get(argv[place])
    if verb is None:
        return _unknown(argv[place])
    if verb.name == "version":
        return _version()
    if verb.module == "hidden":
        from argotui.cli.hidden import main_of

        return main_of(verb.name)(argv[place + 1 :])
    return _run_verb(verb, [*argv[:place], *argv[place + 1 :]])


def _verb_place(argv: list[str]) -> int | None:
    """Index of the first argument that is neither an option nor an option's value."""
    skip = False
    for place, argument in enumerate(argv):
        if skip:
            skip = False
        elif argument in _WITH_VALUE:
            skip = True
        elif not argument.startswith("-"):
            return place
    return None


def _run_verb(verb: Verb, arguments: list[str]) -> int:
    module = importlib.import_module(f"argotui.cli.{verb.module}")
    from argotui.cli.options import parse

    result: int = module.run(parse(verb.name, module.add_parser, arguments))
    return result


def _without_verb(argv: list[str]) -> int:
    if "--version" in argv:
        return _version()
    if "-h" in argv or "--help" in argv:
        return _help()
    from argotui.cli.console import run_console

    return run_console(argv)


def _version() -> int:
    from argotui import __version__

    print(f"argotui {__version__}")
    return 0


def _help() -> int:
    from argotui.cli.options import GLOBAL_HELP

    width = max(len(verb.name) for verb in VERBS.values())
    print("usage: argotui [OPTIONS]            the console\n       argotui VERB [OPTIONS] …     one thing at a time\n")
    print("\n".join(f"  {verb.name:<{width}}  {verb.summary}" for verb in VERBS.values() if not verb.hidden))
    print(f"\n{GLOBAL_HELP}\n\n`argotui VERB --help` tells the options of a verb.")
    return 0


def _unknown(word: str) -> int:
    from difflib import get_close_matches

    close = get_close_matches(word, [verb.name for verb in VERBS.values() if not verb.hidden], 1)
    hint = f"; did you mean {close[0]!r}?" if close else "; `argotui --help` lists the verbs"
    print(f"argotui: there is no verb {word!r}{hint}", file=sys.stderr)
    return USAGE
