"""`make fuzz`: thousands of mutated manifests, with the figures of the worst ones.

    python -m tests.fuzz [COUNT] [FIRST SEED]

Each manifest has a second of processor time and 200 MB; what takes more, or ends in an exception, is printed with its
seed (`python -m tests.fuzz 1 SEED` plays it alone).
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import re
import subprocess
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.mutate import corpus, mutate
from tests.fuzz.take import take

SECONDS = 1.0
MEGABYTES = 200.0
PATIENCE = 300
"""Seconds after which a manifest is given up, and its process ended."""
SLICE = 250


class Taken(NamedTuple):
    """What one manifest cost. failure: empty when all is well."""

    seed: int
    outcome: str
    seconds: float
    megabytes: float
    failure: str


def _memory(field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def one(seed: int, texts: list[str]) -> Taken:
    """Mutates and takes one manifest."""
    text = mutate(random.Random(seed), texts)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, started, failure, outcome = _memory("VmRSS"), time.process_time(), "", "failed"
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    try:
        outcome = take(text)
    except Exception:  # noqa: BLE001 (whatever it is, it is what is looked for)
        failure = traceback.format_exc(limit=-6)
    faulthandler.cancel_dump_traceback_later()
    seconds, megabytes = time.process_time() - started, _memory("VmHWM") - before
    if not failure and seconds > SECONDS:
        failure = f"took {seconds:.2f} s"
    if not failure and megabytes > MEGABYTES:
        failure = f"took {megabytes:.0f} MB"
    return Taken(seed, outcome, seconds, megabytes, failure)


def work(seeds: range) -> None:
    """One slice in a process of its own: a line before each manifest, and one after it."""
    texts = corpus()
    take(texts[0])  # what is imported and compiled once is no manifest's fault
    for seed in seeds:
        print(seed, flush=True)
        print(json.dumps(one(seed, texts)), flush=True)


def _slice(seeds: range) -> list[Taken]:
    """The results of a slice; a manifest that ends its process is a failure, and the next process goes on behind it."""
    taken: list[Taken] = []
    while seeds:
        command = [sys.executable, "-m", "tests.fuzz", "--work", str(seeds.start), str(seeds.stop)]
        ran = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."}, check=False
        )
        lines = ran.stdout.splitlines()
        taken += [Taken(*json.loads(line)) for line in lines[1::2]]
        if ran.returncode == 0:
            break
        lost = int(lines[-1]) if len(lines) % 2 else seeds.start
        taken.append(Taken(lost, "failed", PATIENCE, 0, f"its process ended ({ran.returncode}): {ran.stderr[-2000:]}"))
        seeds = range(lost + 1, seeds.stop)
    return taken


def main(count: int, first: int) -> int:
    """Prints the figures; 1 when anything failed."""
    end = first + count
    slices = [range(start, min(start + SLICE, end)) for start in range(first, end, SLICE)]
    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        taken: list[Taken] = []
        for some in pool.map(_slice, slices):
            taken += some
            print(f"{len(taken)} taken, {sum(bool(each.failure) for each in taken)} failures", file=sys.stderr)
    failures = [each for each in taken if each.failure]
    for each in sorted(failures)[:40]:
        print(f"--- seed {each.seed}\n{each.failure.strip()}")
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in Counter(each.outcome for each in taken).items())
    slowest, largest = max(taken, key=lambda each: each.seconds), max(taken, key=lambda each: each.megabytes)
    print(f"{len(taken)} manifests ({outcomes}), {len(failures)} failures, {time.monotonic() - began:.0f} s")
    print(f"worst time    {slowest.seconds:8.3f} s   seed {slowest.seed}")
    print(f"peak memory   {largest.megabytes:8.1f} MB  seed {largest.seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(range(int(sys.argv[2]), int(sys.argv[3])))
        sys.exit(0)
    sys.exit(main(int((sys.argv[1:] or ["20000"])[0]), int((sys.argv[2:] or ["0"])[0])))
