"""Workflows to draw, and trees as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from argotui.engine.glyphs import UNICODE, Glyphs
from argotui.engine.tree import Tree
from argotui.engine.tree_rows import TreeRow
from argotui.model.documents import Document
from argotui.model.names import node_id

CASES = Path(__file__).parents[2] / "conformance" / "cases"


def recorded(case: str) -> Document:
    """A workflow of the conformance suite with the nodes that upstream left behind."""
    seen = json.loads((CASES / case / "expected.json").read_text())["workflow"]
    workflow: Document = next(yaml.safe_load_all((CASES / case / "workflow.yaml").read_text()))
    workflow["status"] = {"nodes": {n["id"]: {**n, "name": name} for name, n in seen["nodes"].items()}}
    return workflow


def node(name: str, type_: str = "Pod", phase: str = "Succeeded", **more: Any) -> Document:
    """One entry of status.nodes in the workflow `wf`; `boundary` is a node name."""
    boundary = more.pop("boundary", "wf")
    made: Document = {"id": node_id("wf", name), "name": name, "displayName": name.rpartition(".")[2] or name}
    made.update(type=type_, phase=phase, **more)
    if name not in ("wf", "wf.onExit"):
        made["boundaryID"] = node_id("wf", boundary)
    return made


def nodes(*made: Document) -> dict[str, Document]:
    """status.nodes."""
    return {n["id"]: n for n in made}


def drawn(rows: list[TreeRow], glyphs: Glyphs = UNICODE) -> list[str]:
    """The rows as lines, without trailing blanks."""
    return [f"{row.guides(glyphs)}{glyphs.state(row.state)} {row.name} {row.summary(glyphs)}".rstrip() for row in rows]


def lines(text: str) -> list[str]:
    """A picture in a test, without the indentation of the test."""
    rows = [row for row in text.splitlines() if row.strip()]
    margin = min(len(row) - len(row.lstrip(" ")) for row in rows)
    return [row[margin:].rstrip() for row in rows]


def fresh(tree_nodes: dict[str, Document], folds: dict[str, bool]) -> list[str]:
    """The picture of a tree that saw only the last state, folded the same way."""
    tree = Tree("wf", clean=str)
    tree.apply(tree_nodes)
    for key, folded in folds.items():
        tree.fold(key, folded)
    return drawn(tree.rows)
