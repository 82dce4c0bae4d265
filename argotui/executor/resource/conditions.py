"""successCondition and failureCondition: label selectors over paths into the object (§4.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.gotext import plain_float
from argotui.executor.resource.api import Api, ResourceError, refused
from argotui.executor.resource.requests import Requests
from argotui.executor.resource.targets import Target
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document, compact_json, name, resource_version
from argotui.model.labels import LabelSelector, Requirement, SelectorError

Log = Callable[[str], None]

_PAUSE: Final = 1.0
"""After a watch that has broken."""


class Paths(Mapping[str, str]):
    """An object's fields as if they were labels: `status.phase`, `status.conditions.0.type`."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __getitem__(self, path: str) -> str:
        value: Any = self._document
        for part in path.split("."):
            if isinstance(value, dict):
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                raise KeyError(path)
        return _text(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return plain_float(value)
        case dict() | list():
            return compact_json(value)
    return str(value)


@dataclass(frozen=True)
class Conditions:
    """Both selectors of a template, parsed."""

    success: tuple[Requirement, ...]
    failure: tuple[Requirement, ...]

    @classmethod
    def of(cls, resource: Document) -> Conditions | None:
        """None when the template has neither. Raises ResourceError."""
        success, failure = (str(resource.get(key) or "") for key in ("successCondition", "failureCondition"))
        if not success and not failure:
            return None
        return cls(_parsed(success, "success"), _parsed(failure, "fail"))

    def are_met(self, document: Document, log: Log) -> bool:
        """Raises ResourceError as soon as a failure condition holds."""
        fields = Paths(document)
        for requirement in self.failure:
            failed = requirement.matches(fields)
            message = f"failure condition '{_shown(requirement)}' evaluated {_text(failed)}"
            log(message)
            if failed:
                raise ResourceError(message)
        matched = sum(requirement.matches(fields) for requirement in self.success)
        log(f"{matched}/{len(self.success)} success conditions matched")
        return matched == len(self.success)


def _parsed(text: str, kind: str) -> tuple[Requirement, ...]:
    try:
        return LabelSelector.parse(text).requirements
    except SelectorError as error:
        raise ResourceError(f"{kind} condition '{text}' failed to parse: {error}") from None


def _shown(requirement: Requirement) -> str:
    """As Go prints the struct: `{status.phase in [Error Failed]}`."""
    return f"{{{requirement.key} {requirement.operator} [{' '.join(requirement.values)}]}}"


async def wait_until_met(api: Api, requests: Requests, target: Target, conditions: Conditions, log: Log) -> None:
    """Returns when the success conditions hold. Raises ResourceError when a failure condition does, or never will."""
    while True:
        try:
            document = await requests.get(target.path)
        except ApiError as error:
            raise _deleted(error.message) if error.is_not_found else refused(error) from None
        if conditions.are_met(document, log):
            return
        try:
            if await _watched(api, target, document, conditions, log):
                return
        except KubeError as error:
            log(f"watching {target}: {error}")
            await asyncio.sleep(_PAUSE)


async def _watched(api: Api, target: Target, document: Document, conditions: Conditions, log: Log) -> bool:
    stream = api.watch(
        target.resource,
        target.namespace,
        resource_version=resource_version(document),
        field_selector=f"metadata.name={target.name}",
    )
    async with aclosing(stream):
        async for event in stream:
            if event.type == "BOOKMARK" or name(event.object) != target.name:
                continue
            if event.type == "DELETED":
                raise _deleted(f'{target.resource.group_resource} "{target.name}" not found')
            if conditions.are_met(event.object, log):
                return True
    return False


def _deleted(why: str) -> ResourceError:
    return ResourceError(
        f"The resource has been deleted while its status was still being checked. Will not be retried: {why}"
    )
