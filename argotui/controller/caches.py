"""Local copies of everything the engine asks about, and the index from workflow to pods and results."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from argotui.controller.references import Reference, references
from argotui.controller.scope import Scope
from argotui.controller.slimming import slim_pod
from argotui.controller.versions import is_newer
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType, Key, Reflector
from argotui.model import keys
from argotui.model.dialect import today
from argotui.model.documents import Document, labels, name, namespace, resource_version, uid
from argotui.model.resources import (
    CLUSTER_WORKFLOW_TEMPLATES,
    CONFIG_MAPS,
    NAMESPACES,
    PODS,
    SERVICE_ACCOUNTS,
    WORKFLOW_TASK_RESULTS,
    WORKFLOW_TASK_SETS,
    WORKFLOW_TEMPLATES,
    WORKFLOWS,
    Resource,
)

log = logging.getLogger(__name__)

_LIVE_SECONDS = 10.0
"""How long an object read directly stands in for a watch that has not caught up."""

OnChange = Callable[[Delta], None]


def _as_is(document: Document) -> Document:
    return document


_READ = {WORKFLOWS: today, WORKFLOW_TEMPLATES: today, CLUSTER_WORKFLOW_TEMPLATES: today, PODS: slim_pod}
"""Kinds that may have older forms: nobody here sees any. Of pods only what matters is kept."""


class ByWorkflow:
    """Objects of one kind, grouped by the workflow that their label names."""

    def __init__(self) -> None:
        self._groups: dict[Key, dict[str, Document]] = {}

    def apply(self, delta: Delta) -> None:
        """Takes over one change from a reflector."""
        key, own = workflow_key(delta.object), name(delta.object)
        if delta.type is not DeltaType.DELETED:
            self._groups.setdefault(key, {})[own] = delta.object
            return
        group = self._groups.get(key, {})
        group.pop(own, None)
        if not group:
            self._groups.pop(key, None)

    def of(self, workflow: Document) -> list[Document]:
        """Those that `workflow` owns; what an earlier workflow of the same name left behind is not among them."""
        group = self._groups.get((namespace(workflow), name(workflow)), {})
        return [each for each in group.values() if is_owned(each, uid(workflow))]

    def keys(self) -> list[Key]:
        """The workflows that have any, whether or not they exist themselves."""
        return list(self._groups)


def workflow_key(document: Document) -> Key:
    """Namespace and name of the workflow that a pod or a result belongs to."""
    return namespace(document), labels(document).get(keys.LABEL_WORKFLOW, "")


def is_owned(document: Document, owner: str) -> bool:
    """Whether an owner reference of `document` names this uid; True when it has no owner at all."""
    owners = (document.get("metadata") or {}).get("ownerReferences") or []
    return not owners or any(each.get("uid") == owner for each in owners)


class Caches:
    """The engine's Lookup, and the reflectors behind it. `callbacks` are told of every change.

    begun: told of each workflow that has no phase yet, as its author wrote it.
    """

    def __init__(
        self,
        client: Client,
        scope: Scope,
        callbacks: dict[Resource, OnChange],
        begun: Callable[[Document], None] = lambda _workflow: None,
    ) -> None:
        self._begun = begun
        self.pods = ByWorkflow()
        self.results = ByWorkflow()
        self._client = client
        self._callbacks = callbacks
        self._accounts: dict[Key, Document] = {}
        """Service accounts that workflows name for their executor, as they were when last read."""
        self._live: dict[tuple[Resource, Key], tuple[float, Document]] = {}
        self._reflectors = {
            res: Reflector(
                client,
                res,
                scope.namespace,
                label_selector=selector,
                on_change=self._receiver(res),
                read=self._read_new if res is WORKFLOWS else _READ.get(res, _as_is),
            )
            for res, selector in (
                (WORKFLOWS, scope.workflows),
                (PODS, scope.pods),
                (WORKFLOW_TASK_RESULTS, scope.results),
                (WORKFLOW_TASK_SETS, scope.task_sets),
                (WORKFLOW_TEMPLATES, ""),
                (CLUSTER_WORKFLOW_TEMPLATES, ""),
                (CONFIG_MAPS, keys.LABEL_CONFIGMAP_TYPE),
                *([(NAMESPACES, keys.LABEL_PARALLELISM_LIMIT)] if scope.namespace is None else ()),
            )
        }

    @property
    def reflectors(self) -> list[Reflector]:
        """Those that must run."""
        return list(self._reflectors.values())

    def namespaces(self) -> dict[Key, Document]:
        """Namespaces with a limit of their own; none where the controller may not list them."""
        reflector = self._reflectors.get(NAMESPACES)
        return reflector.cache if reflector is not None else {}

    @property
    def workflows(self) -> dict[Key, Document]:
        """Workflows in scope that are not complete."""
        return self._reflectors[WORKFLOWS].cache

    def all_pods(self) -> list[Document]:
        """Pods in scope whose end was not yet recorded."""
        return list(self._reflectors[PODS].cache.values())

    def task_set(self, workflow: Document) -> Document | None:
        """The TaskSet of `workflow`, unless it is complete or an earlier workflow of that name left it behind."""
        found = self._reflectors[WORKFLOW_TASK_SETS].cache.get((namespace(workflow), name(workflow)))
        return found if found is not None and is_owned(found, uid(workflow)) else None

    async def leave_out_forbidden(self) -> None:
        """Cluster templates and limits of namespaces count only where the controller may list them (§8.4, §8.5)."""
        for res in (CLUSTER_WORKFLOW_TEMPLATES, NAMESPACES):
            if res not in self._reflectors:
                continue
            try:
                await self._client.list(res, limit=1)
            except ApiError as error:
                if not (error.is_forbidden or error.is_not_found):
                    raise
                log.warning("%s are left out: %s", res.plural, error)
                del self._reflectors[res]

    async def synced(self) -> None:
        """Returns when every first list is in."""
        await asyncio.gather(*(each.synced() for each in self.reflectors))

    def _read_new(self, workflow: Document) -> Document:
        if not (workflow.get("status") or {}).get("phase"):
            self._begun(workflow)
        return today(workflow)

    def _receiver(self, res: Resource) -> OnChange:
        index = {PODS: self.pods, WORKFLOW_TASK_RESULTS: self.results}.get(res)
        callback = self._callbacks.get(res)

        def receive(delta: Delta) -> None:
            if index is not None:
                index.apply(delta)
            if callback is not None:
                callback(delta)

        return receive

    # what the engine asks (its Lookup protocol)

    def workflow_template(self, namespace: str, name: str) -> Document | None:
        """The newest known WorkflowTemplate, None when there is none."""
        return self._find(WORKFLOW_TEMPLATES, (namespace, name))

    def cluster_workflow_template(self, name: str) -> Document | None:
        """The newest known ClusterWorkflowTemplate; None also where the controller may not list them."""
        return self._find(CLUSTER_WORKFLOW_TEMPLATES, ("", name))

    def config_map(self, namespace: str, name: str) -> Document | None:
        """Only those labelled with a type: the others are none of the controller's business (§8.5)."""
        return self._find(CONFIG_MAPS, (namespace, name))

    def service_account(self, namespace: str, name: str) -> Document | None:
        """As it was when a workflow that names it was last loaded."""
        return self._accounts.get((namespace, name))

    def _find(self, res: Resource, key: Key) -> Document | None:
        reflector = self._reflectors.get(res)
        cached = reflector.cache.get(key) if reflector is not None else None
        until, live = self._live.get((res, key), (0.0, None))
        if live is None or asyncio.get_running_loop().time() > until:
            return cached
        if cached is None or is_newer(resource_version(live), resource_version(cached)):
            return live
        return cached

    async def read_references(self, workflow: Document) -> None:
        """Reads directly what `workflow` refers to, so that what was applied just before it is seen as it is now.

        The watches of different kinds are not in step: the workflow may be seen before its template.
        """
        self._drop_expired()
        where = namespace(workflow)
        seen: set[Reference] = set()
        wanted = references(workflow)
        while wanted - seen:
            batch = wanted - seen
            seen |= batch
            found = await asyncio.gather(*(self._read(res, where, each) for res, each in batch))
            wanted |= {more for document in found if document is not None for more in references(document)}

    async def _read(self, res: Resource, where: str, name: str) -> Document | None:
        if res not in self._reflectors and res is not SERVICE_ACCOUNTS:
            return None
        key = (where if res.namespaced else "", name)
        self._live.pop((res, key), None)
        try:
            found = _READ.get(res, _as_is)(await self._client.get(res, name, where if res.namespaced else None))
        except ApiError as error:
            if error.is_not_found or error.is_forbidden:
                return None  # the cache has the last word
            raise
        if res is SERVICE_ACCOUNTS:
            self._accounts[key] = found
            return None
        if res is CONFIG_MAPS and keys.LABEL_CONFIGMAP_TYPE not in labels(found):
            return None
        self._live[res, key] = (asyncio.get_running_loop().time() + _LIVE_SECONDS, found)
        return found if res is not CONFIG_MAPS else None

    def _drop_expired(self) -> None:
        now = asyncio.get_running_loop().time()
        for key in [key for key, (until, _) in self._live.items() if until < now]:
            del self._live[key]

    def orphans(self) -> Iterator[Key]:
        """Workflows that still have pods or results here, but are themselves over, gone or out of scope."""
        for key in {*self.pods.keys(), *self.results.keys()}:
            if key not in self.workflows:
                yield key
