"""Help, made from the bindings that are active: it cannot say anything that is not so."""

from __future__ import annotations

from textual.screen import Screen

from argotui.ui.bindings import ACTION_KEYS, EVERYWHERE, key_name
from argotui.ui.commands import VERBS

KEYS_WIDTH = 16
_MOVING = ("list.", "tree.fold", "tree.unfold", "logs.up", "logs.down", "logs.page", "logs.top", "logs.bottom")


def help_lines(screen: Screen[None]) -> list[str]:
    """The keys that work on a screen, in three groups, then commands and the filter language."""
    rows = _rows(screen)
    everywhere = {binding.id for binding in EVERYWHERE}
    moving = {key for key in rows if key.startswith(_MOVING)}
    groups = {
        "Actions (each shows first what it will do)": [row for key, row in rows.items() if key in ACTION_KEYS],
        "Here": [row for key, row in rows.items() if key not in everywhere | moving | set(ACTION_KEYS)],
        "Moving": [row for key, row in rows.items() if key in moving],
        "Everywhere": [row for key, row in rows.items() if key in everywhere],
    }
    lines: list[str] = []
    for title, found in groups.items():
        if found:
            lines += [title, *(f"  {keys:<{KEYS_WIDTH}}{text}" for keys, text in found), ""]
    return [*lines, *_COMMANDS, *_FILTERS]


def _rows(screen: Screen[None]) -> dict[str, tuple[str, str]]:
    keys: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if binding.id is None or not binding.description:
            continue
        keys.setdefault(binding.id, []).append(key_name(key))
        texts[binding.id] = binding.tooltip or binding.description
    return {name: (" ".join(found), texts[name]) for name, found in keys.items()}


_COMMANDS = [
    "Commands (after `:`; tab completes)",
    *(f"  {' '.join((verb.name, *verb.aliases[:2])):<26}{verb.argument:<28}{verb.title}".rstrip() for verb in VERBS),
    "",
]
_FILTERS = [
    "Filters (after `/`; esc clears)",
    "  etl nightly                 names in which both words occur; each is a regular expression",
    "  !etl                        the others",
    "  -l team=data                labels        -f enx   letters in this order",
    "  phase:failed wait:approval  state, and what is waited for",
    "  age<2h dur>30m              time since creation, time taken",
    "  tmpl:etl-* msg:/OOM/        template, message; between slashes a regular expression",
]
