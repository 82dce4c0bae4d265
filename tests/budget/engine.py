"""What the engine costs: one event at several widths, loading, writing, memory. Processor time, in one process.

event          a pod that runs, or has ended, told to a run in which so many others are active
load           `Run.load` of a stored status, and the first `advance`, which is told of every pod
advance+write  the same event, and the body of the status write that stores it (packed where the object is large)
memory         what a loaded run holds, per node, its decoded documents included
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from time import process_time

import msgspec

from argotui.controller.packing import Packing
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CreatePod
from argotui.engine.facts import Fact
from argotui.engine.run import Run, Step
from argotui.model.documents import Document, annotations, clone
from argotui.model.keys import ANNOTATION_NODE_ID
from argotui.model.patching import merge_patch
from argotui.model.phase import completed
from tests.unit.engine.builders import workflow
from tests.unit.engine.simulator import START, Objects
from tests.unit.engine.wide import LEAF, fan_out, reported, seen

from .figures import figure

EVENTS = 200
WIDTHS = (100, 1_000, 10_000)
TASKS = 5_000
FAN_OUT = 10_000


def graph(tasks: int, width: int = 50) -> Document:
    """A DAG of rows, each task waiting for two of the row before."""
    found = []
    for number in range(tasks):
        row, column = divmod(number, width)
        before = [f"t{(row - 1) * width + (column + offset) % width}" for offset in (0, 1)] if row else []
        arguments = {"parameters": [{"name": "x", "value": str(number)}]}
        task = {"name": f"t{number}", "template": "work", "arguments": arguments}
        found.append({**task, **({"dependencies": before} if before else {})})
    return workflow({"name": "main", "dag": {"tasks": found}}, LEAF)


class World:
    """One run and what a controller keeps of it."""

    def __init__(self, document: Document) -> None:
        self.stored = clone(document)
        self.run = Run.load(clone(document), EngineConfig(), Objects())
        self.now = START
        self.pods: list[Document] = []
        self.packing = Packing(self.stored)
        self.started = self._start()

    def _start(self) -> list[float]:
        """Until every pod that can be asked for has been; the cost of each step."""
        times = []
        while True:
            before = len(self.pods)
            times.append(self.tell([])[0])
            if len(self.pods) == before:
                return times

    def tell(self, facts: list[Fact]) -> tuple[float, Step]:
        """Seconds of one `advance`."""
        self.now += timedelta(milliseconds=10)
        begun = process_time()
        step = self.run.advance(facts, self.now, b"")
        spent = process_time() - begun
        self.pods += [effect.pod for effect in step.effects if isinstance(effect, CreatePod)]
        return spent, step

    def write(self, step: Step) -> float:
        """Seconds of the body of the write that stores the step."""
        begun = process_time()
        body = asyncio.run(self.packing.body(step.changes, self.run.workflow))
        msgspec.json.encode(body)
        spent = process_time() - begun
        self.packing.stored()
        return spent

    def events(self, count: int) -> Iterator[tuple[float, Step]]:
        """The next pods run and end."""
        for pod in self.pods[:count]:
            yield self.tell([seen(pod, "running"), reported(pod, False)])
            yield self.tell([seen(pod, "terminated"), reported(pod, True)])

    def grow(self, count: int) -> None:
        """Pods run and end, one after the other, until so many have been made."""
        for pod in self.pods:  # grows meanwhile
            if len(self.pods) >= count:
                return
            self.tell([seen(pod, "running"), reported(pod, False)])
            self.tell([seen(pod, "terminated"), reported(pod, True)])

    @property
    def open_pods(self) -> list[Document]:
        """Those whose nodes are not over."""
        nodes = self.run.workflow["status"]["nodes"]
        return [pod for pod in self.pods if not completed(nodes[annotations(pod)[ANNOTATION_NODE_ID]]["phase"])]


def reference(times: int = EVENTS) -> float:
    """Seconds to encode and decode one pod: what any program that takes an event has to pay."""
    pod = World(fan_out(1)).pods[0]
    begun = process_time()
    for _ in range(times):
        msgspec.json.decode(msgspec.json.encode(pod))
    return (process_time() - begun) / times


def microseconds(times: list[float]) -> list[float]:
    return [1e6 * each for each in times]


def widths() -> None:
    """The cost of one event as the workflow grows."""
    base = 0.0
    for width in WIDTHS:
        world = World(fan_out(width))
        gc.collect()
        times = [spent for spent, _ in world.events(min(width, EVENTS))]
        base = base or statistics.median(times)
        figure(f"one event among {width:,} pods", microseconds(times), "µs", statistics.median(times) / base)


def large(name: str, document: Document, pods: int) -> None:
    """Start, one event, one write; load and memory once so many pods have been made."""
    world = World(document)
    figure(f"{name}: first steps, together", [sum(world.started)], "s")
    thought, written = [], []
    for spent, step in world.events(25):
        thought.append(spent)
        written.append(spent + world.write(step))
    figure(f"{name}: advance", microseconds(thought), "µs")
    figure(
        f"{name}: advance + write", microseconds(written), "µs", statistics.median(written) / statistics.median(thought)
    )
    world.grow(pods)
    stored = msgspec.json.encode(merge_patch(world.stored, {"status": world.run.workflow["status"]}))
    nodes, open_pods = len(world.run.workflow["status"]["nodes"]), world.open_pods
    facts = [seen(pod, "running") for pod in open_pods] + [reported(pod, False) for pod in open_pods]
    loading(name, stored, facts, nodes, len(open_pods))


def loading(name: str, stored: bytes, facts: list[Fact], nodes: int, pods: int) -> None:
    """A controller that takes the workflow up."""
    begun = process_time()
    document = msgspec.json.decode(stored)
    decoded = process_time()
    run = Run.load(document, EngineConfig(), Objects())
    loaded = process_time()
    run.advance(facts, START + timedelta(minutes=1), b"")
    taken = process_time()
    figure(f"{name}: load, {nodes:,} nodes", [loaded - decoded], "s", (loaded - decoded) / (decoded - begun))
    figure(f"{name}: first advance, {pods:,} pods", [taken - loaded], "s")
    del run, document
    gc.collect()
    tracemalloc.start()
    kept = Run.load(msgspec.json.decode(stored), EngineConfig(), Objects())
    kept.advance([], START + timedelta(minutes=1), b"")
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    figure(f"{name}: memory per node", [size / nodes / 1024], "KiB", size / len(stored))


def main() -> None:
    """All figures."""
    figure("reference: encode and decode a pod", [1e6 * reference()], "µs")
    widths()
    large(f"DAG of {TASKS:,}", graph(TASKS), TASKS)
    large(f"fan-out of {FAN_OUT:,}", fan_out(FAN_OUT), FAN_OUT)


if __name__ == "__main__":
    main()
