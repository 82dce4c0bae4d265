"""A local API server and a kubelet as processes, without controller and supervisor, for the kubelet's own tests."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.local.kubelet.killing import kill_all
from argotui.model.resources import PODS

Document = dict[str, Any]
NS = "argo"


class LocalNode:
    """One API server and one kubelet that can be killed and started again."""

    def __init__(self, directory: Path, runtime: str) -> None:
        self.directory = directory
        self.runtime = runtime
        self.client: Client
        self._server: asyncio.subprocess.Process | None = None
        self._kubelet: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        for name in ("", "run", "pods", "logs"):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        self._server = await self._process("apiserver", "argotui.local.apiserver", "--dir", str(self.directory))
        await self.start_kubelet()

    async def start_kubelet(self, wait: bool = True) -> None:
        arguments = ("argotui.local.kubelet", "--dir", str(self.directory), "--runtime", self.runtime)
        self._kubelet = await self._process("kubelet", *arguments, wait=wait)

    async def kill_kubelet(self) -> None:
        """kill -9."""
        assert self._kubelet is not None
        with contextlib.suppress(ProcessLookupError):
            self._kubelet.kill()
        await self._kubelet.wait()

    async def stop(self) -> None:
        """Ends both, and all steps."""
        for process in (self._kubelet, self._server):
            if process is not None and process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()
        await self.kill_all()

    async def kill_all(self) -> list[str]:
        """What `argotui local reset` does; the containers that cannot be killed."""
        return await kill_all(self.directory)

    async def _process(self, name: str, *arguments: str, wait: bool = True) -> asyncio.subprocess.Process:
        with (self.directory / "logs" / f"{name}.log").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=errors, env={**os.environ},
            )  # fmt: skip
        assert process.stdout is not None
        if wait:
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line == b"ready\n", (self.directory / "logs" / f"{name}.log").read_text()
        return process

    async def pod(self, name: str) -> Document:
        return await self.client.get(PODS, name, NS)

    async def until(self, name: str, condition: Callable[[Document], Any], seconds: float = 60) -> Document:
        """The pod, once the condition holds of it."""
        async with asyncio.timeout(seconds):
            page = await self.client.list(PODS, NS, field_selector=f"metadata.name={name}")
            for pod in page.items:
                if condition(pod):
                    return pod
            async for event in self.client.watch(
                PODS, NS, resource_version=page.resource_version, field_selector=f"metadata.name={name}"
            ):
                if event.type != "BOOKMARK" and condition(event.object):
                    return event.object
        raise AssertionError(f"the watch of {name} ended")

    async def over(self, name: str, seconds: float = 60) -> Document:
        """The pod, once it has ended."""
        ends = ("Succeeded", "Failed")
        return await self.until(name, lambda pod: pod.get("status", {}).get("phase") in ends, seconds)

    async def log(self, name: str, container: str = "main", **options: Any) -> bytes:
        stream = self.client.logs(NS, name, container=container, **options)
        return b"".join([chunk async for chunk in stream])

    async def exists(self, name: str) -> bool:
        """Whether the API server still has the pod."""
        return bool((await self.client.list(PODS, NS, field_selector=f"metadata.name={name}")).items)

    def words(self) -> str:
        """The last words of the kubelet."""
        return (self.directory / "logs" / "kubelet.log").read_text()[-3000:]


@contextlib.asynccontextmanager
async def local_node(directory: Path, runtime: str = "auto") -> AsyncIterator[LocalNode]:
    """Starts both processes; ends them, and every step, at last."""
    node = LocalNode(directory, runtime)
    try:
        await node.start()
        async with Client(load_cluster(kubeconfig=str(directory / "kubeconfig"), context=None)) as client:
            node.client = client
            yield node
    finally:
        await node.stop()
