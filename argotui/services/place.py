"""Where a console connects, and what it finds there. Light: it is imported before the first picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SessionOptions:
    """Where to connect. `namespace` None: the context's own; `local` starts the local cluster when it does not run."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False
    local: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Isolation:
    """What runs the steps of the local cluster, and what it does not keep apart. Texts are clean."""

    runtime: str
    isolates: tuple[str, ...]
    not_isolated: tuple[str, ...]
    reason: str
