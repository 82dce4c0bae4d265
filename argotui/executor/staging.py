"""What `argoexec init` does: puts the script, and the template, where main and wait look for them (§4.6)."""

from __future__ import annotations

import os
from pathlib import Path

from argotui.executor.template import ExecutorError, refusals
from argotui.model.documents import Document, compact_json

SCRIPT_NAME = "script"
TEMPLATE_NAME = "template"


def stage(template: Document, run_directory: Path, staging_directory: Path | None) -> str:
    """Writes the files; returns a line for the container's log. Doing it twice gives the same.

    `staging_directory` is None for templates without a script. Raises ExecutorError for what this version does not do.
    """
    refused = refusals(template)
    if refused:
        raise ExecutorError(f"{' and '.join(refused)} is not supported by this version of argotui")
    _put(run_directory / TEMPLATE_NAME, compact_json(template), 0o644)
    source = (template.get("script") or {}).get("source")
    if not source or staging_directory is None:
        return "nothing to stage\n"
    _put(staging_directory / SCRIPT_NAME, source, 0o755)
    return f"staged the script, {len(source)} characters\n"


def _put(path: Path, text: str, mode: int) -> None:
    """In one step: another kubelet may have died half way, and the command may be running already."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(text.encode("utf-8", "surrogatepass"))
    temporary.replace(path)
