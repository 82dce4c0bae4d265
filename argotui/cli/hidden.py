"""Verbs that start one process of argotui. They parse their own arguments and log to stderr."""

from __future__ import annotations

import importlib
from collections.abc import Callable

_MAINS = {
    "controller": "argotui.controller",
    "apiserver": "argotui.local.apiserver",
    "kubelet": "argotui.local.kubelet",
}


def main_of(verb: str) -> Callable[[list[str]], int]:
    """The `main(argv)` of the process that this verb starts."""
    main: Callable[[list[str]], int] = importlib.import_module(_MAINS[verb]).main
    return main
