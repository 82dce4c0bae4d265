"""The details of one step, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from argotui.engine.tree_rows import TreeRow
from argotui.store.text import neutralise, one_line
from argotui.ui.spans import age, duration

LABEL_WIDTH = 12


def node_lines(row: TreeRow, node: Mapping[str, Any], now: datetime) -> list[str]:
    """What is known of a step. Texts of the cluster are clean; long ones keep their lines."""
    lines = [
        _line("step", row.name),
        _line("state", f"{row.state.value}{f' {row.summary()}' if row.summary() else ''}"),
        _line("type", row.type),
        _line("template", row.template),
        _line("pod", row.pod),
        _line("node", one_line(node.get("hostNodeName"))),
        _line("id", one_line(node.get("id"))),
        _line("started", f"{row.started} ({age(row.started, now)} ago)" if row.started else ""),
        _line("finished", row.finished),
        _line("took", duration(row.started, row.finished, now)),
        _line("progress", row.progress),
    ]
    made = [line for line in lines if line]
    if row.message:
        made += ["", "message", *_indented(str(node.get("message") or row.message))]
    for title in ("inputs", "outputs"):
        made += _values(title, node.get(title))
    return made


def _line(label: str, value: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{value}" if value else ""


def _values(title: str, holder: Any) -> Iterator[str]:
    if not isinstance(holder, dict):
        return
    parameters = [p for p in holder.get("parameters") or () if isinstance(p, dict)]
    if parameters:
        yield from ("", f"{title}: parameters")
        for parameter in parameters:
            value = parameter.get("value")
            yield f"  {one_line(parameter.get('name'))}" + ("" if value is not None else "  (no value yet)")
            yield from _indented(str(value), 4) if value is not None else ()
    artifacts = [a for a in holder.get("artifacts") or () if isinstance(a, dict)]
    if artifacts:
        yield from ("", f"{title}: artifacts")
        for artifact in artifacts:
            yield f"  {one_line(artifact.get('name'))}  {one_line(artifact.get('path'))}"
    for key in ("result", "exitCode"):
        if holder.get(key) is not None:
            yield from ("", f"{title}: {key}")
            yield from _indented(str(holder[key]))


def _indented(text: str, by: int = 2) -> list[str]:
    return [" " * by + line for line in neutralise(text, newline="\n", tab="    ").split("\n")]
