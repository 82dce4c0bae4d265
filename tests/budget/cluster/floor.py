"""The floor: a plain script that makes the same pods in the same order, and knows nothing of workflows.

    python -m tests.budget.cluster.floor KUBECONFIG PODS.json

PODS.json holds rows of layers of pods: rows go on side by side, a layer begins when the one before has succeeded.
Prints {"seconds": …, "cpu": …}: of the work, and of this process's processor while it worked.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.reflector import Delta, Reflector
from argotui.model.documents import Document, name
from argotui.model.resources import PODS

AT_ONCE = 32
"""Requests in flight, as many as the controller has."""


class Floor:
    """Makes pods and sees them succeed."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._over: dict[str, asyncio.Event] = {}
        self._pods = Reflector(client, PODS, namespace, on_change=self._see)

    async def run(self, rows: list[list[list[Document]]]) -> None:
        """Every row, layer by layer."""
        watching = asyncio.create_task(self._pods.run())
        await self._pods.synced()
        await asyncio.gather(*(self._row(row) for row in rows))
        watching.cancel()
        await asyncio.wait([watching])

    def _see(self, delta: Delta) -> None:
        if (delta.object.get("status") or {}).get("phase") == "Succeeded" and name(delta.object) in self._over:
            self._over[name(delta.object)].set()

    async def _row(self, layers: list[list[Document]]) -> None:
        for layer in layers:
            await asyncio.gather(*(self._pod(pod) for pod in layer))

    async def _pod(self, pod: Document) -> None:
        self._over[name(pod)] = asyncio.Event()
        async with self._slots:
            await self._client.create(PODS, pod, self._namespace)
        await self._over[name(pod)].wait()


async def _main(kubeconfig: str, file: str) -> None:
    rows = json.loads(Path(file).read_text())
    async with Client(load_cluster(kubeconfig=kubeconfig)) as client:
        started, used = time.monotonic(), time.process_time()
        await Floor(client, rows[0][0][0]["metadata"]["namespace"]).run(rows)
        print(json.dumps({"seconds": time.monotonic() - started, "cpu": time.process_time() - used}))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
