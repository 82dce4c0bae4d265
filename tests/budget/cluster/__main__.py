"""`make bench-cluster`: one table. `python -m tests.budget.cluster [TITLE…]` measures only shapes that begin so."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.budget.cluster.measure import Cost, clear, controlled, floored, prepare
from tests.budget.cluster.shapes import SHAPES, Shape
from tests.cluster.envtest.binaries import MissingBinaries
from tests.cluster.node.fate import Fate
from tests.cluster.real.site import Site, site

_COLUMNS = ("", "pods", "s", "floor s", "ratio", "pods/s", "ms/layer", "cpu s", "floor cpu", "RSS MiB", "req/pod")


def _row(shape: Shape, ours: Cost, floor: Cost) -> list[str]:
    return [
        shape.title,
        str(shape.pods),
        f"{ours.seconds:.1f}",
        f"{floor.seconds:.1f}",
        f"{ours.seconds / floor.seconds:.2f}",
        f"{shape.pods / ours.seconds:.0f}",
        f"{ours.seconds / shape.layers * 1000:.0f}",
        f"{ours.cpu:.1f}",
        f"{floor.cpu:.1f}",
        f"{ours.rss:.0f}",
        f"{ours.requests / shape.pods:.1f}",
    ]


def _tell(row: list[str] | tuple[str, ...]) -> None:
    print(f"{row[0]:<22}" + "".join(f"{cell:>11}" for cell in row[1:]), flush=True)


async def _measure(place: Site, shapes: list[Shape]) -> None:
    async with place.client() as client:
        await prepare(client)
        async with place.kubelet(client, lambda workflow, node: Fate(seconds=0.0)):
            for shape in shapes:
                ours = await controlled(place, client, shape)
                floor = await floored(place, client, shape)
                _tell(_row(shape, ours, floor))
                await clear(client)


def main(titles: list[str]) -> int:
    """Measures; returns the exit code."""
    shapes = [shape for shape in SHAPES if not titles or shape.title.startswith(tuple(titles))]
    _tell(_COLUMNS)
    try:
        with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as place:
            asyncio.run(_measure(place, shapes))
    except MissingBinaries as missing:
        print(missing)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
