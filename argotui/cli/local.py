"""`argotui local start | stop | status | reset | kubeconfig | user`: the cluster for whoever has no Kubernetes."""

import argparse
import asyncio
import json
import sys
import threading
from pathlib import Path
from typing import Any

from argotui.cli import local_user
from argotui.cli.terminal import confirmed
from argotui.config.paths import UnsafeDirectory, local_dir, local_kubeconfig
from argotui.local.runtime.types import RUNTIMES
from argotui.local.supervisor import lifecycle
from argotui.local.supervisor.lifecycle import NotACluster, RuntimeNote, StartFailed, controller_report

_MIB = 1024 * 1024
_SLOW_SECONDS = 0.3


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the verb and its sub-verbs."""
    parser = subparsers.add_parser("local", help="the local cluster: start, stop, status, reset, kubeconfig, user")
    verbs = parser.add_subparsers(dest="local_verb", metavar="VERB", required=True)
    start = verbs.add_parser("start", help="start the cluster; a second start finds the first one")
    add_runtime(start)
    verbs.add_parser("stop", help="end its processes; steps that run go on and are picked up by the next start")
    status = verbs.add_parser("status", help="what runs, where, and what the runtime does not isolate")
    status.add_argument("-o", "--output", choices=("json",), help="print as JSON")
    reset = verbs.add_parser("reset", help="kill the steps and remove everything the cluster keeps")
    reset.add_argument("-y", "--yes", action="store_true", help="do not ask")
    verbs.add_parser("kubeconfig", help="print the path of the cluster's kubeconfig")
    local_user.add_parser(verbs)


def add_runtime(parser: argparse.ArgumentParser) -> None:
    """The option that chooses what runs the steps."""
    parser.add_argument(
        "--runtime",
        choices=RUNTIMES,
        default="auto",
        help="what runs the steps: sandbox (bubblewrap), process (no isolation of mounts), podman or docker "
        "(the real images); auto takes sandbox where it works, else process",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the chosen sub-verb; returns the exit code."""
    verbs = {"start": _start, "stop": _stop, "status": _status, "reset": _reset, "kubeconfig": _kubeconfig}
    verbs["user"] = local_user.run
    try:
        return verbs[args.local_verb](args)
    except (StartFailed, NotACluster, UnsafeDirectory) as error:
        print(f"argotui: {error}", file=sys.stderr)
        return 1


def local_cluster_runs(runtime: str = "auto") -> bool:
    """Starts the local cluster or finds it running; says so when it takes a while, and why when it fails."""
    notice = threading.Timer(_SLOW_SECONDS, print, ["starting the local cluster …"], {"file": sys.stderr})
    notice.daemon = True
    notice.start()
    try:
        asyncio.run(lifecycle.start(local_dir(), runtime))
    except (StartFailed, UnsafeDirectory) as error:
        print(f"argotui: {error}", file=sys.stderr)
        return False
    finally:
        notice.cancel()
    return True


def _start(args: argparse.Namespace) -> int:
    directory = local_dir()
    started = asyncio.run(lifecycle.start(directory, args.runtime))
    already = " already" if started.was_running else ""
    print(f"the local cluster runs{already} at {endpoint_of(directory)}")
    print("\n".join(runtime_lines(directory)))
    print(f"kubectl:  export KUBECONFIG={local_kubeconfig(directory)}")
    return 0


def _stop(args: argparse.Namespace) -> int:
    if asyncio.run(lifecycle.stop(local_dir())):
        print("the local cluster has stopped; steps that were running go on")
    else:
        print("the local cluster was not running")
    return 0


def _reset(args: argparse.Namespace) -> int:
    directory = local_dir()
    if not directory.exists():
        print(f"nothing to remove: {directory} does not exist")
        return 0
    if not args.yes and not confirmed(
        f"this kills all steps and removes every workflow and log in {directory}", "reset"
    ):
        print("nothing was removed")
        return 1
    asyncio.run(lifecycle.reset(directory))
    print(f"removed {directory}")
    return 0


