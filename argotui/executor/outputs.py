"""What `argoexec wait` collects when main has ended: the result and the output parameters (§5.3)."""

from __future__ import annotations

import codecs
import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from argotui.executor import gotext
from argotui.executor.template import output_parameters
from argotui.model.anystring import any_string
from argotui.model.documents import Document, clone

RESULT_LIMIT = 256 * 1024
MAX_REQUEST = 1_572_864
"""etcd's limit on one request: upstream's write of larger outputs is refused."""
_SAVED = "/var/run/argo/outputs/parameters"
_MOUNTED = "/mainctrfs"


class MainFiles(Protocol):
    """The file system of main, after its end."""

    def read(self, path: str, limit: int) -> bytes:
        """Raises OSError."""


@dataclass
class Collected:
    """`outputs` as they go into the WorkflowTaskResult, also when something failed; `error` is the first failure."""

    outputs: Document
    error: str = ""
    lines: list[str] = field(default_factory=list)
    """What was done, for the log of `wait`."""

    def fail(self, message: str) -> None:
        """Notes a failure; the first one is what people see."""
        self.error = self.error or message
        self.lines.append(f"error: {message}")


def collect(template: Document, main: MainFiles, mount_paths: Sequence[str], result: bytes | None) -> Collected:
    """Reads everything the template declares. `result` is the end of stdout, None when it is not asked for."""
    collected = Collected(clone(template.get("outputs") or {}))
    if result is not None:
        collected.outputs["result"] = result_text(result)
        collected.lines.append(f"captured the result, {len(collected.outputs['result'])} characters")
    for parameter in output_parameters({"outputs": collected.outputs}):
        try:
            parameter["value"] = _value(parameter, main, mount_paths)
            collected.lines.append(f"saved output parameter {parameter.get('name')}")
        except _Unreadable as problem:
            collected.fail(str(problem))
            break
    return collected


def result_text(data: bytes) -> str:
    """Without one trailing newline; the last 256 KiB of the rest."""
    return go_text(data.removesuffix(b"\n")[-RESULT_LIMIT:])


def go_text(data: bytes) -> str:
    """UTF-8, with one U+FFFD for each byte that is not, as Go's JSON encoder has it."""
    return data.decode("utf-8", "argotui-each-byte")


class _Unreadable(Exception):
    """A parameter's file cannot be read and it has no default."""


def _value(parameter: Document, main: MainFiles, mount_paths: Sequence[str]) -> str:
    path = str(parameter["valueFrom"]["path"])
    try:
        data = main.read(path, MAX_REQUEST + 1)
    except OSError as error:
        default = parameter["valueFrom"].get("default")
        if default is not None:
            return any_string(default) or ""
        verb = "read" if error.errno == errno.EISDIR else "open"
        raise _Unreadable(f"{verb} {_seen_by_wait(path, mount_paths)}: {_text(error)}") from None
    return go_text(data).removesuffix("\n")


def _seen_by_wait(path: str, mount_paths: Sequence[str]) -> str:
    """Where upstream's wait container looks: in main's volumes, or where the emissary has copied the file."""
    in_volume = any(PurePosixPath(path).is_relative_to(mount) for mount in mount_paths)
    return (_MOUNTED if in_volume else _SAVED) + path


def _text(error: OSError) -> str:
    return gotext.errno_text(error.errno) if error.errno else str(error)


def _each_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("argotui-each-byte", _each_byte)
