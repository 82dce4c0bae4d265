"""An object as YAML, for reading."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from argotui.kube.errors import KubeError
from argotui.model.resources import find
from argotui.services.session import Session
from argotui.store.text import one_line


@dataclass(frozen=True)
class Text:
    """Lines as they are (the viewer makes them safe), or why there are none."""

    lines: list[str]
    problem: str = ""


async def as_yaml(session: Session, kind: str, key: tuple[str, str]) -> Text:
    """The object read anew. Never raises for what the API refuses."""
    resource = find(kind)
    if resource is None:
        return Text([], f"{one_line(kind)} is not known")
    try:
        found = await session.client.get(resource, key[1], key[0] or None)
    except KubeError as error:
        return Text([], one_line(str(error)))
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(found, Dumper=dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return Text(text.splitlines())
