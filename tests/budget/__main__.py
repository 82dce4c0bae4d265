"""`make bench`: the figures of engine, local cluster and console, each with its reference measured in the same run.

engine                  see tests/budget/engine.py
step-to-step latency    end of one command to start of the next one, over the API, controller and kubelet
fan-out                 pods per second for 500 times `true`
first picture           `argotui --local` in a pty until the list of workflows stands on the screen
resident memory         of each process, after the above
"""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from argotui.local.supervisor.process import resident_bytes
from tests.budget import engine
from tests.budget.figures import figure, heading
from tests.localcluster import LocalCluster
from tests.terminal import Terminal

STEPS = 30
FAN_OUT = 500
MIB = 1024 * 1024

CHAIN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: bench-chain-, namespace: argo}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [GROUPS]
  - name: stamp
    container: {image: busybox, command: [sh, -c], args: ["date +%s%N; date +%s%N"]}
""".replace("GROUPS", ", ".join(f"[{{name: s{number:03}, template: stamp}}]" for number in range(STEPS)))

FAN = f"""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: bench-fan-, namespace: argo}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{{name: f, template: "true", withSequence: {{count: "{FAN_OUT}"}}}}]]
  - name: "true"
    container: {{image: busybox, command: ["true"]}}
"""


def submit(cluster: LocalCluster, manifest: str) -> str:
    return cluster.argotui("submit", "-", "-o", "name", stdin=manifest).stdout.strip().rpartition("/")[2]


def seconds(action: Callable[[], Any]) -> float:
    before = time.perf_counter()
    action()
    return time.perf_counter() - before


def milliseconds(command: Sequence[str], times: int) -> list[float]:
    """How long a whole process takes, several times over."""

    def once() -> object:
        return subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    return [1000 * seconds(once) for _ in range(times)]


def latency(cluster: LocalCluster) -> None:
    """Time stamps that the commands print themselves; the reference is the same command started by hand."""
    name = submit(cluster, CHAIN)
    cluster.argotui("wait", name, timeout=300)
    stamps: dict[str, list[int]] = {}
    pods = json.loads(cluster.kubectl("get", "pods", "-l", f"workflows.argoproj.io/workflow={name}", "-o", "json"))
    for pod in pods["items"]:
        lines = cluster.kubectl("logs", pod["metadata"]["name"], "-c", "main").split()
        stamps[pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]] = [int(line) for line in lines]
    ordered = sorted(stamps.values())
    gaps = [(after[0] - before[1]) / 1e6 for before, after in itertools.pairwise(ordered)]
    figure(f"step to step, {STEPS} steps", gaps, "ms")
    command = ["sh", "-c", "date +%s%N; date +%s%N"]
    figure("  reference: the command itself", milliseconds(command, STEPS), "ms")


def fan_out(cluster: LocalCluster) -> None:
    name = submit(cluster, FAN)
    began = time.perf_counter()
    cluster.argotui("wait", name, timeout=600)
    figure(f"fan-out of {FAN_OUT} × true", [FAN_OUT / (time.perf_counter() - began)], "pods/s")
    figure("  reference: fork and exec of true", [1000 / value for value in milliseconds(["true"], FAN_OUT)], "runs/s")


def first_picture(cluster: LocalCluster) -> None:
    """From the start of the process; nothing of it is warm but the file cache."""
    pictures, lists, memory = [], [], 0
    for _ in range(5):
        terminal = Terminal([sys.executable, "-m", "argotui", "--local"], cluster.environment)
        terminal.wait(lambda screen: bool(screen.strip()))
        pictures.append(1000 * (time.monotonic() - terminal.started))
        terminal.wait("bench-")
        lists.append(1000 * (time.monotonic() - terminal.started))
        memory = resident_bytes(terminal.pid) or 0
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
        terminal.close()
    figure("argotui --local: first picture", pictures, "ms")
    figure("argotui --local: list of workflows", lists, "ms")
    version = [sys.executable, "-m", "argotui", "version"]
    figure("argotui version", milliseconds(version, 7), "ms")
    figure("  reference: python -c pass", milliseconds([sys.executable, "-c", "pass"], 7), "ms")
    figure("memory of the console", [memory / MIB], "MiB")


def memory(cluster: LocalCluster) -> None:
    for part in cluster.status()["processes"]:
        figure(f"memory of the {part['name']}", [part["rss"] / MIB], "MiB")


def main() -> int:
    heading()
    engine.main()
    with tempfile.TemporaryDirectory() as folder:
        cluster = LocalCluster(Path(folder) / "local")
        try:
            figure("local start", [1000 * seconds(cluster.start)], "ms")
            latency(cluster)
            fan_out(cluster)
            first_picture(cluster)
            memory(cluster)
        finally:
            cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
