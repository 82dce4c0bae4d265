"""Workflows as the recorded upstream runs left them, turned back into live objects."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parents[2] / "conformance" / "cases"
NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
NOW_TEXT = "2026-07-01T12:00:00Z"
_BEFORE = "2026-07-01T11:00:00Z"


def expected(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / case / "expected.json").read_text("utf8"))
    return found


def live(case: str, label: str = "") -> dict[str, Any]:
    """The workflow of a case at a snapshot, or at its end when no label is given."""
    record = expected(case)
    seen = record["workflow"]
    if label:
        seen = next(s["workflow"] for s in record["snapshots"] if s["label"] == label)
    return live_from(case, seen)


def live_from(case: str, seen: dict[str, Any]) -> dict[str, Any]:
    """A live object with the case's spec and a recorded (normalised) status."""
    manifest = next(yaml.safe_load_all((CASES / case / "workflow.yaml").read_text("utf8")))
    nodes = {}
    for name, node in copy.deepcopy(seen["nodes"]).items():
        node.pop("podNames", None)
        nodes[node["id"]] = {"name": name, **node, "startedAt": _BEFORE, "finishedAt": _BEFORE}
    metadata = {**manifest["metadata"], "uid": "u-1", "resourceVersion": "7"}
    metadata |= {"labels": dict(seen["labels"]), "annotations": dict(seen["annotations"])}
    status = {
        "phase": seen["phase"],
        "startedAt": _BEFORE,
        "finishedAt": _BEFORE,
        "progress": seen["progress"],
        "conditions": copy.deepcopy(seen["conditions"]),
        "nodes": nodes,
    }
    if seen.get("message"):
        status["message"] = seen["message"]
    return {**manifest, "metadata": metadata, "status": status}


def waiting(case: str, *gates: str) -> dict[str, Any]:
    """The workflow of a case while its gates wait: their outputs as declared by the template."""
    document = live(case)
    document["metadata"]["labels"] = {"workflows.argoproj.io/completed": "false"}
    document["status"]["phase"] = "Running"
    templates = {t["name"]: t for t in document["spec"]["templates"]}
    for node in document["status"]["nodes"].values():
        if node["displayName"] in gates:
            for key in ("outputs", "message", "finishedAt"):
                node.pop(key, None)
            node["phase"] = "Running"
            if declared := templates[node["templateName"]].get("outputs"):
                node["outputs"] = copy.deepcopy(declared)
    return document


def named(document: dict[str, Any], display_name: str) -> dict[str, Any]:
    """The node with a display name."""
    found = [n for n in document["status"]["nodes"].values() if n["displayName"] == display_name]
    assert len(found) == 1, display_name
    return dict(found[0])


def names(document: dict[str, Any], ids: tuple[str, ...]) -> set[str]:
    """Names of nodes by id."""
    return {document["status"]["nodes"][i]["name"] for i in ids}
