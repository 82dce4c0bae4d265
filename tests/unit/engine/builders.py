"""Small workflows for tests."""

from __future__ import annotations

from typing import Any

from argotui.model.documents import Document

POD: Document = {"name": "pod", "container": {"image": "alpine", "command": ["true"]}}


def workflow(*templates: Document, name: str = "wf", **spec: Any) -> Document:
    """The first template is the entrypoint; a template `pod` is always there."""
    every = [*templates, *([] if any(t["name"] == "pod" for t in templates) else [POD])]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": name,
            "namespace": "argo",
            "uid": "11111111-2222-3333-4444-555555555555",
            "creationTimestamp": "2030-01-01T12:00:00Z",
        },
        "spec": {"entrypoint": every[0]["name"], "templates": every, **spec},
    }


def steps(*groups: list[Document] | Document, name: str = "main", **fields: Any) -> Document:
    """A steps template; a single step is a group."""
    return {"name": name, "steps": [group if isinstance(group, list) else [group] for group in groups], **fields}


def dag(*tasks: Document, name: str = "main", **fields: Any) -> Document:
    """A DAG template; fields of `dag` other than its tasks go in as `target=` and `failFast=`."""
    own = {key: fields.pop(key) for key in ("target", "failFast") if key in fields}
    return {"name": name, "dag": {"tasks": list(tasks), **own}, **fields}


def call(name: str, template: str = "pod", **fields: Any) -> Document:
    """A step or task. Keyword arguments that are not fields of a step are its arguments."""
    known = (
        "when",
        "withItems",
        "withParam",
        "withSequence",
        "continueOn",
        "dependencies",
        "depends",
        "onExit",
        "hooks",
    )
    own = {key: value for key, value in fields.items() if key in known}
    given = [{"name": key, "value": value} for key, value in fields.items() if key not in known]
    return {"name": name, "template": template, **own, **({"arguments": {"parameters": given}} if given else {})}


def worker(name: str = "work", *inputs: str, outputs: tuple[str, ...] = (), **fields: Any) -> Document:
    """A container template with inputs, and outputs read from files."""
    template: Document = {
        "name": name,
        "container": {
            "image": "alpine",
            "command": ["true"],
            "args": [f"{{{{inputs.parameters.{i}}}}}" for i in inputs],
        },
    }
    if inputs:
        template["inputs"] = {"parameters": [{"name": i} for i in inputs]}
    if outputs:
        template["outputs"] = {"parameters": [{"name": o, "valueFrom": {"path": f"/tmp/{o}"}} for o in outputs]}
    return template | fields


def gate(name: str = "gate", *supplied: str, duration: str = "") -> Document:
    """A suspend template."""
    template: Document = {"name": name, "suspend": {"duration": duration} if duration else {}}
    if supplied:
        template["outputs"] = {"parameters": [{"name": s, "valueFrom": {"supplied": {}}} for s in supplied]}
    return template


def produced(**values: str) -> Document:
    """Outputs as an executor reports them."""
    return {
        "parameters": [
            {"name": key, "value": value, "valueFrom": {"path": f"/tmp/{key}"}} for key, value in values.items()
        ]
    }