def _kubeconfig(args: argparse.Namespace) -> int:
    path = local_kubeconfig()
    if not path.exists():
        print("argotui: there is no local cluster yet; run: argotui local start", file=sys.stderr)
        return 1
    print(path)
    return 0


def _status(args: argparse.Namespace) -> int:
    directory = local_dir()
    state = asyncio.run(lifecycle.status(directory))
    if args.output == "json":
        print(json.dumps(_as_document(directory, state), indent=2))
    else:
        print("\n".join(_status_lines(directory, state)))
    return 0 if state is not None and state["ready"] else 1


def _as_document(directory: Path, state: dict[str, Any] | None) -> dict[str, Any]:
    note = RuntimeNote.read(directory)
    return {
        "running": state is not None,
        "ready": state is not None and state["ready"],
        "directory": str(directory),
        "endpoint": endpoint_of(directory),
        "kubeconfig": str(local_kubeconfig(directory)),
        "runtime": None
        if note is None
        else {"name": note.name, "isolates": note.isolates, "notIsolated": note.not_isolated, "reason": note.reason},
        **_configuration(directory, state),
        "processes": [] if state is None else state["parts"],
    }


def _status_lines(directory: Path, state: dict[str, Any] | None) -> list[str]:
    if state is None:
        return [f"the local cluster does not run (its state lies in {directory})", "start it:  argotui local start"]
    verb = "runs" if state["ready"] else "is starting"
    lines = [f"the local cluster {verb} at {endpoint_of(directory)}", f"state:    {directory}"]
    lines += runtime_lines(directory)
    lines += _configuration_lines(controller_report(directory))
    lines += [_part_line(part) for part in state["parts"]]
    return lines


def _configuration(directory: Path, state: dict[str, Any] | None) -> dict[str, Any]:
    report = {} if state is None else controller_report(directory)
    return {"metrics": report.get("metrics") or None, "retention": report.get("retention")}


def _configuration_lines(report: dict[str, Any]) -> list[str]:
    """What the controller keeps of completed workflows, where its metrics are, and what it passes over."""
    if not report:
        return []
    kept = report.get("retention")
    if kept is None:
        lines = ["retention: every completed workflow is kept until somebody deletes it"]
    else:
        numbers = ", ".join(f"{kept.get(field, 0)} {field}" for field in ("completed", "failed", "errored"))
        lines = [f"retention: the newest {numbers} workflows are kept, older ones are deleted"]
    lines.append(f"metrics:  {report.get('metrics') or 'not served: ' + str(report.get('metricsProblem') or '?')}")
    if report.get("ignored"):
        lines.append(f"settings without effect here: {', '.join(report['ignored'])}")
    return lines


def _part_line(part: dict[str, Any]) -> str:
    if not part["ready"]:
        return f"{part['name']:<11} not ready   {part['lastError'] or 'starting'}"
    restarts = f"   restarted {part['restarts']}×" if part["restarts"] else ""
    memory = f"{part['rss'] / _MIB:.0f} MiB" if part["rss"] else "?"
    return f"{part['name']:<11} pid {part['pid']:<8} {memory}{restarts}"


def runtime_lines(directory: Path) -> list[str]:
    """Which runtime runs the steps and what it does not keep apart; nobody is led to believe more."""
    note = RuntimeNote.read(directory)
    if note is None:
        return ["runtime:  not known yet"]
    lines = [f"runtime:  {note.name}" + (f" ({note.reason})" if note.reason else "")]
    if note.isolates:
        lines.append(f"isolates: {', '.join(note.isolates)}")
    if note.not_isolated:
        lines.append(f"does NOT isolate: {', '.join(note.not_isolated)}")
    return lines


def endpoint_of(directory: Path) -> str:
    """The address of the API server, `?` before it has chosen one."""
    try:
        return (directory / "endpoint").read_text().strip()
    except OSError:
        return "?"
