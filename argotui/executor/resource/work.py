"""The whole of a resource step: act, wait for the conditions, collect the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from argotui.executor.resource import verbs
from argotui.executor.resource.api import Api, ResourceError, usage
from argotui.executor.resource.conditions import Conditions, wait_until_met
from argotui.executor.resource.flags import Options, read_flags
from argotui.executor.resource.kinds import Kinds
from argotui.executor.resource.outputs import outputs_of
from argotui.executor.resource.requests import Requests, required
from argotui.executor.resource.targets import Target, Targets, read_objects
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import Resource


class Notes(Protocol):
    """What is known of an earlier attempt of the same step, whose executor has died."""

    def begun(self) -> bool:
        """Whether it may have changed something."""

    def begin(self) -> None:
        """From here on something may be changed."""

    def acted(self) -> Document | None:
        """What `act` was given; None when the attempt did not come so far."""

    def act(self, found: Document) -> None:
        """The action is done, and must not be done again."""


@dataclass(frozen=True)
class ResourceStep:
    """template: as the executor reads it. namespace and uid: of the pod. log: takes lines without their end."""

    template: Document
    action: str
    namespace: str
    uid: str
    api: Api
    notes: Notes
    log: Callable[[str], None]

    async def run(self) -> Document:
        """The outputs, filled in. Raises ResourceError, whose text is the termination message."""
        self._check()
        requests = Requests(self.api)
        target = await self._acted(requests)
        if self.action == "delete":
            return {}
        conditions = Conditions.of(self._resource)
        if conditions is not None and target is not None:
            await wait_until_met(self.api, requests, target, conditions, self.log)
        wanted = bool((self.template.get("outputs") or {}).get("parameters"))
        document = await required(requests, target.path) if target is not None and wanted else None
        return await outputs_of(self.template, document)

    @property
    def _resource(self) -> Document:
        return self.template.get("resource") or {}

    @property
    def _observes(self) -> bool:
        """The template looks at the object after the action."""
        has_condition = any(self._resource.get(key) for key in ("successCondition", "failureCondition"))
        return has_condition or bool((self.template.get("outputs") or {}).get("parameters"))

    def _check(self) -> None:
        if self.action == "delete" and self._observes:
            raise ResourceError("successCondition, failureCondition and outputs are not supported for delete action")
        if self._resource.get("manifestFrom"):
            raise ResourceError("resource.manifestFrom is not supported by this version of argotui")
        if not self._manifest and not self._resource.get("flags"):
            raise ResourceError("Must provide at least one of flags or manifest.")

    @property
    def _manifest(self) -> str:
        return str(self._resource.get("manifest") or "")

    async def _acted(self, requests: Requests) -> Target | None:
        """The object that was acted upon; None when there is none to look at."""
        done = self.notes.acted()
        if done is None:
            found = await self._act(requests)
            done = _noted(found)
            self.notes.act(done)
        return _target(done)

    async def _act(self, requests: Requests) -> tuple[Target, Document] | None:
        options = read_flags([str(word) for word in self._resource.get("flags") or ()])
        objects = read_objects(self._manifest)
        finder = Targets(requests, Kinds(self.api), self.namespace, self.uid)
        targets = await self._targets(finder, objects, options)
        if self._observes and len(targets) != 1 and self.action != "get":
            count = f"conditions and outputs need one object, and there are {len(targets)}"
            raise ResourceError(f"resource.manifest: {count}")
        begun = self.notes.begun()
        self.notes.begin()
        last: tuple[Target, Document] | None = None
        for target in targets:
            found = await self._one(requests, target, objects, options, begun)
            self.log(f"{self.action}: {target.namespace or ''}/{target}")
            last = None if found is None else (target, found)
        if self.action == "get" and len(targets) != 1:
            text = "Kind and name are both required but at least one of them is missing from the manifest"
            raise ResourceError(text)
        return last

    async def _targets(self, finder: Targets, objects: Sequence[Any], options: Options) -> list[Target]:
        if options.arguments:
            if objects and not self._is_patch_of_arguments(objects):
                raise usage("when a manifest is given, flags may not name a resource")
            return await finder.of_arguments(options)
        if not objects:
            raise ResourceError("Must provide at least one of flags or manifest.")
        return await finder.of_manifest(objects, options)

    def _is_patch_of_arguments(self, objects: Sequence[Any]) -> bool:
        """The manifest is only the patch, and the flags say of what."""
        if self.action != "patch":
            return False
        return self._strategy == "json" or not isinstance(objects[0], dict) or "kind" not in objects[0]

    @property
    def _strategy(self) -> str:
        return str(self._resource.get("mergeStrategy") or "strategic")

    async def _one(
        self, requests: Requests, target: Target, objects: Sequence[Any], options: Options, begun: bool
    ) -> Document | None:
        match self.action:
            case "get":
                return await verbs.get(requests, target, options)
            case "create":
                return await verbs.create(requests, target, options, begun=begun)
            case "apply":
                return await verbs.apply(requests, target, options, begun=begun)
            case "replace":
                return await verbs.replace(requests, target, options)
            case "patch":
                return await self._patch(requests, target, objects, begun)
            case "delete":
                await verbs.delete(requests, target, options)
                return None
        raise ResourceError(f"resource.action: there is no {self.action}")

    async def _patch(self, requests: Requests, target: Target, objects: Sequence[Any], begun: bool) -> Document:
        if begun and self._strategy == "json":
            raise ResourceError("the executor was restarted, so whether the patch was applied is not known")
        body = target.document or (objects[0] if objects else {})
        return await verbs.patch(requests, target, body, self._strategy)


def _noted(found: tuple[Target, Document] | None) -> Document:
    if found is None:
        return {}
    target, document = found
    resource = target.resource
    return {
        "resource": [resource.group, resource.version, resource.kind, resource.plural, resource.namespaced],
        "namespace": target.namespace,
        "name": documents.name(document),
    }


def _target(noted: Document) -> Target | None:
    if not noted:
        return None
    group, version, kind, plural, namespaced = noted["resource"]
    resource = Resource(group, version, kind, plural, kind.lower(), (), namespaced)
    return Target(resource, noted["namespace"], noted["name"], {})
