"""What the command line tells the console. No Textual here: `argotui --help` must not pay for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConsoleOptions:
    """`namespace` None: the context's own. `open` names a workflow (`name` or `namespace/name`) to show at once."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False
    local: bool = False
    ascii: bool = False
    read_only: bool = False
    open: str | None = None
    mouse: bool = False
    theme: str | None = None
