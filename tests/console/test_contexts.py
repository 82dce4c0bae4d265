"""Going from one cluster of a kubeconfig to another, above all away from one that does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from argotui.ui.console import ConsoleApp
from argotui.ui.options import ConsoleOptions
from tests.console.cluster import FakeCluster
from tests.console.harness import NOW, Console
from tests.unit.kube.fake import FakeApi, refuse, reply, stream

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as made:
        metadata = {"name": "build-1", "namespace": "argo", "uid": "u", "resourceVersion": "1"}
        metadata["creationTimestamp"] = "2026-03-01T11:50:00Z"
        row = {"cells": ["build-1", "Succeeded", "5m"], "object": {"metadata": metadata}}
        columns = [{"name": name} for name in ("Name", "Status", "Age")]
        table = {"kind": "Table", "metadata": {"resourceVersion": "1"}, "columnDefinitions": columns, "rows": [row]}
        made.script("GET", ARGO, reply(table))
        made.script("WATCH", ARGO, stream(then="silence"))
        made.script("GET", f"{ARGO}/build-1", refuse(404, "NotFound"))
        yield made


@pytest.fixture
async def mute() -> AsyncIterator[str]:
    """A server that takes connections and never says a word, as behind a VPN that went away."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def kubeconfig(path: Path, **servers: str) -> str:
    """Contexts by name, the first one current."""
    contexts = [{"name": name, "context": {"cluster": name, "namespace": "argo"}} for name in servers]
    clusters = [{"name": name, "cluster": {"server": server}} for name, server in servers.items()]
    document: dict[str, Any] = {"current-context": next(iter(servers)), "contexts": contexts, "clusters": clusters}
    path.write_text(yaml.safe_dump(document))
    return str(path)


@asynccontextmanager
async def console_on(path: str) -> AsyncIterator[Console]:
    """A console with real connections."""
    app = ConsoleApp(ConsoleOptions(kubeconfig=path), clock=lambda: NOW, seconds=time.monotonic)
    async with app.run_test(size=(120, 30)) as pilot:
        yield Console(app, pilot, FakeCluster())


async def test_a_cluster_that_does_not_answer_is_left_for_another(api: FakeApi, mute: str, tmp_path: Path) -> None:
    async with console_on(kubeconfig(tmp_path / "k", away=mute, here=api.url)) as console:
        await console.wait("away / argo")
        await console.wait("connecting")
        await console.command("ctx")
        await console.wait("which? :ctx away|here")
        await console.command("ctx here")
        await console.wait("build-1")
        await console.wait("● live")
        await console.command("ctx away")
        await console.gone("build-1")


async def test_a_context_that_is_not_there_is_said_with_those_that_are(api: FakeApi, tmp_path: Path) -> None:
    async with console_on(kubeconfig(tmp_path / "k", here=api.url, there=api.url)) as console:
        await console.wait("build-1")
        await console.command("ctx nowhere")
        await console.wait("kubeconfig has no context 'nowhere'; it has here, there")
        await console.command("ctx there")
        await console.wait("there / argo")
        await console.wait("build-1")
