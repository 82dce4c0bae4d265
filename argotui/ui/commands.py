"""What can be typed after `:`. The grammar is k9s's: `:wf NAMESPACE /filter`, aliases, completion.

A command is parsed into a `Command`; screens and the app carry it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: its name, other names for it, what it does, and what may follow it."""

    name: str
    aliases: tuple[str, ...]
    title: str
    argument: str = ""
    action: str = ""
    """The id of the action of the registry that it stands for."""


VERBS: Final = (
    Verb("workflows", ("wf", "workflow", "wfs"), "list of workflows", "[NAMESPACE|all] [/FILTER]"),
    Verb("templates", ("tmpl", "wftmpl", "workflowtemplates", "wt"), "templates that can be submitted"),
    Verb("cron", ("cronworkflows", "cronworkflow", "cwf", "cronwf"), "workflows that run at certain times"),
    Verb("namespace", ("ns",), "show another namespace", "NAME|all"),
    Verb("context", ("ctx",), "show another cluster of the kubeconfig", "NAME"),
    Verb("open", ("o",), "open a workflow", "[NAMESPACE/]NAME"),
    Verb("logs", ("log",), "log of all steps of this workflow"),
    Verb("yaml", ("y",), "the object as the cluster has it"),
    Verb("cluster", ("info",), "where this is, and what it isolates"),
    Verb("theme", (), "colours", "dark|light|ansi"),
    Verb("help", ("?", "keys"), "keys and commands"),
    Verb("quit", ("q", "q!", "exit"), "leave; what runs goes on"),
    Verb("approve", (), "let a gate pass", action="workflow.approve"),
    Verb("reject", (), "let a gate fail", action="workflow.reject"),
    Verb("retry", (), "run again what failed", action="workflow.retry"),
    Verb("resubmit", (), "run again as a new workflow", action="workflow.resubmit"),
    Verb("suspend", (), "start nothing new for now", action="workflow.suspend"),
    Verb("resume", (), "go on", action="workflow.resume"),
    Verb("stop", (), "end it; exit handlers run", action="workflow.stop"),
    Verb("terminate", ("kill",), "end it at once; exit handlers do not run", action="workflow.terminate"),
    Verb("delete", ("rm",), "remove it", action="workflow.delete"),
    Verb("submit", ("s",), "run a manifest file", "[FILE]", action="workflow.submit"),
)
_BY_NAME: Final = {name: verb for verb in VERBS for name in (verb.name, *verb.aliases)}


class UnknownCommand(ValueError):
    """Nothing has this name; the text says what may have been meant."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was typed. `filter` is None when none was given."""

    verb: Verb
    argument: str = ""
    filter: str | None = None


def parse_command(line: str) -> Command | None:
    """Reads a line; None for an empty one. Raises UnknownCommand."""
    word, _, rest = line.strip().partition(" ")
    if not word:
        return None
    verb = _BY_NAME.get(word.lower())
    if verb is None:
        close = get_close_matches(word.lower(), _BY_NAME, 1)
        hint = f"; did you mean :{close[0]}?" if close else "; ? lists the commands"
        raise UnknownCommand(f"there is no command {word!r}{hint}")
    rest = rest.strip()
    if verb.name == "workflows" and "/" in rest:
        before, _, wanted = rest.partition("/")
        return Command(verb, before.strip(), wanted)
    return Command(verb, rest)


def complete_command(line: str, namespaces: Sequence[str], contexts: Sequence[str]) -> Iterator[str]:
    """Whole lines that begin with what was typed."""
    word, space, rest = line.partition(" ")
    if not space:
        yield from (name for name in sorted(_BY_NAME, key=lambda n: (len(n) < 3, n)) if name.startswith(word))
        return
    verb = _BY_NAME.get(word.lower())
    offers: Sequence[str] = ()
    if verb is not None and verb.name in ("workflows", "namespace"):
        offers = (*namespaces, "all")
    elif verb is not None and verb.name == "context":
        offers = contexts
    elif verb is not None and verb.name == "theme":
        offers = ("dark", "light", "ansi")
    yield from (f"{word} {offer}" for offer in offers if offer.startswith(rest) and offer != rest)
