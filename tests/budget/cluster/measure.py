"""One shape, run by the controller and by the floor, on one API server with one scripted node."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argotui.engine.nodemap import node_map
from argotui.kube.client import Client
from argotui.kube.reflector import Delta, Reflector
from argotui.model import keys
from argotui.model.documents import Document, annotations, labels, name
from argotui.model.resources import CONFIG_MAPS, PODS, SERVICE_ACCOUNTS, WORKFLOWS
from tests.budget.cluster.shapes import Shape
from tests.cluster.envtest.controlplane import free_port
from tests.cluster.node.accounts import allow_executors
from tests.cluster.real.site import Site

FLOOR = "floor"
_TICKS = 100
_LIFTED = {"ARGO_QPS": "0", "LEADER_ELECTION_DISABLE": "true"}


@dataclass(frozen=True)
class Cost:
    """seconds: from the first request to the last end. cpu: seconds. rss: peak, in MiB. requests: all of them."""

    seconds: float
    cpu: float
    rss: float
    requests: int


async def controlled(site: Site, client: Client, shape: Shape) -> Cost:
    """The controller's cost. Raises AssertionError when a workflow does not succeed."""
    port = await _metrics_port(client)
    controller = site.controller(f"{shape.prefix}controller", **_LIFTED)
    controller.start()
    before = _requests(port)
    used = _cpu(controller.pid)
    ended: dict[str, str] = {}
    done = asyncio.Event()

    def see(delta: Delta) -> None:
        if name(delta.object).startswith(shape.prefix):
            ended[name(delta.object)] = labels(delta.object).get(keys.LABEL_PHASE, "")
            if len(ended) == shape.workflows:
                done.set()

    watch = Reflector(client, WORKFLOWS, "argo", label_selector=f"{keys.LABEL_COMPLETED}=true", on_change=see)
    watching = asyncio.create_task(watch.run())
    await watch.synced()
    started = time.monotonic()
    await asyncio.gather(*(client.create(WORKFLOWS, shape.document(n)) for n in range(shape.workflows)))
    await asyncio.wait_for(done.wait(), 600)
    seconds = time.monotonic() - started
    watching.cancel()
    await asyncio.wait([watching])
    assert set(ended.values()) == {"Succeeded"}, ended
    cost = Cost(seconds, _cpu(controller.pid) - used, _peak(controller.pid), _requests(port) - before)
    site.end_controllers()
    return cost


async def floored(site: Site, client: Client, shape: Shape) -> Cost:
    """The script's cost for the pods that the controller made just now."""
    rows = [await _layers(client, shape, number) for number in range(shape.workflows)]
    file = site.folder / "pods.json"
    file.write_text(json.dumps(rows))
    command = [sys.executable, "-m", "tests.budget.cluster.floor", site.kubeconfig, str(file)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    assert child.returncode == 0
    found = json.loads(out)
    return Cost(found["seconds"], found["cpu"], 0.0, shape.pods)


async def prepare(client: Client) -> None:
    """The namespace of the floor, with the rights that executors need."""
    await client.raw("POST", "/api/v1/namespaces", body={"metadata": {"name": FLOOR}})
    await client.create(SERVICE_ACCOUNTS, {"metadata": {"name": "default", "namespace": FLOOR}})
    await allow_executors(client, FLOOR)


async def clear(client: Client) -> None:
    """Takes the pods of a shape away, so that the next one begins on an empty cluster."""
    for namespace in ("argo", FLOOR):
        page = await client.list(PODS, namespace)
        await asyncio.gather(*(client.delete(PODS, name(pod), namespace, grace_seconds=0) for pod in page.items))


async def _layers(client: Client, shape: Shape, number: int) -> list[list[Document]]:
    """The pods of one workflow as they would be made again, by the layer that their node belongs to."""
    title = shape.document(number)["metadata"]["name"]
    nodes = node_map(await client.get(WORKFLOWS, title, "argo"))
    layers: dict[int, list[Document]] = defaultdict(list)
    for pod in (await client.list(PODS, "argo", label_selector=f"{keys.LABEL_WORKFLOW}={title}")).items:
        node = nodes[annotations(pod)[keys.ANNOTATION_NODE_ID]]
        found = re.search(r"[st](\d+)", str(node["displayName"])) if shape.layers > 1 else None
        layers[int(found[1]) if found else 0].append(_again(pod))
    assert [len(layers[layer]) for layer in range(shape.layers)] == [shape.width] * shape.layers
    return [layers[layer] for layer in range(shape.layers)]


def _again(pod: Document) -> Document:
    kept = ("name", "labels", "annotations", "ownerReferences")
    metadata = {key: pod["metadata"][key] for key in kept} | {"namespace": FLOOR}
    metadata["labels"] |= {keys.LABEL_COMPLETED: "false"}
    spec: dict[str, Any] = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    # what the admission of service accounts added is added again
    spec["volumes"] = [each for each in spec["volumes"] if not each["name"].startswith("kube-api-access")]
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        container["volumeMounts"] = [
            each for each in container["volumeMounts"] if not each["name"].startswith("kube-api-access")
        ]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


async def _metrics_port(client: Client) -> int:
    port = free_port()
    data = {"metricsConfig": f"enabled: true\nport: {port}\nsecure: false\n"}
    metadata = {"name": "workflow-controller-configmap", "namespace": "argo"}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    await client.apply(CONFIG_MAPS, document, field_manager="bench", force=True)
    return port


def _requests(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return int(sum(float(n) for n in re.findall(r"^argo_workflows_k8s_request_total\{[^}]*\} (\S+)", text, re.M)))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024
