"""Workflows whose every output can be checked, for as long as faults last."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import WORKFLOWS
from tests.cluster.node.fate import Fate
from tests.cluster.node.kubelet import ScriptedKubelet
from tests.cluster.real.site import completed, step, until, workflow

ITEMS = 3
PODS = 2 + ITEMS
"""Pods of one workflow."""


def value(node: str) -> str:
    """What the pod of a node puts out."""
    return f"{zlib.crc32(node.encode()):08x}"


def fate(_workflow: str, node: str) -> Fate:
    """Every pod reports its own value."""
    return Fate(0.15, outputs={"parameters": [{"name": "v", "valueFrom": {"path": "/v"}, "value": value(node)}]})


def made(name: str) -> Document:
    """One step, a fan-out over its parameter, and a last step that gets all their values."""
    outputs = {"parameters": [{"name": "v", "valueFrom": {"path": "/v"}}]}
    inputs = {"parameters": [{"name": "x"}]}
    last = {"name": "x", "value": "{{steps.fan.outputs.parameters.v}}"}
    main = {
        "name": "main",
        "steps": [
            [{"name": "seed", "template": "one", "arguments": {"parameters": [{"name": "x", "value": "0"}]}}],
            [{"name": "fan", "template": "one", "withItems": list(range(ITEMS)), "arguments": _with("{{item}}")}],
            [{"name": "last", "template": "one", "arguments": {"parameters": [last]}}],
        ],
    }
    return workflow(name, main, step("one", inputs=inputs, outputs=outputs))


def _with(text: str) -> Document:
    return {"parameters": [{"name": "x", "value": text}]}


def faults(document: Document) -> list[str]:
    """What is wrong with the end of a workflow of this kind."""
    name, status = document["metadata"]["name"], document["status"]
    found = {each["name"]: each for each in (status.get("nodes") or {}).values() if each["type"] == "Pod"}
    wrong = [] if status.get("phase") == "Succeeded" else [f"{name} is {status.get('phase')}: {status.get('message')}"]
    if len(found) != PODS:
        wrong.append(f"{name} has {len(found)} pods: {sorted(found)}")
    for node, each in found.items():
        if _parameter(each, "outputs") != value(node):
            wrong.append(f"{node} has the outputs {each.get('outputs')}")
    fan = [value(f"{name}[1].fan({item}:{item})") for item in range(ITEMS)]
    got = json.loads(_parameter(found.get(f"{name}[2].last") or {}, "inputs") or "null")
    return wrong + ([] if got == fan else [f"{name}: the last step got {got}, not {fan}"])


def _parameter(node: Document, side: str) -> Any:
    parameters = (node.get(side) or {}).get("parameters") or [{}]
    return parameters[0].get("value")


class Load:
    """Keeps some workflows running, a new one for each that has ended."""

    def __init__(self, client: Client, name: str, at_once: int) -> None:
        self.names: list[str] = []
        self._name = name
        self._client = client
        self._at_once = at_once

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        """Submits while the block lasts."""
        tasks = [asyncio.create_task(self._submit(number)) for number in range(self._at_once)]
        try:
            yield self
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks)

    async def _submit(self, lane: int) -> None:
        turn = 0
        while True:
            name = f"{self._name}-{lane}-{turn}"
            await until(lambda name=name: self._create(name), 120)
            self.names.append(name)
            await until(lambda name=name: completed(self._client, name), 300)
            turn += 1

    async def _create(self, name: str) -> bool:
        try:
            await self._client.create(WORKFLOWS, made(name))
        except ApiError as error:
            if error.reason != "AlreadyExists":  # else the answer was lost
                raise
        return True

    async def check(self, kubelet: ScriptedKubelet, words: Any, seconds: float = 120) -> None:
        """Every workflow ends, no pod was made twice, no result is lost."""
        found = await until(lambda: completed(self._client, *self.names), seconds, words)
        wrong = [fault for each in found for fault in faults(each)]
        assert wrong == [], words()
        begun = {pod: count for pod, count in kubelet.begun.items() if pod.startswith(f"{self._name}-")}
        twice = {pod: count for pod, count in begun.items() if count > 1}
        assert twice == {}, words()
        assert len(begun) == PODS * len(self.names)
