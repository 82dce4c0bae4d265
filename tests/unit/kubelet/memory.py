"""An API server in memory, as far as the kubelet uses one, and a kubelet on it that runs plain processes."""

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self

from argotui.engine.config import EngineConfig
from argotui.engine.pods.agent import build_agent_pod
from argotui.kube.client import ListPage, WatchEvent
from argotui.kube.errors import ApiError, Unreachable
from argotui.kube.reflector import Delta, DeltaType
from argotui.local.apiserver.access.podaccounts import mount
from argotui.local.inotify import Inotify
from argotui.local.kubelet.agent import Kubelet
from argotui.local.kubelet.context import Node
from argotui.local.kubelet.logindex import LogIndex
from argotui.local.kubelet.tidy import Tidy
from argotui.local.runtime.bare import Bare
from argotui.local.runtime.claims import Claims
from argotui.local.runtime.types import Runtime
from argotui.local.runtime.waiter import Tools
from argotui.model.mergepatch import merge_patch
from argotui.model.resources import CONFIG_MAPS, PODS, Resource

Document = dict[str, Any]
NS = "argo"
TOKEN = "of-the-account"
FLAGS = ["--loglevel", "info", "--log-format", "text", "--gloglevel", "0"]


class Memory:
    """Objects by (plural, name) of one namespace. While `down`, nothing answers."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Document] = {}
        self.down = False
        self.requests: list[str] = []
        self.listeners: list[Callable[[Delta], None]] = []
        self.changed = asyncio.Condition()
        self._versions = itertools.count(1)
        self._queues: list[tuple[str, asyncio.Queue[WatchEvent]]] = []

    def acting_as(self, token: str) -> Self:
        assert token == TOKEN
        return self

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document:
        self._asked("get", res, name)
        return self._find(res, name)

    async def list(self, res: Resource, namespace: str | None = None, *, field_selector: str = "") -> ListPage:
        self._asked("list", res, field_selector)
        name = field_selector.partition("=")[2]
        found = [item for (plural, key), item in self.objects.items() if plural == res.plural and name in ("", key)]
        return ListPage(found, "0", "")

    async def watch(
        self, res: Resource, namespace: str | None = None, *, resource_version: str, field_selector: str = ""
    ) -> AsyncGenerator[WatchEvent, None]:
        queue: asyncio.Queue[WatchEvent] = asyncio.Queue()
        self._queues.append((res.plural, queue))
        while True:
            yield await queue.get()

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document:
        metadata = body["metadata"]
        number = next(self._versions)
        name = metadata.get("name") or f"{metadata['generateName']}{number}"
        self._asked("create", res, name)
        if (res.plural, name) in self.objects:
            raise ApiError(409, "AlreadyExists", "it exists")
        if res is PODS:
            mount(body["spec"])
            body["spec"].setdefault("serviceAccount", "default")
        made = {"uid": f"{name}-{number}-{uuid.uuid4()}", "namespace": NS, "creationTimestamp": "2026-11-22T12:00:00Z"}
        return await self._store(res, name, {**body, "metadata": {**made, **metadata, "name": name}}, DeltaType.ADDED)

    async def patch(
        self, res: Resource, name: str, body: Any, namespace: str | None = None, *, subresource: str = ""
    ) -> Document:
        self._asked("patch", res, f"{name}/{subresource}" if subresource else name)
        old = self._find(res, name)
        uid = (body.get("metadata") or {}).get("uid")
        if uid and uid != old["metadata"]["uid"]:
            raise ApiError(409, "Conflict", "another uid")
        return await self._store(res, name, merge_patch(old, body), DeltaType.MODIFIED)

    async def delete(
        self, res: Resource, name: str, namespace: str | None = None, *, uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> Document:  # fmt: skip
        self._asked("delete", res, name)
        old = self._find(res, name)
        if grace_seconds:
            metadata = {"deletionTimestamp": "2026-11-22T12:00:00Z", "deletionGracePeriodSeconds": grace_seconds}
            return await self._store(res, name, merge_patch(old, {"metadata": metadata}), DeltaType.MODIFIED)
        del self.objects[res.plural, name]
        await self._tell(res, old, DeltaType.DELETED)
        return old

    async def raw(
        self, method: str, path: str, *, query: Any = None, body: Any = None, content_type: str = ""
    ) -> Document:
        if path.endswith("/token"):
            return self._token(path, body)
        if not path.endswith("/binding"):
            return await self._raw_object(method, path, body)
        name = body["metadata"]["name"]
        self._asked("bind", PODS, name)
        old = self._find(PODS, name)
        if old["spec"].get("nodeName"):
            raise ApiError(409, "Conflict", "it is bound")
        spec = {"spec": {"nodeName": body["target"]["name"]}}
        return await self._store(PODS, name, merge_patch(old, spec), DeltaType.MODIFIED)

    def _token(self, path: str, body: Any) -> Document:
        if self.down:
            raise Unreachable("connection refused")
        assert path == f"/api/v1/namespaces/{NS}/serviceaccounts/default/token"
        bound = body["spec"]["boundObjectRef"]
        assert self._find(PODS, bound["name"])["metadata"]["uid"] == bound["uid"]
        return {"status": {"token": TOKEN}}

    async def _raw_object(self, method: str, path: str, body: Any) -> Document:
        """What a resource step asks for: discovery of the core group, and ConfigMaps."""
        parts = path.split("/")
        if parts[1:] == ["api", "v1"]:
            return {"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}
        assert parts[5] == "configmaps", path
        if method == "POST":
            return await self.create(CONFIG_MAPS, body)
        assert method == "GET", method
        return await self.get(CONFIG_MAPS, parts[6])

    async def until(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        """Waits until it holds after some change."""
        async with asyncio.timeout(seconds), self.changed:
            return await self.changed.wait_for(condition)

    def pod(self, name: str) -> Document:
        return self.objects.get(("pods", name), {})

    def phase(self, name: str) -> str:
        return str((self.pod(name).get("status") or {}).get("phase") or "")

    async def over(self, name: str) -> Document:
        """The pod, once it has ended."""
        await self.until(lambda: self.phase(name) in ("Succeeded", "Failed"))
        return self.pod(name)

    def _asked(self, verb: str, res: Resource, what: str) -> None:
        if self.down:
            raise Unreachable("connection refused")
        self.requests.append(f"{verb} {res.plural} {what}")

    def _find(self, res: Resource, name: str) -> Document:
        found = self.objects.get((res.plural, name))
        if found is None:
            raise ApiError(404, "NotFound", f'{res.plural} "{name}" not found')
        return found

    async def _store(self, res: Resource, name: str, document: Document, kind: DeltaType) -> Document:
        version = {"metadata": {"resourceVersion": str(next(self._versions))}}
        document = self.objects[res.plural, name] = merge_patch(document, version)
        document.setdefault("kind", res.kind)
        await self._tell(res, document, kind)
        return document

    async def _tell(self, res: Resource, document: Document, kind: DeltaType) -> None:
        if res is PODS:
            for listener in self.listeners:
                listener(Delta(kind, document, None))
        for plural, queue in self._queues:
            if plural == res.plural:
                queue.put_nowait(WatchEvent(kind.value, document))
        async with self.changed:
            self.changed.notify_all()


@contextlib.asynccontextmanager
async def kubelet(
    memory: Memory, folder: Path, *, runtime: Runtime | None = None, max_pods: int = 10
) -> AsyncIterator[Kubelet]:
    """Runs a kubelet; leaving the block is its death: its tasks are cancelled, its containers are not."""
    (folder / "pods").mkdir(exist_ok=True)
    chosen = runtime or Bare("for a test", Claims(folder / "pods", folder / "claims"))
    tidy = Tidy(folder / "trash")
    node = Node(
        memory, folder / "pods", chosen, Tools.find(), LogIndex(), Inotify(), lambda _: chosen, tidy, authority=b"pem"
    )
    agent = Kubelet(node, max_pods)
    for (plural, _), document in list(memory.objects.items()):
        if plural == "pods":
            agent.on_change(Delta(DeltaType.ADDED, document, None))
    memory.listeners.append(agent.on_change)
    agent.begin()
    known = {d["metadata"]["uid"]: d for (plural, _), d in memory.objects.items() if plural == "pods"}
    await agent.tidy_up(known)
    try:
        yield agent
    finally:
        memory.listeners.remove(agent.on_change)
        agent.leave()
        await agent.abandon()
        node.logs.close()
        if node.marks is not None:
            node.marks.close()
        await tidy.empty()


def plain(name: str, *command: str, **spec: Any) -> Document:
    """A pod of one container `main` as a person would write it."""
    container = {"name": "main", "image": "busybox", "command": list(command), **spec.pop("container", {})}
    spec = {"restartPolicy": "Never", "containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NS}, "spec": spec}


def step(
    name: str, *command: str, template: Document | None = None, result: bool = False,
    deadline: str = "0001-01-01T00:00:00Z", **spec: Any,
) -> Document:  # fmt: skip
    """A pod as the controller makes it (§4)."""
    import json

    env = [
        {"name": "ARGO_NODE_ID", "value": name},
        {"name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": "true" if result else "false"},
        {"name": "ARGO_DEADLINE", "value": deadline},
        {"name": "ARGO_WORKFLOW_NAME", "value": "wf"},
    ]
    own = [*env, {"name": "ARGO_WORKFLOW_UID", "value": "wf-uid"}]
    script = bool((template or {}).get("script"))
    mounts = [{"name": "var-run-argo", "mountPath": "/var/run/argo"}]
    if script:
        mounts.insert(0, {"name": "argo-staging", "mountPath": "/argo/staging"})
    argoexec = {"image": "argoexec:v4.1.2", "volumeMounts": mounts}
    init = {**argoexec, "name": "init", "command": ["argoexec", "init", *FLAGS]}
    init["env"] = [*own, {"name": "ARGO_TEMPLATE", "value": json.dumps(template or {"name": "t"})}]
    wait = {**argoexec, "name": "wait", "command": ["argoexec", "wait", *FLAGS], "env": own}
    main = {
        "name": "main", "image": "busybox", "env": env, "volumeMounts": mounts,
        "command": ["/var/run/argo/argoexec", "emissary", *FLAGS, "--", command[0]],
        "args": [*command[1:], *(["/argo/staging/script"] if script else [])],
    }  # fmt: skip
    volumes = [{"name": volume, "emptyDir": {}} for volume in ("var-run-argo", "tmp-dir-argo", "argo-staging")]
    spec = {"restartPolicy": "Never", "volumes": volumes, "initContainers": [init], "containers": [wait, main], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NS}, "spec": spec}


def resource_step(name: str, action: str, **template: Any) -> Document:
    """The pod of a resource template: no `wait`, and main is the executor itself."""
    pod = step(name, "unused", template={"name": "t", **template})
    wait, main = pod["spec"]["containers"]
    command = ["/var/run/argo/argoexec", "emissary", *FLAGS, "--", "argoexec", "resource", action, *FLAGS]
    user = {"securityContext": {"runAsUser": 8737, "runAsNonRoot": True}}
    own = {"image": wait["image"], "env": wait["env"], "args": [], "command": command, **user}
    pod["spec"]["containers"] = [main | own]
    pod["spec"]["initContainers"][0] |= user
    return pod


def agent_pod(name: str, workflow: str) -> Document:
    """The agent of a workflow, as the controller makes it."""
    owner = {"metadata": {"name": workflow, "namespace": NS, "uid": "wf-uid"}, "spec": {}}
    pod = build_agent_pod(owner, EngineConfig(executor_image="argoexec:v4.1.2"), {})
    pod["metadata"] = {"name": name, "namespace": NS}
    return pod


def ended(pod: Document, container: str) -> Document:
    """The terminated state of a container, {} when it has none."""
    status = pod.get("status") or {}
    every = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found = next((one for one in every if one["name"] == container), {"state": {}})
    state: Document = found["state"].get("terminated") or {}
    return state
