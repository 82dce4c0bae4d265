"""Templates that run something themselves (§3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from argotui.engine.validate.arguments import is_placeholder
from argotui.engine.validate.finding import Finding, problem, rows
from argotui.model.documents import Document

_ACTIONS: Final = ("get", "create", "apply", "delete", "replace", "patch")
_VARIABLE: Final = re.compile(r"\{\{.*\}\}\Z")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+\Z")
_EXPRESSION: Final = re.compile(r"\{\{\s*=\s*(.+?)\s*\}\}")


def check_leaf(template: Document, defaults: Mapping[str, Any], path: str, at: str) -> Iterator[Finding]:
    """What a leaf template needs.  template: inputs filled in; defaults: `templateDefaults`; at: `templates.NAME`."""
    if template.get("container") is not None:
        yield from _check_mounts(template, path, at)
        yield from _check_image(template, "container", defaults, path, at)
    if template.get("containerSet") is not None:
        yield from _check_container_set(template, f"{path}.containerSet", f"{at}.containerSet")
    if template.get("resource") is not None:
        yield from _check_resource(template, f"{path}.resource", at)
    if template.get("script") is not None:
        yield from _check_image(template, "script", defaults, path, at)
    if not _is_deadline(template.get("activeDeadlineSeconds")):
        reason = "activeDeadlineSeconds must be a positive integer > 0 or an argo variable"
        yield problem(f"{path}.activeDeadlineSeconds", reason, at=f"{at}.")
    if template.get("parallelism") is not None:
        reason = "parallelism is only valid for steps and dag templates"
        yield problem(f"{path}.parallelism", reason, at=f"{at}.")


def _check_mounts(template: Document, path: str, at: str) -> Iterator[Finding]:
    """No two volumes or artifacts at the same place."""
    taken: dict[str, str] = {}
    for index, mount in enumerate(rows(template["container"].get("volumeMounts"))):
        field = f"container.volumeMounts[{index}].mountPath"
        where = mount.get("mountPath") or ""
        if where in taken:
            yield problem(f"{path}.{field}", f"'{where}' already mounted in {taken[where]}", at=f"{at}.{field} ")
        taken[where] = f"container.volumeMounts.{mount.get('name') or ''}"
    for index, artifact in enumerate(rows((template.get("inputs") or {}).get("artifacts"))):
        field = f"inputs.artifacts[{index}].path"
        where = artifact.get("path") or ""
        if where in taken:
            yield problem(f"{path}.{field}", f"'{where}' already mounted in {taken[where]}", at=f"{at}.{field} ")
        taken[where] = f"inputs.artifacts.{artifact.get('name') or ''}"


def _check_image(template: Document, kind: str, defaults: Mapping[str, Any], path: str, at: str) -> Iterator[Finding]:
    if not template[kind].get("image") and not (defaults.get(kind) or {}).get("image"):
        yield problem(f"{path}.{kind}.image", "image may not be empty", at=f"{at}.{kind}.", suggestion="name an image")


def _check_container_set(template: Document, path: str, at: str) -> Iterator[Finding]:
    members = rows(template["containerSet"].get("containers"))
    names = [member.get("name") or "" for member in members]
    for index, name in enumerate(names):
        if not name:
            yield problem(f"{path}.containers[{index}].name", "name is required", at=f"{at}.containers[{index}].")
    for index, member in enumerate(members):
        for dependency in rows(member.get("dependencies")):
            if dependency not in names:
                reason = f"dependency '{dependency}' not defined"
                yield problem(f"{path}.containers[{index}].dependencies", reason, at=f"{at}.containers.{names[index]} ")
    graph = {name: rows(member.get("dependencies")) for name, member in zip(names, members, strict=True)}
    if cycle := _cycle(graph):
        reason = f"dependency cycle detected: {'->'.join(cycle)}"
        yield problem(f"{path}.containers", reason, at=f"{at}.containers ")
    if _has_io(template) and "main" not in names:
        reason = 'containers must have a container named "main" for input or output'
        yield problem(f"{path}.containers", reason, at=f"{at}.")


def _has_io(template: Document) -> bool:
    inputs, outputs = template.get("inputs") or {}, template.get("outputs") or {}
    return bool(inputs.get("artifacts") or outputs.get("parameters") or outputs.get("artifacts"))


def _cycle(graph: Mapping[str, list[str]]) -> list[str]:
    """The names on a cycle, the first one again at the end, told from the second step of the walk as upstream does."""
    done: set[str] = set()
    for start in graph:
        trail: list[str] = []
        stack = [iter(graph.get(start, ()))]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                if trail:
                    done.add(trail.pop())
            elif step in trail:
                return [*trail, step]
            elif step not in done:
                trail.append(step)
                stack.append(iter(graph.get(step, ())))
        done.add(start)
    return []


def _check_resource(template: Document, path: str, at: str) -> Iterator[Finding]:
    resource = template["resource"]
    action = resource.get("action") or ""
    if action not in _ACTIONS and not is_placeholder(action):
        yield problem(f"{path}.action", f"action must be one of: {', '.join(_ACTIONS)}", at=f"{at}.resource.")
    if action in ("delete", "get"):
        return
    manifest, source = resource.get("manifest") or "", resource.get("manifestFrom")
    if not manifest and source is None:
        reason = f"either {at}.resource.manifest or {at}.resource.manifestFrom must be specified"
        yield problem(f"{path}.manifest", reason)
    if manifest and source is not None:
        reason = "shouldn't have both `manifest` and `manifestFrom` specified in `Manifest` for resource template"
        yield problem(path, reason)
    wanted = ((source or {}).get("artifact") or {}).get("name")
    declared = [a.get("name") for a in rows((template.get("inputs") or {}).get("artifacts"))]
    if wanted and wanted not in declared:
        reason = f"artifact {wanted} in `manifestFrom` refer to a non-exist artifact"
        yield problem(f"{path}.manifestFrom", reason)
    if manifest and not is_placeholder(manifest) and not _is_yaml(manifest):
        yield problem(f"{path}.manifest", "manifest must be a valid yaml", at=f"{at}.resource.")


def _is_yaml(text: str) -> bool:
    """Syntax only; an expression may stand for anything."""
    try:
        list(yaml.load_all(_EXPRESSION.sub("placeholder", text), Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return False
    return True


def _is_deadline(value: Any) -> bool:
    if value is None:
        return True
    text = str(value)
    if _NUMBER.match(text):
        return int(text) >= 0
    return bool(_VARIABLE.match(text)) or is_placeholder(text)
