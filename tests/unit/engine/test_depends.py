"""`depends` and `dependencies` against upstream's answers."""

from __future__ import annotations

import pytest

from argotui.engine.depends import dependencies_of, ended
from argotui.engine.errors import EngineError
from argotui.model.phase import node_fulfilled
from tests.tables import every_row
from tests.unit.engine.rows import Row, row_id, rows

ROWS = [row for row in rows("names") if row["op"] == "depends"]
UNREACHED = {
    # Names that the expression language takes for a number, an operator or a constant: upstream cannot
    # run such a task, here its name is a name.
    row["id"]
    for row in ROWS
    if any(word in str(row.get("error")) for word in ("'1a.", "'not.", "(in.", "(true.", "expression ''"))
}


def outcome(row: Row) -> tuple[bool, bool]:
    """(proceed, execute)"""
    tasks = {task["name"]: task for task in row["tasks"]}
    dependencies = dependencies_of(tasks[row["task"]], tasks)
    assert sorted(dependencies.tasks) == sorted(row.get("dependencies", dependencies.tasks))
    if "logic" in row:
        assert dependencies.logic == row["logic"]
    nodes = {}
    for name, node in row["nodes"].items():
        children = {f"{name}-{index}": phase for index, phase in enumerate(node.get("children") or ())}
        nodes[name] = ({**node, "children": list(children)}, children)

    def ended_so(name: str, result: str) -> bool:
        node, children = nodes[name]
        return ended(node, children.get, result)

    if row["task"] in nodes:
        return True, True
    if not dependencies.problem and not all(
        name in nodes and node_fulfilled(nodes[name][0]) for name in dependencies.tasks
    ):
        return False, False
    return True, dependencies.satisfied(ended_so)


@every_row([row for row in ROWS if row["id"] not in UNREACHED], row_id)
def test_depends(row: Row) -> None:
    if "error" in row:
        with pytest.raises(EngineError):
            outcome(row)
        return
    proceed, execute = outcome(row)
    assert proceed is row["proceed"]
    if proceed:
        assert execute is row["execute"]


def test_the_unreached_rows_are_few() -> None:
    assert len(UNREACHED) <= 6


def test_brackets_cannot_exhaust_the_stack() -> None:
    task = {"name": "t", "depends": "(" * 3000 + "A" + ")" * 3000}
    dependencies = dependencies_of(task, {"A": {"name": "A"}, "t": task})
    with pytest.raises(EngineError):
        dependencies.satisfied(lambda name, result: True)
